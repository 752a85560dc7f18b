"""Retention: old history goes, the present stays, and a replay of the shorter log arrives at the same present."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.build import Event, dataset, dataset_event, job_event, run_event, run_uuid, schema, store
from tests.ingest.orders import connected

from headwater import ids
from headwater.catalog import datasets, events, jobs, runs
from headwater.catalog.page import Page
from headwater.db.pool import Connection
from headwater.ingest.replay import replay
from headwater.ingest.retention import Retired, retire, running_retention
from headwater.lineage.neighbourhood.remembered import Graph
from headwater.lineage.neighbourhood.walks import Walks, neighbourhood
from headwater.settings import Settings

DB, SHOP = "db://shop", "shop"
BEFORE = datetime(2026, 2, 1, tzinfo=UTC)
NOTHING = Retired(0, 0, 0, 0)


def _run(day: str, job: str, run: str, *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> list[Event]:
    """A run of a minute on a day such as ``01-05``."""
    return [
        run_event("START", f"2026-{day}T08:00:00Z", job, run, inputs=inputs),
        run_event("COMPLETE", f"2026-{day}T08:01:00Z", job, run, outputs=outputs),
    ]


HISTORY = [
    *_run("01-01", "daily", "d1", inputs=("a",), outputs=("b",)),
    *_run("01-02", "daily", "d2", inputs=("a", "old"), outputs=("b",)),
    *_run("03-01", "daily", "d3", inputs=("a",), outputs=("b",)),
    *_run("01-01", "moved", "m1", outputs=("kept",)),  # nobody has written it since
    *_run("03-01", "moved", "m2", outputs=("new",)),
    *_run("01-01", "yearly", "y1", inputs=("b",), outputs=("report",)),
    job_event("2026-01-01T00:00:00Z", "dashboard", inputs=["b"]),
    dataset_event("2026-01-01T00:00:00Z", "a", schema("x")),
]


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    await store(database, HISTORY)
    async with connected(database) as opened:
        yield opened


async def _runs(conn: Connection, job: str) -> list[str]:
    names = {run_uuid(name): name for name in ("d1", "d2", "d3", "m1", "m2", "y1")}
    listed = await runs.list_runs(conn, ids.job_id(SHOP, job), Page())
    return [names[run.id] for run in listed.runs]


async def _present(conn: Connection) -> list[Any]:
    """What does not depend on when something was first heard of."""
    listed = (await jobs.list_jobs(conn, Page())).jobs
    shown = (await datasets.list_datasets(conn, DB, Page())).datasets
    around = await neighbourhood(conn, Walks(Graph()), ids.dataset_id(DB, "b"), False, 20)
    return [
        sorted((j.name, j.inputs, j.outputs, j.latestRun and j.latestRun.id, j.currentVersion) for j in listed),
        [(d.name, d.currentVersion, d.fields, d.updatedAt) for d in shown],
        [(node.node_id, sorted(n.node_id for n in node.incoming)) for node in around.nodes],
    ]


async def test_old_runs_go_with_their_events_and_edges(conn: Connection) -> None:
    assert await retire(conn, BEFORE) == Retired(runs=2, events=4, edges=1, dead_letters=0)
    assert await _runs(conn, "daily") == ["d3"]
    left = await (await conn.execute("SELECT count(*) FROM run_io WHERE run_id NOT IN (SELECT run_id FROM runs)")).fetchone()
    assert left == (0,)
    listed = await events.list_events(conn, events.Window(), Page())
    assert listed.totalCount == len(listed.events) > 0


async def test_what_the_present_follows_from_stays(conn: Connection) -> None:
    await retire(conn, BEFORE)
    assert await _runs(conn, "yearly") == ["y1"], "the latest of its job"
    assert await _runs(conn, "moved") == ["m2", "m1"], "the writer of a current version"


async def test_the_present_is_the_same_before_and_after_and_replayed(conn: Connection, database: str) -> None:
    before = await _present(conn)
    assert [name for name, *_ in before[1]] == ["a", "b", "kept", "new", "old", "report"]
    await retire(conn, BEFORE)
    assert await _present(conn) == before
    await replay(database, lambda done, total: None)
    after = await _present(conn)
    assert [name for name, *_ in after[1]] == ["a", "b", "kept", "new", "report"], "only an old run told of the other"
    assert [after[0], after[2]] == [before[0], before[2]]
    assert [told for told in before[1] if told[0] != "old"] == after[1]


@pytest.mark.parametrize("rows", [1, 3, 1000])
async def test_the_size_of_a_batch_is_no_matter(conn: Connection, rows: int) -> None:
    assert await retire(conn, BEFORE, rows) == Retired(2, 4, 1, 0)
    assert await retire(conn, BEFORE, rows) == NOTHING


async def test_a_dry_run_counts_and_takes_nothing(conn: Connection) -> None:
    for _ in range(2):
        assert await retire(conn, BEFORE, dry_run=True) == Retired(2, 4, 1, 0)


async def test_nothing_that_is_young_goes(conn: Connection) -> None:
    assert await retire(conn, datetime(2026, 1, 1, tzinfo=UTC)) == NOTHING


async def test_evidence_of_present_edges_stays(conn: Connection, database: str) -> None:
    """Two runs at once: what either named is current until another begins."""
    told = [
        run_event("START", "2026-01-03T07:59:00Z", "pair", "p1"),
        run_event("START", "2026-01-03T08:00:00Z", "pair", "p2"),
        run_event("COMPLETE", "2026-01-03T08:30:00Z", "pair", "p2", inputs=["y"]),
        run_event("COMPLETE", "2026-01-03T09:00:00Z", "pair", "p1", inputs=["x"]),
    ]
    await store(database, [*_run("01-02", "pair", "p0"), *told])
    assert (await retire(conn, BEFORE)) == Retired(3, 6, 1, 0)
    job = await jobs.get_job(conn, SHOP, "pair")
    assert [d.name for d in job.inputs] == ["x", "y"]


async def test_dead_letters_go_by_their_age(conn: Connection) -> None:
    letter = "INSERT INTO dead_letters (received_at, source, status, message, errors, body) VALUES (%s, 's', 400, 'm', '[]', '')"
    for day in (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)):
        await conn.execute(letter, [day])
    assert (await retire(conn, BEFORE)) == Retired(2, 4, 1, 1)


async def test_months_that_are_over_are_dropped_whole(conn: Connection) -> None:
    await retire(conn, BEFORE)
    months = "SELECT relname FROM pg_class WHERE relname ~ '^(lineage_events|runs|run_io)_2026_0[12]$'"
    assert await (await conn.execute(months)).fetchall() == []
    kept = await (await conn.execute("SELECT count(*) FROM lineage_events_other")).fetchone()
    assert kept == (6,), "what stays of them has moved"


async def test_a_service_does_so_by_itself(conn: Connection, database: str) -> None:
    async with running_retention(database, Settings(retention_days=1)):
        for _ in range(500):
            if await _runs(conn, "daily") == ["d3"]:
                break
            await asyncio.sleep(0.01)
    assert await _runs(conn, "daily") == ["d3"]


async def test_one_process_at_a_time(conn: Connection, database: str) -> None:
    async with connected(database) as other:
        await other.execute("SELECT pg_advisory_lock(%s)", [0x68772D72657461])
        assert await retire(conn, BEFORE) is None
    assert await retire(conn, BEFORE) != NOTHING


async def test_a_failure_leaves_the_lock_to_others(conn: Connection, database: str) -> None:
    with pytest.raises(psycopg.Error):
        await retire(conn, BEFORE, rows=-1)
    async with connected(database) as other:
        assert await retire(other, BEFORE) == Retired(2, 4, 1, 0)


async def test_columns_that_hold_no_more_go_too(conn: Connection, database: str) -> None:
    def told(day: str, field: str) -> Event:
        facet = {"fields": {field: {"inputFields": [{"namespace": DB, "name": "a", "field": field}]}}}
        output = dataset("c", {"columnLineage": facet})
        return run_event("COMPLETE", f"2026-{day}T08:00:00Z", "columns", day, outputs=[output])

    await store(database, [told("01-01", "x"), told("01-02", "y"), told("01-03", "y"), told("03-01", "z"), told("03-02", "y")])
    await retire(conn, BEFORE)
    kept = await (await conn.execute("SELECT first_at::date::text FROM column_lineage ORDER BY first_at")).fetchall()
    assert kept == [("2026-01-02",), ("2026-03-01",)]
