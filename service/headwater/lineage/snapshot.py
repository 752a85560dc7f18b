"""A connection whose statements all see one state of the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import IsolationLevel

from headwater.db.pool import Connection, Pool


@asynccontextmanager
async def snapshot(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as conn:
        await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await conn.set_read_only(True)
        try:
            async with conn.transaction():
                yield conn
        finally:
            if not conn.closed:
                await conn.set_isolation_level(None)
                await conn.set_read_only(None)


async def state_of(conn: Connection) -> str:
    """Which transactions a snapshot sees: one that sees the same ones finds every row the same."""
    row = await (await conn.execute("SELECT pg_current_snapshot()::text")).fetchone()
    assert row is not None
    return str(row[0])
