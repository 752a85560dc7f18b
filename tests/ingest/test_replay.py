"""Everything but the log, the dead letters and the tags can be thrown away: a replay arrives at the same state."""

from __future__ import annotations

import asyncio

import pytest
from tests.build import Event, dataset, dataset_event, job_event, run_event, run_uuid
from tests.ingest.orders import SETTINGS, connected, prepared

from headwater.db.pool import Connection
from headwater.db.tables import PROJECTIONS
from headwater.ingest.commit import Memory, commit
from headwater.ingest.replay import replay
from headwater.ingest.state import state_hash, table_hashes
from headwater.ingest.writer import running_writer

PARENT = {"parent": {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": "shop", "name": "dag"}}}


def _history() -> list[Event]:
    """Symlinks, late parents, events without runs, findings; the latest first."""
    symlinks = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": "alias"}]}}
    runs = [
        event
        for n in range(10)
        for event in (
            run_event("START", f"08:{n:02}", run=f"r{n}", inputs=[dataset("a", symlinks)], outputs=[f"out{n}"]),
            run_event("COMPLETE", f"09:{n:02}", run=f"r{n}", run_facets=PARENT if n % 2 else None),
        )
    ]
    others = [
        job_event("08:30", "load", inputs=["alias"], outputs=["declared"]),
        dataset_event("08:40", "a", {"schema": {"fields": [{"name": "x"}]}, **symlinks}),
        {**job_event("08:50:00", "odd"), "producer": 7},
    ]
    return [*runs, *others][::-1]


async def _fill(conn: Connection) -> None:
    memory = Memory()
    for incoming in prepared(_history()):
        await commit(conn, [incoming], memory)


async def test_the_state_after_a_replay_is_the_state_before(database: str) -> None:
    async with connected(database) as conn:
        await _fill(conn)
        before = await table_hashes(conn)
        assert not [table for table in ("jobs", "symlinks", "conformance", "dataset_versions") if before[table].startswith("0:")]
        told: list[tuple[int, int]] = []
        found = await replay(database, lambda done, total: told.append((done, total)), step=7)
        assert await table_hashes(conn) == before
        assert await state_hash(conn) == found
    assert told == [(n, 23) for n in (0, 7, 14, 21, 23)]


async def test_what_was_broken_is_mended(database: str) -> None:
    async with connected(database) as conn:
        await _fill(conn)
        before = await state_hash(conn)
        for table in PROJECTIONS:
            await conn.execute(f"DELETE FROM {table.name} WHERE ctid IN (SELECT ctid FROM {table.name} LIMIT 3)")
        assert await state_hash(conn) != before
        assert await replay(database, lambda done, total: None) == before


async def test_what_people_did_is_kept(database: str) -> None:
    async with connected(database) as conn:
        await _fill(conn)
        await conn.execute("INSERT INTO tags (tag_id, name, description) VALUES (1, 'mine', 'by hand')")
        await conn.execute("UPDATE namespaces SET description = 'first' WHERE name = 'default'")
        await replay(database, lambda done, total: None)
        tags = await (await conn.execute("SELECT description FROM tags WHERE tag_id = 1")).fetchall()
        described = await (await conn.execute("SELECT description FROM namespaces WHERE name = 'default'")).fetchall()
    assert (tags, described) == ([("by hand",)], [("first",)])


async def test_an_event_that_fails_alone_costs_no_other(database: str, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(database) as conn:
        await _fill(conn)
        await conn.execute("ALTER TABLE datasets ADD CHECK (name <> 'out3') NOT VALID")
        await replay(database, lambda done, total: None)
        runs = await (await conn.execute("SELECT count(*) FROM runs WHERE last_at IS NOT NULL")).fetchone()
    assert runs == (10,), "the run has another event"
    assert [r.getMessage().endswith("cannot be projected") for r in caplog.records] == [True]


async def test_a_replay_that_fails_leaves_all_as_it_was(database: str) -> None:
    def fail(done: int, total: int) -> None:
        if done:
            raise RuntimeError("stop")

    async with connected(database) as conn:
        await _fill(conn)
        before = await state_hash(conn)
        with pytest.raises(RuntimeError):
            await replay(database, fail)
        assert await state_hash(conn) == before


async def test_events_that_come_meanwhile_wait(database: str) -> None:
    extra = prepared([run_event("COMPLETE", "10:00", "late", "late", outputs=["late"])])
    async with connected(database) as conn, running_writer(database, SETTINGS) as writer:
        await _fill(conn)
        waiting: list[asyncio.Future[bool]] = []

        def put(done: int, total: int) -> None:
            if not done:
                waiting.append(writer.put(extra[0]))

        await replay(database, put, step=5)
        assert await waiting[0]
        after = await state_hash(conn)
        assert await replay(database, lambda done, total: None) == after


async def test_an_empty_log(database: str) -> None:
    async with connected(database) as conn:
        assert await replay(database, lambda done, total: None) == await state_hash(conn)
