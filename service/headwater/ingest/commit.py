"""One transaction: a batch of events into the log and into all that follows from them."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from datetime import datetime as clock
from typing import Any
from uuid import UUID

from headwater import ids
from headwater.db import partitions
from headwater.db.pool import Connection
from headwater.ingest import rehome, statements, symlinks
from headwater.ingest.apply import Overtaken, write, write_floors, write_runs
from headwater.ingest.arrays import months, numbers, plain, texts
from headwater.ingest.changes import Changes
from headwater.ingest.extract import extract
from headwater.ingest.known import Known
from headwater.ingest.prepare import Incoming
from headwater.ingest.rehome import Home
from headwater.openlineage.validate import generalise

_SOON = timedelta(days=62)


# Events make no cycles, and what is remembered stays: with Python's own thresholds (700, 10, 10) the collector looks through
# all of it again and again, and takes a fifth of the time of an event.
_COLLECT = (50_000, 20, 50)


class Memory:
    """What a writer remembers between batches; dropped when in doubt."""

    def __init__(self) -> None:
        self.known = Known()
        self.partitions: set[tuple[str, date]] = set()
        gc.set_threshold(*_COLLECT)


async def commit(conn: Connection, batch: Sequence[Incoming], memory: Memory, *, log: bool = True) -> set[UUID]:
    """Stores ``batch`` durably and visibly; gives the ids of the events that were new.

    With ``log`` false the events come out of the log and only their projections are written, in the caller's transaction.
    Raises Overtaken (try again), apply.IdCollision or psycopg errors, and then nothing is stored.
    """
    if log:
        await _ensure_partitions(conn, batch, memory)
    changes = Changes()
    # In a pipeline a statement is sent without waiting for the last one's answer: three round trips in all.
    async with conn.pipeline(), conn.transaction():
        fresh = await _insert(conn, batch) if log else {i.event_id for i in batch}
        new = _first_of_each(i for i in batch if i.event_id in fresh)
        if new:
            await _project(conn, new, changes, memory)
            await _conformance(conn, new)
    memory.known.add(changes)
    return fresh


def _first_of_each(batch: Iterable[Incoming]) -> list[Incoming]:
    return list({i.event_id: i for i in batch}.values())


async def _project(conn: Connection, batch: list[Incoming], changes: Changes, memory: Memory) -> None:
    undecided = {i.run_id: i for i in batch if i.undecided}
    homes = await _homes(conn, undecided)
    moved = rehome.decide(batch, homes)
    for incoming in batch:
        job = homes[incoming.run_id] if incoming.undecided and incoming.run_id in homes else None
        extract(incoming.event, changes, job.name if job else None)
    if memory.known.new_symlinks(changes):
        await symlinks.lock(conn)
    if moved:
        await rehome.bring(conn, moved, homes, changes)
    await write(conn, changes, memory.known)
    if links := memory.known.new_symlinks(changes):
        await symlinks.link(conn, links)
    written = await write_runs(conn, changes)
    _check_homes(written, changes, undecided, homes)
    if moved:
        remains = await rehome.leave(conn, moved, homes)
        await write(conn, remains, memory.known)
        await write_floors(conn, remains.jobs)


def _check_homes(
    written: list[tuple[int, int, bool]], changes: Changes, undecided: dict[int, Incoming], homes: dict[int, Home]
) -> None:
    """Another process may have stored the run, under another job, since we looked."""
    for run_id, job_id, is_new in written:
        if run_id not in undecided:
            continue
        known = run_id in homes and homes[run_id].stored
        if job_id != changes.runs[run_id].job_id or known == is_new:
            raise Overtaken


async def _homes(conn: Connection, undecided: dict[int, Incoming]) -> dict[int, Home]:
    if not undecided:
        return {}
    runs = sorted(undecided)
    month_of = [ids.run_month(undecided[r].event.run) for r in runs]  # type: ignore[arg-type]
    cursor = await conn.execute(statements.KNOWN_RUNS, [numbers(runs), months(month_of)])
    return {row[0]: Home(row[1], (row[2], row[3]), row[4], row[5], row[6]) for row in await cursor.fetchall()}


async def _insert(conn: Connection, batch: Sequence[Incoming]) -> set[UUID]:
    rows = sorted(_first_of_each(batch), key=lambda i: (i.event.at, i.event_id))
    events = [i.event for i in rows]
    cursor = await conn.execute(
        statements.EVENTS,
        [
            numbers(e.at for e in events),
            plain(i.event_id for i in rows),
            numbers(e.kind for e in events),
            texts(e.event_type for e in events),
            texts(e.namespace for e in events),
            texts(e.name for e in events),
            plain(e.run for e in events),
            texts(json.dumps(i.findings) if i.findings else None for i in rows),
            [i.body for i in rows],
        ],
    )
    return {event_id for (event_id,) in await cursor.fetchall()}


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
        await conn.execute(
            statements.CONFORMANCE,
            [numbers(keys), *(texts(c) for c in column[:3]), *(numbers(c) for c in column[3:])],
        )


async def _ensure_partitions(conn: Connection, batch: Sequence[Incoming], memory: Memory) -> None:
    soon = (clock.now() + _SOON).date()  # noqa: DTZ005  a month's partition may be made a day early or late
    wanted = {("lineage_events", i.event_month) for i in batch}
    wanted |= {(t, m) for i in batch for m in i.run_months() if m != ids.UNDATED for t in ("runs", "run_io", "run_versions")}
    # Events dated in the far future would make a partition each: the default one takes them.
    missing = {(table, month) for table, month in wanted - memory.partitions if month <= soon}
    if missing:
        tables = {table for table, _ in missing}
        await partitions.ensure(conn, {t: {m for table, m in missing if table == t} for t in sorted(tables)})
        memory.partitions |= missing
