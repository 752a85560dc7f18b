from __future__ import annotations

import asyncio
import random

import numpy as np
import psycopg
import pytest
from tests.build import Event, dataset, dataset_event, job_event, run_event, store
from tests.lineage.graphs import complete, complete_explicitly, derived, random_event

from headwater import ids
from headwater.db.looking import running_looking
from headwater.db.pool import Pool
from headwater.ingest.replay import replay
from headwater.lineage.graph import present
from headwater.lineage.graph.flow import SINK
from headwater.lineage.graph.present import Present, running_housekeeping

DB, SHOP = "db://shop", "shop"


def _table(name: str) -> int:
    return ids.dataset_id(DB, name)


def _job(name: str) -> int:
    return ids.job_id(SHOP, name)


async def _edges(pool: Pool, kept: Present) -> set[tuple[int, int]]:
    async with kept.reading(pool) as (_, flow):
        arrays = flow.arrays
        sources, targets, _ = arrays.neighbours(np.arange(len(arrays), dtype=np.int32), downstream=True)
        return set(zip(arrays.ids(sources).tolist(), arrays.ids(targets).tolist(), strict=True))


async def test_what_is_acknowledged_is_in_it(database: str, pool: Pool) -> None:
    kept = Present()
    assert await _edges(pool, kept) == set()
    await store(database, [complete("w", "a", "b")])
    assert await _edges(pool, kept) == {(_table("a"), _job("w")), (_job("w"), _table("b"))}
    await store(database, [complete("w", "a", "c", "09:00")])
    assert await _edges(pool, kept) == {(_table("a"), _job("w")), (_job("w"), _table("c"))}
    await store(database, [complete("w", "late", "b", "07:00"), run_event("START", "10:00", "w", "next")])
    assert await _edges(pool, kept) == {(_table("a"), _job("w")), (_job("w"), _table("c"))}


async def test_explicit_jobs_pass_on_only_what_they_say(database: str, pool: Pool) -> None:
    kept = Present()
    await store(database, [complete("etl", "a b", "c d", "07:00"), complete("reader", "d", "e")])
    entries = [derived("c", "a"), derived("d", "b")]
    await store(database, [complete_explicitly("etl", ["a", "b"], ["c", "d"], entries)])
    await store(database, [run_event("COMPLETE", "08:30", "next", "n", job_facets=_handed_over("etl"))])
    edges = await _edges(pool, kept)
    assert edges == await _edges(pool, Present())
    sink = _job("etl") ^ SINK
    assert edges == {
        (_table("a"), sink), (_table("b"), sink), (_table("a"), _table("c")), (_table("b"), _table("d")),
        (_job("etl"), _table("c")), (_job("etl"), _table("d")), (_table("d"), _job("reader")), (_job("reader"), _table("e")),
        (_job("etl"), _job("next")), (sink, _job("next")),
    }  # fmt: skip
    await store(database, [complete("etl", "a b", "c d", "09:00")])
    assert (_table("a"), _job("etl")) in await _edges(pool, kept), "the latest run does not say"


def _handed_over(source: str) -> dict[str, object]:
    return {"lineage": {"entries": [{"type": "JOB", "inputs": [{"type": "JOB", "namespace": SHOP, "name": source}]}]}}


async def test_a_job_that_a_dataset_says_it_comes_from(database: str, pool: Pool) -> None:
    kept = Present()
    facet = {"lineage": {"inputs": [{"type": "JOB", "namespace": SHOP, "name": "etl"}]}}
    await store(database, [complete("etl", "a", "b"), dataset_event("09:00", "export", facet)])
    assert await _edges(pool, kept) == {
        (_table("a"), _job("etl")), (_job("etl"), _table("b")), (_job("etl"), _table("export")),
    }  # fmt: skip
    await store(database, [complete("etl", "a", "c", "10:00")])
    assert (_job("etl"), _table("export")) in await _edges(pool, kept), "the job does not know of it"
    await store(database, [dataset_event("11:00", "export", {"lineage": {"inputs": []}})])
    assert await _edges(pool, kept) == {(_table("a"), _job("etl")), (_job("etl"), _table("c"))}


async def test_views_and_declared_jobs(database: str, pool: Pool) -> None:
    kept = Present()
    facet = {"lineage": {"inputs": [{"type": "DATASET", "namespace": DB, "name": "table"}]}}
    await store(database, [dataset_event("08:00", "view", facet), job_event("08:00", "j", inputs=["view"], outputs=["x"])])
    assert await _edges(pool, kept) == {
        (_table("table"), _table("view")), (_table("view"), _job("j")), (_job("j"), _table("x")),
    }  # fmt: skip
    await store(database, [dataset_event("09:00", "view", {"lineage": {"inputs": []}})])
    assert await _edges(pool, kept) == {(_table("view"), _job("j")), (_job("j"), _table("x"))}


