"""GET /lineage, /column-lineage, /runlineage/upstream and /runlineage/downstream"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BeforeValidator

from headwater.api.asking import After, Asked, Grained, Period, Shown, Ways, asking, named, node_question, span_of
from headwater.api.asking_columns import column_question, then_of
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, sent, uuid_of
from headwater.api.formats import FORMATS, Format, form_of, formatted
from headwater.api.parameters import Text, one_of
from headwater.db.pool import Pool
from headwater.entities import encode
from headwater.entities.graph import RolledColumns
from headwater.entities.lineage import (
    ColumnGraph,
    ColumnsAround,
    DirectedColumns,
    DirectedLineage,
    DownstreamRuns,
    Lineage,
    UpstreamRuns,
)
from headwater.lineage.columns.drawn import columns_drawn
from headwater.lineage.columns.lineage import get_column_lineage
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.impact.collapse import Collapse
from headwater.lineage.impact.column_graph import column_graph, rolled_column_graph
from headwater.lineage.neighbourhood.around import Surveyor
from headwater.lineage.neighbourhood.directed import directed_lineage, proven_lineage
from headwater.lineage.runs.downstream import get_downstream
from headwater.lineage.runs.drawn import runs_drawn
from headwater.lineage.runs.upstream import get_upstream
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1", tags=["Lineage"])

_LARGEST = 10_000  # nodes of a graph
_OURS = frozenset(
    "direction grain asOf history kinds through avoid stopAt namespace name type owner tag state limit cursor".split()  # noqa: SIM905
)
"""Parameters that Marquez's call does not have."""
_OURS_OF_COLUMNS = (_OURS | {"collapse"}) - {"direction", "grain", "asOf", "history"}
"""Those with which another question is asked; of the others one may be asked in either way."""
_FURTHEST = 1_000_000  # no graph is deeper; a walk ends where the graph does


async def _surveyor(request: Request) -> Surveyor:
    """Made when it is first asked for, and kept as long as the application."""
    state = request.app.state
    if not hasattr(state, "surveyor"):
        state.surveyor = Surveyor(era=state.looking.era)
    surveyor: Surveyor = state.surveyor
    return surveyor


_Surveyor = Annotated[Surveyor, Depends(_surveyor)]
_NodeId = Annotated[
    Text | None,
    Query(
        alias="nodeId",
        description="Such as `job:<namespace>:<name>`; parts may be percent-encoded. Without it, `namespace` and `name` tell a"
        " dataset.",
    ),
]
_Depth = Annotated[
    int,
    AfterValidator(lambda depth: min(max(depth, 0), _FURTHEST)),
    Query(description="Steps to go; less than 0 is 0."),
]
_RunId = Annotated[Text, Query(alias="runId", description="The run's UUID.")]
_Around = Annotated[
    Literal["UPSTREAM", "DOWNSTREAM", "BOTH"] | None,
    one_of("UPSTREAM", "DOWNSTREAM", "BOTH"),
    Query(description="`upstream`: what the node stands on; `downstream`: what stands on it; `both`: each of these."),
]
_Direction = Annotated[
    Literal["UPSTREAM", "DOWNSTREAM", "BOTH"] | None,
    one_of("UPSTREAM", "DOWNSTREAM", "BOTH"),
    Query(
        description="`upstream`: what the fields derive from; `downstream`: what derives from them. Goes before withDownstream."
    ),
]
_Downstream = Annotated[
    bool,
    BeforeValidator(lambda told: str(told).lower() == "true"),
    Query(alias="withDownstream", description="The same as `direction=both`; anything but `true` is false."),
]
_Collapse = Annotated[
    Literal["PARENTS", "NAMESPACES"] | None,
    one_of("PARENTS", "NAMESPACES"),
    Query(
        description="`parents`: columns become one with their dataset; `namespaces`: with its namespace. With how many columns"
        " and edges between them become one, of the 10,000 nearest."
    ),
]
_Limit = Annotated[int, Query(ge=0, le=_LARGEST, description="Nodes to show beside the one asked about, the nearest.")]


