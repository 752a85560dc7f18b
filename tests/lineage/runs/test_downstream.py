from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.build import Event, dataset, run_event, run_uuid, store
from tests.lineage.graphs import complete, random_event
from tests.queries import recorded

from headwater.db.pool import Pool
from headwater.entities.lineage import DownstreamRuns
from headwater.errors import NotFound
from headwater.lineage.runs.downstream import get_downstream
from headwater.lineage.runs.upstream import get_upstream
from headwater.lineage.snapshot import snapshot


async def ask(pool: Pool, run: str, depth: int = 10) -> DownstreamRuns:
    async with snapshot(pool) as conn:
        return await get_downstream(conn, run_uuid(run), depth)


def told(answer: DownstreamRuns) -> list[UUID]:
    return [run.run.id for run in answer.runs]


async def test_a_chain(database: str, pool: Pool) -> None:
    await store(
        database,
        [
            complete("writer", "", "common", "08:00", "w"),
            complete("reader", "common", "out", "09:00", "r"),
            complete("consumer", "out", "", "10:00", "c"),
            complete("writer", "", "common", "11:00", "later"),
            complete("reader", "common", "out", "12:00", "r later"),
        ],
    )
    answer = await ask(pool, "w")
    assert told(answer) == [run_uuid("w"), run_uuid("r"), run_uuid("c")]
    assert [[o.name for o in run.outputs] for run in answer.runs] == [["common"], ["out"], []]
    assert [i.producedByRunId for run in answer.runs for i in run.inputs] == [run_uuid("w"), run_uuid("r")]
    assert answer.complete
    assert told(await ask(pool, "w", 1)) == [run_uuid("w"), run_uuid("r")]
    assert told(await ask(pool, "w", 0)) == [run_uuid("w")]
    assert told(await ask(pool, "later")) == [run_uuid("later"), run_uuid("r later")]


async def test_a_version_that_is_named_long_after_it_was_replaced(database: str, pool: Pool) -> None:
    def model(version: str) -> Event:
        return dataset("model", {"version": {"datasetVersion": version}})

    await store(
        database,
        [
            run_event("COMPLETE", "08:00", "train", "one", outputs=[model("v1")]),
            run_event("COMPLETE", "09:00", "train", "two", outputs=[model("v2")]),
            run_event("COMPLETE", "10:00", "serve", "old", inputs=[model("v1")]),
            run_event("COMPLETE", "11:00", "serve", "new", inputs=["model"]),
        ],
    )
    assert told(await ask(pool, "one")) == [run_uuid("one"), run_uuid("old")]
    assert told(await ask(pool, "two")) == [run_uuid("two"), run_uuid("new")]


async def test_content_that_came_again_after_it_was_read(database: str, pool: Pool) -> None:
    """Where a version's name is a hash, two runs may write the same; who reads and writes it too did not read what it wrote."""
    table = dataset("t", {"version": {"datasetVersion": "9e10"}})
    await store(
        database,
        [
            run_event("COMPLETE", "08:00", "make", "one", outputs=[table]),
            run_event("COMPLETE", "09:00", "mend", "same", inputs=[table], outputs=[table]),
            run_event("COMPLETE", "10:00", "read", "reader", inputs=[table]),
            run_event("COMPLETE", "11:00", "make", "two", outputs=[table]),
        ],
    )
    assert told(await ask(pool, "one")) == [run_uuid("one"), run_uuid("same"), run_uuid("reader")]
    assert told(await ask(pool, "same")) == [run_uuid("same"), run_uuid("reader")]
    assert told(await ask(pool, "two")) == [run_uuid("two")]


@pytest.mark.parametrize("seed", range(4))
async def test_it_is_upstream_turned_round(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    events = [random_event(rnd, i) for i in range(60)]
    await store(database, events)
    runs = {UUID(event["run"]["runId"]) for event in events if "run" in event}
    readers = defaultdict(set)
    async with snapshot(pool) as conn:
        for run in runs:
            for read in (await get_upstream(conn, run, 0)).runs[0].inputs:
                readers[read.producedByRunId].add(run)
        assert any(readers[run] for run in runs)
        for run in runs:
            first, *others = told(await get_downstream(conn, run, 1))
            assert (first, set(others)) == (run, readers[run] - {run})


@pytest.mark.parametrize("seed", range(4))
async def test_a_walk_is_complete_where_a_step_more_finds_nothing(database: str, pool: Pool, seed: int) -> None:
    """Either way; and what is told is what is counted."""
    rnd = random.Random(seed)
    await store(database, [random_event(rnd, i) for i in range(30)])
    async with snapshot(pool) as conn:
        rows = await (await conn.execute("SELECT run_uuid FROM runs ORDER BY run_uuid")).fetchall()
        for (run,) in rows[:10]:
            for get in (get_upstream, get_downstream):
                near, far = [await get(conn, run, depth) for depth in (1, 2)]
                more = len(far.runs) > len(near.runs)
                assert (near.complete, [cut.rule for cut in near.counts.cut]) == (not more, ["depth"] if more else [])
                assert (near.counts.runs, near.counts.returned) == (len(near.runs) - 1, near.counts.found)


async def test_what_a_run_reaches_is_counted(database: str, pool: Pool) -> None:
    events = [
        complete("make", "raw", "a", "08:00", "m"),
        complete("copy", "a", "b c", "09:00", "c"),
        complete("end", "c", "", "10:00"),
    ]
    await store(database, events)
    for depth, found, edges, cut in ((1, (1, 4), 5, ["depth"]), (2, (2, 4), 6, [])):
        answer = await ask(pool, "m", depth)
        counts = answer.counts
        assert ((counts.runs, counts.versions), counts.edges.found) == (found, edges)
        assert [one.rule for one in counts.cut] == cut
    assert answer.freshness.eventTime == datetime(2026, 3, 1, 10, tzinfo=UTC) < answer.asOf


async def test_an_unknown_run(pool: Pool) -> None:
    with pytest.raises(NotFound):
        await ask(pool, "nope")


async def test_a_hop_costs_the_same_whatever_its_breadth(database: str, pool: Pool) -> None:
    wide = [complete(f"r{i}", "all", "", "09:00") for i in range(40)]
    await store(database, [complete("all", "", "all", "08:00", "all"), *wide])
    await store(database, [complete("one", "", "one", "08:00", "one"), complete("r", "one", "", "09:00")])
    costs = []
    for run in ("one", "all"):
        with recorded() as statements:
            await ask(pool, run)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 4 * 2 + 6
