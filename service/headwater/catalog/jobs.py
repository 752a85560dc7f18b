"""Jobs, with what they read and write now and their latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.aliases import IS_ALIAS, JOIN_HOME, JOIN_PARENT
from headwater.catalog.facets import Shown, decode, load_bodies, show
from headwater.catalog.names import ALL, Names, indexed_condition
from headwater.catalog.namespaces import require_namespace
from headwater.catalog.page import Page
from headwater.catalog.runs import RUN_COLUMNS, shown_run
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetId
from headwater.entities.job import Job, JobId, Jobs
from headwater.entities.run import JobName, Run, RunState
from headwater.errors import NotFound

_FIND = f"SELECT h.job_id FROM jobs j {JOIN_HOME} WHERE j.job_id = %s AND NOT h.is_hidden"

# The lists: of all namespaces or one, of jobs in all states or some, by all names or some.
_VISIBLE = f"FROM jobs j WHERE NOT j.is_hidden AND NOT {IS_ALIAS}"
_IN_NAMESPACE = " AND j.namespace_id = %(namespace)s"
_IN_STATES = """ AND (
    SELECT r.state FROM runs r WHERE r.job_id = j.job_id ORDER BY r.first_at DESC, r.run_id LIMIT 1
) = ANY(%(states)s)"""
# A page of all jobs is read from an index. Which of them are in some states is found out once, for the count and the page.
_PAGE = """
WITH wanted AS {once} (SELECT j.job_id, coalesce(j.last_at, j.first_at) AS at {wanted})
SELECT (SELECT count(*) FROM wanted),
       ARRAY(SELECT job_id FROM wanted ORDER BY at DESC, job_id LIMIT %(limit)s OFFSET %(offset)s)
"""

_JOBS = f"""
SELECT j.job_id, n.name, j.name, pa.name, p.name, p.job_id, j.first_at, coalesce(j.last_at, j.first_at), j.declared_at,
       j.facets::text,
       (SELECT r.version_id FROM runs r
        WHERE r.job_id = j.job_id AND (r.streaming OR r.state IN ('COMPLETED', 'ABORTED', 'FAILED'))
        ORDER BY r.first_at DESC, r.run_id LIMIT 1)
