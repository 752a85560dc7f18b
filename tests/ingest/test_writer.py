"""One bad event fails alone; what is queued is stored, whatever happens to the connection or to the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.build import run_event
from tests.ingest.orders import connected, prepared

from headwater import ids
from headwater.db.pool import Connection
from headwater.errors import InvalidEvent, Unavailable
from headwater.ingest.prepare import Incoming
from headwater.ingest.writer import Writer, running_writer
from headwater.settings import Settings

SETTINGS = Settings()


def _runs(names: Sequence[str], job: str = "load") -> list[Incoming]:
    return prepared([run_event("COMPLETE", "08:00", job, name, outputs=[f"{name}.out"]) for name in names])


def _good(count: int) -> list[Incoming]:
    return _runs([f"r{n}" for n in range(count)])


async def _count(url: str, table: str) -> int:
    async with connected(url) as conn:
        row = await (await conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))).fetchone()
    assert row is not None
    return int(row[0])


async def _put(writer: Writer, batch: Sequence[Incoming]) -> list[bool | BaseException]:
    return list(await asyncio.gather(*[writer.put(i) for i in batch], return_exceptions=True))


async def _backends(conn: Connection, condition: str = "true") -> list[int]:
    """Processes of the server that serve others in this database."""
    cursor = await conn.execute(
        "SELECT pid FROM pg_stat_activity"
        f" WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND {condition}"
    )
    return [pid for (pid,) in await cursor.fetchall()]


async def _until_waiting(database: str, writers: int = 1) -> list[int]:
    """Until so many wait for a lock."""
    async with connected(database) as conn:
        for _ in range(500):
            pids = await _backends(conn, "wait_event_type = 'Lock'")
            if len(pids) >= writers:
                return pids
            await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


@asynccontextmanager
async def _held(database: str, table: str = "jobs") -> AsyncIterator[Connection]:
    """Nobody else writes to the table, until ``commit`` on the connection."""
    async with connected(database) as conn:
        await conn.execute("BEGIN")
        await conn.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.Identifier(table)))
        yield conn


# ---------------------------------------------------------------- a bad event


async def test_a_poisoned_event_fails_alone(database: str) -> None:
    async with connected(database) as conn:
        await conn.execute("ALTER TABLE datasets ADD CHECK (name <> 'poison.out')")
    batch = _good(50)
    batch[17:17] = _runs(["poison"])
    async with running_writer(database, SETTINGS) as writer:
        results = await _put(writer, batch)
    refused = results.pop(17)
    assert isinstance(refused, InvalidEvent)
    assert refused.errors == [{"path": "$", "message": "cannot be stored: CheckViolation"}]
    assert results == [True] * 50
    assert [await _count(database, table) for table in ("lineage_events", "runs")] == [50, 50]


async def test_two_names_with_one_id_are_never_mixed_up(database: str) -> None:
    async with running_writer(database, SETTINGS) as writer:
        await writer.put(_runs(["one"])[0])
        async with connected(database) as conn:
            await conn.execute("UPDATE datasets SET name = 'another'")
        (refused,) = await _put(writer, _runs(["one"], job="other"))
    assert isinstance(refused, InvalidEvent)
    assert "the same id as another name" in refused.message
    assert await _count(database, "lineage_events") == 1


async def test_the_same_event_again_is_not_new(database: str) -> None:
    event = _good(1)
    async with running_writer(database, SETTINGS) as writer:
        assert await _put(writer, event) == [True]
        assert await _put(writer, event * 2) == [False, False]


# ---------------------------------------------------------------- limits


async def test_a_full_queue_is_told_at_once(database: str) -> None:
    async with running_writer(database, Settings(queue_events=3)) as writer:
        events = _good(4)
        waiting = [writer.put(i) for i in events[:3]]  # the writer has had no chance yet
        assert not writer.has_room
        with pytest.raises(Unavailable) as full:
            writer.put(events[3])
        assert full.value.retry_after == 1
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await writer.put(events[3])


async def test_the_bytes_that_wait_are_bounded_too(database: str) -> None:
    events = _good(20)
    async with running_writer(database, Settings(queue_bytes=1024)) as writer:
        puts = map(writer.put, events)
        waiting: list[asyncio.Future[bool]] = []
        with pytest.raises(Unavailable):
            waiting.extend(puts)
        taken = len(writer._queue)
    assert sum(e.size for e in events[:taken]) <= 1024 < sum(e.size for e in events[: taken + 1])
    assert await _count(database, "lineage_events") == taken


async def test_an_event_larger_than_the_queue_goes_in_alone(database: str) -> None:
    noise = {"x": {"noise": "".join(chr(0x4E00 + n * n * 7919 % 20_000) for n in range(3000))}}
    large, small = prepared([run_event("START", "08:00", run_facets=noise), run_event("COMPLETE", "09:00")])
    async with running_writer(database, Settings(queue_bytes=1024)) as writer:
        waiting = writer.put(large)
        with pytest.raises(Unavailable):
            writer.put(small)
        assert await waiting
        assert await writer.put(small)


async def test_more_than_one_transaction_takes_is_stored_in_several(database: str) -> None:
    async with running_writer(database, Settings(commit_events=7)) as writer:
        assert await _put(writer, _good(20)) == [True] * 20


# ---------------------------------------------------------------- a database that goes away


async def test_a_connection_that_was_cut_is_replaced(database: str) -> None:
    async with running_writer(database, SETTINGS) as writer, connected(database) as conn:
        await writer.put(_runs(["before"])[0])
        for pid in await _backends(conn):
            await conn.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])
        assert await _put(writer, _good(5)) == [True] * 5
    assert await _count(database, "lineage_events") == 6


async def test_a_connection_that_is_cut_in_the_middle_of_a_batch_costs_no_event(database: str) -> None:
    async with running_writer(database, SETTINGS) as writer, _held(database) as holder:
        waiting = asyncio.ensure_future(_put(writer, _good(5)))
        (pid,) = await _until_waiting(database)
        await holder.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])
        await holder.commit()
        assert await waiting == [True] * 5
    assert await _count(database, "lineage_events") == 5


async def test_a_database_that_is_away_is_told_as_such() -> None:
    async with running_writer("postgresql://nobody@127.0.0.1:1/none", SETTINGS) as writer:
        results = await _put(writer, _good(2))
    assert [type(r) for r in results] == [Unavailable] * 2


async def test_a_database_that_takes_no_writes_is_not_the_events_fault(database: str) -> None:
    """A standby after a failover: its refusals must not turn events into dead letters."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    async with connected(database) as conn:
        await conn.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(sql.Identifier(str(name))))
    async with running_writer(database, SETTINGS) as writer:
        results = await _put(writer, _good(3))
    assert [type(r) for r in results] == [Unavailable] * 3


