"""A run whose events do not agree on its job's name.

A child is stored as ``parent.child``. When only some events of a run tell the parent, the others would put the run under
the bare name; so the run's home is decided by all of them, and what was stored under the bare name moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from headwater import ids
from headwater.db.pool import Connection
from headwater.ingest.apply import Overtaken
from headwater.ingest.changes import Changes, merge_facets
from headwater.ingest.extract import extract
from headwater.ingest.prepare import Incoming, decompress, stored
from headwater.ingest.statements import micros
from headwater.lineage.edges import EdgeKind
from headwater.openlineage.times import to_datetime

Name = tuple[str, str]  # namespace, name


@dataclass(frozen=True, slots=True)
class Home:
    """The job under which a run is known, and the latest parent that says so."""

    job_id: int
    name: Name
    parented: bool = False
    parent_at: int | None = None
    parent_run_id: int | None = None

    @property
    def rank(self) -> tuple[bool, int, int]:
        if not self.parented or self.parent_at is None or self.parent_run_id is None:
            return (False, 0, 0)
        return (True, self.parent_at, self.parent_run_id)


@dataclass(frozen=True, slots=True)
class Move:
    run_id: int
    month: date
    from_job: int
    from_name: Name
    to_name: Name


def decide(batch: Iterable[Incoming], stored: dict[int, Home]) -> tuple[dict[int, Home], list[Move]]:
    """The home of each run in ``batch``: that of the latest parent told. And those of the ``stored`` that move to it."""
    homes: dict[int, Home] = {}
    months: dict[int, date] = {}
    for incoming in batch:
        run_id = incoming.run_id
        if run_id is None:
            continue
        months[run_id] = incoming.month
        home, known = _home(incoming), homes.get(run_id) or stored.get(run_id)
        homes[run_id] = home if known is None or home.rank > known.rank else known
    moves = [
        Move(run_id, months[run_id], stored[run_id].job_id, stored[run_id].name, home.name)
        for run_id, home in homes.items()
        if run_id in stored and stored[run_id].job_id != home.job_id
    ]
    return homes, moves


def _home(incoming: Incoming) -> Home:
    event, parent = incoming.event, incoming.parent
    name = (event.namespace, incoming.full_name)
    if parent is None:
        return Home(ids.job_id(*name), name)
    return Home(ids.job_id(*name), name, True, event.at, parent.run_id)


class _Stored(NamedTuple):
    run_id: int
    run_uuid: UUID
    first_at: int
    last_at: int | None
    job_facets: dict[str, list[Any]]
    logged: bool  # its rows do not tell all: not when columns were told, and of explicit lineage and dependencies nothing


_RUNS = f"""
SELECT run_id, run_uuid, {micros("first_at")}, {micros("last_at")}, job_facets,
       job_facets ? 'lineage' OR facets ? 'jobDependencies' OR EXISTS (
           SELECT FROM run_io io
           WHERE io.run_id = runs.run_id AND io.month = runs.month AND io.output AND io.facets ? 'columnLineage')
