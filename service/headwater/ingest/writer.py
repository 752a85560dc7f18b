"""Group commit: one task collects the events that are waiting and commits them together, then answers every waiter.

While one batch is being written the next one gathers, so the batch grows with the load by itself. A batch that fails is
halved until the culprit stands alone: a poisoned event never fails another's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors

from headwater import metrics
from headwater.db.pool import Connection, connect
from headwater.errors import HeadwaterError, InvalidEvent, Unavailable
from headwater.ingest.apply import IdCollision, Overtaken
from headwater.ingest.commit import Memory, commit
from headwater.ingest.prepare import Incoming
from headwater.settings import Settings

_log = logging.getLogger(__name__)
_TRY_AGAIN = (Overtaken, errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
_ATTEMPTS = 8  # deadlocks between sorted writers are rare; more than a few in a row is a fault
# What any other event would meet as well, so that its sender must try again and not mend it: a full disk, a standby that
# takes no writes, a schema that is not ours.
_NOT_THE_EVENTS_FAULT = (
    errors.DiskFull,
    errors.InsufficientPrivilege,
    errors.IoError,
    errors.LockNotAvailable,
    errors.ReadOnlySqlTransaction,
    errors.UndefinedColumn,
    errors.UndefinedTable,
)


@dataclass(slots=True)
class _Waiting:
    incoming: Incoming
    done: asyncio.Future[bool]  # whether the event was new


class Writer:
    """Use through ``running_writer``. One a process; any number of processes."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._ending = False
        self._conn: Connection | None = None
        self._memory = Memory()

    def put(self, incoming: Incoming) -> asyncio.Future[bool]:
        """Queues an event. The future gives whether it was new, once it is durable and visible; or raises InvalidEvent
        (it cannot be stored) or Unavailable. Raises Unavailable at once when too much is waiting."""
        if self._ending:
            raise Unavailable("The service is stopping.", retry_after=5)
        size = incoming.size
        full = len(self._queue) >= self._settings.queue_events or self._bytes + size > self._settings.queue_bytes
        if full and self._queue:  # an event that is larger than the whole queue goes in alone
            raise Unavailable("Too many events are waiting to be stored.", retry_after=1)
        self._bytes += size
        waiting = _Waiting(incoming, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        metrics.QUEUE.set(len(self._queue))
        self._wake.set()
        return waiting.done

    @property
    def has_room(self) -> bool:
        """Whether a bulk sender may go on; half of the queue is left to the others."""
        return len(self._queue) * 2 < self._settings.queue_events and self._bytes * 2 < self._settings.queue_bytes

    def end(self) -> None:
        """``run`` returns once what is queued is written; no more is taken."""
        self._ending = True
        self._wake.set()

    async def run(self) -> None:
        try:
            while self._queue or not self._ending:
                await self._wake.wait()
                await self._drain()
        finally:
            if self._conn is not None:
                await self._conn.close()

    async def _drain(self) -> None:
        self._wake.clear()
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._settings.commit_events))]
            self._bytes -= sum(w.incoming.size for w in batch)
            metrics.QUEUE.set(len(self._queue))
            await self._store(batch)

    async def _store(self, batch: list[_Waiting]) -> None:
        """Answers every waiter of the batch, one way or the other."""
        try:
            new = await self._commit([w.incoming for w in batch])
        except HeadwaterError as error:
            _fail(batch, error)
        except _NOT_THE_EVENTS_FAULT as error:
            _log.error("no event can be stored", exc_info=error)
            _fail(batch, Unavailable("The database cannot store events now.", retry_after=5))
        except Exception as error:  # noqa: BLE001 - whatever it is, the culprit is found and answered
            if len(batch) == 1:
                _log.warning("an event could not be stored", exc_info=error)
                _fail(batch, _told(error))
                return
            half = len(batch) // 2
            await self._store(batch[:half])
            await self._store(batch[half:])
        else:
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_result(waiting.incoming.event_id in new)
                new.discard(waiting.incoming.event_id)  # of the same event twice, one is new

    async def _commit(self, batch: Sequence[Incoming]) -> set[object]:
        started = time.perf_counter()
        for attempt in range(_ATTEMPTS):
            try:
                new = await commit(await self._connection(), batch, self._memory)
            except _TRY_AGAIN:
                if attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.01 * 2**attempt)
            except psycopg.OperationalError as error:
                await self._disconnected(error)
            else:
                metrics.COMMIT_EVENTS.observe(len(batch))
                metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
                return set(new)
        raise Unavailable("The database does not answer.", retry_after=5)

    async def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed:
            try:
                self._conn = await connect(self._url)
            except psycopg.OperationalError as error:
                raise Unavailable("The database does not answer.", retry_after=5) from error
        return self._conn

    async def _disconnected(self, error: psycopg.OperationalError) -> None:
        """A statement may also fail by itself (out of memory, a limit of the server): that is the event's fault."""
        conn, self._conn = self._conn, None
        self._memory = Memory()
        if conn is not None:
            alive = not conn.broken
            await conn.close()
            if alive and isinstance(error, _NOT_THE_EVENTS_FAULT):
                raise error
            if alive and not isinstance(error, (errors.AdminShutdown, errors.CrashShutdown, errors.QueryCanceled)):
                raise _Unwritable(str(error)) from error
        await asyncio.sleep(0.1)


class _Unwritable(Exception):
    """The database is there and refuses."""


def _told(error: Exception) -> HeadwaterError:
    if isinstance(error, _TRY_AGAIN) and not isinstance(error, errors.UniqueViolation):
        return Unavailable("Too many writers are in each other's way.", retry_after=1)
    reason = "one of its names has the same id as another name" if isinstance(error, IdCollision) else type(error).__name__
    return InvalidEvent.at("$", f"cannot be stored: {reason}")


def _fail(batch: list[_Waiting], error: HeadwaterError) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)


@asynccontextmanager
async def running_writer(url: str, settings: Settings) -> AsyncIterator[Writer]:
    """A writer with its task; at the end what is queued is written before the connection closes."""
    writer = Writer(url, settings)
    task = asyncio.create_task(writer.run(), name="writer")
    try:
        yield writer
    finally:
        writer.end()
        await task
