from __future__ import annotations

import pytest
from tests.build import run_event, run_uuid, store
from tests.lineage.graphs import complete
from tests.queries import recorded

from headwater import ids
from headwater.catalog.datasets import get_dataset
from headwater.catalog.runs import get_run
from headwater.db.pool import Pool
from headwater.entities.lineage import UpstreamRuns
from headwater.errors import NotFound
from headwater.lineage.runs.upstream import get_upstream
from headwater.lineage.snapshot import snapshot


async def ask(pool: Pool, run: str, depth: int = 10) -> UpstreamRuns:
    async with snapshot(pool) as conn:
        return await get_upstream(conn, run_uuid(run), depth)


def jobs(answer: UpstreamRuns) -> list[str]:
    return [run.job.name for run in answer.runs]


async def test_a_chain(database: str, pool: Pool) -> None:
    await store(
        database,
        [
            complete("writer", "", "common", "08:00", "w"),
            complete("reader", "common", "out", "09:00", "r"),
            complete("consumer", "out", "", "10:00", "c"),
            complete("writer", "", "common", "11:00", "later"),
        ],
    )
    answer = await ask(pool, "c")
    assert jobs(answer) == ["consumer", "reader", "writer"]
    assert [run.run.id for run in answer.runs] == [run_uuid("c"), run_uuid("r"), run_uuid("w")]
    assert [i.producedByRunId for run in answer.runs for i in run.inputs] == [run_uuid("r"), run_uuid("w")]
    assert jobs(await ask(pool, "c", 1)) == ["consumer", "reader"]
    [alone] = (await ask(pool, "c", 0)).runs
    assert alone.inputs[0].producedByRunId == run_uuid("r")
    async with pool.connection() as conn:
        out = await get_dataset(conn, "db://shop", "out")
    assert alone.inputs[0].version == out.currentVersion


async def test_a_source_that_no_run_wrote(database: str, pool: Pool) -> None:
    await store(database, [complete("reader", "source", "", "09:00", "r")])
    [run] = (await ask(pool, "r")).runs
    assert run.inputs[0].producedByRunId is None
    assert run.inputs[0].version is not None


async def test_a_run_comes_once_with_all_its_inputs(database: str, pool: Pool) -> None:
    await store(
        database,
        [
            complete("w", "", "a b", "08:00", "w"),
            complete("x", "a", "c", "09:00", "x"),
            complete("y", "a b c", "", "10:00", "y"),
        ],
    )
    answer = await ask(pool, "y")
    assert jobs(answer) == ["y", "w", "x"]
    assert [i.name for i in answer.runs[0].inputs] == ["a", "b", "c"]


async def test_a_run_that_goes_on(database: str, pool: Pool) -> None:
    await store(database, [run_event("START", "09:00", "j", "r", inputs=["a"])])
    [run] = (await ask(pool, "r")).runs
    assert (run.run.status, run.run.end, run.job.version) == ("RUNNING", None, None)


@pytest.mark.parametrize("told", ["START", "RUNNING", "OTHER", "COMPLETE", None])
async def test_a_run_began_when_the_run_itself_says_so(database: str, pool: Pool, told: str | None) -> None:
    await store(database, [run_event(told, "09:00", "j", "r"), run_event("COMPLETE", "10:00", "j", "r")])
    [run] = (await ask(pool, "r")).runs
    async with pool.connection() as conn:
        assert run.run.start == (await get_run(conn, run_uuid("r"))).startedAt


async def test_an_unknown_run(pool: Pool) -> None:
    with pytest.raises(NotFound):
        await ask(pool, "nope")


async def test_a_hop_costs_the_same_whatever_its_breadth(database: str, pool: Pool) -> None:
    wide = [complete(f"w{i}", "", f"d{i}", "08:00") for i in range(40)]
    await store(database, [*wide, complete("all", " ".join(f"d{i}" for i in range(40)), "", "09:00", "all")])
    await store(database, [complete("one", "d1", "", "09:00", "one")])
    costs = []
    for run in ("one", "all"):
        with recorded() as statements:
            await ask(pool, run)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 2 + 3 * 3
    assert ids.run_month(run_uuid("one")) == ids.UNDATED
