"""``write`` fills ``sales``, and ``report`` reads it. On the 2nd the table becomes ``sales_v2``: its writer tells the new
name and the old one with it, the report still reads the old one. On the 3rd the report has moved too.
"""

from __future__ import annotations

import pytest

from tests.stories.telling import Service, Teller, distances, last

STORY = Teller("renamed")
OLD, NEW, RAW, REPORT = (STORY.table(name) for name in ("sales", "sales_v2", "raw", "report"))


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    service.tell(STORY.run("write", "2026-03-01T08:00", ["raw"], ["sales"]))
    service.tell(STORY.run("make_report", "2026-03-01T09:00", ["sales"], ["report"]))
    for day, read in (("02", "sales"), ("03", "sales_v2")):
        service.tell(STORY.run("write", f"2026-03-{day}T08:00", ["raw"], {"sales_v2": STORY.also_known_as("sales")}))
        service.tell(STORY.run("make_report", f"2026-03-{day}T09:00", [read], ["report"]))


def test_either_name_is_the_same_table(service: Service) -> None:
    by_old, by_new = (service.ask("impact", nodeId=name) for name in (OLD, NEW))
    assert distances(by_old) == distances(by_new) == {"make_report": 1, "report": 2}
    assert by_old["start"] == by_new["start"]
    assert by_old["start"][0]["id"] == NEW


@pytest.mark.parametrize("day", ["01", "02", "03"])
def test_at_no_time_was_the_way_interrupted(service: Service, day: str) -> None:
    told = service.ask("paths", **{"from": RAW, "to": REPORT, "asOf": f"2026-03-{day}T12:00:00Z"})
    [path] = told["paths"]
    assert [last(node) for node in path["nodes"]] == ["raw", "write", "sales_v2", "make_report", "report"]
    assert all(edge["evidence"] for edge in told["edges"])


def test_nothing_changed_by_the_name_alone(service: Service) -> None:
    times = {"from": "2026-03-01T12:00:00Z", "to": "2026-03-03T12:00:00Z"}
    told = service.ask("lineage/diff", nodeId=OLD, **times)
    assert (told["nodes"], told["edges"]) == ({"added": [], "removed": []}, {"added": [], "removed": []})


def test_each_report_read_what_was_written_that_day(service: Service) -> None:
    for day in ("01", "02", "03"):
        told = service.ask("runlineage/upstream", runId=STORY.run_id("make_report", f"2026-03-{day}T09:00"))
        [read] = told["runs"][0]["inputs"]
        assert read["producedByRunId"] == str(STORY.run_id("write", f"2026-03-{day}T08:00"))


def test_whom_the_first_write_reached(service: Service) -> None:
    told = service.ask("runlineage/downstream", runId=STORY.run_id("write", "2026-03-01T08:00"))
    assert [run["job"]["name"] for run in told["runs"]] == ["write", "make_report"]