FROM runs
"""
_RUN_IO = f"""
SELECT run_id, dataset_id, output, {micros("io.first_at")}, {micros("io.last_at")} FROM run_io io
"""
_ONE = "WHERE run_id = %s AND month = %s"
_OF_JOB = "JOIN runs r USING (run_id, month) WHERE r.job_id = %s"
_EVENTS = "SELECT event_id, body FROM lineage_events WHERE run_uuid = %s AND event_time BETWEEN %s AND %s"
_LATEST_PARENTS = f"""
SELECT {micros("parent_at")}, (SELECT raw_job_id FROM runs p WHERE p.run_id = r.parent_run_id LIMIT 1)
FROM runs r WHERE job_id = %s AND parent_at IS NOT NULL ORDER BY parent_at DESC FETCH FIRST 1 ROW WITH TIES
"""


async def bring(conn: Connection, moves: list[Move], changes: Changes) -> None:
    """Adds to Changes what the stored part of each moving run means for its new job. Raises Overtaken."""
    for move in moves:
        # Locked, so that no other writer adds to the run under its old name meanwhile.
        cursor = await conn.execute(f"{_RUNS} {_ONE} AND job_id = %s FOR UPDATE", [move.run_id, move.month, move.from_job])
        runs = [_Stored(*row) for row in await cursor.fetchall()]
        if not runs:
            raise Overtaken
        run_io = await conn.execute(f"{_RUN_IO} {_ONE}", [move.run_id, move.month])
        await _say(conn, changes, move.to_name, runs, await run_io.fetchall())


async def _say(conn: Connection, changes: Changes, name: Name, runs: list[_Stored], run_io: list[tuple[Any, ...]]) -> None:
    """What stored runs mean for their job: its times and facets, and its edges."""
    job_id = ids.job_id(*name)
    told_elsewhere = {run.run_id for run in runs if run.logged}
    for run in runs:
        if run.logged:
            await _read_again(conn, changes, name, run)
        elif run.last_at is not None:  # else it is known from its children, who tell of another job
            changes.job(*name, run.first_at, told=False)
            job = changes.jobs[job_id]
            job.seen(run.first_at)
            job.seen(run.last_at)
            merge_facets(job.facets, {key: (value[0], value[1]) for key, value in run.job_facets.items()})
    for run_id, dataset, output, first_at, last_at in run_io:
        if run_id in told_elsewhere:
            continue
        source, target = (job_id, dataset) if output else (dataset, job_id)
        kind = EdgeKind.OUTPUT if output else EdgeKind.INPUT
        changes.add_edge(kind, source, target, job_id, first_at, run_id)
        changes.add_edge(kind, source, target, job_id, last_at, run_id)


async def _read_again(conn: Connection, changes: Changes, name: Name, run: _Stored) -> None:
    """The events of a run, out of the log: in the time of the run, as there is no index by run."""
    assert run.last_at is not None
    window = [to_datetime(run.first_at), to_datetime(run.last_at)]
    for event_id, body in await (await conn.execute(_EVENTS, [run.run_uuid, *window])).fetchall():
        incoming = stored(event_id, decompress(body), [])
        if incoming.run_id == run.run_id:
            extract(incoming.event, changes, name)


_FORGET = (
    "DELETE FROM column_lineage WHERE owner_id = %(job)s",
    "DELETE FROM edges WHERE owner_id = %(job)s",
    "DELETE FROM jobs WHERE job_id = %(job)s AND told_at IS NULL",
    """UPDATE jobs SET first_at = told_at, last_at = NULL, facets = '{}', floor_at = NULL, parent_id = NULL,
           parent_at = NULL
       WHERE job_id = %(job)s""",
)
_JOB_EVENTS = (
    "SELECT event_id, body FROM lineage_events"
    " WHERE kind = 2 AND left(name, 256) = left(%s, 256) AND (namespace, name) = (%s, %s)"
)


async def leave(conn: Connection, moves: list[Move]) -> Changes:
    """Takes the moved runs out of their old jobs. Gives what remains: what JobEvents and the other runs say."""
    changes = Changes()
    for job_id, name in {m.from_job: m.from_name for m in moves}.items():
        for statement in _FORGET:
            await conn.execute(statement, {"job": job_id})
        for event_id, body in await (await conn.execute(_JOB_EVENTS, [name[1], *name])).fetchall():
            extract(stored(event_id, decompress(body), []).event, changes)
        runs = await (await conn.execute(f"{_RUNS} WHERE job_id = %s", [job_id])).fetchall()
        run_io = await (await conn.execute(f"{_RUN_IO} {_OF_JOB}", [job_id])).fetchall()
        await _say(conn, changes, name, [_Stored(*row) for row in runs], run_io)
        for at, parent in await (await conn.execute(_LATEST_PARENTS, [job_id])).fetchall():
            changes.jobs[job_id].has_parent(parent, at)
    return changes
