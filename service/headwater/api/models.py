"""/models"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api.asking import Asked, asking, span_of
from headwater.api.asking_columns import then_of
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Page, Responses, json
from headwater.api.formats import FORMATS, Format, form_of, formatted
from headwater.api.parameters import Text, one_of
from headwater.api.paths import Name
from headwater.catalog import models
from headwater.entities.model import Affected, Comparison, Models, ModelVersions, OneModel, OneModelVersion, Trace
from headwater.lineage.models import listed
from headwater.lineage.models.affected import affected
from headwater.lineage.models.compare import compare
from headwater.lineage.models.drawn import affected_drawn, comparison_drawn, models_listed, trace_drawn, versions_listed
from headwater.lineage.models.prov import prov
from headwater.lineage.models.trace import FURTHEST, trace
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1/models", tags=["Models"])

_PROV = "application/prov+json"
_TRACE: Responses = {
    200: {"content": {**FORMATS[200]["content"], _PROV: {"schema": {"type": "object"}}}, "description": "The trace."}
}
_NodeId = Annotated[
    Text,
    Query(
        alias="nodeId",
        description="`dataset:<namespace>:<name>`, the same with `#<version>`, `datasetField:<namespace>:<dataset>:<field>`,"
        " `job:<namespace>:<name>` or `run:<uuid>`.",
    ),
]
_Version = Annotated[Text, Query(description="Our UUID, the external version such as `v1.2`, or `latest`.")]
_Depth = Annotated[int, Query(ge=0, le=FURTHEST, description="Steps from run to run; without it, to the sources.")]
_Format = Annotated[
    Literal["JSON", "PROV", "DOT", "MERMAID", "GRAPHML", "CSV"] | None,
    one_of("JSON", "PROV", "DOT", "MERMAID", "GRAPHML", "CSV"),
    Query(
        description="`prov`: PROV-JSON; `dot`, `mermaid`, `graphml`: the graph of runs and versions; `csv`: these as a table."
        " Without it, by the Accept header."
    ),
]


@router.get("", response_model=Models, responses={**FORMATS, **BAD_REQUEST})
async def list_models(
    request: Request,
    page: Page,
    namespace: Annotated[str | None, Query(description="Only those of this namespace.")] = None,
    format: Format = None,  # noqa: A002
) -> Response:
    """ML models: the datasets whose datasetType facet says MODEL."""
    form = form_of(request, format)
    async with snapshot(request.app.state.pool) as conn:
        found = await listed.list_models(conn, page, namespace)
    return await formatted(found if form == "JSON" else models_listed(found), form)


@router.get("/affected", response_model=Affected, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def get_affected(
    request: Request,
    which: Asked,
    node_id: _NodeId,
    format: Format = None,  # noqa: A002
) -> Response:
    """The models, versions of models and deployments that a dataset, column, job, version or run reaches.

    Of datasets, jobs and columns by the graph; of versions and runs by what runs read. With `asOf`: what was known by then, also
    of deployments; with `history=since=<time>`, of versions and runs what was read since. With `kinds` by these edges alone,
    as `/impact` has it; deployments are reached by what runs read and write, so by `input` and `output` together.
    """
    form = form_of(request, format)
    async with asking(request, which) as (conn, flow_of):
        then, span = await then_of(conn, which), await span_of(conn, which)
        found = await affected(conn, flow_of, node_id, then, span, which.kinds)
    return await formatted(found if form == "JSON" else affected_drawn(found), form)


@router.get("/{namespace}/{model}", response_model=OneModel, responses=NOT_FOUND)
async def get_model(request: Request, namespace: Name, model: Name) -> Response:
    """One model."""
    async with snapshot(request.app.state.pool) as conn:
        return json(await listed.get_model(conn, namespace, model))


@router.get("/{namespace}/{model}/versions", response_model=ModelVersions, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def list_versions(
    request: Request,
    namespace: Name,
    model: Name,
    page: Page,
    *,
    format: Format = None,  # noqa: A002
) -> Response:
    """Versions of a model, newest first, each with the run that trained it."""
    form = form_of(request, format)
    async with snapshot(request.app.state.pool) as conn:
        found = await listed.list_versions(conn, namespace, model, page)
    return await formatted(found if form == "JSON" else versions_listed(found), form)


@router.get("/{namespace}/{model}/compare", response_model=Comparison, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def compare_versions(
    request: Request,
    namespace: Name,
    model: Name,
    before: Annotated[_Version, Query(alias="from")],
    after: Annotated[_Version, Query(alias="to")],
    *,
    format: Format = None,  # noqa: A002
) -> Response:
    """What differs between two versions: data and where its difference begins, schema, features, parameters, code, metrics."""
    form = form_of(request, format)
    async with snapshot(request.app.state.pool) as conn:
        first = await models.find_version(conn, namespace, model, before)
        found = await compare(conn, first, await models.find_version(conn, namespace, model, after))
    return await formatted(found if form == "JSON" else comparison_drawn(found), form)


@router.get("/{namespace}/{model}/versions/{version}", response_model=OneModelVersion, responses=NOT_FOUND)
async def get_version(request: Request, namespace: Name, model: Name, version: Name) -> Response:
    """One version: by our UUID, by its external version such as `v1.2`, or `latest`."""
    async with snapshot(request.app.state.pool) as conn:
        return json(await listed.get_version(conn, namespace, model, version))


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
    format: _Format = None,  # noqa: A002
) -> Response:
    """All that a version was made of, on to the sources; where it is in use; and what is missing to make it again."""
    async with snapshot(request.app.state.pool) as conn:
        found = await trace(conn, *await models.find_version(conn, namespace, model, version), depth)
    form = form_of(request, format, {_PROV: "PROV"})
    if form == "PROV":
        answer = json(prov(found))
        answer.headers.update({"content-type": _PROV, "vary": "Accept"})
        return answer
    return await formatted(found if form == "JSON" else trace_drawn(found), form)
