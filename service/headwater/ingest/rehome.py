"""A run whose events do not agree on its job's name.

A child is stored as ``parent.child``. When only some events of a run tell the parent, the others would put the run under
the bare name; so the run's home is decided by all of them, and what was stored under the bare name moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headwater import ids
from headwater.db.pool import Connection
from headwater.ingest import columns
from headwater.ingest.changes import Changes, merge_facets
from headwater.ingest.extract import extract
from headwater.ingest.prepare import Incoming, decompress, stored
from headwater.lineage.edges import EdgeKind
from headwater.openlineage.parse import parent_uuid


@dataclass(slots=True)
class Home:
    """The job under which a run is known."""

    job_id: int
    name: tuple[str, str]  # namespace, name
    parented: bool
    parent_at: int | None
    parent_run_id: int | None
    stored: bool = True
    old_name: tuple[str, str] | None = None  # where it is stored, if it moves


@dataclass(frozen=True, slots=True)
class Move:
    run_id: int
    month: Any
    from_job: int
    to_job: int


def decide(batch: Iterable[Incoming], homes: dict[int, Home]) -> list[Move]:
    """Settles the home of each undecided run in ``homes``: that of the latest parent told. Gives the runs that move."""
    stored = {run_id: home.job_id for run_id, home in homes.items()}
    month_of: dict[int, Any] = {}
    for incoming in batch:
        if not incoming.undecided or incoming.event.run is None:
            continue
        run_id = incoming.run_id
        month_of[run_id] = ids.run_month(incoming.event.run)
        home = _home(incoming, stored=run_id in stored)
        known = homes.get(run_id)
        if known is None or _rank(home) > _rank(known):
            home.old_name = known.old_name or known.name if known else home.name
            homes[run_id] = home
    return [Move(r, month_of[r], job, homes[r].job_id) for r, job in stored.items() if homes[r].job_id != job]


def _rank(home: Home) -> tuple[bool, int, int]:
    if not home.parented or home.parent_at is None or home.parent_run_id is None:
        return (False, 0, 0)
    return (True, home.parent_at, home.parent_run_id)


def _home(incoming: Incoming, *, stored: bool) -> Home:
    event, parent = incoming.event, incoming.parent
    name = (event.namespace, incoming.full_name)
    if parent is None:
        return Home(ids.job_id(*name), name, False, None, None, stored)
    job = parent.job
    run = ids.run_id(parent_uuid(parent.run.runId, job.namespace, job.name), job.namespace, job.name)
    return Home(ids.job_id(*name), name, True, event.at, run, stored)


_MICROS = "(extract(epoch FROM {0}) * 1000000)::bigint"
_RUNS = f"""
SELECT run_id, {_MICROS.format("first_at")}, {_MICROS.format("last_at")}, job_facets FROM runs
"""
_RUN_IO = f"""
SELECT run_id, dataset_id, output, {_MICROS.format("io.first_at")}, {_MICROS.format("io.last_at")},
       (io.facets -> 'columnLineage' ->> 0)::bigint, body
FROM run_io io LEFT JOIN facet_bodies ON body_id = (io.facets -> 'columnLineage' ->> 1)::bigint AND output
"""
_ONE = "WHERE run_id = %s AND month = %s"
_OF_JOB = "JOIN runs r USING (run_id, month) WHERE r.job_id = %s"


async def bring(conn: Connection, moves: list[Move], homes: dict[int, Home], changes: Changes) -> None:
    """Adds to Changes what the stored part of each moving run means for its new job."""
    for move in moves:
        runs = await conn.execute(f"{_RUNS} {_ONE}", [move.run_id, move.month])
        run_io = await conn.execute(f"{_RUN_IO} {_ONE}", [move.run_id, move.month])
        _say(changes, homes[move.run_id].name, await runs.fetchall(), await run_io.fetchall())


def _say(changes: Changes, name: tuple[str, str], runs: list[tuple[Any, ...]], run_io: list[tuple[Any, ...]]) -> None:
    """What stored runs mean for their job: its times and facets, and the edges of their inputs and outputs."""
    job_id = ids.job_id(*name)
    for _, first_at, last_at, facets in runs:
        changes.job(*name, first_at, told=False)
        job = changes.jobs[job_id]
        job.seen(first_at if last_at is None else last_at)
        merge_facets(job.facets, {key: (value[0], value[1]) for key, value in facets.items()})
    for run_id, dataset, output, first_at, last_at, column_at, body in run_io:
        source, target = (job_id, dataset) if output else (dataset, job_id)
        kind = EdgeKind.OUTPUT if output else EdgeKind.INPUT
        changes.add_edge(kind, source, target, job_id, first_at, run_id)
        changes.add_edge(kind, source, target, job_id, last_at, run_id)
        if body is not None and (set_id := columns.set_of(body.encode())) is not None:
            changes.add_columns(dataset, job_id, set_id, column_at, run_id)


_FORGET = (
    "DELETE FROM column_lineage WHERE owner_id = %(job)s",
    "DELETE FROM edges WHERE owner_id = %(job)s AND (kind IN (1, 2) OR %(run)s IN (first_run_id, last_run_id))",
    "DELETE FROM jobs WHERE job_id = %(job)s AND told_first_at IS NULL",
    "UPDATE jobs SET first_at = told_first_at, last_at = told_last_at, facets = '{}' WHERE job_id = %(job)s",
)
_JOB_EVENTS = (
    "SELECT event_id, body FROM lineage_events"
    " WHERE kind = 2 AND left(name, 256) = left(%s, 256) AND (namespace, name) = (%s, %s)"
)


async def leave(conn: Connection, moves: list[Move], homes: dict[int, Home]) -> Changes:
    """Takes the moved runs out of their old jobs. Gives what remains: what JobEvents and the other runs say."""
    changes = Changes()
    for move in moves:
        name = homes[move.run_id].old_name
        assert name is not None
        for statement in _FORGET:
            await conn.execute(statement, {"job": move.from_job, "run": move.run_id})
        for event_id, body in await (await conn.execute(_JOB_EVENTS, [name[1], *name])).fetchall():
            extract(stored(event_id, decompress(body), []).event, changes)
        runs = await conn.execute(f"{_RUNS} WHERE job_id = %s", [move.from_job])
        run_io = await conn.execute(f"{_RUN_IO} {_OF_JOB}", [move.from_job])
        _say(changes, name, await runs.fetchall(), await run_io.fetchall())
    return changes
