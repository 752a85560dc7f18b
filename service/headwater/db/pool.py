"""Connections to PostgreSQL: a pool for reads, and single ones for who needs its own (the writer).

All are in autocommit mode: a read is one statement, and who needs a transaction opens it with ``conn.transaction()``.
"""

from __future__ import annotations

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.waiting import Ready, Wait
from psycopg_pool import AsyncConnectionPool, PoolTimeout

_V = TypeVar("_V")

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]


class Reading(AsyncConnection[tuple[Any, ...]]):
    """A connection of the pool."""

    seen = ""
    """Which transactions it saw when it was last taken out."""


Pool: TypeAlias = AsyncConnectionPool[Reading]

# What a statement or a pool raises where the database is away, refuses, or takes too long: another try may do.
DatabaseUnavailable = (OperationalError, InterfaceError, PoolTimeout)

# Times are UTC in every answer. Statements are short and come again and again: compiling a plan (jit) costs more than it gives,
# and making one over all months took three times as long as running it for one run, so one plan serves all parameters.
_SESSION = {"TimeZone": "UTC", "jit": "off", "plan_cache_mode": "force_generic_plan", "application_name": "headwater"}
_READS = {"max_parallel_workers_per_gather": "0"}  # workers take 5 ms to start, for what an index finds in less than 1
# A database that vanishes without a word (a lost route, a machine switched off) is given up after a minute, not two hours.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
_READ_TIMEOUT_MS = 60_000  # no answer is worth a minute of a core; the client has gone by then
_NEVER = 1 << 62  # executions
LOOK = "SELECT pg_current_snapshot()::text"
"""What the pool asks whoever it gives out."""
_FIRST_CONNECTION_S = 30.0  # a database that starts beside us may take a while


class _Writing(AsyncConnection[tuple[Any, ...]]):
    """Sends at once what the socket takes. psycopg gives the event loop a turn first if it has had none for 5 ms: in that, events
    are read for some 10 ms more, while PostgreSQL waits for the second half of a batch (128 connections: 8 % fewer events)."""

    async def wait(self, gen: PQGen[_V], interval: float = 0.1, timeout: float | None = None) -> _V:  # noqa: ASYNC109  psycopg's
        sending = _sending(gen, self.pgconn.socket)
        try:
            awaited = next(sending)
        except StopIteration as end:
            result: _V = end.value
            return result
        return await super().wait(_again(awaited, sending), interval, timeout)


def _sending(gen: PQGen[_V], socket: int) -> PQGen[_V]:
    """The same generator, which does not ask for what is so already."""
    poll = select.poll()
    poll.register(socket, select.POLLOUT)
    try:
        awaited = next(gen)
        while True:
            writable = awaited & Wait.W and poll.poll(0)
            awaited = gen.send(Ready.W if writable else (yield awaited))
    except StopIteration as end:
        result: _V = end.value
        return result


def _again(awaited: Wait, gen: PQGen[_V]) -> PQGen[_V]:
    """The generator from the start, of which ``awaited`` is taken."""
    try:
        while True:
            awaited = gen.send((yield awaited))
    except StopIteration as end:
        result: _V = end.value
        return result


@asynccontextmanager
async def open_pool(url: str, size: int) -> AsyncIterator[Pool]:
    """A pool of at most ``size`` connections, open and with one of them connected.

    Raises DatabaseUnavailable (as may taking a connection out of it) when the database does not answer in 30 seconds.
    """
    pool: Pool = AsyncConnectionPool(
        url,
        connection_class=Reading,
        kwargs=_parameters(url, statement_timeout=_READ_TIMEOUT_MS, **_READS),
        min_size=1,
        max_size=size,
        open=False,
        check=_look,
        name="headwater",
    )
    await pool.open(wait=True, timeout=_FIRST_CONNECTION_S)
    try:
        yield pool
    finally:
        await pool.close()


async def _look(conn: Reading) -> None:
    """Fails where the database was restarted, so that this costs no request."""
    row = await (await conn.execute(LOOK)).fetchone()
    assert row is not None
    conn.seen = row[0]


async def connect(url: str) -> Connection:
    """One connection, without a statement timeout: a write is bounded by its batch, and a rebuild may take long.

    Only what is executed with ``prepare=True`` is prepared, and planned once. By itself psycopg prepares what comes often, and
    where an error in a pipeline keeps that from the server, it does not notice.
    """
    parameters = _parameters(url, statement_timeout=0)
    return await _Writing.connect(url, prepare_threshold=_NEVER, **parameters)


def _parameters(url: str, statement_timeout: int, **more: str) -> dict[str, Any]:
    settings = {**_SESSION, **more, "statement_timeout": str(statement_timeout)}
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    theirs = conninfo_to_dict(url).get("options") or ""  # comes last, and wins
    return {**_ALIVE, "autocommit": True, "options": f"{ours} {theirs}".strip()}
