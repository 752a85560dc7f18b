from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

from headwater.db.pool import Connection, DatabaseUnavailable, Pool, _sending, connect, open_pool


async def _show(conn: Connection, name: str) -> str:
    row = await (await conn.execute("SELECT current_setting(%s)", [name])).fetchone()
    assert row is not None
    return str(row[0])


async def test_readers_have_their_settings(pool: Pool) -> None:
    async with pool.connection() as conn:
        assert conn.autocommit
        assert await _show(conn, "TimeZone") == "UTC"
        assert await _show(conn, "statement_timeout") == "1min"
        assert await _show(conn, "jit") == "off"
        assert await _show(conn, "application_name") == "headwater"


async def test_one_plan_serves_all_parameters_of_a_read_and_no_workers(pool: Pool) -> None:
    async with pool.connection() as conn:
        for most in (1, 10_000):
            for _ in range(5):
                await conn.execute("SELECT count(*) FROM runs WHERE run_id < %s", [most], prepare=True)
        plans = await (await conn.execute("SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements")).fetchone()
        assert plans == (10, 0)
        assert await _show(conn, "max_parallel_workers_per_gather") == "0"


async def test_a_connection_of_ones_own_has_time(database: str) -> None:
    conn = await connect(database)
    assert conn.autocommit
    assert await _show(conn, "statement_timeout") == "0"
    await conn.close()


async def test_options_of_the_url_win(database: str) -> None:
    conn = await connect(f"{database}{'&' if '?' in database else '?'}options=-c%20statement_timeout%3D1234")
    assert await _show(conn, "statement_timeout") == "1234ms"
    assert await _show(conn, "TimeZone") == "UTC"
    await conn.close()


async def test_a_lost_connection_is_replaced(pool: Pool, database: str) -> None:
    async with pool.connection() as conn:
        pid = conn.info.backend_pid
    other = await connect(database)
    await other.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])
    await other.close()
    async with pool.connection() as conn:
        assert await _show(conn, "TimeZone") == "UTC"


async def test_a_statement_that_takes_too_long_is_an_outage(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute("SET statement_timeout = 10")
        with pytest.raises(DatabaseUnavailable):
            await conn.execute("SELECT pg_sleep(5)")


async def test_a_database_that_is_away_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.db.pool._FIRST_CONNECTION_S", 0.2)
    with pytest.raises(DatabaseUnavailable):
        async with open_pool("postgresql://nobody@127.0.0.1:1/none", size=1):
            pass


def _conversation(heard: list[int]) -> PQGen[str]:
    """Two messages, and an answer."""
    heard.append((yield Wait.RW))
    heard.append((yield Wait.W))
    heard.append((yield Wait.R))
    return "done"


def test_what_a_socket_takes_is_not_waited_for() -> None:
    heard: list[int] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sending = _sending(_conversation(heard), ours.fileno())
        assert next(sending) == Wait.R
        assert heard == [Ready.W, Ready.W]
        with pytest.raises(StopIteration) as ended:
            sending.send(Ready.R)
    assert (ended.value.value, heard[2]) == ("done", Ready.R)


def test_a_full_socket_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(65_536))
        assert next(_sending(_conversation([]), ours.fileno())) == Wait.RW