# ---------------------------------------------------------------- others


async def test_a_deadlock_is_tried_again(database: str) -> None:
    async with running_writer(database, SETTINGS) as writer, connected(database) as other:
        await writer.put(_runs(["r"])[0])
        await other.execute("BEGIN")
        await other.execute("SET LOCAL deadlock_timeout = '1min'")  # the writer is to be the one who finds it
        await other.execute("SELECT FROM runs FOR UPDATE")
        waiting = asyncio.ensure_future(_put(writer, prepared([run_event("FAIL", "09:00", "load", "r", outputs=["r.out"])])))
        await _until_waiting(database)
        await other.execute("SELECT FROM jobs FOR UPDATE")
        await other.commit()
        assert await waiting == [True]


async def test_two_writers_on_one_job(database: str) -> None:
    async with running_writer(database, SETTINGS) as one, running_writer(database, SETTINGS) as other:
        batch = _good(60)
        results = await asyncio.gather(*[w.put(i) for n, i in enumerate(batch) for w in ((one, other)[n % 2],)])
    assert results == [True] * 60
    assert await _count(database, "jobs") == 1
    assert await _count(database, "runs") == 60


async def test_a_run_that_another_process_moves_meanwhile(database: str) -> None:
    """One writer has looked up where the run is kept, and is held up; the other learns of its parent and moves it."""
    parent: dict[str, Any] = {"parent": {"run": {"runId": str(UUID(int=1))}, "job": {"namespace": "shop", "name": "dag"}}}
    first, bare, told = prepared([
        run_event("START", "08:00", outputs=["b"]),
        run_event("RUNNING", "08:30", inputs=["a"], job_facets={"sql": {}}),
        run_event("COMPLETE", "09:00", run_facets=parent),
    ])  # fmt: skip
    async with (
        running_writer(database, SETTINGS) as one,
        running_writer(database, SETTINGS) as other,
        connected(database) as holder,
    ):
        await one.put(first)
        await holder.execute("BEGIN")
        await holder.execute("INSERT INTO facet_bodies (body_id, body) VALUES (%s, '{}')", [ids.body_id(b"{}")])
        slow = one.put(bare)
        await _until_waiting(database)
        assert await other.put(told)
        await holder.rollback()
        assert await slow
        names = "SELECT DISTINCT j.name FROM {} JOIN jobs j ON j.job_id = {} ORDER BY 1"
        places = [("jobs k", "k.job_id"), ("runs", "runs.job_id"), ("edges", "owner_id")]
        found = [await (await holder.execute(names.format(*place))).fetchall() for place in places]
    assert found == [[("dag",), ("dag.load",)], [("dag",), ("dag.load",)], [("dag.load",)]]


# ---------------------------------------------------------------- the end


async def test_the_end_waits_for_what_is_queued(database: str) -> None:
    async with running_writer(database, Settings(commit_events=2)) as writer:
        waiting = [writer.put(i) for i in _good(9)]
    assert [w.result() for w in waiting] == [True] * 9
    assert await _count(database, "lineage_events") == 9


async def test_the_end_waits_for_the_batch_that_is_being_written(database: str) -> None:
    async with _held(database) as holder:
        async with running_writer(database, Settings(commit_events=2)) as writer:
            waiting = [writer.put(i) for i in _good(5)]
            await _until_waiting(database)
            asyncio.get_running_loop().call_later(0.2, asyncio.ensure_future, holder.commit())
        assert [w.done() and w.result() for w in waiting] == [True] * 5
    assert await _count(database, "lineage_events") == 5
