"""The runs that a run stands on: those that wrote what it read, those that wrote what these read, and so on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from headwater import ids
from headwater.catalog.runs import STARTED_AT
from headwater.catalog.versions import Reading, versions_read
from headwater.db.pool import Connection
from headwater.entities.lineage import UpstreamInput, UpstreamJob, UpstreamRun, UpstreamRunDetails, UpstreamRuns
from headwater.entities.run import RunState
from headwater.errors import NotFound
from headwater.lineage.freshness import load_freshness
from headwater.lineage.runs.drawn import run_counts
from headwater.lineage.walk import walk

_ENDED = ("COMPLETED", "ABORTED", "FAILED")
_FIND = """
SELECT run_id FROM runs
WHERE run_uuid = %s AND month = %s AND coalesce(started_at, first_at) <= %s ORDER BY last_at IS NULL, first_at, run_id LIMIT 1
"""
# A run and an input of it in each row; one row without an input where it has none. Inputs by their run alone: see downstream.
_RUNS = f"""
SELECT r.run_id, r.run_uuid, r.job_id, jn.name, j.name, r.month, {STARTED_AT}, r.first_at, r.ended_at, r.state,
       r.streaming, r.version_id, io.dataset_id, io.canonical_id, io.namespace, io.name, io.schema_id
FROM runs r
JOIN jobs j ON j.job_id = r.job_id
JOIN namespaces jn ON jn.namespace_id = j.namespace_id
LEFT JOIN LATERAL (
    SELECT io.dataset_id, c.dataset_id AS canonical_id, cn.name AS namespace, c.name,
           (io.facets->'schema'->>1)::bigint AS schema_id
    FROM (SELECT * FROM run_io WHERE run_id = r.run_id AND month = r.month AND NOT output OFFSET 0) io
    JOIN datasets d ON d.dataset_id = io.dataset_id
    JOIN datasets c ON c.dataset_id = d.canonical_id
    JOIN namespaces cn ON cn.namespace_id = c.namespace_id
    WHERE io.first_at <= %(at)s AND io.last_at >= %(since)s
) io ON true
WHERE r.run_id = ANY(%(runs)s) AND coalesce(r.started_at, r.first_at) <= %(at)s
"""
_CHILDREN = """
SELECT r.run_id FROM runs r JOIN jobs j ON j.job_id = r.job_id AND NOT j.is_hidden
WHERE r.parent_run_id = ANY(%s) AND coalesce(r.started_at, r.first_at) <= %s
"""
_LEVELS = 100  # of runs within runs
_UUIDS = "SELECT run_id, run_uuid FROM runs WHERE run_id = ANY(%s)"


class Span(NamedTuple):
    """Only runs that had begun by a time, with what they had read and written by then, and since another."""

    at: datetime = datetime.max.replace(tzinfo=UTC)
    since: datetime = datetime.min.replace(tzinfo=UTC)

    def as_of(self, now: datetime) -> datetime:
        """The time at which an answer about it holds."""
        return now if self.at == EVER.at else self.at


EVER = Span()


@dataclass(frozen=True, slots=True)
class Input:
    dataset_id: int  # as the run names it
    canonical_id: int
    namespace: str
    name: str
    schema_id: int | None


@dataclass(frozen=True, slots=True)
class ReadingRun:
    run_id: int
    uuid: UUID
    job_id: int
    namespace: str
    job: str
    month: date
    started_at: datetime | None
    first_at: datetime
    ended_at: datetime | None
    state: RunState
    streaming: bool
    version_id: int
    inputs: list[Input]

    @property
    def end(self) -> datetime | None:
        return self.ended_at if self.state in _ENDED else None

    def as_of(self, at: datetime) -> ReadingRun:
        """What ended later was going then."""
        return self if self.end is None or self.end <= at else replace(self, state="RUNNING", ended_at=None)


async def get_upstream(conn: Connection, run: UUID, depth: int, span: Span = EVER) -> UpstreamRuns:
    """The run itself first, then those that belong to it; ``depth`` counts steps from run to run. Raises NotFound."""
    start = await load_opened_run(conn, await find_run(conn, run, span), span)
    reads = RunsRead(conn, span=span)
    distances = await reads.upstream(start, depth)
    uuids = await reads.uuids()
    runs, cut = [shown_run(r, reads.read, uuids) for r in reads.ordered(distances)], reads.cut(distances, uuids)
    now, freshness = await load_freshness(conn)
    return UpstreamRuns(
        runs=runs,
        complete=not cut,
        counts=run_counts(runs, [uuids[run_id] for run_id in start], cut),
        asOf=span.as_of(now),
        freshness=freshness,
    )


async def find_run(conn: Connection, run: UUID, span: Span = EVER) -> int:
    """Raises NotFound, also where it had not begun by the span's end."""
    row = await (await conn.execute(_FIND, (run, ids.run_month(run), span.at))).fetchone()
    if row is None:
        raise NotFound("Run", str(run))
    return int(row[0])


async def load_opened_run(conn: Connection, run_id: int, span: Span = EVER) -> tuple[int, ...]:
    """A run, and all that belong to it: an Airflow DAG reads and writes by its tasks. A statement for each level of them."""

    async def hop(level: Sequence[int]) -> list[int]:
        return [child for (child,) in await (await conn.execute(_CHILDREN, (list(level), span.at))).fetchall()]

    return tuple(await walk(hop, [run_id], _LEVELS))


