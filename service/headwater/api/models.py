"""/models"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api.asking import After, Asked, Shown, Via, Ways, Which, asking, named, node_question
from headwater.api.asking_columns import column_question
from headwater.api.asking_runs import run_question
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Page, Responses, json
from headwater.api.formats import FORMATS, Format, form_of, formatted
from headwater.api.parameters import Text, one_of
from headwater.api.paths import Name
from headwater.catalog import models
from headwater.db.pool import Connection
from headwater.entities.model import Affected, Comparison, Models, ModelVersions, OneModel, OneModelVersion, Trace
from headwater.lineage.graph.question import Question
from headwater.lineage.impact.columns import read_side
from headwater.lineage.impact.runs import RunQuestion, walk_runs
from headwater.lineage.models import listed
from headwater.lineage.models.affected_columns import FromColumn, affected_by_column
from headwater.lineage.models.affected_nodes import affected_by_nodes
from headwater.lineage.models.affected_runs import Walked, affected_by_runs, steps
from headwater.lineage.models.compare import compare
from headwater.lineage.models.drawn import affected_drawn, comparison_drawn, models_listed, trace_drawn, versions_listed
from headwater.lineage.models.prov import prov
from headwater.lineage.models.serving import Bounds
from headwater.lineage.models.trace import FURTHEST, trace
from headwater.lineage.node_ids import NodeKind, parse
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1/models", tags=["Models"])

_LARGEST_PAGE = 10_000
_PROV = "application/prov+json"
_TRACE: Responses = {
    200: {"content": {**FORMATS[200]["content"], _PROV: {"schema": {"type": "object"}}}, "description": "The trace."}
}
_NodeId = Annotated[
    Text | None,
    Query(
        alias="nodeId",
        description="`dataset:<namespace>:<name>`, the same with `#<version>`, `datasetField:<namespace>:<dataset>:<field>`,"
        " `job:<namespace>:<name>` or `run:<uuid>`. Without it, `namespace` and `name` tell a dataset.",
    ),
]
_Downstream = Annotated[
    Literal["DOWNSTREAM"],
    one_of("DOWNSTREAM", note="; what a model stands on, its trace and /impact tell"),
    Query(description="What is reached is downstream."),
]
_Distance = Annotated[
    int | None,
    Query(ge=0, description="Models at this `distance` at most: of a run or version it counts runs. Without it, all."),
]
_Limit = Annotated[int, Query(ge=0, le=_LARGEST_PAGE, description="Models of a page; 0 gives the counts alone.")]
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


@dataclass(frozen=True, slots=True)
class _Affected:
    """What is asked."""

    node_id: str
    which: Which
    via: Via
    question: Question  # but for what is to be looked up


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
async def get_affected(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    which: Asked,
    via: Ways,
    shown: Shown,
    after: After,
    *,
    node_id: _NodeId = None,
    direction: _Downstream = "DOWNSTREAM",  # noqa: ARG001 - there is no other
    depth: _Distance = None,
    limit: _Limit = 100,
    format: Format = None,  # noqa: A002
) -> Response:
    """The models, versions of models and deployments that a dataset, column, job, version or run reaches.

    Of datasets, jobs and columns by the graph; of versions and runs by what runs read. With `asOf`: what was known by then, also
    of deployments; with `history=since=<time>`, of versions and runs what was read since. With `kinds` by these edges alone,
    as `/impact` has it; deployments are reached by what runs read and write, so by `input` and `output` together.
    Filters choose among models, and pages are of models; with them come the deployments of their versions, and the runs on the
    ways to them. Deployments of a model that is itself asked about come with the first page. `through`, `avoid` and `stopAt` are
    as `/impact` has them for the same kind of node; of a model that is reached by way of what is to be passed through, all
    deployments are told.
    """
    node_id, shown = named(node_id, shown)
    asked = _Affected(node_id, which, via, Question(start=(), depth=depth, filter=shown, limit=limit, cursor=after))
    found = await _answer(request, asked)
    form = form_of(request, format)
    return await formatted(found if form == "JSON" else affected_drawn(found), form)


async def _answer(request: Request, asked: _Affected) -> Affected:
    kind, _ = parse(asked.node_id)
    if kind is NodeKind.DATASET_FIELD:
        return await _of_column(request, asked)
    if kind is NodeKind.RUN or "#" in asked.node_id:
        async with snapshot(request.app.state.pool) as conn:
            # Any name may hold a hash: then it is asked about as such.
            question = await run_question(conn, asked.node_id, asked.which, asked.via, Question(start=()), grain="ALL")
            if question is not None:
                return await _of_runs(conn, asked, question)
    return await _of_nodes(request, asked)


async def _of_nodes(request: Request, asked: _Affected) -> Affected:
    async with asking(request, asked.which) as (conn, flow_of):
        question = await node_question(conn, asked.node_id, asked.via, asked.question)
        return await affected_by_nodes(conn, await flow_of(question), asked.node_id, question, asked.which.kinds)


async def _of_runs(conn: Connection, asked: _Affected, question: RunQuestion) -> Affected:
    depth = steps(question.start, asked.question.depth)
    walk = await walk_runs(conn, replace(question, asked=replace(question.asked, depth=depth)))
    walked = Walked(
        start=question.start,
        graph=walk.graph,
        found=walk.found,
        direct=not walk.asked.through or not {*walk.asked.start}.isdisjoint(walk.asked.through),
        span=question.span,
        bounds=Bounds.around(question.avoid, question.stop_at),
    )
    return await affected_by_runs(conn, asked.node_id, walked, asked.question, asked.which.kinds)


async def _of_column(request: Request, asked: _Affected) -> Affected:
    async with snapshot(request.app.state.pool) as conn:
        column = await column_question(conn, asked.node_id, asked.which, asked.via, asked.question)
        columns = await read_side(conn, column)
    # Not before the walk is done: the graph in memory is lent to one question at a time.
    async with asking(request, asked.which) as (conn, flow_of):
        [place] = column.start
        start = FromColumn(place, columns, column.via, column.then)
        return await affected_by_column(conn, flow_of, asked.node_id, start, asked.question, asked.which.kinds)


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
