"""The runs that a run stands on: those that wrote what it read, those that wrote what these read, and so on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from headwater import ids
from headwater.catalog.versions import Reading, versions_read
from headwater.db.pool import Connection
from headwater.entities.lineage import UpstreamInput, UpstreamJob, UpstreamRun, UpstreamRunDetails, UpstreamRuns
from headwater.entities.run import RunState
from headwater.errors import NotFound
from headwater.lineage.walk import walk

_ENDED = ("COMPLETED", "ABORTED", "FAILED")
_FIND = """
SELECT run_id FROM runs WHERE run_uuid = %s AND month = %s ORDER BY last_at IS NULL, first_at, run_id LIMIT 1
"""
# A run and an input of it in each row; one row without an input where it has none.
_RUNS = """
SELECT r.run_id, r.run_uuid, r.job_id, jn.name, j.name, r.month, r.started_at, r.first_at, r.ended_at, r.state,
       r.streaming, r.version_id, io.dataset_id, c.dataset_id, cn.name, c.name, (io.facets->'schema'->>1)::bigint
FROM runs r
JOIN jobs j ON j.job_id = r.job_id
JOIN namespaces jn ON jn.namespace_id = j.namespace_id
LEFT JOIN (
    run_io io
    JOIN datasets d ON d.dataset_id = io.dataset_id
    JOIN datasets c ON c.dataset_id = d.canonical_id
    JOIN namespaces cn ON cn.namespace_id = c.namespace_id
) ON io.run_id = r.run_id AND io.month = r.month AND NOT io.output
WHERE r.run_id = ANY(%s)
"""
_UUIDS = "SELECT run_id, run_uuid FROM runs WHERE run_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class _Input:
    dataset_id: int  # as the run names it
    canonical_id: int
    namespace: str
    name: str
    schema_id: int | None


@dataclass(frozen=True, slots=True)
class _Run:
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
    inputs: list[_Input]


async def get_upstream(conn: Connection, run: UUID, depth: int) -> UpstreamRuns:
    """The run itself first; ``depth`` counts steps from run to run. Raises NotFound."""
    row = await (await conn.execute(_FIND, (run, ids.run_month(run)))).fetchone()
    if row is None:
        raise NotFound("Run", str(run))
    trace = _Trace(conn)
    distances = await walk(trace.hop, [row[0]], depth)
    await trace.hop([run_id for run_id in distances if run_id not in trace.runs])
    uuids = await trace.uuids()
    found = [trace.runs[run_id] for run_id in distances if run_id in trace.runs]
    found.sort(key=lambda r: (distances[r.run_id], r.job, r.namespace, r.uuid))
    return UpstreamRuns(runs=[_shown(r, trace.read, uuids) for r in found])


class _Trace:
    """Runs met on the way, with the versions that they read."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.runs: dict[int, _Run] = {}
        self.read: dict[tuple[int, int], list[UUID]] = {}

    async def hop(self, level: Sequence[int]) -> list[int]:
        """Runs that wrote what these read. Among them may be ids of versions that no run wrote."""
        if not level:
            return []
        runs = await self._load(level)
        readings = [_reading(run, told) for run in runs for told in run.inputs]
        read = await versions_read(self._conn, readings)
        self.read |= read
        return [ids.version_of(version) for versions in read.values() for version in versions]

    async def uuids(self) -> dict[int, UUID]:
        """Of all runs that wrote something read here, those beyond the depth included."""
        known = {run.run_id: run.uuid for run in self.runs.values()}
        beyond = {ids.version_of(version) for versions in self.read.values() for version in versions} - known.keys()
        if beyond:
            known.update(await (await self._conn.execute(_UUIDS, (sorted(beyond),))).fetchall())
        return known

    async def _load(self, run_ids: Iterable[int]) -> list[_Run]:
        found: dict[int, _Run] = {}
        for row in await (await self._conn.execute(_RUNS, (list(run_ids),))).fetchall():
            run = found.setdefault(row[0], _Run(*(*row[:12], [])))
            if row[12] is not None:
                run.inputs.append(_Input(*row[12:]))
        self.runs |= found
        return list(found.values())


def _reading(run: _Run, told: _Input) -> Reading:
    start = run.started_at or run.first_at
    return Reading(run.run_id, run.month, told.dataset_id, told.canonical_id, told.schema_id, start)


def _shown(run: _Run, read: dict[tuple[int, int], list[UUID]], uuids: dict[int, UUID]) -> UpstreamRun:
    has_version = run.streaming or run.state in _ENDED
    return UpstreamRun(
        job=UpstreamJob(
            namespace=run.namespace,
            name=run.job,
            version=ids.job_version_uuid(run.job_id, run.version_id) if has_version else None,
        ),
        run=UpstreamRunDetails(
            id=run.uuid,
            start=run.started_at or (None if run.state == "NEW" else run.first_at),
            end=run.ended_at if run.state in _ENDED else None,
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
