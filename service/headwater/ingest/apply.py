"""Writes Changes: everything in the caller's transaction, in a fixed order of tables and sorted by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncRawCursor

from headwater.db.pool import Connection
from headwater.ingest import statements
from headwater.ingest.arrays import facet_maps, flags, months, numbers, plain, texts
from headwater.ingest.changes import Changes, Run
from headwater.ingest.known import Known, New
from headwater.ingest.prepare import Incoming

_V = TypeVar("_V")
_Cursor: TypeAlias = AsyncRawCursor[tuple[Any, ...]]


class IdCollision(Exception):
    """Two names with one id. The event that brings the second cannot be placed."""


class Overtaken(Exception):
    """Another writer has changed what this one had looked up; the transaction must be tried again."""


def meant(error: psycopg.Error) -> Exception:
    """What an error of ``write`` means; itself, if nothing else."""
    match error.diag.sqlstate:
        case statements.COLLISION:
            return IdCollision()
        case statements.OVERTAKEN:
            return Overtaken()
    return error


async def send(conn: Connection, statement: str, parameters: Sequence[Any]) -> _Cursor:
    """Executes a statement of ``ingest.statements``; in a pipeline its answer comes when somebody fetches it."""
    return await AsyncRawCursor(conn).execute(statement, parameters)


async def write(conn: Connection, changes: Changes, known: Known, log: Sequence[Incoming] = ()) -> _Cursor:
    """Sends the events of ``log`` and all rows of ``changes``; gives the cursor of ROWS."""
    new = known.new_in(changes)
    if new.any():
        await send(conn, statements.NEW, _new(new))
    cursor = await send(conn, statements.ROWS, _rows(changes, log))
    owners = {run.job_id for run in changes.runs.values()} | {owner for *_, owner in changes.edges}
    await write_floors(conn, owners & changes.jobs.keys())
    return cursor


async def write_floors(conn: Connection, jobs: Iterable[int]) -> None:
    """Settles anew which edges of the jobs are current."""
    if keys := sorted(jobs):
        await send(conn, statements.FLOORS, [numbers(keys)])


def _sorted(rows: dict[Any, _V]) -> tuple[list[Any], list[_V]]:
    keys = sorted(rows)
    return keys, [rows[k] for k in keys]


def _rows(changes: Changes, log: Sequence[Incoming]) -> list[Any]:
    own = {run_id: run.job_id for run_id, run in changes.runs.items() if run.last_at is not None}
    return [
        *_events(log), *_jobs(changes), *_datasets(changes), *_edges(changes), *_columns(changes), *_run_versions(changes),
        *_run_io(changes), *_runs(changes), len(changes.jobs), len(changes.datasets), numbers(own), numbers(own.values()),
    ]  # fmt: skip


def _events(log: Sequence[Incoming]) -> list[Any]:
    rows = sorted(log, key=lambda i: (i.event.at, i.event_id))
    events = [i.event for i in rows]
    return [
        numbers(e.at for e in events), plain(i.event_id for i in rows), numbers(e.kind for e in events),
        texts(e.event_type for e in events), texts(e.namespace for e in events), texts(e.name for e in events),
        plain(e.run for e in events), texts(json.dumps(i.findings) if i.findings else None for i in rows),
        [i.body for i in rows],
    ]  # fmt: skip


def _new(new: New) -> list[str]:
    namespaces, named = _sorted(new.namespaces)
    sources, places = _sorted(new.sources)
    tags, tag_names = _sorted(new.tags)
    columns = [(s, i, e) for s in sorted(new.column_sets) for i, e in enumerate(new.column_sets[s])]
    keys, versions = _sorted(new.versions)
    bodies, contents = _sorted(new.bodies)
    return [
        numbers(namespaces), texts(n for n, _ in named), numbers(at for _, at in named),
        numbers(s for s, _ in sources), numbers(u for _, u in sources),
        texts(p[0] for p in places), texts(p[1] for p in places), numbers(p[2] for p in places),
        numbers(tags), texts(tag_names),
        numbers(s for s, _, _ in columns), numbers(i for _, i, _ in columns), texts(e.output_field for *_, e in columns),
        numbers(e.input_dataset_id for *_, e in columns), texts(e.input_field for *_, e in columns),
        texts(e.transformations for *_, e in columns),
        numbers(d for d, _ in keys), numbers(v for _, v in keys), flags(v.declared for v in versions),
        texts(v.external_version for v in versions), numbers(v.first_at for v in versions),
        facet_maps(v.facets for v in versions),
        numbers(bodies), texts(c.decode() for c in contents),
    ]  # fmt: skip


def _jobs(changes: Changes) -> list[str]:
    keys, rows = _sorted(changes.jobs)
    return [
        numbers(keys), numbers(r.namespace_id for r in rows), texts(r.name for r in rows), numbers(r.first_at for r in rows),
        numbers(r.last_at for r in rows), numbers(r.declared_at for r in rows), numbers(r.parent_id for r in rows),
        numbers(r.parent_at for r in rows), numbers(r.told_first_at for r in rows), numbers(r.told_last_at for r in rows),
        facet_maps(r.facets for r in rows),
    ]  # fmt: skip


def _datasets(changes: Changes) -> list[str]:
    keys, rows = _sorted(changes.datasets)
    return [
        numbers(keys), numbers(r.namespace_id for r in rows), texts(r.name for r in rows), numbers(r.first_at for r in rows),
        numbers(r.last_at for r in rows), numbers(r.written_at for r in rows), numbers(r.declared_at for r in rows),
        facet_maps(r.facets for r in rows), facet_maps(r.read_facets for r in rows),
    ]  # fmt: skip


def _edges(changes: Changes) -> list[str]:
    keys, rows = _sorted(changes.edges)
    return [
        *_key_columns(keys, 4), numbers(r.first_at for r in rows), numbers(r.last_at for r in rows),
        numbers(r.first_run_id for r in rows), numbers(r.last_run_id for r in rows),
    ]  # fmt: skip


def _columns(changes: Changes) -> list[str]:
    keys, rows = _sorted(changes.columns)
    return [
        *_key_columns(keys, 2), numbers(r.set_id for r in rows), numbers(r.at for r in rows), numbers(r.run_id for r in rows),
    ]  # fmt: skip


def _run_versions(changes: Changes) -> list[str]:
    keys, rows = _sorted(changes.run_versions)
    return [
        numbers(k[0] for k in keys), months(r[0] for r in rows), numbers(k[1] for k in keys), flags(k[2] for k in keys),
        numbers(k[3] for k in keys), texts(r[1] for r in rows), numbers(r[2] for r in rows), numbers(r[3] for r in rows),
    ]  # fmt: skip


def _run_io(changes: Changes) -> list[str]:
    keys, rows = _sorted(changes.run_io)
    return [
        numbers(k[0] for k in keys), months(r.month for r in rows), numbers(k[1] for k in keys), flags(k[2] for k in keys),
        numbers(r.first_at for r in rows), numbers(r.last_at for r in rows), facet_maps(r.facets for r in rows),
        facet_maps(r.io_facets for r in rows),
    ]  # fmt: skip


def _key_columns(keys: Iterable[tuple[int, ...]], n: int) -> list[str]:
    return [numbers(k[i] for k in keys) for i in range(n)]


_RUN_COLUMNS: tuple[tuple[Callable[[Iterable[Any]], str], str], ...] = (
    (months, "month"), (plain, "run_uuid"), (numbers, "job_id"), (numbers, "raw_job_id"), (flags, "parented"),
    (numbers, "parent_run_id"), (plain, "parent_run_uuid"), (numbers, "parent_at"), (numbers, "first_at"), (numbers, "last_at"),
    (numbers, "started_at"), (numbers, "restarted_at"), (numbers, "ended_at"), (numbers, "end_rank"), (flags, "running"),
    (flags, "other"), (flags, "streaming"), (flags, "linked"), (numbers, "code_at"), (numbers, "code_id"), (flags, "moving"),
    (facet_maps, "facets"), (facet_maps, "job_facets"),
)  # fmt: skip


def _runs(changes: Changes) -> list[str]:
    keys: list[int]
    rows: list[Run]
    keys, rows = _sorted(changes.runs)
    return [numbers(keys), *(array(getattr(r, column) for r in rows) for array, column in _RUN_COLUMNS)]
