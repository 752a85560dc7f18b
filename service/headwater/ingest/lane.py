"""One connection that commits batches for the writer: tries again, and halves a batch that fails until the culprit stands
alone, so that a poisoned event never fails another's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import errors

from headwater import metrics
from headwater.db.pool import Connection, connect
from headwater.errors import HeadwaterError, InvalidEvent, Unavailable
from headwater.ingest.apply import IdCollision, Outdated, Overtaken
from headwater.ingest.commit import Memory, commit
from headwater.ingest.prepare import Incoming

_log = logging.getLogger(__name__)
_TRY_AGAIN = (Outdated, Overtaken, errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
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
class Waiting:
    """An event that somebody waits for."""

    incoming: Incoming
    done: asyncio.Future[bool]  # whether the event was new


class Lane:
    def __init__(self, url: str, memory: Memory) -> None:
        self._url = url
        self._memory = memory
        self._conn: Connection | None = None

    async def close(self) -> None:
        if self._conn is not None:
            await self._conn.close()

    async def store(self, batch: Sequence[Waiting]) -> None:
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
            await self.store(batch[:half])
            await self.store(batch[half:])
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
        self._memory.clear()
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


def _fail(batch: Sequence[Waiting], error: HeadwaterError) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)
