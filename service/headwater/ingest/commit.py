"""One transaction: a batch of events into the log and into all that follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from datetime import datetime as clock
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncRawCursor

from headwater import ids
from headwater.db import partitions
from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.errors import Unavailable
from headwater.garbage import collect_seldom
from headwater.ingest import erase, rehome, statements, symlinks
from headwater.ingest.apply import Outdated, Overtaken, meant, send, write, write_floors
from headwater.ingest.arrays import texts
from headwater.ingest.changes import Changes
from headwater.ingest.extract import extract
from headwater.ingest.indexing import Unread
from headwater.ingest.known import Known
from headwater.ingest.prepare import Incoming
from headwater.ingest.rehome import Home
from headwater.ingest.writes import Erase
from headwater.openlineage.validate import generalise

_SOON = timedelta(days=62)
_OF_RUNS = ("runs", "run_io", "run_versions")
_HOMES = 50_000  # runs; about 20 MB


class Memory:
    """What a writer remembers between batches; to be cleared when in doubt. ``unread`` is told of what is stored."""

    def __init__(self, unread: Unread | None = None) -> None:
        self.unread = unread
        self.known = Known()
        self.partitions: set[tuple[str, date]] = set()
        self.homes: dict[int, Home] = {}  # of runs that have a parent: other events of theirs may not tell it
        collect_seldom()

    def clear(self) -> None:
        self.known.clear()
        self.partitions.clear()
        self.homes.clear()
        if self.unread is not None:
            self.unread.forget()

    def add(self, changes: Changes, homes: dict[int, Home]) -> None:
        """To be called when ``changes`` are committed."""
        self.known.add(changes)
        if self.unread is not None:
            self.unread.add(changes)
        if len(self.homes) > _HOMES:
            self.homes.clear()
        self.homes |= {run: home for run, home in homes.items() if home.parented}


async def commit(conn: Connection, batch: Sequence[Incoming], memory: Memory) -> set[UUID]:
    """Stores ``batch`` durably and visibly; gives the ids of the events that were new. An event that erases comes alone.

    Raises Overtaken or Outdated (try again), apply.IdCollision or psycopg errors, and then nothing is stored.
    """
    await _ensure_partitions(conn, batch, memory)
    try:
        return await _commit(conn, batch, memory)
    except Outdated:
        await _begin_era(conn, memory)
        return await _commit(conn, batch, memory)


async def _begin_era(conn: Connection, memory: Memory) -> None:
    memory.clear()
    memory.known.era = await erase.current_era(conn)


async def _commit(conn: Connection, batch: Sequence[Incoming], memory: Memory) -> set[UUID]:
    if batch and batch[0].erases:
        return await _told(_erase(conn, batch[0], batch[0].erases, memory))
    if memory.known.era:
        again = await erase.told_before(conn, batch, memory.known.era)
        batch = [i for i in batch if i.event_id not in again]
    return await _looking_up_if_need_be(conn, batch, memory, log=True) if batch else set()


async def _erase(conn: Connection, incoming: Incoming, what: Erase, memory: Memory) -> set[UUID]:
    async with conn.transaction():
        await erase.lock(conn)
        new = await _new_events(await write(conn, Changes(), memory.known, [incoming]))
        if new:  # the same again would erase what was told since
            await erase.forget(conn, what)
            await erase.end_era(conn)
    if new:
        await _begin_era(conn, memory)
    return new


async def project(conn: Connection, batch: Sequence[Incoming], memory: Memory) -> None:
    """Writes what events out of the log mean, in the caller's transaction. Raises as ``commit``."""
    await _looking_up_if_need_be(conn, batch, memory, log=False)


async def _looking_up_if_need_be(conn: Connection, batch: Sequence[Incoming], memory: Memory, *, log: bool) -> set[UUID]:
    """Where the runs are stored is nearly always where their events say. The database finds out if not; then we look."""
    events = list({i.event_id: i for i in batch}.values())
    try:
        return await _told(_write(conn, events, memory, log=log, look_up=False))
    except Overtaken:
        return await _told(_write(conn, events, memory, log=log, look_up=True))


async def _told(writing: Coroutine[Any, Any, set[UUID]]) -> set[UUID]:
    try:
        return await writing
    except psycopg.Error as error:
        raise meant(error) from error


