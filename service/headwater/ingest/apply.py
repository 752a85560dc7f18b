"""Writes Changes: everything in the caller's transaction, in a fixed order of tables and sorted by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncRawCursor

from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.ingest import statements
from headwater.ingest.arrays import Bodies, Maps, facet_maps, texts
from headwater.ingest.changes import Changes, Job, Run
from headwater.ingest.known import Known, New
from headwater.ingest.prepare import Incoming

_V = TypeVar("_V")
_Cursor: TypeAlias = AsyncRawCursor[tuple[Any, ...]]
_Arrays: TypeAlias = list[str | Maps]


class IdCollision(Exception):
    """Two names with one id. The event that brings the second cannot be placed."""


class Overtaken(Exception):
    """Another writer has changed what this one had looked up; the transaction must be tried again."""


class Outdated(Exception):
    """Something was erased, so that what this writer remembers need not be stored any more."""


def meant(error: psycopg.Error) -> Exception:
    """What an error of ``write`` means; itself, if nothing else."""
    match error.diag.sqlstate:
        case statements.COLLISION:
            return IdCollision()
        case statements.OVERTAKEN:
            return Overtaken()
        case statements.OUTDATED:
            return Outdated()
    return error


async def send(conn: Connection, statement: str, parameters: Sequence[Any]) -> _Cursor:
    """Executes a statement of ``ingest.statements``; in a pipeline its answer comes when somebody fetches it."""
    return await AsyncRawCursor(conn).execute(statement, parameters, prepare=True)


async def write(conn: Connection, changes: Changes, known: Known, log: Sequence[Incoming] = ()) -> _Cursor:
    """Sends the events of ``log`` and all rows of ``changes``; gives the cursor of ROWS."""
    new, jobs, runs = known.new_in(changes), known.new_jobs(changes), known.new_runs(changes)
    own = {run_id: run.job_id for run_id, run in runs.items() if run.last_at is not None}
    owners = {*own.values(), *(owner for *_, owner in changes.edges)}
    # Worked out before anything is sent: between two statements PostgreSQL holds locks and waits.
    named = _new(new) if new.any() else None
    rows = [
        known.era, *_events(log), *_jobs(jobs), *_datasets(changes), *_edges(changes), *_columns(changes),
        *_run_versions(changes), *_run_io(changes), *_runs(runs), len(jobs), len(changes.datasets), values(own),
        values(own.values()),
    ]  # fmt: skip
    if named is not None:
        await send(conn, statements.NEW, named)
    cursor = await send(conn, statements.ROWS, rows)
    await write_floors(conn, owners & jobs.keys())
    await _write_what_people_say(conn, changes)
    return cursor


async def _write_what_people_say(conn: Connection, changes: Changes) -> None:
    """See ``ingest.writes``. It is little and seldom, so a statement each."""
    puts: tuple[tuple[str, Sequence[Sequence[Any]]], ...] = (
        (statements.PUT_NAMESPACE, changes.put_namespaces),
        (statements.PUT_SOURCE, changes.put_sources),
        (statements.PUT_TAG, changes.put_tags),
    )
    for statement, rows in puts:
        for row in rows:
            await send(conn, statement, row)
    for table, key, identifier, shown, at in changes.hidden:
        await send(conn, (statements.SHOW if shown else statements.HIDE)[table, key], (identifier, at))


async def write_floors(conn: Connection, jobs: Iterable[int]) -> None:
    """Settles anew which edges of the jobs are current."""
    if keys := sorted(jobs):
        await send(conn, statements.FLOORS, [values(keys)])


def _sorted(rows: dict[Any, _V]) -> tuple[list[Any], list[_V]]:
    keys = sorted(rows)
    return keys, [rows[k] for k in keys]


def _events(log: Sequence[Incoming]) -> list[Any]:
    rows = sorted(log, key=lambda i: (i.event.at, i.event_id))
    events = [i.event for i in rows]
    return [
        values(e.at for e in events), values(i.event_id for i in rows), values(i.received for i in rows),
        values(e.kind for e in events),
        texts(e.event_type for e in events), texts(e.namespace for e in events), texts(e.name for e in events),
        values(e.run for e in events), texts(json.dumps(i.findings) if i.findings else None for i in rows),
        Bodies(i.body for i in rows),
    ]  # fmt: skip


def _new(new: New) -> _Arrays:
    namespaces, named = _sorted(new.namespaces)
    sources, places = _sorted(new.sources)
    tags, tag_names = _sorted(new.tags)
    columns = [(s, i, e) for s in sorted(new.column_sets) for i, e in enumerate(new.column_sets[s])]
    keys, versions = _sorted(new.versions)
    bodies, contents = _sorted(new.bodies)
    return [
        values(namespaces), texts(n for n, _ in named), values(at for _, at in named), values(new.received for _ in named),
        *_items(sources, 2), texts(p[0] for p in places), texts(p[1] for p in places), values(p[2] for p in places),
        values(tags), texts(tag_names),
        values(s for s, _, _ in columns), values(i for _, i, _ in columns), texts(e.output_field for *_, e in columns),
        values(e.input_dataset_id for *_, e in columns), texts(e.input_field for *_, e in columns),
        texts(e.transformations for *_, e in columns),
        *_items(keys, 2), *_attributes(versions, "declared external_version:texts first_at facets:maps"),
        values(sorted(new.models)),
        values(bodies), texts(c.decode() for c in contents),
    ]  # fmt: skip


def _jobs(jobs: dict[int, Job]) -> _Arrays:
    keys, rows = _sorted(jobs)
    columns = """namespace_id name:texts first_at last_at declared_at parent_id parent_at told_at heard_at
                 facets:maps"""
    return [values(keys), *_attributes(rows, columns)]


def _datasets(changes: Changes) -> _Arrays:
    keys, rows = _sorted(changes.datasets)
    columns = "namespace_id name:texts first_at last_at written_at declared_at heard_at facets:maps read_facets:maps"
    return [values(keys), *_attributes(rows, columns)]


def _edges(changes: Changes) -> _Arrays:
    keys, rows = _sorted(changes.edges)
    return [*_items(keys, 4), *_attributes(rows, "first_at last_at first_run_id last_run_id")]


def _columns(changes: Changes) -> _Arrays:
    keys, rows = _sorted(changes.columns)
    return [*_items(keys, 4), *_attributes(rows, "first_at last_at first_run_id last_run_id")]


def _run_versions(changes: Changes) -> _Arrays:
    keys, rows = _sorted(changes.run_versions)
    runs, *rest = _items(keys, 4)
    return [runs, values(r[0] for r in rows), *rest, texts(r[1] for r in rows), values(r[2] for r in rows),
            values(r[3] for r in rows)]  # fmt: skip


def _run_io(changes: Changes) -> _Arrays:
    keys, rows = _sorted(changes.run_io)
    runs, *rest = _items(keys, 3)
    return [runs, *_attributes(rows, "month"), *rest, *_attributes(rows, "first_at last_at facets:maps io_facets:maps")]


def _runs(runs: dict[int, Run]) -> _Arrays:
    keys, rows = _sorted(runs)
    columns = """month run_uuid job_id raw_job_id parented parent_run_id parent_run_uuid parent_at first_at last_at started_at
                 restarted_at ended_at end_rank running other streaming linked code_at code_id moving facets:maps
                 job_facets:maps"""
    return [values(keys), *_attributes(rows, columns)]


def _items(keys: list[tuple[Any, ...]], n: int) -> list[str]:
    """An array for each of the ``n`` parts of a key."""
    return [values(map(itemgetter(i), keys)) for i in range(n)]


def _attributes(rows: list[Any], columns: str) -> _Arrays:
    """An array for each attribute in ``columns``, which are names with ``:texts`` or ``:maps`` behind where they are such."""
    return [array(map(attribute, rows)) for attribute, array in _getters(columns)]


@cache
def _getters(columns: str) -> list[tuple[Callable[[Any], Any], Callable[[Iterable[Any]], str | Maps]]]:
    kinds: dict[str, Callable[[Iterable[Any]], str | Maps]] = {"": values, "texts": texts, "maps": facet_maps}
    return [(attrgetter(name), kinds[kind]) for name, _, kind in (c.partition(":") for c in columns.split())]
