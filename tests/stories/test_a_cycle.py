"""``merge`` adds the day's ``events`` to the state of yesterday, ``publish`` makes the next state of what it merged.

Job and column lineage go round: state → merged → state. A board shows what was merged.
"""

from __future__ import annotations

import pytest

from tests.stories.telling import Service, Teller, distances, last, runs, with_columns

STORY = Teller("cycle")
EVENTS, MERGED, STATE, BOARD = (STORY.table(name) for name in ("events", "merged", "state", "board"))


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    merged = STORY.derived(total="events.amount state.total")
    for day in ("01", "02"):
        reads = {"events": with_columns("amount"), "state": {}}
        service.tell(STORY.run("merge", f"2026-03-{day}T08:00", reads, {"merged": merged}))
        service.tell(STORY.run("publish", f"2026-03-{day}T08:10", ["merged"], {"state": STORY.derived(total="merged.total")}))
        service.tell(STORY.run("show", f"2026-03-{day}T08:20", ["merged"], {"board": STORY.derived(shown="merged.total")}))


def test_each_node_is_reached_once(service: Service) -> None:
    told = service.ask("impact", nodeId=EVENTS)
    assert distances(told) == {"merge": 1, "merged": 2, "publish": 3, "show": 3, "board": 4, "state": 4}
    assert told["complete"] is True


def test_what_stands_on_itself_is_not_told_as_reached(service: Service) -> None:
    assert distances(service.ask("impact", nodeId=STATE, grain="dataset")) == {"merged": 1, "board": 2}
    upstream = service.ask("impact", nodeId=STATE, grain="dataset", direction="upstream")
    assert distances(upstream) == {"merged": 1, "events": 2}


def test_columns_go_round_too(service: Service) -> None:
    told = service.ask("impact", nodeId=STORY.column("events", "amount"))
    assert {node["id"]: (node["distance"], node["affects"], node["ends"]) for node in told["nodes"]} == {
        STORY.column("merged", "total"): (1, "VALUES", False),
        STORY.column("state", "total"): (2, "VALUES", False),
        STORY.column("board", "shown"): (2, "VALUES", True),
    }


def test_the_only_path_is_the_simple_one(service: Service) -> None:
    told = service.ask("paths", **{"from": EVENTS, "to": BOARD, "all": True})
    assert [[last(node) for node in path["nodes"]] for path in told["paths"]] == [["events", "merge", "merged", "show", "board"]]
    assert told["complete"] is True


def test_both_ways_there_is_a_path(service: Service) -> None:
    for ends, length in (((STATE, MERGED), 1), ((MERGED, STATE), 1)):
        told = service.ask("paths", grain="dataset", **dict(zip(("from", "to"), ends, strict=True)))
        assert [path["length"] for path in told["paths"]] == [length]


def test_by_runs_there_is_no_cycle(service: Service) -> None:
    """The state that the 2nd began with is that of the 1st, and that of the 1st nobody is known to have written."""
    assert runs(service.ask("runlineage/upstream", runId=STORY.run_id("show", "2026-03-02T08:20"))) == [
        ("show", "2026-03-02T08:20:00Z", ["merged"]),
        ("merge", "2026-03-02T08:00:00Z", ["events", "state"]),
        ("publish", "2026-03-01T08:10:00Z", ["merged"]),
        ("merge", "2026-03-01T08:00:00Z", ["events", "state"]),
    ]
