"""GET /jobs and /namespaces/{namespace}/jobs"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Page, Read, json, uuid_of
from headwater.api.parameters import one_of
from headwater.api.paths import Name
from headwater.catalog import job_versions, jobs, runs
from headwater.entities.job import Job, Jobs, JobVersion, JobVersions
from headwater.entities.run import Runs, RunState

router = APIRouter(prefix="/api/v1", tags=["Jobs"])

_State = Annotated[RunState, one_of("NEW", "RUNNING", "COMPLETED", "ABORTED", "FAILED", "OTHER")]
_States = Annotated[list[_State], Query(description="Only jobs whose latest run is in one of these states.")]


@router.get("/jobs", response_model=Jobs, responses=BAD_REQUEST)
async def list_all_jobs(read: Read, page: Page, lastRunStates: _States = []) -> Response:  # noqa: B006, N803
    """Jobs of all namespaces; those with the latest event first."""
    return json(await jobs.list_jobs(read, page, states=lastRunStates))


@router.get("/namespaces/{namespace}/jobs", response_model=Jobs, responses=BAD_REQUEST)
async def list_jobs(read: Read, namespace: Name, page: Page, lastRunStates: _States = []) -> Response:  # noqa: B006, N803
    """Jobs of a namespace; none where there is no such namespace."""
    return json(await jobs.list_jobs(read, page, namespace, lastRunStates))


@router.get("/namespaces/{namespace}/jobs/{job}", response_model=Job, responses=NOT_FOUND)
async def get_job(read: Read, namespace: Name, job: Name) -> Response:
    """One job, by its full name: of a child with its parent's in front."""
    return json(await jobs.get_job(read, namespace, job))


@router.get("/namespaces/{namespace}/jobs/{job}/versions", response_model=JobVersions, responses={**BAD_REQUEST, **NOT_FOUND})
async def list_job_versions(read: Read, namespace: Name, job: Name, page: Page) -> Response:
    """Versions of a job, newest first."""
    return json(await job_versions.list_job_versions(read, namespace, job, page))


@router.get("/namespaces/{namespace}/jobs/{job}/versions/{version}", response_model=JobVersion, responses=NOT_FOUND)
async def get_job_version(read: Read, namespace: Name, job: Name, version: Name) -> Response:
    """One version, by the UUID that the job and its runs show."""
    return json(await job_versions.get_job_version(read, namespace, job, uuid_of("Job version", version)))


@router.get("/namespaces/{namespace}/jobs/{job}/runs", response_model=Runs, responses={**BAD_REQUEST, **NOT_FOUND})
async def list_runs(read: Read, namespace: Name, job: Name, page: Page) -> Response:
    """Runs of a job, newest first."""
    job_id = await jobs.find_job(read, namespace, job)
    return json(await runs.list_runs(read, job_id, page))
