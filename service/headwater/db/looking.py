"""Which transactions are seen now: asked of PostgreSQL as often as anybody wants to know, for some microseconds each.

A statement by psycopg's cursors and pool takes the service longer than all else that telling an answer again takes. So this
speaks to libpq, by one connection, one prepared statement, and a callback of the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import psycopg

from headwater.db.pool import LOOK, Connection, DatabaseUnavailable, connect
from headwater.tasks import end

Era: TypeAlias = Callable[[], Awaitable[int | None]]
"""Asked with a connection at hand: where it tells the same number twice, no crash was between. None: nobody knows."""
_NAME = b"look"
_CONNECT_S = 5.0


class Seen(NamedTuple):
    """A crash undoes what had not come to the disk, such as numbers of transactions that were rolled back: others have them then.
    It ends all connections, so only what one and the same connection saw may be compared."""

    connection: int
    transactions: str


class Looking:
    """Whoever asks while PostgreSQL is being asked waits for the next time, and all who wait are told at once: so many who ask
    cost little more than one. Use through ``running_looking``."""

    def __init__(self, url: str) -> None:
        self.connection = 0
        """Which it is, or was last."""
        self._url = url
        self._conn: Connection | None = None
        self._socket = -1  # its own, which a lost connection does not tell any more
        self._connecting: asyncio.Task[None] | None = None
        self._seen: Seen | None = None
        self._asked: list[asyncio.Future[Seen | None]] = []  # of PostgreSQL, which has not answered yet
        self._waiting: list[asyncio.Future[Seen | None]] = []

    async def now(self) -> Seen | None:
        """None where the database does not say."""
        told: asyncio.Future[Seen | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(told)
        if self._conn is not None:
            self._ask(self._conn)
        elif self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        return await told

    async def era(self) -> int | None:
        """As ``Era`` has it."""
        seen = await self.now()
        return seen.connection if seen is not None else None

    async def close(self) -> None:
        if self._connecting is not None:
            await end(self._connecting)
        self._lose()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                conn = await connect(self._url)
            conn.pgconn.prepare(_NAME, LOOK.encode())
            self._conn, self._socket = conn, conn.pgconn.socket
            self.connection += 1
            asyncio.get_running_loop().add_reader(self._socket, self._readable, conn)
            self._ask(conn)
        except (*DatabaseUnavailable, TimeoutError):
            pass  # whoever answers now says so
        finally:
            self._connecting = None
            if self._conn is None:
                self._lose()

    def _ask(self, conn: Connection) -> None:
        if self._asked or not self._waiting:
            return
        self._asked, self._waiting = self._waiting, []
        try:
            conn.pgconn.send_query_prepared(_NAME, None)
            conn.pgconn.flush()
        except psycopg.OperationalError:
            self._lose()

    def _readable(self, conn: Connection) -> None:
        """Also where PostgreSQL closes the connection, which fails here."""
        try:
            conn.pgconn.consume_input()
            while not conn.pgconn.is_busy():
                if (result := conn.pgconn.get_result()) is None:
                    self._tell()
                    self._ask(conn)
                    return
                value = result.get_value(0, 0)
                self._seen = Seen(self.connection, value.decode()) if value is not None else None  # None: an error
        except psycopg.OperationalError:
            self._lose()

    def _tell(self) -> None:
        asked, self._asked = self._asked, []
        for told in asked:
            if not told.done():
                told.set_result(self._seen)

    def _lose(self) -> None:
        conn, self._conn, self._seen = self._conn, None, None
        if conn is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            conn.pgconn.finish()
        self._asked += self._waiting
        self._waiting = []
        self._tell()


async def one_era() -> int:
    """For who is gone before anything could crash."""
    return 1


@asynccontextmanager
async def running_looking(url: str) -> AsyncIterator[Looking]:
    """Connects when it is first asked, and again where the connection was lost."""
    looking = Looking(url)
    try:
        yield looking
    finally:
        await looking.close()
