"""What is seen is what PostgreSQL sees, for each who asks, and nothing where it does not say."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg.conninfo import make_conninfo

from headwater.db.looking import running_looking


def _commit(url: str) -> None:
    with psycopg.connect(url) as other:
        other.execute("CREATE TABLE another ()")
        other.execute("DROP TABLE another")


async def test_what_is_committed_is_seen_by_whoever_asks_then(database: str) -> None:
    async with running_looking(database) as looking:
        for _ in range(5):
            before = await looking.now()
            assert before
            await asyncio.to_thread(_commit, database)
            assert await looking.now() != before


async def test_many_who_ask_at_once_are_all_told(database: str) -> None:
    async with running_looking(database) as looking:
        for _ in range(20):
            seen = await asyncio.gather(*(looking.now() for _ in range(50)))
            assert all(seen)


async def test_who_gives_up_keeps_nobody_waiting(database: str) -> None:
    async with running_looking(database) as looking:
        await looking.now()
        others = [asyncio.create_task(looking.now()) for _ in range(3)]
        await asyncio.sleep(0)
        others[0].cancel()
        assert await others[1]
        assert await others[2]
        assert await looking.now()


async def test_a_lost_connection_is_made_again(database: str) -> None:
    async with running_looking(database) as looking:
        before = await looking.now()
        assert before
        await asyncio.to_thread(_end_connections, database)
        seen = [await looking.now() for _ in range(3)]
        assert seen[-1]
        assert seen[-1].connection > before.connection


def _end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_a_database_that_is_away_says_nothing(database: str) -> None:
    async with running_looking(make_conninfo(database, host="127.0.0.1", hostaddr="", port=1)) as looking:
        assert await looking.now() is None
        assert not any(await asyncio.gather(looking.now(), looking.now()))


async def test_nobody_waits_for_what_has_ended(database: str) -> None:
    async with running_looking(database) as looking:
        asked = asyncio.create_task(looking.now())
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await asked is None
