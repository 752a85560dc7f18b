"""Job versions: a job with certain inputs, outputs and code, as its runs that ended (or stream) have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from headwater import ids
from headwater.catalog import jobs, meaning
from headwater.catalog.facets import decode, load_bodies, show
from headwater.catalog.page import Page, count
from headwater.catalog.runs import RunKey, load_runs
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetId
from headwater.entities.job import JobVersion, JobVersions
from headwater.entities.run import JobVersionId, Run, RunDatasetVersion
from headwater.errors import NotFound

# Newest first; with each version its latest run. A limit of null takes all.
_PAGE = """
SELECT version_id, min(first_at), (array_agg(run_id ORDER BY first_at DESC, run_id))[1],
       (array_agg(month ORDER BY first_at DESC, run_id))[1]
FROM runs
WHERE job_id = %s AND (streaming OR state IN ('COMPLETED', 'ABORTED', 'FAILED'))
GROUP BY version_id ORDER BY 2 DESC, version_id LIMIT %s OFFSET %s
"""
_COUNT = """
SELECT count(DISTINCT version_id) FROM runs
WHERE job_id = %s AND (streaming OR state IN ('COMPLETED', 'ABORTED', 'FAILED'))
"""
_DECLARED = "SELECT declared_at, facets::text FROM jobs WHERE job_id = %s AND declared_at IS NOT NULL"
_FACETS = "SELECT run_id, job_facets::text FROM runs WHERE run_id = ANY(%s) AND month = ANY(%s)"


@dataclass(frozen=True, slots=True)
class _Row:
    version_id: int
    first_at: datetime
    run_id: int
    month: date


async def list_job_versions(conn: Connection, namespace: str, name: str, page: Page) -> JobVersions:
    """Newest first. A job that only events declare has one. Raises NotFound."""
    job_id = await jobs.find_job(conn, namespace, name)
    total = await count(conn, _COUNT, (job_id,))
    if total == 0:
        declared = await _declared(conn, job_id, namespace, name)
        return JobVersions(totalCount=len(declared), versions=declared[page.offset : page.offset + page.limit])
    rows = await _rows(conn, job_id, page.limit, page.offset)
    return JobVersions(totalCount=total, versions=await _load(conn, job_id, namespace, name, rows))


async def get_job_version(conn: Connection, namespace: str, name: str, version: UUID) -> JobVersion:
    """Raises NotFound."""
    job_id = await jobs.find_job(conn, namespace, name)
    rows = [r for r in await _rows(conn, job_id, None, 0) if ids.job_version_uuid(job_id, r.version_id) == version]
    found = await _load(conn, job_id, namespace, name, rows) if rows else await _declared(conn, job_id, namespace, name)
    for shown in found:
        if shown.version == version:
            return shown
    raise NotFound("Job version", str(version))


async def _rows(conn: Connection, job_id: int, limit: int | None, offset: int) -> list[_Row]:
    return [_Row(*row) for row in await (await conn.execute(_PAGE, (job_id, limit, offset))).fetchall()]


async def _load(conn: Connection, job_id: int, namespace: str, name: str, rows: Sequence[_Row]) -> list[JobVersion]:
    runs = await load_runs(conn, [RunKey(row.run_id, row.month) for row in rows])
    locations = await _locations(conn, rows)
    return [
        _version(
            JobVersionId(namespace=namespace, name=name, version=ids.job_version_uuid(job_id, row.version_id)),
            row.first_at,
            locations.get(row.run_id),
            runs[row.run_id],
        )
        for row in rows
        if row.run_id in runs
    ]


async def _locations(conn: Connection, rows: Sequence[_Row]) -> dict[int, str | None]:
    asked = [row.run_id for row in rows], list({row.month for row in rows})
    told = {run_id: decode(text) for run_id, text in await (await conn.execute(_FACETS, asked)).fetchall()}
    code = {i: {k: f for k, f in facets.items() if k == "sourceCodeLocation"} for i, facets in told.items()}
    bodies = await load_bodies(conn, code.values())
    return {run_id: meaning.location(show(facets, bodies)) for run_id, facets in code.items()}


async def _declared(conn: Connection, job_id: int, namespace: str, name: str) -> list[JobVersion]:
    row = await (await conn.execute(_DECLARED, (job_id,))).fetchone()
    if row is None:
        return []
    io = (await jobs.load_io(conn, [job_id])).get(job_id, jobs.Io())
    facets = decode(row[1])
    shown = show(facets, await load_bodies(conn, [facets]))
    version = JobVersionId(namespace=namespace, name=name, version=ids.job_version_uuid(job_id, io.digest))
    return [
        JobVersion(
            id=version,
            name=name,
            createdAt=row[0],
            version=version.version,
            namespace=namespace,
            location=meaning.location(shown),
            inputs=io.inputs,
            outputs=io.outputs,
            latestRun=None,
        )
    ]


def _version(version: JobVersionId, created: datetime, location: str | None, run: Run) -> JobVersion:
    return JobVersion(
        id=version,
        name=version.name,
        createdAt=created,
        version=version.version,
        namespace=version.namespace,
        location=location,
        inputs=_names(run.inputDatasetVersions),
        outputs=_names(run.outputDatasetVersions),
        latestRun=run,
    )


def _names(versions: Sequence[RunDatasetVersion]) -> list[DatasetId]:
    """The datasets, each once; they come sorted by name."""
    told = (v.datasetVersionId for v in versions)
    return list(dict.fromkeys(DatasetId(namespace=v.namespace, name=v.name) for v in told))
