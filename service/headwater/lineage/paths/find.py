"""How one job or dataset comes to another: the paths between them, or why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from headwater.db.pool import Connection
from headwater.entities.graph import Node, ProvenEdge
from headwater.entities.paths import CommonAncestor, FormerPath, NoPath, Path, Paths
from headwater.errors import Invalid
from headwater.lineage.counted import counted, cut_short
from headwater.lineage.edges import EdgeKind
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.ended import load_ended
from headwater.lineage.graph.evidence import load_evidence
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.past import BEGINNING, DATA, Past
from headwater.lineage.graph.question import FlowOf, Grain, Question
from headwater.lineage.graph.ways import Between, Pair, Ways
from headwater.lineage.paths.ancestors import Ancestor, nearest_common_ancestors
from headwater.lineage.paths.ends import barred, both_ends
from headwater.lineage.paths.former import HISTORY, at_one_time

Names: TypeAlias = Mapping[int, str]  # ids of nodes that are shown, by id


@dataclass(frozen=True, slots=True)
class PathQuestion:
    """``most`` 0 asks only whether there is a path; ``depth`` None: of any length."""

    origins: tuple[int, ...]
    destinations: tuple[int, ...]
    most: int = 1
    depth: int | None = None
    grain: Grain = Grain.ALL
    kinds: Sequence[EdgeKind] = DATA
    through: tuple[int, ...] | None = None  # one of these is on each path; None: anything
    avoid: tuple[int, ...] = ()
    stop_at: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Former:
    flow: Flow  # all that was ever told
    way: Ways
    gone: set[Pair]  # none: there is no such path


@dataclass(frozen=True, slots=True)
class _Why:
    """Of no path. ``cut``: there is more history than was looked at."""

    other_way: Ways
    ancestors: list[Ancestor]
    former: _Former | None
    cut: bool


async def find_paths(conn: Connection, flow_of: FlowOf, question: PathQuestion) -> Paths:
    """At a past time the graph is read a statement a hop, else the number of statements is constant. Raises Invalid."""
    if common := set(question.origins) & set(question.destinations):
        [name] = [node.id for node in (await describe(conn, [min(common)])).values()]
        raise Invalid(both_ends(name))
    flow = await flow_of(Question(start=question.origins))
    between = Between(
        flow,
        question.origins,
        question.destinations,
        question.grain,
        avoid=barred(question.avoid, question.stop_at, question.destinations),
        through=question.through,
    )
    reachable = await asyncio.to_thread(between.reachable)
    ways = await asyncio.to_thread(between.paths, question.most, question.depth) if question.most and reachable else Ways([])
    now, freshness = await load_freshness(conn)
    why = None
    if question.most and not reachable:
        why = await _why(conn, flow_of, flow, question, flow.at or max(now, freshness.eventTime or now))
    nodes = await describe(conn, _named(question, ways, why))
    names = {identifier: node.id for identifier, node in nodes.items()}
    origins, destinations = (
        [nodes[identifier] for identifier in ends if identifier in nodes] for ends in (question.origins, question.destinations)
    )
    edges = await _evidence(conn, flow, ways.edges | (why.other_way.edges if why else set()), names)
    cut = cut_short(sorted(ways.cut | ({"history"} if why and why.cut else set())))
    return Paths(
        origins=origins,
        destinations=destinations,
        asOf=flow.at or now,
        reachable=reachable,
        complete=not ways.cut and bool(question.most) and flow.complete,
        counts=counted(
            {node.id: node.kind for node in nodes.values()},
            [(edge.origin, edge.destination) for edge in edges],
            cut,
            start={node.id for node in (*origins, *destinations)},
        ),
        paths=_paths(ways, names),
        nodes=list(nodes.values()),
        edges=edges,
        noPath=await _no_path(conn, why, nodes, names) if why else None,
        freshness=freshness,
    )


# ---------------------------------------------------------------- why there is none


async def _why(conn: Connection, flow_of: FlowOf, flow: Flow, question: PathQuestion, at: datetime) -> _Why:
    origins, destinations, grain = question.origins, question.destinations, question.grain
    upstream = await flow_of(Question(start=(*origins, *destinations), downstream=False))
    other_way = await asyncio.to_thread(Between(upstream, destinations, origins, grain).paths, 1)
    ancestors = await asyncio.to_thread(nearest_common_ancestors, upstream, origins, destinations, grain)
    former = await _former(conn, flow_of, question, at) if flow.since != BEGINNING else None
    found = former if former and former.gone else None
    return _Why(other_way, ancestors, found, former is not None and not found and not former.flow.complete)


async def _former(conn: Connection, flow_of: FlowOf, question: PathQuestion, at: datetime) -> _Former:
    """The path by all that was told until then, with every node on it."""
    history = await Past(conn, at, BEGINNING, question.kinds).flow(question.origins, downstream=True, hops=None, most=HISTORY)
    way = await asyncio.to_thread(Between(history, question.origins, question.destinations).paths, 1)
    sources = tuple(sorted({source for source, _ in way.edges}))
    gone = way.edges - (await flow_of(Question(start=sources, depth=0))).edges_from(sources) if way.paths else set()
    return _Former(history, way, gone)


async def _no_path(conn: Connection, why: _Why, nodes: Mapping[int, Node], names: Names) -> NoPath:
    return NoPath(
        otherWay=next(iter(_paths(why.other_way, names)), None),
        commonAncestors=[
            CommonAncestor(**nodes[a.id].__dict__, toOrigin=a.to_first, toDestination=a.to_second)
            for a in why.ancestors
            if a.id in nodes
        ],
        former=await _former_path(conn, why.former, names) if why.former else None,
    )


async def _former_path(conn: Connection, former: _Former, names: Names) -> FormerPath:
    [path] = _paths(former.way, names)
    edges = await _evidence(conn, former.flow, former.way.edges, names)
    assert former.flow.at is not None
    gone = {pair for pair in former.gone if pair[0] in names and pair[1] in names}
    ended = [told for _, told in await load_ended(conn, gone, former.flow.at, names)]
    return FormerPath(**path.__dict__, atOneTime=at_one_time(edges, ended), edges=edges, ended=ended)


# ---------------------------------------------------------------- what to tell


def _named(question: PathQuestion, ways: Ways, why: _Why | None) -> set[int]:
    told = [ways, *([why.other_way] if why else []), *([why.former.way] if why and why.former else [])]
    named = {*question.origins, *question.destinations, *(a.id for a in (why.ancestors if why else ()))}
    return named | {node for way in told for edge in way.edges for node in edge}


def _paths(ways: Ways, names: Names) -> list[Path]:
    """Nodes that are hidden are passed over, and are steps all the same."""
    return [Path(length=len(path) - 1, nodes=[names[node] for node in path if node in names]) for path in ways.paths]


async def _evidence(conn: Connection, flow: Flow, pairs: Iterable[Pair], names: Names) -> list[ProvenEdge]:
    return await load_evidence(conn, flow, {pair for pair in pairs if pair[0] in names and pair[1] in names}, names)