class RunsRead:
    """Runs met on the way, with the versions that they read; what one walk has read the next one need not. ``complete`` is false
    once a walk has met more runs than ``most``, which are not followed further."""

    def __init__(self, conn: Connection, most: int | None = None, span: Span = EVER) -> None:
        self._conn = conn
        self._most = most
        self._span = span
        self.complete = True
        self.runs: dict[int, ReadingRun] = {}
        self.read: dict[tuple[int, int], list[UUID]] = {}

    async def upstream(self, start: Iterable[int], depth: int) -> dict[int, int]:
        """Distance of these runs and of those that wrote what they read, within ``depth`` steps, which are loaded. Among them may
        be ids of versions that no run wrote."""
        met = 0

        async def hop(level: Sequence[int]) -> list[int]:
            nonlocal met
            met += len(level)
            if self._most is not None and met > self._most:
                self.complete = False
                return []
            await self.load([run_id for run_id in level if run_id not in self.runs])
            return [ids.version_of(version) for run_id in level for version in self._read_by(run_id)]

        distances = await walk(hop, start, depth)
        if self.complete:
            await self.load([run_id for run_id in distances if run_id not in self.runs])
        return distances

    def ordered(self, distances: Mapping[int, int]) -> list[ReadingRun]:
        """The runs among ``distances``: the first of these, then the nearest, then by the job's name."""
        found = [self.runs[run_id] for run_id in distances if run_id in self.runs]
        asked = next(iter(distances), None)
        return sorted(found, key=lambda r: (r.run_id != asked, distances[r.run_id], r.job, r.namespace, r.uuid))

    def cut(self, distances: Mapping[int, int], uuids: Mapping[int, UUID]) -> tuple[str, ...]:
        """Why there are more runs than a walk with these ``distances`` has met: `size`, or `depth`. ``uuids`` as below."""
        if not self.complete:
            return ("size",)
        writers = {ids.version_of(version) for run_id in distances for version in self._read_by(run_id)}
        return ("depth",) if writers & uuids.keys() - distances.keys() else ()

    async def load(self, run_ids: Collection[int], datasets: Collection[int] | None = None) -> dict[tuple[int, int], list[UUID]]:
        """What these runs read, by run and dataset as named; only of ``datasets`` (canonical ids) if given."""
        if not run_ids:
            return {}
        runs = await self._load(run_ids)
        inputs = ((run, told) for run in runs for told in run.inputs)
        readings = [_reading(run, told) for run, told in inputs if datasets is None or told.canonical_id in datasets]
        read = await versions_read(self._conn, readings)
        self.read |= read
        return read

    def _read_by(self, run_id: int) -> list[UUID]:
        run = self.runs.get(run_id)
        return [version for told in run.inputs for version in self.read.get((run_id, told.dataset_id), [])] if run else []

    async def uuids(self) -> dict[int, UUID]:
        """Of all runs that wrote something read here, those beyond the depth included."""
        known = {run.run_id: run.uuid for run in self.runs.values()}
        beyond = {ids.version_of(version) for versions in self.read.values() for version in versions} - known.keys()
        if beyond:
            known.update(await (await self._conn.execute(_UUIDS, (sorted(beyond),))).fetchall())
        return known

    async def _load(self, run_ids: Iterable[int]) -> list[ReadingRun]:
        found: dict[int, ReadingRun] = {}
        asked = {"runs": list(run_ids), **self._span._asdict()}
        for row in await (await self._conn.execute(_RUNS, asked)).fetchall():
            run = found.setdefault(row[0], ReadingRun(*(*row[:12], [])).as_of(self._span.at))
            if row[12] is not None:
                run.inputs.append(Input(*row[12:]))
        self.runs |= found
        return list(found.values())


def _reading(run: ReadingRun, told: Input) -> Reading:
    start = run.started_at or run.first_at
    return Reading(run.run_id, run.month, told.dataset_id, told.canonical_id, told.schema_id, start)


def shown_run(run: ReadingRun, read: dict[tuple[int, int], list[UUID]], uuids: dict[int, UUID]) -> UpstreamRun:
    has_version = run.streaming or run.state in _ENDED
    return UpstreamRun(
        job=UpstreamJob(
            namespace=run.namespace,
            name=run.job,
            version=ids.job_version_uuid(run.job_id, run.version_id) if has_version else None,
        ),
        run=UpstreamRunDetails(
            id=run.uuid,
            start=run.started_at,
            end=run.end,
            status=run.state,
        ),
        inputs=[
            UpstreamInput(
                namespace=told.namespace,
                name=told.name,
                version=version,
                producedByRunId=uuids.get(ids.version_of(version)) if version else None,
            )
            for told in sorted(run.inputs, key=lambda t: (t.namespace, t.name))
            for version in _versions(read.get((run.run_id, told.dataset_id)))
        ],
    )


def _versions(read: list[UUID] | None) -> list[UUID | None]:
    """An input is shown even where no version of it is known."""
    return [*read] if read else [None]
