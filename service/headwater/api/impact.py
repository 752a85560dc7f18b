"""GET and POST /impact"""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api import body as bodies
from headwater.api.asking import Asked, asking, id_of, ids_of, present
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, json
from headwater.api.ingest import elements
from headwater.api.parameters import Text, one_of
from headwater.entities.graph import Impact, WhatIf
from headwater.ingest.hypothetical import suppose
from headwater.ingest.prepare import prepare
from headwater.lineage.impact import impact
from headwater.lineage.question import Cursor, Filter, Grain, Question
from headwater.lineage.whatif import what_if

router = APIRouter(prefix="/api/v1", tags=["Graph"])

_LARGEST_PAGE = 10_000
_NodeId = Annotated[
    Text,
    Query(alias="nodeId", description="Such as `dataset:<namespace>:<name>` or `job:<namespace>:<name>`."),
]
_Direction = Annotated[
    Literal["DOWNSTREAM", "UPSTREAM"],
    one_of("DOWNSTREAM", "UPSTREAM"),
    Query(description="`downstream`: what stands on the node; `upstream`: what it stands on."),
]
_Depth = Annotated[int | None, Query(ge=0, description="Steps to go; without it, to the end of the graph.")]
_Grain = Annotated[
    Literal["ALL", "DATASET", "JOB"],
    one_of("ALL", "DATASET", "JOB"),
    Query(description="`dataset` or `job`: only these are told and count as steps. `all`: both."),
]
_Limit = Annotated[int, Query(ge=0, le=_LARGEST_PAGE, description="Nodes of a page; 0 gives the summary alone.")]


@router.get("/impact", response_model=Impact, responses={**BAD_REQUEST, **NOT_FOUND})
async def get_impact(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    when: Asked,
    *,
    node_id: _NodeId,
    direction: _Direction = "DOWNSTREAM",
    depth: _Depth = None,
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
) -> Response:
    """Everything that is reached from a job or dataset: how far away it is, by which way, and what proves each edge."""
    async with asking(request, when) as (conn, flow_of):
        question = Question(
            start=(await id_of(conn, node_id),),
            downstream=direction == "DOWNSTREAM",
            depth=depth,
            grain=Grain(grain.lower()),
            through=await ids_of(conn, through),
            avoid=await ids_of(conn, avoid),
            stop_at=await ids_of(conn, stop_at),
            filter=Filter(frozenset(namespace), name, frozenset(t.upper() for t in type), frozenset(owner), frozenset(tag)),
            paths=paths,
            limit=limit,
            cursor=Cursor.read(cursor) if cursor is not None else None,
        )
        return json(await impact(conn, await flow_of(question), question))


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
