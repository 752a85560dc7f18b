"""What a lineage graph says of a job or dataset, as a fragment of JSON: the members of the node's ``data`` object.

A job's ``inputs`` and ``outputs`` are left out: they are the node's edges, which change at other times.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.aliases import JOIN_PARENT
from headwater.catalog.datasets import load_known, shown_dataset
from headwater.catalog.facets import FacetMap, Shown, decode, load_bodies, show
from headwater.catalog.runs import RUN_COLUMNS, shown_run
from headwater.db.pool import Connection
from headwater.entities import encode
from headwater.entities.dataset import Dataset
from headwater.entities.job import JobId
from headwater.entities.run import Run
from headwater.openlineage.facets import OWN_JOB

_JOBS = f"""
SELECT j.job_id, n.name, j.name, pa.name, p.name, p.job_id, j.first_at, coalesce(j.last_at, j.first_at), j.facets::text,
       {RUN_COLUMNS}
FROM jobs j
JOIN namespaces n ON n.namespace_id = j.namespace_id
{JOIN_PARENT}
LEFT JOIN LATERAL (
    SELECT * FROM runs WHERE job_id = j.job_id ORDER BY first_at DESC, run_id LIMIT 1
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
    facets: FacetMap
    run: Run | None


class JobData(NamedTuple):
    told: bytes
    datasets: frozenset[int]  # canonical ids of those that the latest run read or wrote: their names are told too


async def load_node_data(
    conn: Connection, job_ids: Sequence[int], canonical_ids: Sequence[int]
) -> tuple[dict[int, JobData], dict[int, bytes]]:
    """Of jobs and of datasets, by id, in at most three statements."""
    jobs = await _load_jobs(conn, job_ids) if job_ids else []
    datasets = await load_known(conn, canonical_ids) if canonical_ids else {}
    maps = [*(job.facets for job in jobs), *chain.from_iterable(dataset.maps for dataset in datasets.values())]
    bodies = await load_bodies(conn, maps)
    return (
        {job.job_id: _job_data(job, show(job.facets, bodies)) for job in jobs},
        {dataset_id: _dataset_data(shown_dataset(known, bodies)) for dataset_id, known in datasets.items()},
    )


async def _load_jobs(conn: Connection, job_ids: Sequence[int]) -> list[_Job]:
    rows = await (await conn.execute(_JOBS, (list(job_ids),))).fetchall()
    return [
        _Job._make((*row[:8], _interpreted(decode(row[8])), shown_run(row[9:]) if row[9] is not None else None)) for row in rows
    ]


def _interpreted(facets: FacetMap) -> FacetMap:
    return {key: facets[key] for key in _JOB_FACETS if key in facets}


def _job_data(job: _Job, facets: Shown) -> JobData:
    run = job.run
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


def _dataset_data(dataset: Dataset) -> bytes:
    told = {key: getattr(dataset, key) for key in _DATASET_FIELDS}
    # Marquez leaves the tags of the whole dataset out of its graphs; they are at the dataset itself.
    told["tags"] = []
    return _members(told)


def _members(told: dict[str, object]) -> bytes:
    """The object without its braces."""
    return encode(told)[1:-1]