async def test_names_of_one_dataset_are_one_node(database: str, pool: Pool) -> None:
    kept = Present()
    symlinks = {"symlinks": {"identifiers": [{"namespace": "hive://m", "name": "t", "type": "TABLE"}]}}
    reader = run_event("COMPLETE", "08:10", "r", "r", inputs=[dataset("t", namespace="hive://m")])
    await store(database, [complete("w", "", "x"), reader])
    assert (ids.dataset_id("hive://m", "t"), _job("r")) in await _edges(pool, kept)
    await store(database, [run_event("COMPLETE", "08:20", "w", "w2", outputs=[dataset("x", symlinks)])])
    expected = {(_table("x"), _job("r")), (_job("w"), _table("x"))}
    assert await _edges(pool, kept) == expected
    assert await _edges(pool, Present()) == expected
    await store(database, [run_event("COMPLETE", "08:40", "r2", "r2", inputs=[dataset("t", namespace="hive://m")])])
    assert await _edges(pool, kept) == expected | {(_table("x"), _job("r2"))}


async def test_hidden_jobs_have_no_edges_until_they_come_back(database: str, pool: Pool) -> None:
    kept = Present()
    await store(database, [complete("w", "a", "b")])
    async with await psycopg.AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE jobs SET is_hidden = true")
    assert await _edges(pool, kept) == set()
    await store(database, [run_event("START", "09:00", "w", "again")])
    assert len(await _edges(pool, kept)) == 2


async def test_a_replay_makes_it_read_all_again(database: str, pool: Pool) -> None:
    kept = Present()
    await store(database, [complete("w", "a", "b"), complete("w2", "b", "c")])
    before = await _edges(pool, kept)
    await replay(database, lambda done, total: None)
    assert await _edges(pool, kept) == before
    async with pool.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM graph_changes WHERE owner_id IS NOT NULL")).fetchone()
    assert row == (0,)


async def test_a_transaction_that_ends_late_is_not_missed(database: str, pool: Pool) -> None:
    kept = Present()
    await store(database, [complete("w", "a", "b"), complete("v", "a", "b")])
    async with await psycopg.AsyncConnection.connect(database) as early:
        await early.execute("UPDATE jobs SET is_hidden = true WHERE job_id = %s", [_job("v")])
        await store(database, [complete("w2", "b", "c")])
        assert len(await _edges(pool, kept)) == 6
    assert len(await _edges(pool, kept)) == 4


async def test_after_a_crash_all_is_read_again(database: str, pool: Pool) -> None:
    """Which here has the next change noted by a number that was seen already."""
    async with running_looking(database) as looking:
        kept = Present(looking.era)
        await store(database, [complete("w", "a", "b")])
        await _edges(pool, kept)
        await store(database, [complete("w2", "b", "c")])
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("UPDATE graph_changes SET xid = 1")
            assert len(await _edges(pool, kept)) == 2
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert len(await _edges(pool, kept)) == 4


@pytest.mark.parametrize("seed", range(3))
async def test_kept_fresh_it_is_as_read_anew(database: str, pool: Pool, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "_worn", lambda arrays: arrays.changes > 40)
    rnd, kept = random.Random(seed), Present()
    for i in range(15):
        await store(database, [random_event(rnd, i) for _ in range(rnd.randint(1, 4))])
        assert await _edges(pool, kept) == await _edges(pool, Present())


async def test_an_edge_comes_back_though_no_floor_moves(database: str, pool: Pool) -> None:
    kept = Present()
    await store(database, [complete("w", "old", "", "07:00"), complete("w", "new", "", "08:00")])
    await store(database, [run_event("RUNNING", "09:01", "w", "going", inputs=["new"])])
    assert await _edges(pool, kept) == {(_table("new"), _job("w"))}
    await store(database, [run_event("RUNNING", "09:02", "w", "going", inputs=["old"])])
    assert await _edges(pool, kept) == {(_table("new"), _job("w")), (_table("old"), _job("w"))}


async def test_a_job_says_that_nothing_comes_of_what_it_reads(database: str, pool: Pool) -> None:
    kept = Present()
    await store(database, [complete("w", "a", "b")])
    await store(database, [run_event("RUNNING", "09:01", "w", "going", inputs=["a"], outputs=["b"])])
    assert (_table("a"), _job("w")) in await _edges(pool, kept)
    none: Event = {"lineage": {"entries": []}}
    await store(database, [run_event("RUNNING", "09:02", "w", "going", inputs=["a"], outputs=["b"], job_facets=none)])
    assert await _edges(pool, kept) == await _edges(pool, Present()) == {
        (_table("a"), _job("w") ^ SINK), (_job("w"), _table("b")),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
async def test_kept_fresh_by_runs_that_go_on(database: str, pool: Pool, seed: int) -> None:
    """Each event is of one of few runs and tables, so that edges go and come back in all ways."""
    rnd, kept = random.Random(seed), Present()
    for i in range(60):
        at = f"{8 + i // 10:02}:{i % 10:02}" if rnd.random() < 0.8 else f"{rnd.randrange(8, 14):02}:{rnd.randrange(10):02}"
        kind = rnd.choice(["START", "RUNNING", "COMPLETE"])
        told = [f"t{n}" for n in range(3) if rnd.random() < 0.5]
        facets: Event = {"lineage": {"entries": []}} if rnd.random() < 0.1 else {}
        await store(database, [run_event(kind, at, "w", f"r{i // 20}{rnd.randrange(3)}", inputs=told, job_facets=facets)])
        assert await _edges(pool, kept) == await _edges(pool, Present())


async def test_old_changes_are_deleted(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "a", "b")])
    async with running_housekeeping(pool, keep_s=0.01), asyncio.timeout(30), pool.connection() as conn:
        while await (await conn.execute("SELECT FROM graph_changes")).fetchall():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
