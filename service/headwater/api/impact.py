"""GET and POST /impact"""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api import body as bodies
from headwater.api.asking import Asked, Depth, Direction, When, asking, id_of, ids_of, places_of, present
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, json
from headwater.api.formats import Format, formatted
from headwater.api.ingest import elements
from headwater.api.parameters import Text, one_of
from headwater.entities.graph import ColumnImpact, Impact, WhatIf
from headwater.errors import Invalid
from headwater.ingest.hypothetical import suppose
from headwater.ingest.prepare import prepare
from headwater.lineage.graph.question import Cursor, Filter, Grain, Question
from headwater.lineage.impact.columns import ColumnQuestion, column_impact, walk_columns
from headwater.lineage.impact.nodes import impact
from headwater.lineage.impact.whatif import what_if
from headwater.lineage.node_ids import NodeKind, parse
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1", tags=["Graph"])

_LARGEST_PAGE = 10_000
_NodeId = Annotated[
    Text,
    Query(
        alias="nodeId",
        description="Such as `dataset:<namespace>:<name>`, `job:<namespace>:<name>` or"
        " `datasetField:<namespace>:<dataset>:<field>`.",
    ),
]
_Grain = Annotated[
    Literal["ALL", "DATASET", "JOB", "COLUMN"],
    one_of("ALL", "DATASET", "JOB", "COLUMN"),
    Query(
        description="`dataset` or `job`: only these are told and count as steps. `all`: both. `column`: the columns that are"
        " reached from all columns of the node; of a column it is always so."
    ),
]
_Limit = Annotated[int, Query(ge=0, le=_LARGEST_PAGE, description="Nodes of a page; 0 gives the summary alone.")]


@router.get("/impact", response_model=Impact | ColumnImpact, responses={**BAD_REQUEST, **NOT_FOUND})
async def get_impact(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    when: Asked,
    *,
    node_id: _NodeId,
    direction: Direction = "DOWNSTREAM",
    depth: Depth = None,
    grain: _Grain = "ALL",
    through: Annotated[list[str], Query(description="Only what is reached by way of one of these nodes.")] = [],  # noqa: B006
    avoid: Annotated[list[str], Query(description="Not by way of these.")] = [],  # noqa: B006
    stop_at: Annotated[list[str], Query(alias="stopAt", description="No further than these.")] = [],  # noqa: B006
    namespace: Annotated[list[str], Query(description="Show only what is in one of these.")] = [],  # noqa: B006
    name: Annotated[str | None, Query(description="Show only these names; `*` stands for any characters.")] = None,
    type: Annotated[list[str], Query(description="Show only these types, such as `MODEL`.")] = [],  # noqa: A002, B006
    owner: Annotated[list[str], Query(description="Show only what one of these owns.")] = [],  # noqa: B006
    tag: Annotated[list[str], Query(description="Show only what has one of these tags.")] = [],  # noqa: B006
    paths: Annotated[bool, Query(description="`false`: without the ways to the nodes and what proves them.")] = True,
    limit: _Limit = 100,
    cursor: Annotated[str | None, Query(description="That of the page before.")] = None,
    format: Format = "JSON",  # noqa: A002
) -> Response:
    """Everything that is reached from a job, dataset or column: how far away it is, by which way, and what proves each edge.

    From a column the answer is of columns: by direct transformations values are affected, by filters, joins and the like rows.
    """
    shown = Filter(frozenset(namespace), name, frozenset(t.upper() for t in type), frozenset(owner), frozenset(tag))
    after = Cursor.read(cursor) if cursor is not None else None
    if grain == "COLUMN" or parse(node_id)[0] is NodeKind.DATASET_FIELD:
        _only_columns(when, grain, through)
        async with snapshot(request.app.state.pool) as conn:
            of_columns = ColumnQuestion(
                start=tuple(await places_of(conn, node_id)),
                downstream=direction == "DOWNSTREAM",
                depth=depth,
                avoid=frozenset([place for told in avoid for place in await places_of(conn, told)]),
                stop_at=frozenset([place for told in stop_at for place in await places_of(conn, told)]),
                filter=shown,
                paths=paths,
                limit=limit,
                cursor=after,
            )
            reached = await walk_columns(conn, of_columns)
        # Not before the walk is done: the graph in memory is lent to one question at a time.
        async with asking(request, when) as (conn, flow_of):
            answer = await column_impact(conn, await flow_of(Question(start=())), of_columns, reached)
        return await formatted(answer, format)
    async with asking(request, when) as (conn, flow_of):
        question = Question(
            start=(await id_of(conn, node_id),),
            downstream=direction == "DOWNSTREAM",
            depth=depth,
            grain=Grain(grain.lower()),
            through=await ids_of(conn, through),
            avoid=await ids_of(conn, avoid),
            stop_at=await ids_of(conn, stop_at),
            filter=shown,
            paths=paths,
            limit=limit,
            cursor=after,
        )
        found = await impact(conn, await flow_of(question), question)
    return await formatted(found, format)


@router.post("/impact", response_model=WhatIf)
async def post_impact(request: Request, limit: _Limit = 100) -> Response:
    """What events would change if they came, and everything downstream of these changes. Nothing is stored.

    A job is taken to have, from then on, the inputs and outputs that its event names; a dataset that it writes, the schema that
    its event tells. To ask about a changed schema alone, send a DatasetEvent.
    """
    settings = request.app.state.settings
    body = await bodies.read(request, settings.max_body_bytes)
    told = elements(body) if body.lstrip().startswith(b"[") else [body]
    events = [await asyncio.to_thread(prepare, event, settings) for event in told]
    async with present(request).reading(request.app.state.pool) as (conn, flow):
        return json(await what_if(conn, flow, suppose(events), limit))


def _only_columns(when: When, grain: str, through: list[str]) -> None:
    """Raises Invalid where something is asked that is not kept of columns."""
    if when.at is not None or when.since is not None:
        raise Invalid(
            "Of columns only the present is known here: ask without asOf and history. /column-lineage tells of the columns of a"
            " version, where #<version> follows the node id."
        )
    if grain not in ("ALL", "COLUMN"):
        raise Invalid(f"query param grain must be COLUMN for a column, not {grain}")
    if through:
        raise Invalid("query param through is not for columns")
