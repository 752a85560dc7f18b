"""GET /jobs/runs"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Read, json, uuid_of
from headwater.api.parameters import one_of
from headwater.api.paths import Name
from headwater.catalog import runs
from headwater.entities.run import Run, RunFacets

router = APIRouter(prefix="/api/v1/jobs/runs", tags=["Runs"])

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