FROM jobs j
JOIN namespaces n ON n.namespace_id = j.namespace_id
{JOIN_PARENT}
WHERE j.job_id = ANY(%s)
"""
# An edge may be told by another job's events (explicit lineage): then that job's floor says whether it is current.
_IO = """
SELECT DISTINCT e.job_id, e.output, e.dataset_id, n.name COLLATE "C", c.name COLLATE "C"
FROM (
    SELECT target_id AS job_id, false AS output, source_id AS dataset_id, owner_id, last_at
    FROM edges WHERE target_id = ANY(%(ids)s) AND kind = 1
    UNION ALL
    SELECT source_id, true, target_id, owner_id, last_at
    FROM edges WHERE source_id = ANY(%(ids)s) AND kind = 2
) e
JOIN jobs o ON o.job_id = e.owner_id AND e.last_at >= o.floor_at
JOIN datasets d ON d.dataset_id = e.dataset_id
JOIN datasets c ON c.dataset_id = d.canonical_id
JOIN namespaces n ON n.namespace_id = c.namespace_id
ORDER BY 4, 5
"""
_LATEST_RUNS = f"""
SELECT {RUN_COLUMNS}
FROM unnest(%s::bigint[]) AS k (job_id)
CROSS JOIN LATERAL (
    SELECT * FROM runs WHERE job_id = k.job_id ORDER BY first_at DESC, run_id LIMIT 10
) r
JOIN jobs j ON j.job_id = r.job_id
JOIN namespaces n ON n.namespace_id = j.namespace_id
ORDER BY r.job_id, r.first_at DESC, r.run_id
"""


@dataclass(frozen=True, slots=True)
class JobRow:
    job_id: int
    namespace: str
    name: str
    parent_alias: str | None
    parent: str | None
    parent_id: int | None
    first_at: datetime
    last_at: datetime
    declared_at: datetime | None
    facets: str
    version_id: int | None  # of its latest run that has one


@dataclass(slots=True)
class Io:
    """What a job reads and writes, each by name."""

    inputs: list[DatasetId] = field(default_factory=list)
    outputs: list[DatasetId] = field(default_factory=list)
    digest: int = 0  # io_digest that a run with these inputs and outputs has

    def add(self, dataset: DatasetId, *, output: bool) -> None:
        side = self.outputs if output else self.inputs
        if not side or side[-1] != dataset:  # two names of one dataset follow each other
            side.append(dataset)


async def find_job(conn: Connection, namespace: str, name: str) -> int:
    """Id of the job with this name or alias. Raises NotFound, of the namespace if that is missing too."""
    row = await (await conn.execute(_FIND, (ids.job_id(namespace, name),))).fetchone()
    if row is None:
        await require_namespace(conn, namespace)
        raise NotFound("Job", name)
    return int(row[0])


async def require_job(conn: Connection, namespace: str, name: str) -> None:
    """Raises NotFound where there is none of that name, hidden or not."""
    if await (await conn.execute("SELECT FROM jobs WHERE job_id = %s", (ids.job_id(namespace, name),))).fetchone() is None:
        raise NotFound("Job", name)


async def get_job(conn: Connection, namespace: str, name: str) -> Job:
    """Raises NotFound."""
    return (await load_jobs(conn, [await find_job(conn, namespace, name)]))[0]


async def list_outputs(conn: Connection, job: JobName) -> list[DatasetId]:
    """What a job writes now, hidden or not."""
    job_id = ids.job_id(job.namespace, job.name)
    return (await load_io(conn, [job_id])).get(job_id, Io()).outputs


async def list_jobs(
    conn: Connection, page: Page, namespace: str | None = None, states: Sequence[RunState] = (), names: Names = ALL
) -> Jobs:
    """Those with the latest event first; with ``states`` only those whose latest run is in one of them."""
    wanted = _VISIBLE + (_IN_NAMESPACE if namespace is not None else "") + indexed_condition("j", names)
    wanted += _IN_STATES if states else ""
    statement = _PAGE.format(wanted=wanted, once="MATERIALIZED" if states else "NOT MATERIALIZED")
    asked = {
        "namespace": ids.namespace_id(namespace or ""),
        "states": list(states),
        "limit": page.limit,
        "offset": page.offset,
        **names.parameters,
    }
    row = await (await conn.execute(statement, asked)).fetchone()
    assert row is not None
    return Jobs(totalCount=row[0], jobs=await load_jobs(conn, row[1]))


async def load_jobs(conn: Connection, job_ids: Sequence[int]) -> list[Job]:
    """The jobs with these ids, in their order, by a constant number of statements."""
    rows = {row[0]: JobRow(*row) for row in await (await conn.execute(_JOBS, (list(job_ids),))).fetchall()}
    io = await load_io(conn, job_ids)
    latest = await _load_latest_runs(conn, job_ids)
    facets = {job_id: decode(row.facets) for job_id, row in rows.items()}
    bodies = await load_bodies(conn, facets.values())
    return [_job(rows[i], show(facets[i], bodies), io.get(i, Io()), latest.get(i, [])) for i in job_ids if i in rows]


async def load_io(conn: Connection, job_ids: Sequence[int]) -> dict[int, Io]:
    """What the jobs read and write now."""
    found: dict[int, Io] = {}
    rows = await (await conn.execute(_IO, {"ids": list(job_ids)})).fetchall()
    for job_id, output, dataset_id, namespace, name in rows:
        io = found.setdefault(job_id, Io())
        io.add(DatasetId(namespace=namespace, name=name), output=output)
        io.digest ^= ids.io_digest(dataset_id, output=output)
    return found


async def _load_latest_runs(conn: Connection, job_ids: Sequence[int]) -> dict[int, list[Run]]:
    latest: dict[int, list[Run]] = {}
    for row in await (await conn.execute(_LATEST_RUNS, (list(job_ids),))).fetchall():
        latest.setdefault(row[3], []).append(shown_run(row))
    return latest


def _job(row: JobRow, facets: Shown, io: Io, runs: list[Run]) -> Job:
    return Job(
        id=JobId(namespace=row.namespace, name=row.name),
        type=meaning.job_type(facets),
        name=row.name,
        simpleName=row.name.removeprefix(f"{row.parent_alias}."),
        parentJobName=row.parent,
        parentJobUuid=ids.entity_uuid(row.parent_id) if row.parent_id is not None else None,
        createdAt=row.first_at,
        updatedAt=row.last_at,
        namespace=row.namespace,
        inputs=io.inputs,
        outputs=io.outputs,
        location=meaning.location(facets),
        description=meaning.description(facets),
        latestRun=runs[0] if runs else None,
        latestRuns=runs or None,
        facets=meaning.public(facets),
        currentVersion=_current_version(row, io),
        labels=meaning.labels(facets),
        tags=meaning.tags_by_field(facets).get(None, []),
        owners=meaning.owners(facets),
    )


def _current_version(row: JobRow, io: Io) -> UUID | None:
    """That of its latest run; of a job that only events declare, the one that a run of it would have."""
    if row.version_id is not None:
        return ids.job_version_uuid(row.job_id, row.version_id)
    return ids.job_version_uuid(row.job_id, io.digest) if row.declared_at else None
