from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from headwater.db import partitions
from headwater.db.pool import Connection, Pool, connect
from headwater.errors import Unavailable
from headwater.ids import UNDATED

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
ALL = {"lineage_events": {NOVEMBER}, "runs": {NOVEMBER}, "run_io": {NOVEMBER}, "run_versions": {NOVEMBER}}


async def _partitions(conn: Connection, table: str) -> set[str]:
    found = await conn.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = %s::regclass",
        [table],
    )
    return {name for (name,) in await found.fetchall()}


async def _one(conn: Connection, query: str, *parameters: Any) -> Any:
    row = await (await conn.execute(query, parameters)).fetchone()
    assert row is not None
    return row[0]


async def _insert_event(conn: Connection, at: datetime) -> str:
    """The partition in which it is."""
    where: str = await _one(
        conn,
        "INSERT INTO lineage_events (event_time, event_id, kind, namespace, name, body)"
        " VALUES (%s, %s, 1, 'n', 'j', '\\x00') RETURNING tableoid::regclass::text",
        at,
        uuid4(),
    )
    return where


async def test_makes_what_is_missing(pool: Pool) -> None:
    async with pool.connection() as conn:
        await partitions.ensure(conn, ALL)
        for table in ALL:
            assert f"{table}_2026_11" in await _partitions(conn, table)


async def test_again_changes_nothing(pool: Pool) -> None:
    async with pool.connection() as conn:
        await partitions.ensure(conn, {"runs": {NOVEMBER}})
        before = await _partitions(conn, "runs")
        await partitions.ensure(conn, {"runs": {NOVEMBER, UNDATED}})
        assert await _partitions(conn, "runs") == before


async def test_no_partition_for_what_has_no_month(pool: Pool) -> None:
    async with pool.connection() as conn:
        await partitions.ensure(conn, {"runs": {UNDATED, date(2100, 1, 1)}, "run_io": set()})
        assert await _partitions(conn, "runs") == {"runs_undated"}


async def test_months_are_those_of_utc(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute("SET TimeZone = 'Asia/Tokyo'")
        await partitions.ensure(conn, {"lineage_events": {NOVEMBER, DECEMBER}})
        assert await _insert_event(conn, datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == "lineage_events_2026_11"
        assert await _insert_event(conn, datetime(2026, 12, 1, 0, 0, tzinfo=UTC)) == "lineage_events_2026_12"
        assert await _insert_event(conn, datetime(2027, 1, 1, 0, 0, tzinfo=UTC)) == "lineage_events_other"


async def test_a_month_that_began_in_the_default_partition_stays_there(pool: Pool) -> None:
    async with pool.connection() as conn:
        assert await _insert_event(conn, datetime(2026, 11, 5, tzinfo=UTC)) == "lineage_events_other"
        await partitions.ensure(conn, {"lineage_events": {NOVEMBER, DECEMBER}})
        assert await _partitions(conn, "lineage_events") == {"lineage_events_other", "lineage_events_2026_12"}


async def test_settings_of_the_tables_hold_in_their_partitions(pool: Pool) -> None:
    async with pool.connection() as conn:
        await partitions.ensure(conn, ALL)
        options = "SELECT reloptions FROM pg_class WHERE relname = 'runs_2026_11'"
        assert await _one(conn, options) == ["fillfactor=80"]
        storage = "SELECT attstorage FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'body'"
        assert await _one(conn, storage, "lineage_events_2026_11") in {"e", b"e"}
        indexes = "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass"
        assert await _one(conn, indexes, "runs_2026_11") == await _one(conn, indexes, "runs")


async def test_many_at_once(database: str) -> None:
    connections = [await connect(database) for _ in range(6)]
    try:
        await asyncio.gather(*(partitions.ensure(conn, ALL) for conn in connections))
        assert await _partitions(connections[0], "runs") == {"runs_undated", "runs_2026_11"}
    finally:
        for conn in connections:
            await conn.close()


async def test_does_not_wait_for_readers_for_ever(database: str) -> None:
    conn = await connect(database)
    with psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM runs")
        with pytest.raises(Unavailable) as caught:
            await partitions.ensure(conn, {"runs": {NOVEMBER}}, patience_ms=50)
    assert caught.value.retry_after > 0
    await partitions.ensure(conn, {"runs": {NOVEMBER}})
    await conn.close()


async def test_refuses_to_work_within_a_transaction(pool: Pool) -> None:
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT 1")
        with pytest.raises(AssertionError):
            await partitions.ensure(conn, ALL)


async def test_a_month_that_is_over_is_folded(pool: Pool) -> None:
    async with pool.connection() as conn:
        await partitions.ensure(conn, {"lineage_events": {NOVEMBER, DECEMBER}})
        await _insert_event(conn, datetime(2026, 11, 5, tzinfo=UTC))
        await _insert_event(conn, datetime(2026, 12, 5, tzinfo=UTC))
        assert await partitions.fold(conn, "lineage_events", DECEMBER, 0) == [], "too many rows"
        assert await partitions.fold(conn, "lineage_events", date(2026, 11, 30), 1) == [], "it is not over"
        assert await partitions.fold(conn, "lineage_events", DECEMBER, 1) == ["lineage_events_2026_11"]
        assert await _partitions(conn, "lineage_events") == {"lineage_events_other", "lineage_events_2026_12"}
        assert await _one(conn, "SELECT count(*) FROM lineage_events") == 2
        await partitions.ensure(conn, {"lineage_events": {NOVEMBER}})
        assert await _insert_event(conn, datetime(2026, 11, 6, tzinfo=UTC)) == "lineage_events_other"


async def test_a_table_that_is_read_is_not_folded(database: str) -> None:
    async with await connect(database) as conn, await connect(database) as reader:
        await partitions.ensure(conn, {"lineage_events": {NOVEMBER}})
        async with reader.transaction():
            await reader.execute("SELECT FROM lineage_events")
            assert await partitions.fold(conn, "lineage_events", DECEMBER, 1) == []
        assert await partitions.fold(conn, "lineage_events", DECEMBER, 1) == ["lineage_events_2026_11"]
