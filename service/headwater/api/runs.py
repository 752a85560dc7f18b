"""/jobs/runs"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Read, json, uuid_of
from headwater.api.kept import Kept
from headwater.api.parameters import Moment, one_of
from headwater.api.paths import Name
from headwater.api.telling import tell, with_schemas
from headwater.catalog import jobs, runs
from headwater.entities.run import Run, RunDatasetVersion, RunFacets
from headwater.ingest import own_events
from headwater.openlineage.times import now

router = APIRouter(prefix="/api/v1/jobs/runs", tags=["Runs"], route_class=Kept)

_Kind = Annotated[
    Literal["RUN", "JOB", "DATASET"],
    one_of("RUN", "JOB", "DATASET"),
    Query(description="Whose facets: the run's, or its job's as the run has them; DATASET gives none."),
]


@router.get("/{run}", response_model=Run, responses=NOT_FOUND)
async def get_run(read: Read, run: Name) -> Response:
    """One run."""
    return json(await runs.get_run(read, uuid_of("Run", run)))


@router.get("/{run}/facets", response_model=RunFacets, responses={**BAD_REQUEST, **NOT_FOUND})
async def get_run_facets(read: Read, run: Name, type: _Kind) -> Response:  # noqa: A002 - Marquez's name
    """Facets of one run."""
    return json(await runs.get_run_facets(read, uuid_of("Run", run), type))


_At = Annotated[Moment | None, Query(description="When it happened; now where absent.")]
_TYPES = {"start": "START", "complete": "COMPLETE", "fail": "FAIL", "abort": "ABORT"}


@router.post("/{run}/{transition}", response_model=Run, responses={**BAD_REQUEST, **NOT_FOUND})
async def mark_run(
    request: Request, read: Read, run: Name, transition: Literal["start", "complete", "fail", "abort"], at: _At = None
) -> Response:
    """Says that a run has begun or ended. One that completes without having named outputs wrote those of its job."""
    uuid = uuid_of("Run", run)
    job = await runs.find_job_of_run(read, uuid)
    known = await runs.get_run(read, uuid)
    named = [] if transition == "start" else dict.fromkeys(map(_name, known.outputDatasetVersions))
    written = [(name, own_events.NO_FACETS) for name in named]
    if transition == "complete" and not written:
        written = await with_schemas(read, [(d.namespace, d.name) for d in await jobs.list_outputs(read, known.job)])
    time = at.isoformat() if at else now()
    outputs = [(name, facets | own_events.MODIFIED) for name, facets in written]
    await tell(request, own_events.run_event(time, _TYPES[transition], str(uuid), (job, {}), outputs=outputs))
    return json(await runs.get_run(read, uuid))


def _name(version: RunDatasetVersion) -> tuple[str, str]:
    return version.datasetVersionId.namespace, version.datasetVersionId.name
