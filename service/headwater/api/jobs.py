"""/jobs and /namespaces/{namespace}/jobs"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from headwater.api.deps import BAD_REQUEST, ERASED, NOT_FOUND, TOLD, Hard, Names, Page, Read, json, uuid_of
from headwater.api.kept import Kept
from headwater.api.metas import JobMeta, RunMeta
from headwater.api.parameters import one_of
from headwater.api.paths import Name, NotBlank
from headwater.api.telling import erase, tell, with_schemas, write
from headwater.catalog import datasets, job_versions, jobs, namespaces, runs
from headwater.db.pool import Connection
from headwater.entities.job import Job, Jobs, JobVersion, JobVersions
from headwater.entities.run import Run, Runs, RunState
from headwater.errors import Invalid, NotFound
from headwater.ids import new_run
from headwater.ingest import own_events
from headwater.ingest.writes import Erase, Hide
from headwater.openlineage.times import now

router = APIRouter(prefix="/api/v1", tags=["Jobs"], route_class=Kept)

_State = Annotated[RunState, one_of("NEW", "RUNNING", "COMPLETED", "ABORTED", "FAILED", "OTHER")]
_States = Annotated[list[_State], Query(description="Only jobs whose latest run is in one of these states.")]


@router.get("/jobs", response_model=Jobs, responses=BAD_REQUEST)
async def list_all_jobs(read: Read, page: Page, names: Names, lastRunStates: _States = []) -> Response:  # noqa: B006, N803
    """Jobs of all namespaces; those with the latest event first."""
    return json(await jobs.list_jobs(read, page, states=lastRunStates, names=names))


@router.get("/namespaces/{namespace}/jobs", response_model=Jobs, responses=BAD_REQUEST)
async def list_jobs(
    read: Read,
    namespace: Name,
    page: Page,
    names: Names,
    lastRunStates: _States = [],  # noqa: B006, N803
) -> Response:
    """Jobs of a namespace; none where there is no such namespace."""
    return json(await jobs.list_jobs(read, page, namespace, lastRunStates, names))


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
    """Runs of a job by their start, newest first; those of which only the end is known come last."""
    job_id = await jobs.find_job(read, namespace, job)
    return json(await runs.list_runs(read, job_id, page))


_JOB = "/namespaces/{namespace}/jobs/{job}"


@router.put(_JOB, response_model=Job, responses={**TOLD, **NOT_FOUND})
async def put_job(request: Request, read: Read, namespace: Name, job: Name, meta: JobMeta) -> Response:
    """Makes a job, or says anew what it is, reads and writes: in general, or (``runId``) in one run of it."""
    await namespaces.require_namespace(read, namespace)
    for dataset in (*meta.inputs, *meta.outputs):
        await datasets.find_dataset(read, dataset.namespace, dataset.name)
    facets = own_events.job_facets(meta.type, meta.description, meta.location)
    inputs, outputs = ([(d.namespace, d.name) for d in side] for side in (meta.inputs, meta.outputs))
    if meta.runId is None:
        event = own_events.job_event(now(), ((namespace, job), facets), inputs, outputs)
    else:
        named = await runs.find_job_of_run(read, meta.runId)
        of_run = (await runs.get_run(read, meta.runId)).job
        if (of_run.namespace, of_run.name) != (namespace, job):
            raise NotFound("Run", str(meta.runId))
        written = await with_schemas(read, outputs)
        event = own_events.run_event(now(), None, str(meta.runId), (named, facets), None, [(d, {}) for d in inputs], written)
    await tell(request, event)
    return json(await jobs.get_job(read, namespace, job))


@router.delete(_JOB, response_model=Job, responses=ERASED)
async def delete_job(request: Request, read: Read, namespace: Name, job: Name, hard: Hard = False) -> Response:
    """Hides a job, until the next event that names it; nothing is lost."""
    if hard:
        await jobs.require_job(read, namespace, job)
        return await erase(request, Erase(namespace, job=job))
    known = await jobs.get_job(read, namespace, job)
    await write(request, Hide(known.namespace, job=known.name))
    return json(known)


@router.post(f"{_JOB}/undelete", response_model=Job, responses=NOT_FOUND)
async def undelete_job(request: Request, read: Read, namespace: Name, job: Name) -> Response:
    """Shows a hidden job again."""
    await jobs.require_job(read, namespace, job)
    await write(request, Hide(namespace, job=job, shown=True))
    return json(await jobs.get_job(read, namespace, job))


@router.post(f"{_JOB}/tags/{{tag}}", response_model=Job, responses=NOT_FOUND)
async def tag_job(request: Request, read: Read, namespace: Name, job: Name, tag: NotBlank) -> Response:
    """Gives a job a tag, which is made if there is none of that name."""
    return await _tag(request, read, namespace, job, tag, removed=False)


@router.delete(f"{_JOB}/tags/{{tag}}", response_model=Job, responses=NOT_FOUND)
async def untag_job(request: Request, read: Read, namespace: Name, job: Name, tag: NotBlank) -> Response:
    """Takes a tag away, also one that events give it."""
    return await _tag(request, read, namespace, job, tag, removed=True)


async def _tag(request: Request, read: Connection, namespace: str, job: str, tag: str, *, removed: bool) -> Response:
    known = await jobs.get_job(read, namespace, job)
    if (tag in known.tags) == removed:
        facets = own_events.tag_facets([(None, tag)], removed=removed)
        await tell(request, own_events.job_event(now(), ((known.namespace, known.name), facets)))
    return json(await jobs.get_job(read, namespace, job))


@router.post(f"{_JOB}/runs", response_model=Run, status_code=201, responses={**TOLD, **NOT_FOUND})
async def create_run(request: Request, read: Read, namespace: Name, job: Name, meta: RunMeta) -> Response:
    """A new run of a job, which reads what the job reads."""
    known = await jobs.get_job(read, namespace, job)
    run = meta.id or new_run()
    if await runs.exists(read, run):
        raise Invalid(f"Run '{run}' already exists for '{job}' under namespace '{namespace}'.")
    inputs = [((d.namespace, d.name), own_events.NO_FACETS) for d in known.inputs]
    facets = own_events.run_facets(meta.args, meta.nominalStartTime, meta.nominalEndTime)
    event = own_events.run_event(now(), None, str(run), ((known.namespace, known.name), {}), facets, inputs)
    await tell(request, event)
    answer = json(await runs.get_run(read, run))
    answer.status_code = 201
    answer.headers["Location"] = f"{request.url.path}/{run}"
    return answer
