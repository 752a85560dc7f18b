"""Rebuilding every projection from the log, in one transaction: readers wait, and a failure leaves all as it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from psycopg import AsyncServerCursor

from headwater.db.pool import Connection, connect
from headwater.db.tables import PROJECTIONS
from headwater.ingest import erase, statements
from headwater.ingest.commit import Memory, project
from headwater.ingest.prepare import Incoming, decompress, decompressed_size, stored
from headwater.ingest.state import state_hash
from headwater.ingest.writes import Erase

_log = logging.getLogger(__name__)
# A row that many events write gets a version with each step, all of which the next one has to pass, as the transaction keeps
# them to its end: few large steps. What they hold in memory is some times the events' own size.
_STEP_EVENTS = 4_000
_STEP_BYTES = 32 * 1024 * 1024
_FETCH = 250
_BREATH = 50  # events between two chances for what PostgreSQL answers: about 3 ms
_LOG = f"""
SELECT era, event_id, body, findings, {statements.micros("received_at")}
FROM lineage_events ORDER BY {{order}}
"""
_LAST_ERA = (1 << 31) - 1
_Rows: TypeAlias = list[tuple[Any, ...]]


async def replay(url: str, progress: Callable[[int, int], None], step: int = _STEP_EVENTS) -> str:
    """Gives the state hash. ``progress`` is called with (events done, events in all).

    Events that come in while it runs wait for it, and are then added as ever.
    """
    conn = await connect(url)
    try:
        async with conn.transaction():
            await _empty(conn)
            await conn.execute(statements.LOG_COUNTS)
            await _rebuild(conn, step, progress)
            await conn.execute("DELETE FROM graph_changes WHERE owner_id IS NOT NULL")  # one row says that all has changed
        await conn.execute("ANALYZE")
        return await state_hash(conn)
    finally:
        await conn.close()


async def _empty(conn: Connection) -> None:
    tables = ", ".join(t.name for t in PROJECTIONS if t.name != "namespaces")
    await conn.execute(f"TRUNCATE {tables}")
    await conn.execute("DELETE FROM namespaces WHERE name <> 'default'")


async def _rebuild(conn: Connection, step: int, progress: Callable[[int, int], None]) -> None:
    """While PostgreSQL writes the events of one step, those of the next are parsed."""
    row = await (await conn.execute("SELECT count(*) FROM lineage_events")).fetchone()
    total, done, eras = row[0] if row else 0, 0, _Eras(conn)
    progress(done, total)
    async with conn.cursor(name="log") as log:
        await log.execute(_LOG.format(order=await erase.log_order(conn)))
        parsing = asyncio.create_task(_parsed(await _step(log, step)))
        try:
            while events := await parsing:
                parsing = asyncio.create_task(_parsed(await _step(log, step)))
                for era, incoming in events:
                    await eras.add(era, incoming)
                await eras.project()
                done += len(events)
                progress(done, total)
            await eras.end()
        finally:
            parsing.cancel()


async def _step(log: AsyncServerCursor[tuple[Any, ...]], most: int) -> _Rows:
    """The next rows of the log, ``most`` at the most; of events that are larger than usual, fewer."""
    step: _Rows = []
    size = 0
    while len(step) < most and size < _STEP_BYTES and (rows := await log.fetchmany(min(most, _FETCH))):
        step += rows
        size += sum(decompressed_size(body) for _, _, body, *_ in rows)
    return step


async def _parsed(rows: _Rows) -> list[tuple[int, Incoming]]:
    """Each with its era."""
    events = []
    for number, (era, event_id, body, findings, received) in enumerate(rows):
        events.append((era, stored(event_id, decompress(body), findings or [], received)))
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    return events


class _Eras:
    """Projects events, which come era by era; what ends an era is done when all of its events are projected."""

    def __init__(self, conn: Connection) -> None:
        self.waiting: list[Incoming] = []
        self._conn = conn
        self._memory = Memory()
        self._memory.known.era = _LAST_ERA  # nothing is erased behind our back
        self._era = 0
        self._erase: Erase | None = None

    async def add(self, era: int, incoming: Incoming) -> None:
        if era != self._era:
            await self.end()
            self._era = era
        if incoming.erases:
            self._erase = incoming.erases
        else:
            self.waiting.append(incoming)

    async def project(self) -> None:
        waiting, self.waiting = self.waiting, []
        if waiting:
            await _project(self._conn, waiting, self._memory)

    async def end(self) -> None:
        await self.project()
        if self._erase:
            await erase.forget(self._conn, self._erase)
            self._memory.clear()
            self._erase = None


async def _project(conn: Connection, batch: Sequence[Incoming], memory: Memory) -> None:
    """Halves a batch that fails; an event that fails alone was acknowledged by mistake, and is left out with a warning."""
    try:
        await project(conn, batch, memory)
    except Exception:  # noqa: BLE001 - whatever it is, it must not cost the other events
        if len(batch) == 1:
            _log.warning("event %s cannot be projected", batch[0].event_id, exc_info=True)
            return
        half = len(batch) // 2
        await _project(conn, batch[:half], memory)
        await _project(conn, batch[half:], memory)
