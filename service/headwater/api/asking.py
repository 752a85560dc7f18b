"""What the routes of our own graph calls have in common: parameters, the time that is asked of, and node ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal, get_args
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request

from headwater.api.parameters import NO_INSTANT, Text, instant, one_of
from headwater.db.pool import Connection, Pool
from headwater.entities.graph import EdgeName
from headwater.entities.run import RunState
from headwater.errors import Invalid, NotFound
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.moments import moment_of
from headwater.lineage.graph.past import ALWAYS, BEGINNING, DATA, Past
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Cursor, Filter, FlowOf, Question
from headwater.lineage.near import find_versioned
from headwater.lineage.node_ids import NodeKind, Resolved, dataset_node_id, parse
from headwater.lineage.parents import load_opened
from headwater.lineage.runs.downstream import Written
from headwater.lineage.runs.start import find_start
from headwater.lineage.runs.upstream import EVER, Span
from headwater.lineage.snapshot import snapshot

NodeId = Annotated[
    Text,
    Query(alias="nodeId", description="Such as `dataset:<namespace>:<name>` or `job:<namespace>:<name>`."),
]
Depth = Annotated[int | None, Query(ge=0, description="Steps to go; without it, to the end of the graph.")]
Grained = Annotated[
    Literal["ALL", "DATASET", "JOB"],
    one_of("ALL", "DATASET", "JOB"),
    Query(
        description="`dataset` or `job`: only these are told and count as steps. `all`: both. Columns, runs and versions have"
        " calls of their own: `/column-lineage`, `/runlineage`, `/impact`, `/paths`."
    ),
]


def present(request: Request) -> Present:
    kept: Present = request.app.state.present
    return kept


@dataclass(frozen=True, slots=True)
class Which:
    """Graph is asked. ``at`` None: of now. ``since`` None: what was current then; else all since that time. ``kinds`` of edges,
    none: those by which data flows."""

    at: str | None = None
    since: datetime | None = None
    kinds: tuple[EdgeKind, ...] = ()


PRESENT = Which()


async def _period(
    as_of: Annotated[
        str | None,
        Query(
            alias="asOf",
            description="As it was at a time (`2026-01-31T08:30:00Z`), when a run ended (its UUID, or `run:<uuid>`), or when a"
            " version of a dataset was written (its UUID, or `dataset:<namespace>:<name>#<version>`).",
        ),
    ] = None,
    history: Annotated[
        str,
        Query(description="`current`: edges that were current then; `all`: all until then; `since=<time>`: those named since."),
    ] = "current",
) -> Which:
    match history.partition("="):
        case ("current", "", ""):
            return Which(as_of, None)
        case ("all", "", ""):
            return Which(as_of, BEGINNING)
        case ("since", "=", time):
            return Which(as_of, time_of(time, "history"))
    raise Invalid(f"query param history must be current, all or since=<time>, not '{history}'")


Period = Annotated[Which, Depends(_period)]


async def _which(
    period: Period,
    kinds: Annotated[
        list[Annotated[EdgeName, one_of(*EdgeKind.__members__)]],
        Query(
            description="Only edges of these kinds: what a job reads (`input`) and writes (`output`), what events declare"
            " (`dataset_lineage`, `job_lineage`), and control flow (`job_dependency`), which is left out unless it is asked for."
            " Of columns: `input` and `output` together, what jobs tell of what they read and write; `dataset_lineage`. Of runs"
            " and versions: `input` and `output`."
        ),
    ] = [],  # noqa: B006
) -> Which:
    return replace(period, kinds=tuple(EdgeKind[kind] for kind in kinds))


Asked = Annotated[Which, Depends(_which)]


async def _after(
    cursor: Annotated[str | None, Query(description="That of the page before.")] = None,
) -> Cursor | None:
    return Cursor.read(cursor) if cursor is not None else None


After = Annotated[Cursor | None, Depends(_after)]


@dataclass(frozen=True, slots=True)
class Via:
    """Sets of nodes, by node ids."""

    through: list[str]
    avoid: list[str]
    stop_at: list[str]


async def _via(
    through: Annotated[list[str], Query(description="Only what is reached by way of one of these nodes.")] = [],  # noqa: B006
    avoid: Annotated[list[str], Query(description="Not by way of these.")] = [],  # noqa: B006
    stop_at: Annotated[list[str], Query(alias="stopAt", description="No further than these.")] = [],  # noqa: B006
) -> Via:
    return Via(through, avoid, stop_at)


Ways = Annotated[Via, Depends(_via)]


_TYPES = "Show only these types, such as `MODEL`: of datasets and, but for `grain=dataset`, of jobs."


async def _filter(
    namespace: Annotated[list[str], Query(description="Show only what is in one of these.")] = [],  # noqa: B006
    name: Annotated[str | None, Query(description="Show only these names; `*` stands for any characters.")] = None,
    type: Annotated[list[str], Query(description=_TYPES)] = [],  # noqa: A002, B006
    owner: Annotated[list[str], Query(description="Show only what one of these owns.")] = [],  # noqa: B006
    tag: Annotated[list[str], Query(description="Show only what has one of these tags.")] = [],  # noqa: B006
    state: Annotated[
        list[Annotated[RunState, one_of(*get_args(RunState))]],
        Query(
            description="Show only jobs whose latest run is in one of these states; of runs, those that are; of columns, those"
            " to which such a job tells an edge; of models, those of which such a job trained a version that is reached."
        ),
    ] = [],  # noqa: B006
) -> Filter:
    types = frozenset(t.upper() for t in type)
    return Filter(frozenset(namespace), name, types, frozenset(owner), frozenset(tag), frozenset(state))


Shown = Annotated[Filter, Depends(_filter)]


def named(node_id: str | None, shown: Filter) -> tuple[str, Filter]:
    """The node that is asked about. Without its id it is the dataset of a namespace and a name, which then are no filter. Raises
    Invalid."""
    if node_id is not None:
        return node_id, shown
    if len(shown.namespaces) != 1 or not shown.name:
        raise Invalid("query param nodeId must not be null, unless namespace and name tell a dataset")
    [namespace] = shown.namespaces
    # Encoded, as both may hold the colons and hashes that divide an id.
    told = dataset_node_id(quote(namespace, safe=""), quote(shown.name, safe=""))
    return told, replace(shown, namespaces=frozenset(), name=None)


def time_of(told: str, name: str) -> datetime:
    """In UTC; at most the first or last that there is in it. Raises Invalid."""
    if (time := instant(told)) is None:
        raise Invalid(f"query param {name} {NO_INSTANT}, not '{told}'")
    try:
        return time.astimezone(UTC)  # PostgreSQL knows no offset of 16 hours or more
    except OverflowError:
        return EVER.since if time.year == 1 else EVER.at


@asynccontextmanager
async def asking(request: Request, which: Which) -> AsyncIterator[tuple[Connection, FlowOf]]:
    """A connection, and what gives the graph for a question."""
    pool: Pool = request.app.state.pool
    if which == PRESENT:
        async with present(request).reading(pool) as (conn, flow):

            async def now(_: Question) -> Flow:
                return flow

            yield conn, now
        return
    if which.at is not None and which.since is None and not which.kinds:
        async with present(request).reading_at(pool, partial(moment, which=which)) as known:
            if known is not None:
                yield known
                return
    async with snapshot(pool) as conn:
        at = await moment(conn, which)
        kinds = which.kinds or DATA

        async def then(question: Question) -> Flow:
            flow = await Past(conn, at, which.since, kinds, present(request).near).flow_for(question)
            return replace(flow, at=None) if at is ALWAYS else flow

        yield conn, then


async def moment(conn: Connection, which: Which) -> datetime:
    """The time that is asked of. Raises Invalid, InvalidNodeId, NotFound."""
    told = which.at
    if told is None:
        return ALWAYS if which.since is None else datetime.now(UTC)
    version = await find_start(conn, told) if told.startswith(f"{NodeKind.DATASET}:") else None
    try:
        identifier = version.uuid if isinstance(version, Written) else UUID(told.removeprefix(f"{NodeKind.RUN}:"))
    except ValueError:
        return time_of(told, "asOf")
    if (moment := await moment_of(conn, identifier)) is None:
        raise NotFound("Run or version", told)
    return moment


async def span_of(conn: Connection, which: Which) -> Span:
    """What is asked of runs: what they read and wrote stays so, so a time only tells how much. Raises Invalid, NotFound."""
    at = await moment(conn, which) if which.at is not None else EVER.at
    return Span(at, which.since or EVER.since)


async def node_question(conn: Connection, node_id: str, via: Via, asked: Question) -> Question:
    """``asked`` with its start and sets, of jobs and datasets that are shown. Raises InvalidNodeId, Invalid, NotFound."""
    return replace(
        asked,
        start=await ids_of(conn, [node_id]),
        through=await ids_of(conn, via.through),
        avoid=await ids_of(conn, via.avoid),
        stop_at=await ids_of(conn, via.stop_at),
    )


async def ids_of(conn: Connection, node_ids: Iterable[str]) -> tuple[int, ...]:
    """Of jobs and datasets that are shown, with all that belong to jobs among them: the edges of an Airflow DAG are those of its
    tasks. Raises InvalidNodeId, Invalid, NotFound."""
    opened = [await load_opened(conn, await node_of(conn, node_id)) for node_id in node_ids]
    return tuple(dict.fromkeys(identifier for found in opened for identifier in found))


async def node_of(conn: Connection, node_id: str) -> Resolved:
    """A job or dataset that is shown. Raises InvalidNodeId, Invalid, NotFound."""
    kind, _ = parse(node_id)
    node, version = (None, None) if kind is NodeKind.RUN else await find_versioned(conn, node_id)
    if node is None or node.kind is NodeKind.DATASET_FIELD or version is not None:
        raise Invalid("This is asked of datasets and jobs, not of their fields or versions, nor of runs.")
    node.require_shown()
    return node