@router.get("/lineage", response_model=Lineage | DirectedLineage, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def get_lineage(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    surveyor: _Surveyor,
    which: Asked,
    via: Ways,
    shown: Shown,
    after: After,
    *,
    node_id: _NodeId = None,
    depth: _Depth = 20,
    direction: _Around = None,
    grain: Grained = "ALL",
    limit: _Limit = 1_000,
    format: Format = None,  # noqa: A002
) -> Response:
    """The jobs around a job or dataset, whichever way data flows, with their datasets: what they read and write now.

    A step leads from a job to those that share a dataset with it. With any parameter but nodeId and depth it is all that is
    reached upstream, downstream, or by either; then a step is from a node to the next, and the answer tells what was left out.
    """
    pool: Pool = request.app.state.pool
    form = form_of(request, format)
    node_id, shown = named(node_id, shown)
    if form == "JSON" and not _OURS & request.query_params.keys():
        return await sent(request, await surveyor.around(pool, node_id, depth))
    async with asking(request, which) as (conn, flow_of):
        asked = Question(
            start=(),
            downstream=direction != "UPSTREAM",
            both=direction in ("BOTH", None),
            depth=depth,
            grain=Grain(grain.lower()),
            filter=shown,
            limit=limit,
            cursor=after,
        )
        question = await node_question(conn, node_id, via, asked)
        if form == "JSON":
            return await sent(request, encode(await directed_lineage(conn, flow_of, question)))
        return await formatted(await proven_lineage(conn, flow_of, question), form)


@router.get(
    "/column-lineage",
    response_model=DirectedColumns | ColumnsAround | RolledColumns | ColumnGraph,
    responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND},
)
async def get_columns(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    which: Asked,
    via: Ways,
    shown: Shown,
    after: After,
    *,
    node_id: _NodeId = None,
    depth: _Depth = 20,
    with_downstream: _Downstream = False,
    direction: _Direction = None,
    collapse: _Collapse = None,
    limit: _Limit = 1_000,
    format: Format = None,  # noqa: A002
) -> Response:
    """What the fields of a dataset, one field, or the fields that a job writes derive from; on demand, what derives from them.

    With `#version` after the node id (our UUID, its external version such as `v1.2`, or `latest`): what the run that wrote that
    version really read. With `asOf`: as it was known at that time; names and types of fields are those of today. With
    `direction`, `asOf` or `history` a field stands for those inside of it too (`person` for `person.city`), and is met where
    one that holds it is used. With kinds, ways, filters or a limit it is all that is reached, also by what bears on a dataset
    as a whole, and the answer tells what was left out; `collapse` tells datasets or namespaces in place of columns.
    """
    form = form_of(request, format)
    node_id, shown = named(node_id, shown)
    way = direction or ("BOTH" if with_downstream else "UPSTREAM")
    async with snapshot(request.app.state.pool) as conn:
        if _OURS_OF_COLUMNS & request.query_params.keys():
            asked = Question(
                start=(),
                downstream=way != "UPSTREAM",
                both=way == "BOTH",
                depth=max(depth, 1),
                filter=shown,
                limit=limit,
                cursor=after,
            )
            question = await column_question(conn, node_id, which, via, asked)
            if collapse is not None:
                return await formatted(await rolled_column_graph(conn, question, Collapse(collapse.lower())), form)
            body = await column_graph(conn, question)
        else:
            then = await then_of(conn, which)
            body = await get_column_lineage(
                conn,
                node_id,
                depth,
                upstream=way != "DOWNSTREAM",
                downstream=way != "UPSTREAM",
                then=then,
                nested=direction is not None or then is not None,
            )
    return await sent(request, body) if form == "JSON" else await formatted(columns_drawn(msgspec.json.decode(body)), form)


@router.get("/runlineage/upstream", response_model=UpstreamRuns, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def get_upstream_runs(
    request: Request,
    period: Period,
    run_id: _RunId,
    depth: _Depth = 20,
    format: Format = None,  # noqa: A002
) -> Response:
    """The runs that wrote what a run read, those that wrote what these read, and so on. With `asOf` or `history=since=…`: by what
    had been read by then, or was since."""
    async with snapshot(request.app.state.pool) as conn:
        found = await get_upstream(conn, uuid_of("Run", run_id), depth, await span_of(conn, period))
    return await _runs(found, form_of(request, format))


@router.get("/runlineage/downstream", response_model=DownstreamRuns, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def get_downstream_runs(
    request: Request,
    period: Period,
    run_id: _RunId,
    depth: _Depth = 20,
    format: Format = None,  # noqa: A002
) -> Response:
    """The runs that read what a run wrote, those that read what these wrote, and so on: by the versions that they really read.
    With `asOf` or `history=since=…`: by what had been read and written by then, or was since."""
    async with snapshot(request.app.state.pool) as conn:
        found = await get_downstream(conn, uuid_of("Run", run_id), depth, await span_of(conn, period))
    return await _runs(found, form_of(request, format))


async def _runs(found: UpstreamRuns | DownstreamRuns, form: str) -> Response:
    return await formatted(found if form == "JSON" else runs_drawn(found.runs), form)
