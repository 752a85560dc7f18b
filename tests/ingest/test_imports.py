from __future__ import annotations

from datetime import UTC, datetime

from headwater.db.pool import Pool
from headwater.ingest import imports
from headwater.ingest.imports import State

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_an_import_from_its_beginning_to_the_next(pool: Pool) -> None:
    async with pool.connection() as conn:
        assert await imports.find(conn, "a") == State(None, finished=False)
        await imports.reach(conn, "a", NOON)
        assert await imports.find(conn, "a") == State(NOON, finished=False)
        assert await imports.find(conn, "b") == State(None, finished=False)
        await imports.finish(conn, "a")
        assert await imports.find(conn, "a") == State(None, finished=True)
        await imports.reach(conn, "a", NOON)
        assert await imports.find(conn, "a") == State(NOON, finished=True)


async def test_an_import_of_nothing(pool: Pool) -> None:
    async with pool.connection() as conn:
        await imports.finish(conn, "a")
        assert await imports.find(conn, "a") == State(None, finished=True)
