"""GET /paths"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from headwater.api.asking import Asked, Depth, Via, Ways, Which, asking, ids_of, span_of
from headwater.api.asking_columns import column_ends, column_via, then_of
from headwater.api.asking_runs import grain_of_runs, run_ends, run_via
from headwater.api.deps import BAD_REQUEST, NOT_FOUND
from headwater.api.formats import FORMATS, Format, form_of, formatted
from headwater.api.parameters import one_of
from headwater.entities.paths import ColumnPaths, Paths, RunPaths
from headwater.errors import Invalid
from headwater.lineage.edges import explicit_of, kinds_of_runs
from headwater.lineage.graph.past import DATA
from headwater.lineage.graph.question import Grain
from headwater.lineage.node_ids import NodeKind, parse
from headwater.lineage.paths.column_graph import ColumnPathQuestion
from headwater.lineage.paths.columns import column_paths, walk_column_paths
from headwater.lineage.paths.ends import ends_of
from headwater.lineage.paths.find import PathQuestion, find_paths
from headwater.lineage.paths.runs import RunPathQuestion, find_run_paths
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1", tags=["Graph"])

_MOST = 1_000
_From = Annotated[
    list[str],
    Query(
        alias="from",
        description="Where a path begins: node ids of jobs or datasets; of columns (`datasetField:<namespace>:<dataset>:<field>`,"
        " beside which a dataset stands for all of its columns); or of runs (`run:<uuid>`) and versions"
        " (`dataset:<namespace>:<name>#<version>`, beside which a job is its latest run, and a dataset its current version).",
    ),
]
_Grain = Annotated[
    Literal["ALL", "DATASET", "JOB", "COLUMN", "RUN", "VERSION"],
    one_of("ALL", "DATASET", "JOB", "COLUMN", "RUN", "VERSION"),
    Query(
        description="`dataset` or `job`: only these are told and count as steps. `all`: both. `column`: from column to column, as"
        " always where one is asked about. `run` or `version`: likewise of runs and versions (`all`: both, where one is asked"
        " about), by what each run really read and wrote."
    ),
]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked."""

    origins: list[str]
    destinations: list[str]
    which: Which
    via: Via
    most: int
    depth: int | None
    grain: str


@router.get("/paths", response_model=Paths | ColumnPaths | RunPaths, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def get_paths(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    which: Asked,
    via: Ways,
    *,
    origins: _From,
    destinations: Annotated[list[str], Query(alias="to", description="Where it ends, likewise.")],
    k: Annotated[
        int, Query(ge=0, le=_MOST, description="How many paths, the shortest first; 0 tells only whether there is one.")
    ] = 1,
    every: Annotated[
        bool, Query(alias="all", description=f"All simple paths, as far as there are no more than {_MOST}.")
    ] = False,
    depth: Depth = None,
    grain: _Grain = "ALL",
    format: Format = None,  # noqa: A002
) -> Response:
    """How data comes from one node to another: the paths with what proves each edge; or if there is none, why.

    With `through`, `avoid` and `stopAt` only those that come by one of the first, and by none of the others; a path may end at
    what is to be stopped at. Where there is none, why is told of the whole graph.
    Then it tells the nearest common ancestors, a path the other way, and the path that used to be: which of its edges ended,
    when, and by which run; of columns also where data flows on though nobody tells which column comes of which.
    """
    asked = _Question(origins, destinations, which, via, _MOST if every else k, depth, grain)
    return await formatted(await _answer(request, asked), form_of(request, format))


async def _answer(request: Request, asked: _Question) -> Paths | ColumnPaths | RunPaths:
    told = (*asked.origins, *asked.destinations)
    kinds = {kind for kind, _ in map(parse, told)}
    if asked.grain == "COLUMN" or NodeKind.DATASET_FIELD in kinds:
        return await _of_columns(request, asked)
    of_runs = asked.grain in ("RUN", "VERSION") or NodeKind.RUN in kinds
    if (of_runs or any("#" in node_id for node_id in told)) and (found := await _of_runs(request, asked, latest=of_runs)):
        return found
    return await _of_nodes(request, asked)


async def _of_nodes(request: Request, asked: _Question) -> Paths:
    async with asking(request, asked.which) as (conn, flow_of):
        begin, end = [[await ids_of(conn, [node_id]) for node_id in told] for told in (asked.origins, asked.destinations)]
        question = PathQuestion(
            origins=ends_of(begin, end),
            destinations=ends_of(end, begin),
            most=asked.most,
            depth=asked.depth,
            grain=Grain(asked.grain.lower()),
            kinds=asked.which.kinds or DATA,
            through=await ids_of(conn, asked.via.through) if asked.via.through else None,
            avoid=await ids_of(conn, asked.via.avoid),
            stop_at=await ids_of(conn, asked.via.stop_at),
        )
        return await find_paths(conn, flow_of, question)


async def _of_columns(request: Request, asked: _Question) -> ColumnPaths:
    if asked.grain not in ("ALL", "COLUMN"):
        raise Invalid(f"query param grain must be COLUMN for a column, not {asked.grain}")
    async with snapshot(request.app.state.pool) as conn:
        question = ColumnPathQuestion(
            origins=await column_ends(conn, asked.origins),
            destinations=await column_ends(conn, asked.destinations),
            most=asked.most,
            depth=asked.depth,
            then=await then_of(conn, asked.which),
            explicit=explicit_of(asked.which.kinds),
            via=await column_via(conn, asked.via),
        )
        walk = await walk_column_paths(conn, question)
    # Not before the walk is done: the graph in memory is lent to one question at a time.
    async with asking(request, asked.which) as (conn, flow_of):
        return await column_paths(conn, flow_of, question, walk)


async def _of_runs(request: Request, asked: _Question, *, latest: bool) -> RunPaths | None:
    """None: of jobs and datasets, whose names hold a ``#``."""
    async with snapshot(request.app.state.pool) as conn:
        span = await span_of(conn, asked.which)
        ends = await run_ends(conn, asked.origins, asked.destinations, span, latest=latest)
        if ends is None:
            return None
        origins, destinations = ends
        question = RunPathQuestion(
            origins=origins,
            destinations=destinations,
            most=asked.most,
            depth=asked.depth,
            grain=grain_of_runs(asked.grain),
            span=span,
            kinds=kinds_of_runs(asked.which.kinds),
            **await run_via(conn, asked.via),
        )
        return await find_run_paths(conn, question)
