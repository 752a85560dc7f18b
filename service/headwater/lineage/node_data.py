"""What a lineage graph says of a job or dataset, as a fragment of JSON: the members of the node's ``data`` object.

A job's ``inputs`` and ``outputs`` are left out: they are the node's edges, which change at other times.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.aliases import JOIN_PARENT
from headwater.catalog.datasets import load_datasets
from headwater.catalog.facets import Facet, FacetMap, Shown, decode, load_bodies, show
from headwater.catalog.runs import RunKey, load_runs
from headwater.db.pool import Connection
from headwater.entities import encode
from headwater.entities.job import JobId
from headwater.entities.run import Run
from headwater.openlineage.facets import OWN_JOB

_JOBS = f"""
SELECT j.job_id, n.name, j.name, pa.name, p.name, p.job_id, j.first_at, coalesce(j.last_at, j.first_at), j.facets::text,
       r.run_id, r.month
FROM jobs j
JOIN namespaces n ON n.namespace_id = j.namespace_id
{JOIN_PARENT}
LEFT JOIN LATERAL (
    SELECT run_id, month FROM runs WHERE job_id = j.job_id ORDER BY first_at DESC, run_id LIMIT 1
) r ON true
WHERE j.job_id = ANY(%s)
"""
_JOB_FACETS = ("jobType", "documentation", "sourceCodeLocation", OWN_JOB)
_DATASET_FIELDS = (
    "id", "type", "name", "physicalName", "createdAt", "updatedAt", "namespace", "sourceName", "fields", "lastModifiedAt",
    "description", "lastLifecycleState",
)  # fmt: skip


class _Job(NamedTuple):
    job_id: int
    namespace: str
    name: str
    parent_alias: str | None
    parent: str | None
    parent_id: int | None
    first_at: datetime
    last_at: datetime
    facets: str
    run: RunKey | None


class JobData(NamedTuple):
    told: bytes
    datasets: frozenset[int]  # canonical ids of those that the latest run read or wrote: their names are told too


async def load_job_data(conn: Connection, job_ids: Sequence[int]) -> dict[int, JobData]:
    """By job id, in a constant number of statements."""
    if not job_ids:
        return {}
    rows = await (await conn.execute(_JOBS, (list(job_ids),))).fetchall()
    jobs = [_Job._make((*row[:9], RunKey(*row[9:]) if row[9] is not None else None)) for row in rows]
    runs = await load_runs(conn, [job.run for job in jobs if job.run is not None])
    facets = {job.job_id: _interpreted(decode(job.facets)) for job in jobs}
    bodies = await load_bodies(conn, facets.values())
    return {
        job.job_id: _job_data(job, show(facets[job.job_id], bodies), runs.get(job.run.run_id) if job.run else None)
        for job in jobs
    }


async def load_dataset_data(conn: Connection, canonical_ids: Sequence[int]) -> dict[int, bytes]:
    """By canonical id, in a constant number of statements."""
    if not canonical_ids:
        return {}
    found: dict[int, bytes] = {}
    for dataset in await load_datasets(conn, canonical_ids, with_columns=False):
        told = {key: getattr(dataset, key) for key in _DATASET_FIELDS}
        # Marquez leaves the tags of the whole dataset out of its graphs; they are at the dataset itself.
        told["tags"] = []
        if dataset.type == "STREAM":
            told["schemaLocation"] = None
        found[ids.dataset_id(dataset.namespace, dataset.name)] = _members(told)
    return found


def _interpreted(facets: FacetMap) -> dict[str, Facet]:
    return {key: facets[key] for key in _JOB_FACETS if key in facets}


def _job_data(job: _Job, facets: Shown, run: Run | None) -> JobData:
    told = _members(
        {
            "id": JobId(namespace=job.namespace, name=job.name),
            "type": meaning.job_type(facets),
            "name": job.name,
            "simpleName": job.name.removeprefix(f"{job.parent_alias}."),
            "parentJobName": job.parent,
            "parentJobUuid": ids.entity_uuid(job.parent_id) if job.parent_id is not None else None,
            "currentRunUuid": run.id if run else None,
            "createdAt": job.first_at,
            "updatedAt": job.last_at,
            "namespace": job.namespace,
            "location": meaning.location(facets),
            "description": meaning.description(facets),
            "latestRun": run,
        }
    )
    versions = [v.datasetVersionId for v in (*run.inputDatasetVersions, *run.outputDatasetVersions)] if run else []
    return JobData(told, frozenset(ids.dataset_id(v.namespace, v.name) for v in versions))


def _members(told: dict[str, object]) -> bytes:
    """The object without its braces."""
    return encode(told)[1:-1]
