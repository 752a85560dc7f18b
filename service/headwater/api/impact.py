"""GET and POST /impact"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from headwater.api import body as bodies
from headwater.api.asking import (
    After,
    Asked,
    Depth,
    Shown,
    Via,
    Ways,
    Which,
    asking,
    named,
    node_question,
    present,
)
from headwater.api.asking_columns import column_question
from headwater.api.asking_runs import run_question
from headwater.api.deps import BAD_REQUEST, NOT_FOUND
from headwater.api.formats import FORMATS, Format, form_of, formatted
from headwater.api.parameters import Text, one_of
from headwater.entities.graph import ColumnImpact, Impact, RolledColumnImpact, RolledImpact, WhatIf
from headwater.entities.run_graph import RunImpact
from headwater.errors import Invalid
from headwater.ingest.hypothetical import suppose
from headwater.ingest.prepare import prepare
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.impact.collapse import Collapse
from headwater.lineage.impact.columns import column_impact, walk_sides
from headwater.lineage.impact.drawn import what_if_drawn
from headwater.lineage.impact.nodes import impact
from headwater.lineage.impact.rolled import rolled_impact
from headwater.lineage.impact.rolled_columns import rolled_columns
from headwater.lineage.impact.rolled_runs import rolled_runs
from headwater.lineage.impact.runs import run_impact
from headwater.lineage.impact.whatif import what_if
from headwater.lineage.node_ids import NodeKind, parse
from headwater.lineage.snapshot import snapshot
from headwater.openlineage.batch import elements

router = APIRouter(prefix="/api/v1", tags=["Graph"])

_LARGEST_PAGE = 10_000
_NodeId = Annotated[
    Text | None,
    Query(
        alias="nodeId",
        description="Such as `dataset:<namespace>:<name>`, `job:<namespace>:<name>`,"
        " `datasetField:<namespace>:<dataset>:<field>`, `run:<uuid>` or `dataset:<namespace>:<name>#<version>`, the version"
        " being our UUID, its external version such as `v1.2`, or `latest`. Of a job or run that others belong to, such as"
        " an Airflow DAG its tasks, it is asked of these too. Without it, `namespace` and `name` tell a dataset.",
    ),
]
_Direction = Annotated[
    Literal["DOWNSTREAM", "UPSTREAM", "BOTH"],
    one_of("DOWNSTREAM", "UPSTREAM", "BOTH"),
    Query(
        description="`downstream`: what stands on the node; `upstream`: what it stands on; `both`: the one and the other, each"
        " node with its `side`. Paths are told as data flows."
    ),
]
_Grain = Annotated[
    Literal["ALL", "DATASET", "JOB", "COLUMN", "RUN", "VERSION"],
    one_of("ALL", "DATASET", "JOB", "COLUMN", "RUN", "VERSION"),
    Query(
        description="`dataset` or `job`: only these are told and count as steps. `all`: both. `column`: the columns that are"
        " reached from all columns of the node; of a column it is always so. `run` or `version`: likewise of runs and versions of"
        " datasets (`all`: both, from a run or version), from a job's latest run, or a dataset's current version."
    ),
]
_MOST_PATHS = 20
_Paths = Annotated[
    int,
    Query(
        ge=0,
        le=_MOST_PATHS,
        description="How many ways are told to each node, the shortest first; 0 (or `false`): without them and what proves them.",
    ),
    BeforeValidator(lambda told: {"true": "1", "false": "0"}.get(str(told).lower(), told)),
]
_Collapse = Annotated[
    Literal["PARENTS", "NAMESPACES"] | None,
    one_of("PARENTS", "NAMESPACES"),
    Query(
        description="`parents`: jobs (and runs) become one with the job (run) that starts them, such as an Airflow DAG, and"
        " columns with their dataset; `namespaces`: everything becomes one with its namespace. With counts, of the 10,000"
        " nearest nodes."
    ),
]
_Limit = Annotated[int, Query(ge=0, le=_LARGEST_PAGE, description="Nodes of a page; 0 gives the summary alone.")]


@dataclass(frozen=True, slots=True)
class _Impact:
    """What is asked."""

    node_id: str
    grain: str
    collapse: Collapse | None
    which: Which
    via: Via
    question: Question  # but for its grain, and what is to be looked up


@router.get(
    "/impact",
    response_model=Impact | RolledColumnImpact | RolledImpact | ColumnImpact | RunImpact,
    responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND},
)
async def get_impact(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    which: Asked,
    via: Ways,
    shown: Shown,
    after: After,
    *,
    node_id: _NodeId = None,
    direction: _Direction = "DOWNSTREAM",
    depth: Depth = None,
    grain: _Grain = "ALL",
    collapse: _Collapse = None,
    paths: _Paths = 1,
    limit: _Limit = 100,
    format: Format = None,  # noqa: A002
) -> Response:
    """Everything that stands on a job, dataset or column, or all that it stands on: how far away, which way, and what proves it.

    From a column the answer is of columns: by direct transformations values are affected, by filters, joins and the like rows.
    From a run, or a version of a dataset, it is of runs and versions, by what each run really read and wrote.
    """
    node_id, shown = named(node_id, shown)
    question = Question(
        start=(),
        downstream=direction != "UPSTREAM",
        both=direction == "BOTH",
        depth=depth,
        filter=shown,
        paths=paths,
        limit=limit,
        cursor=after,
    )
    asked = _Impact(node_id, grain, Collapse(collapse.lower()) if collapse else None, which, via, question)
    return await formatted(await _answer(request, asked), form_of(request, format))


async def _answer(request: Request, asked: _Impact) -> Impact | RolledImpact | ColumnImpact | RunImpact:
    kind, _ = parse(asked.node_id)
    if asked.grain == "COLUMN" or kind is NodeKind.DATASET_FIELD:
        return await _of_columns(request, asked)
    if kind is NodeKind.RUN or asked.grain in ("RUN", "VERSION") or "#" in asked.node_id:
        async with snapshot(request.app.state.pool) as conn:
            question = await run_question(conn, asked.node_id, asked.which, asked.via, asked.question, grain=asked.grain)
            if question is not None and asked.collapse:
                return await rolled_runs(conn, question, asked.collapse)
            if question is not None:
                return await run_impact(conn, question)
    return await _of_nodes(request, asked)


async def _of_nodes(request: Request, asked: _Impact) -> Impact | RolledImpact:
    async with asking(request, asked.which) as (conn, flow_of):
        question = await node_question(conn, asked.node_id, asked.via, replace(asked.question, grain=Grain(asked.grain.lower())))
        flow = await flow_of(question)
        if asked.collapse:
            return await rolled_impact(conn, flow, question, asked.collapse)
        return await impact(conn, flow, question)


async def _of_columns(request: Request, asked: _Impact) -> ColumnImpact | RolledColumnImpact:
    if asked.grain not in ("ALL", "COLUMN"):
        raise Invalid(f"query param grain must be COLUMN for a column, not {asked.grain}")
    async with snapshot(request.app.state.pool) as conn:
        question = await column_question(conn, asked.node_id, asked.which, asked.via, asked.question)
        walk = await walk_sides(conn, question)
    # Not before the walk is done: the graph in memory is lent to one question at a time.
    async with asking(request, asked.which) as (conn, flow_of):
        if asked.collapse:
            return await rolled_columns(conn, flow_of, question, walk, asked.collapse)
        return await column_impact(conn, flow_of, question, walk)


@router.post("/impact", response_model=WhatIf, responses=FORMATS)
async def post_impact(
    request: Request,
    limit: _Limit = 100,
    format: Format = None,  # noqa: A002
) -> Response:
    """What events would change if they came, and everything downstream of these changes. Nothing is stored.

    A job is taken to have, from then on, the inputs and outputs that the events of its latest run name; a dataset that it writes,
    the schema that is told last. To ask about a changed schema alone, send a DatasetEvent.
    """
    form = form_of(request, format)
    settings = request.app.state.settings
    body = await bodies.read(request, settings.max_body_bytes)
    told = elements(body) if body.lstrip().startswith(b"[") else [body]
    events = [await asyncio.to_thread(prepare, event, settings) for event in told]
    async with present(request).reading(request.app.state.pool) as (conn, flow):
        found = await what_if(conn, flow, suppose(events), limit)
    return await formatted(found if form == "JSON" else what_if_drawn(found), form)
