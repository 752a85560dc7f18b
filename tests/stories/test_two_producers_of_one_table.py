"""``daily`` appends to ``facts`` what came in by the ``feed``; ``backfill`` writes older facts from the ``archive`` once. The
``model_input`` is made of the facts. On the 2nd a daily run fails before it has written anything. On the 3rd daily has a
new feed.
"""

from __future__ import annotations

import pytest
from openlineage.client.event_v2 import RunState

from tests.stories.telling import Service, Teller, distances, last

STORY = Teller("two")
FEED, ARCHIVE, FACTS, INPUT = (STORY.table(name) for name in ("feed", "archive", "facts", "model_input"))


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    service.tell(STORY.run("daily", "2026-03-01T08:00", ["feed"], {"facts": STORY.derived(value="feed.value")}))
    service.tell(STORY.run("prepare", "2026-03-01T09:00", ["facts"], {"model_input": STORY.derived(x="facts.value")}))
    service.tell(STORY.run("backfill", "2026-03-01T10:00", ["archive"], {"facts": STORY.derived(value="archive.amount")}))
    service.tell(STORY.run("daily", "2026-03-02T08:00", ends=RunState.FAIL))
    service.tell(STORY.run("prepare", "2026-03-02T09:00", ["facts"], {"model_input": STORY.derived(x="facts.value")}))
    service.tell(STORY.run("daily", "2026-03-03T08:00", ["feed_v2"], {"facts": STORY.derived(value="feed_v2.value")}))


def test_it_stands_on_what_both_read(service: Service) -> None:
    told = service.ask("impact", nodeId=FACTS, direction="upstream")
    assert distances(told) == {"daily": 1, "backfill": 1, "feed_v2": 2, "archive": 2}


def test_a_failed_run_that_told_of_nothing_took_nothing_away(service: Service) -> None:
    told = service.ask("impact", nodeId=FACTS, direction="upstream", asOf="2026-03-02T12:00:00Z")
    assert distances(told) == {"daily": 1, "backfill": 1, "feed": 2, "archive": 2}


def test_a_column_comes_of_both(service: Service) -> None:
    told = service.ask("impact", nodeId=STORY.column("facts", "value"), direction="upstream")
    assert {node["id"] for node in told["nodes"]} == {STORY.column("feed_v2", "value"), STORY.column("archive", "amount")}


def test_by_runs_each_read_what_the_last_had_written(service: Service) -> None:
    """On the 1st that was daily; on the 2nd backfill, as the run of that day failed."""
    for day, producer, at in (("01", "daily", "2026-03-01T08:00"), ("02", "backfill", "2026-03-01T10:00")):
        told = service.ask("runlineage/upstream", runId=STORY.run_id("prepare", f"2026-03-{day}T09:00"))
        [read] = told["runs"][0]["inputs"]
        assert read["producedByRunId"] == str(STORY.run_id(producer, at))


def test_why_the_old_feed_no_longer_matters(service: Service) -> None:
    why = service.ask("paths", **{"from": FEED, "to": INPUT})["noPath"]
    [ended] = why["former"]["ended"]
    assert (ended["origin"], ended["toldBy"]) == (FEED, STORY.job("daily"))
    assert (ended["endedAt"], ended["endedBy"]) == (
        "2026-03-03T08:00:30Z", str(STORY.run_id("daily", "2026-03-03T08:00")),
    )  # fmt: skip


def test_what_the_archive_and_the_feed_have_to_do_with_each_other(service: Service) -> None:
    """Neither comes of the other, and they have no source in common: just a table that both end in."""
    told = service.ask("paths", **{"from": FEED, "to": ARCHIVE})
    assert (told["reachable"], told["noPath"]) == (False, {"otherWay": None, "commonAncestors": [], "former": None})


def test_what_changed_on_the_3rd(service: Service) -> None:
    told = service.ask("lineage/diff", nodeId=INPUT, **{"from": "2026-03-02T12:00:00Z", "to": "2026-03-03T12:00:00Z"})
    assert [last(node["id"]) for node in told["nodes"]["added"]] == ["feed_v2"]
    assert [last(node["id"]) for node in told["nodes"]["removed"]] == ["feed"]
    [added, removed] = sorted(told["changes"], key=lambda change: change["turn"])
    assert (added["what"], added["source"]) == ("COLUMN", STORY.column("feed_v2", "value"))
    assert (removed["what"], removed["source"]) == ("COLUMN", STORY.column("feed", "value"))
