"""Hard deletes: what goes, what stays, and that a replay arrives at the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.build import Event, dataset, dataset_event, job_event, run_event, run_uuid, schema
from tests.ingest.orders import SETTINGS, connected, prepared, reset
from tests.ingest.telling import DB

from headwater.db.pool import Connection
from headwater.errors import InvalidEvent
from headwater.ingest.commit import Memory, commit
from headwater.ingest.export import export
from headwater.ingest.prepare import Incoming, prepare
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from headwater.ingest.words import renew_all
from headwater.ingest.writer import running_writer
from headwater.ingest.writes import Erase, event_of

ADMIN = SETTINGS.model_copy(update={"admin": True})
COLUMNS = {"columnLineage": {"fields": {"y": {"inputFields": [{"namespace": DB, "name": "in", "field": "x"}]}}}}
PARENT = {"parent": {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": "shop", "name": "dag"}}}
MODEL = {"datasetType": {"datasetType": "MODEL"}}
RUNS = [
    run_event("COMPLETE", "08:00", "load", "l1", inputs=["in"], outputs=[dataset("mid", {**schema("y"), **COLUMNS, **MODEL})]),
    run_event("COMPLETE", "08:10", "report", "r1", inputs=[dataset("mid", schema("y"))], outputs=["out"]),
    run_event("COMPLETE", "08:20", "task", "t1", inputs=["mid"], outputs=["only"], run_facets=PARENT),
]
LOAD, MID = Erase("shop", job="load"), Erase(DB, dataset="mid")


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    async with connected(database) as opened:
        yield opened


def _erasure(what: Erase, time: str = "2026-03-02T00:00:00Z") -> Incoming:
    return prepare(event_of(what, time), ADMIN)


async def _store(conn: Connection, *told: Event | Erase, memory: Memory | None = None) -> None:
    """One by one, each erasure at another time."""
    memory = memory or Memory()
    for n, each in enumerate(told):
        incoming = _erasure(each, f"2026-03-02T00:00:00.{n:06}Z") if isinstance(each, Erase) else prepared([each])[0]
        await commit(conn, [incoming], memory)


async def _names(conn: Connection, table: str) -> list[str]:
    rows = await (await conn.execute(f"SELECT name FROM {table} ORDER BY name")).fetchall()
    return [name for (name,) in rows]


async def _count(conn: Connection, table: str) -> int:
    row = await (await conn.execute(f"SELECT count(*) FROM {table}")).fetchone()
    assert row is not None
    return int(row[0])


async def _assert_replays(conn: Connection, database: str) -> None:
    before = await table_hashes(conn)
    await replay(database, lambda done, total: None, step=2)
    assert await table_hashes(conn) == before


# ---------------------------------------------------------------- what goes


async def test_a_job_goes_with_its_runs_edges_and_what_only_it_used(conn: Connection, database: str) -> None:
    await _store(conn, *RUNS, LOAD)
    assert await _names(conn, "jobs") == ["dag", "dag.task", "report"]
    assert await _names(conn, "datasets") == ["mid", "only", "out"], "the input was only of that job"
    assert [await _count(conn, table) for table in ("runs", "run_io", "column_lineage", "edges")] == [3, 4, 0, 4]
    await _assert_replays(conn, database)


async def test_a_dataset_goes_with_its_versions_and_edges(conn: Connection, database: str) -> None:
    await _store(conn, *RUNS, MID)
    assert await _names(conn, "datasets") == ["in", "only", "out"]
    assert await _names(conn, "jobs") == ["dag", "dag.task", "load", "report"]
    assert [await _count(conn, table) for table in ("runs", "run_io", "column_lineage", "edges")] == [4, 3, 0, 3]
    await _assert_replays(conn, database)


async def test_a_dataset_goes_with_all_of_its_names(conn: Connection, database: str) -> None:
    named = {"symlinks": {"identifiers": [{"namespace": DB, "name": "alias"}, {"namespace": "elsewhere", "name": "other"}]}}
    await _store(conn, dataset_event("07:00", "mid", named), *RUNS, Erase(DB, dataset="alias"))
    assert await _names(conn, "datasets") == ["in", "only", "out"]
    assert await _count(conn, "symlinks") == 0
    await _assert_replays(conn, database)


async def test_a_namespace_goes_with_all_that_is_in_it(conn: Connection, database: str) -> None:
    await _store(conn, *RUNS, run_event("COMPLETE", "09:00", "x", "x", namespace="other", outputs=["in"]), Erase("shop"))
    assert await _names(conn, "jobs") == ["x"]
    assert await _names(conn, "datasets") == ["in"]
    assert await _names(conn, "namespaces") == [DB, "default", "other"]
    await _store(conn, Erase(DB))
    assert await _names(conn, "datasets") == []
    assert await _names(conn, "namespaces") == ["default", "other"]
    await _assert_replays(conn, database)


async def test_a_name_between_two_others_takes_their_bond_with_it(conn: Connection, database: str) -> None:
    """``a`` is also known as ``b`` of another namespace, and that as ``c``."""
    first = {"symlinks": {"identifiers": [{"namespace": "between", "name": "b"}]}}
    second = {"symlinks": {"identifiers": [{"namespace": DB, "name": "c"}]}}
    await _store(
        conn, dataset_event("07:00", "a", first), dataset_event("07:01", "b", second, namespace="between"), Erase("between")
    )
    rows = await (await conn.execute("SELECT name, canonical_id = dataset_id FROM datasets ORDER BY name")).fetchall()
    assert rows == [("a", True), ("c", True)]
    await _assert_replays(conn, database)


async def test_its_words_go_with_it(conn: Connection) -> None:
    await _store(conn, *RUNS)
    assert sum([renewed async for renewed in renew_all(conn)]) > 0
    await _store(conn, Erase("shop", job="load"), Erase("shop", job="task"), MID)
    for noun in ("job", "dataset"):
        left = f"SELECT count(*) FROM {noun}_words w WHERE NOT EXISTS (SELECT FROM {noun}s t WHERE t.{noun}_id = w.{noun}_id)"
        assert await (await conn.execute(left)).fetchone() == (0,)


async def test_the_default_namespace_stays(conn: Connection) -> None:
    await _store(conn, run_event("START", "08:00", namespace="default"), Erase("default"))
    assert (await _names(conn, "namespaces"), await _names(conn, "jobs")) == (["default"], [])


async def test_what_events_tell_afterwards_is_there_and_no_more(conn: Connection, database: str) -> None:
    again = run_event("COMPLETE", "07:00", "load", "l2", outputs=[dataset("mid", COLUMNS)])  # earlier by its own clock
    await _store(conn, *RUNS, LOAD, MID, again)
    assert await _names(conn, "datasets") == ["in", "mid", "only", "out"]
    assert [await _count(conn, table) for table in ("runs", "column_lineage", "edges")] == [4, 1, 3]
    await _assert_replays(conn, database)


# ---------------------------------------------------------------- those who write meanwhile


async def test_an_event_that_is_sent_again_brings_nothing_back(conn: Connection, database: str) -> None:
    await _store(conn, *RUNS, LOAD, *RUNS, LOAD)
    assert "load" not in await _names(conn, "jobs")
    await _assert_replays(conn, database)


async def test_another_writer_forgets_what_it_remembers(conn: Connection, database: str) -> None:
    """It would leave out rows that it takes for stored."""
    other = Memory()
    await _store(conn, *RUNS, memory=other)
    await _store(conn, LOAD, MID)
    await _store(conn, *[{**event, "eventTime": "2026-03-03T00:00:00Z"} for event in RUNS], memory=other)
    assert other.known.era == 2
    await _assert_replays(conn, database)


async def test_events_before_and_after_in_one_queue(conn: Connection, database: str) -> None:
    after = prepared([run_event("COMPLETE", "10:00", "load", "l3", outputs=["later"])])
    async with running_writer(database, ADMIN) as writer:
        told = [*prepared(RUNS), _erasure(LOAD), *after, _erasure(MID)]
        assert await asyncio.gather(*[writer.put(i) for i in told]) == [True] * 6
    assert "load" in await _names(conn, "jobs")
    assert await _names(conn, "datasets") == ["later", "only", "out"]
    assert await _count(conn, "runs WHERE job_id = (SELECT job_id FROM jobs WHERE name = 'load')") == 1
    await _assert_replays(conn, database)


async def test_an_export_taken_in_elsewhere_gives_the_same(conn: Connection, database: str) -> None:
    await _store(conn, *RUNS, LOAD, {**RUNS[0], "eventTime": "2026-03-01T06:00:00Z"})
    before, lines = await table_hashes(conn), [line async for line in export(conn)]
    await reset(conn)
    await conn.execute("TRUNCATE erasures")
    async with running_writer(database, ADMIN) as writer:
        await asyncio.gather(*[writer.put(prepare(line.strip(), ADMIN)) for line in lines])
    assert await table_hashes(conn) == before


def test_it_is_off_by_default() -> None:
    with pytest.raises(InvalidEvent, match="HEADWATER_ADMIN"):
        prepare(event_of(LOAD, "2026-03-02T00:00:00Z"), SETTINGS)


# ---------------------------------------------------------------- whatever the history

_HISTORY: list[Event | Erase] = [
    *RUNS,
    run_event("COMPLETE", "08:30", "load", "l2", inputs=["in", "out"]),
    run_event("START", "08:40", "dag", "dag"),
    job_event("08:50", "report", inputs=["mid"], outputs=["out"]),
    dataset_event("09:00", "mid", {**schema("y"), "symlinks": {"identifiers": [{"namespace": DB, "name": "only"}]}}),
    LOAD, MID, Erase("shop", job="dag.task"), Erase(DB, dataset="only"), Erase("shop"), Erase(DB),
]  # fmt: skip


@given(st.lists(st.sampled_from(_HISTORY), max_size=10))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def _live_is_replayed(loop: asyncio.AbstractEventLoop, database: str, history: Sequence[Any]) -> None:
    async def check() -> None:
        async with connected(database) as conn:
            await reset(conn)
            await conn.execute("TRUNCATE erasures")
            await _store(conn, *history)
            await _assert_replays(conn, database)

    loop.run_until_complete(check())


def test_any_history_is_replayed(database: str) -> None:
    with asyncio.Runner() as runner:
        _live_is_replayed(runner.get_loop(), database)


def test_an_erasure_is_an_event_of_our_own() -> None:
    told = json.loads(event_of(LOAD, "2026-03-02T00:00:00Z"))
    assert told["headwaterWrite"] == {"kind": "erase", "namespace": "shop", "job": "load", "dataset": None}
