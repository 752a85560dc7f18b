"""/models"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api.asking import Asked, asking, then_of
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Page, Read, Responses, json
from headwater.api.parameters import Text, one_of
from headwater.api.paths import Name
from headwater.catalog import models
from headwater.entities.model import Affected, Comparison, Model, Models, ModelVersion, ModelVersions, Trace
from headwater.lineage.models.affected import affected
from headwater.lineage.models.compare import compare
from headwater.lineage.models.prov import prov
from headwater.lineage.models.trace import FURTHEST, trace
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1/models", tags=["Models"])

_PROV = "application/prov+json"
_TRACE: Responses = {200: {"content": {_PROV: {"schema": {"type": "object"}}}, "description": "The trace."}}
_NodeId = Annotated[
    Text,
    Query(
        alias="nodeId",
        description="`dataset:<namespace>:<name>`, the same with `#<version>`, `datasetField:<namespace>:<dataset>:<field>`,"
        " `job:<namespace>:<name>` or `run:<uuid>`.",
    ),
]
_Version = Annotated[str, Query(description="Our UUID, the external version such as `v1.2`, or `latest`.")]
_Depth = Annotated[int, Query(ge=0, le=FURTHEST, description="Steps from run to run; without it, to the sources.")]
_Format = Annotated[
    Literal["JSON", "PROV"], one_of("JSON", "PROV"), Query(description=f"`prov`: PROV-JSON, also by `Accept: {_PROV}`.")
]


@router.get("", response_model=Models, responses=BAD_REQUEST)
async def list_models(
    read: Read, page: Page, namespace: Annotated[str | None, Query(description="Only those of this namespace.")] = None
) -> Response:
    """ML models: the datasets whose datasetType facet says MODEL."""
    return json(await models.list_models(read, page, namespace))


@router.get("/affected", response_model=Affected, responses={**BAD_REQUEST, **NOT_FOUND})
async def get_affected(request: Request, which: Asked, node_id: _NodeId) -> Response:
    """The models, versions of models and deployments that a dataset, column, job, version or run reaches.

    Of datasets, jobs and columns by the graph, of which `asOf` and `history` speak; of versions and runs by what runs read.
    """
    async with asking(request, which) as (conn, flow_of):
        return json(await affected(conn, flow_of, node_id, await then_of(conn, which)))


@router.get("/{namespace}/{model}", response_model=Model, responses=NOT_FOUND)
async def get_model(read: Read, namespace: Name, model: Name) -> Response:
    """One model."""
    return json(await models.get_model(read, namespace, model))


@router.get("/{namespace}/{model}/versions", response_model=ModelVersions, responses={**BAD_REQUEST, **NOT_FOUND})
async def list_versions(read: Read, namespace: Name, model: Name, page: Page) -> Response:
    """Versions of a model, newest first, each with the run that trained it."""
    return json(await models.list_model_versions(read, namespace, model, page))


@router.get("/{namespace}/{model}/compare", response_model=Comparison, responses={**BAD_REQUEST, **NOT_FOUND})
async def compare_versions(
    request: Request,
    namespace: Name,
    model: Name,
    before: Annotated[_Version, Query(alias="from")],
    after: Annotated[_Version, Query(alias="to")],
) -> Response:
    """What differs between two versions: data and where its difference begins, schema, features, parameters, code, metrics."""
    async with snapshot(request.app.state.pool) as conn:
        first = await models.find_version(conn, namespace, model, before)
        return json(await compare(conn, first, await models.find_version(conn, namespace, model, after)))


@router.get("/{namespace}/{model}/versions/{version}", response_model=ModelVersion, responses=NOT_FOUND)
async def get_version(read: Read, namespace: Name, model: Name, version: Name) -> Response:
    """One version: by our UUID, by its external version such as `v1.2`, or `latest`."""
    found = await models.find_version(read, namespace, model, version)
    return json((await models.load_model_versions(read, [found]))[0])


@router.get(
    "/{namespace}/{model}/versions/{version}/trace", response_model=Trace, responses={**_TRACE, **BAD_REQUEST, **NOT_FOUND}
)
async def get_trace(
    request: Request,
    namespace: Name,
    model: Name,
    version: Name,
    *,
    depth: _Depth = FURTHEST,
    format: _Format = "JSON",  # noqa: A002
) -> Response:
    """All that a version was made of, on to the sources; where it is in use; and what is missing to make it again."""
    async with snapshot(request.app.state.pool) as conn:
        found = await trace(conn, *await models.find_version(conn, namespace, model, version), depth)
    if format == "PROV" or _PROV in request.headers.get("accept", ""):
        answer = json(prov(found))
        answer.headers["content-type"] = _PROV
        return answer
    return json(found)
