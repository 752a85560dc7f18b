"""``report`` reads what there is to report on: on the 1st and the 2nd ``sales``, on the 3rd ``returns``.

The mail is made of the report. On the 3rd somebody asks whether ``sales`` still matters.
"""

from __future__ import annotations

import pytest

from tests.stories.telling import Service, Teller, distances, last, runs

STORY = Teller("varying")
SALES, RETURNS, MAIL, REPORT = (STORY.table(name) for name in ("sales", "returns", "mail", "report"))
ON_2ND, ON_3RD = "2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    for day, source in (("01", "sales"), ("02", "sales"), ("03", "returns")):
        service.tell(STORY.run("make_report", f"2026-03-{day}T08:00", [source], ["report"]))
        service.tell(STORY.run("send", f"2026-03-{day}T08:10", ["report"], ["mail"]))


def test_what_stands_on_sales_now_then_and_ever(service: Service) -> None:
    everything = {"make_report": 1, "report": 2, "send": 3, "mail": 4}
    assert distances(service.ask("impact", nodeId=SALES)) == {}
    assert distances(service.ask("impact", nodeId=SALES, asOf=ON_2ND)) == everything
    assert distances(service.ask("impact", nodeId=SALES, history="all")) == everything
    assert distances(service.ask("impact", nodeId=RETURNS)) == everything
    assert distances(service.ask("impact", nodeId=RETURNS, asOf=ON_2ND)) == {}


def test_how_often_each_was_read(service: Service) -> None:
    def often(source: str, **asked: str) -> tuple[int, int]:
        told = service.ask("paths", **{"from": source, "to": REPORT, **asked})
        [proof] = next(edge["evidence"] for edge in told["edges"] if edge["origin"] == source)
        return proof["runs"], proof["ofRuns"]

    assert often(RETURNS) == (1, 3)
    assert often(SALES, history="all") == (2, 3)
    assert often(SALES, asOf=ON_2ND) == (2, 2)


def test_what_the_mail_stands_on(service: Service) -> None:
    assert set(distances(service.ask("impact", nodeId=MAIL, direction="upstream", grain="dataset"))) == {"report", "returns"}


def test_why_sales_no_longer_come_to_the_mail(service: Service) -> None:
    why = service.ask("paths", **{"from": SALES, "to": MAIL})["noPath"]
    assert [last(node) for node in why["former"]["nodes"]] == ["sales", "make_report", "report", "send", "mail"]
    assert why["former"]["atOneTime"] is True
    [ended] = why["former"]["ended"]
    assert (ended["origin"], ended["destination"]) == (SALES, STORY.job("make_report"))
    assert (ended["lastAt"], ended["lastRun"]) == (
        "2026-03-02T08:00:30Z", str(STORY.run_id("make_report", "2026-03-02T08:00")),
    )  # fmt: skip
    assert (ended["endedAt"], ended["endedBy"]) == (
        "2026-03-03T08:00:30Z", str(STORY.run_id("make_report", "2026-03-03T08:00")),
    )  # fmt: skip


def test_what_changed_between_the_2nd_and_the_3rd(service: Service) -> None:
    told = service.ask("lineage/diff", nodeId=REPORT, **{"from": ON_2ND, "to": ON_3RD})
    by = str(STORY.run_id("make_report", "2026-03-03T08:00"))
    assert [(node["id"], node["run"]) for node in told["nodes"]["added"]] == [(RETURNS, by)]
    assert [(node["id"], node["run"]) for node in told["nodes"]["removed"]] == [(SALES, by)]
    assert [(edge["origin"], edge["at"]) for edge in told["edges"]["added"]] == [(RETURNS, "2026-03-03T08:00:00Z")]
    assert [(edge["origin"], edge["at"]) for edge in told["edges"]["removed"]] == [(SALES, "2026-03-03T08:00:30Z")]
    assert told["changes"] == []


def test_what_two_runs_of_the_job_read(service: Service) -> None:
    before, after = (str(STORY.run_id("make_report", f"2026-03-0{day}T08:00")) for day in (2, 3))
    told = service.ask("lineage/diff", nodeId=STORY.job("make_report"), **{"from": before, "to": after})
    assert {(read["dataset"], read["turn"]) for read in told["inputs"]} == {(RETURNS, "ADDED"), (SALES, "REMOVED")}
    assert told["outputs"] == []


def test_the_runs_behind_the_mail_of_the_2nd_read_sales(service: Service) -> None:
    sender = STORY.run_id("send", "2026-03-02T08:10")
    assert runs(service.ask("runlineage/upstream", runId=sender)) == [
        ("send", "2026-03-02T08:10:00Z", ["report"]),
        ("make_report", "2026-03-02T08:00:00Z", ["sales"]),
    ]