async def _write(conn: Connection, batch: list[Incoming], memory: Memory, *, log: bool, look_up: bool) -> set[UUID]:
    changes = Changes()
    runs = {i.run_id: i.month for i in batch if i.run_id is not None}
    stored = {run: memory.homes[run] for run in runs if run in memory.homes}
    async with _one_trip(conn) if log else conn.transaction():
        if look_up and runs:
            stored = await _homes(conn, runs)
        homes, moves = rehome.decide(batch, stored)
        for incoming in batch:
            changes.received = incoming.received
            extract(incoming.event, changes, homes[incoming.run_id].name if incoming.run_id is not None else None)
        for move in moves:
            changes.runs[move.run_id].moving = True
        links = memory.known.new_symlinks(changes)
        if links:
            await symlinks.lock(conn)
        await rehome.bring(conn, moves, changes)
        cursor = await write(conn, changes, memory.known, batch if log else ())
        if links:
            await symlinks.link(conn, links)
        if moves:
            remains = await rehome.leave(conn, moves)
            await write(conn, remains, memory.known)
            await write_floors(conn, remains.jobs)
        if any(i.findings for i in batch):
            new = await _new_events(cursor) if log else {i.event_id for i in batch}
            await _conformance(conn, [i for i in batch if i.event_id in new])
    memory.add(changes, homes)
    return await _new_events(cursor)


@asynccontextmanager
async def _one_trip(conn: Connection) -> AsyncIterator[None]:
    """A transaction without BEGIN and COMMIT: all statements of a pipeline are one, which its end commits. Where we fail
    between two of them, the connection ends before the pipeline does."""
    async with conn.pipeline():
        try:
            yield
        except (psycopg.Error, Overtaken):  # the database has given up the transaction, or nothing was written
            raise
        except BaseException:
            await conn.close()
            raise


async def _new_events(cursor: AsyncRawCursor[tuple[Any, ...]]) -> set[UUID]:
    await cursor.scroll(0, "absolute")
    row = await cursor.fetchone()
    return set(row[0] or ()) if row else set()


async def _homes(conn: Connection, runs: dict[int, date]) -> dict[int, Home]:
    cursor = await send(conn, statements.KNOWN_RUNS, [values(runs), values(runs.values())])
    return {row[0]: Home(row[1], (row[2], row[3]), row[4], row[5], row[6]) for row in await cursor.fetchall()}


async def _conformance(conn: Connection, batch: list[Incoming]) -> None:
    """Sums up what the schemas find wrong, by producer. Last in the transaction, as all writers meet in these rows."""
    rows: dict[int, list[Any]] = {}
    for incoming in batch:
        at, producer = incoming.event.at, incoming.event.producer
        for path, message in Counter((generalise(f["path"]), f["message"]) for f in incoming.findings):
            key = ids.name_id("finding", producer, path, message)
            row = rows.setdefault(key, [producer, path, message, 0, at, at])
            row[3:] = [row[3] + 1, min(row[4], at), max(row[5], at)]
    if rows:
        keys = sorted(rows)
        column = [[rows[k][n] for k in keys] for n in range(6)]
        await send(
            conn,
            statements.CONFORMANCE,
            [values(keys), *(texts(c) for c in column[:3]), *(values(c) for c in column[3:])],
        )


async def _ensure_partitions(conn: Connection, batch: Sequence[Incoming], memory: Memory) -> None:
    today = clock.now().date()  # noqa: DTZ005  a month's partition may be made a day early or late
    wanted = {("lineage_events", i.event_month) for i in batch}
    wanted |= {(t, m) for i in batch for m in i.run_months() if m != ids.UNDATED for t in _OF_RUNS}
    # Events dated in the far future would make a partition each: the default one takes them.
    missing = {(table, month) for table, month in wanted - memory.partitions if month <= today + _SOON}
    if not missing:
        return
    await partitions.ensure(conn, _by_table(missing))
    memory.partitions |= missing
    # At the turn of the month nobody should have to wait for readers.
    ahead = {(table, partitions.following(today)) for table in ("lineage_events", *_OF_RUNS)} - memory.partitions
    with suppress(Unavailable):
        await partitions.ensure(conn, _by_table(ahead), patience_ms=1_000)
        memory.partitions |= ahead


def _by_table(months: set[tuple[str, date]]) -> dict[str, set[date]]:
    return {table: {m for t, m in months if t == table} for table in sorted({t for t, _ in months})}
