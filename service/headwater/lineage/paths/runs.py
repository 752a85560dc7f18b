"""How one run, or version of a dataset, comes to another, by what runs really read and wrote; or why it does not.

A run is walked as a job, and a version as a dataset: so grains and ways mean the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

from headwater.db.pool import Connection
from headwater.entities.paths import CommonRun, CommonVersion, NoRunPath, Path, RunPaths
from headwater.errors import Invalid
from headwater.lineage.counted import counted, cut_short
from headwater.lineage.edges import EdgeKind
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow, flow_of
from headwater.lineage.graph.question import Grain
from headwater.lineage.graph.ways import Between, Ways
from headwater.lineage.node_ids import Resolved
from headwater.lineage.paths.ancestors import Ancestor, nearest_common_ancestors
from headwater.lineage.paths.ends import barred, both_ends, ends_of
from headwater.lineage.runs.graph import RunGraph, load_run_graph, nodes_among, nodes_of
from headwater.lineage.runs.start import Start
from headwater.lineage.runs.told import Told
from headwater.lineage.runs.upstream import EVER, Span


@dataclass(frozen=True, slots=True)
class RunPathQuestion:
    """``most`` 0 asks only whether there is a path; ``depth`` None: of any length. ``grain``: that of jobs for runs, and that of
    datasets for versions. ``kinds``: whether what runs read counts (INPUT), and what they wrote (OUTPUT)."""

    origins: tuple[Start, ...]
    destinations: tuple[Start, ...]
    most: int = 1
    depth: int | None = None
    grain: Grain = Grain.ALL
    span: Span = EVER
    kinds: Collection[EdgeKind] = (EdgeKind.INPUT, EdgeKind.OUTPUT)
    through: Sequence[Start | Resolved] = ()  # one of these is on each path, if there are any
    avoid: Sequence[Start | Resolved] = ()
    stop_at: Sequence[Start | Resolved] = ()

    def ends(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Nodes of the origins and of the destinations."""
        begin, end = ([nodes_of(start) for start in asked] for asked in (self.origins, self.destinations))
        return ends_of(begin, end), ends_of(end, begin)


@dataclass(frozen=True, slots=True)
class _Why:
    """Of no path."""

    other_way: Ways
    ancestors: list[Ancestor]


async def find_run_paths(conn: Connection, question: RunPathQuestion) -> RunPaths:
    """In a statement or a few for each step from run to run, and a constant number beside. Raises Invalid."""
    origins, destinations = question.ends()
    known = await _load(conn, question, (*question.origins, *question.destinations), downstream=False, hops=0)
    if common := set(origins) & set(destinations):
        raise Invalid(both_ends(await _name(conn, known, min(common))))
    graph = await _search(conn, question)
    known.add_all(graph)
    between = Between(
        _flow(graph),
        origins,
        destinations,
        question.grain,
        avoid=barred(nodes_among(graph, question.avoid), nodes_among(graph, question.stop_at), destinations),
        through=nodes_among(graph, question.through) if question.through else None,
    )
    reachable = await asyncio.to_thread(between.reachable)
    ways = await asyncio.to_thread(between.paths, question.most, question.depth) if question.most and reachable else Ways([])
    why = None
    if question.most and not reachable:
        upstream = await _load(conn, question, (*question.origins, *question.destinations), downstream=False)
        known.add_all(upstream)
        why = await asyncio.to_thread(_why, _flow(upstream), origins, destinations, question.grain)
    named = dict.fromkeys((*origins, *destinations, *_named(ways, why)))
    told = Told(known, await describe(conn, {known.owner(node) for node in named}))
    await told.load_facts(conn, named)
    now, freshness = await load_freshness(conn)
    nodes = {node: shown for node in named if (shown := told.shown(node))}
    edges = told.edges(ways.edges | (why.other_way.edges if why else set()))
    begin, end = ([nodes[node] for node in side if node in nodes] for side in (origins, destinations))
    cut = ways.cut if graph.complete else ways.cut | {"size"}
    return RunPaths(
        origins=begin,
        destinations=end,
        asOf=question.span.as_of(now),
        reachable=reachable,
        complete=not cut and bool(question.most),
        counts=counted(
            {node.id: node.kind for node in nodes.values()},
            [(edge.origin, edge.destination) for edge in edges],
            cut_short(sorted(cut)),
            start={node.id for node in (*begin, *end)},
        ),
        paths=_paths(ways, told),
        nodes=list(nodes.values()),
        edges=edges,
        noPath=_no_path(why, told) if why else None,
        freshness=freshness,
    )


async def _search(conn: Connection, question: RunPathQuestion) -> RunGraph:
    """All that leads on from the origins; or where that is too much and leads nowhere, all that leads to the destinations."""
    graph = await _load(conn, question, question.origins, downstream=True)
    if not graph.complete and not await asyncio.to_thread(Between(_flow(graph), *question.ends()).reachable):
        graph = await _load(conn, question, question.destinations, downstream=False)
    return graph


async def _load(
    conn: Connection, question: RunPathQuestion, starts: Sequence[Start], *, downstream: bool, hops: int | None = None
) -> RunGraph:
    if len(question.kinds) == 1 and hops is None:
        hops = 1  # by what is only read, or only written, no other run is reached
    graph = await load_run_graph(conn, starts, downstream=downstream, hops=hops, span=question.span)
    return graph.of_kinds(question.kinds)


def _flow(graph: RunGraph) -> Flow:
    return flow_of(starmap(Edge, graph.edges()), complete=graph.complete)


def _why(upstream: Flow, origins: Sequence[int], destinations: Sequence[int], grain: Grain) -> _Why:
    other_way = Between(upstream, destinations, origins, grain).paths(1)
    return _Why(other_way, nearest_common_ancestors(upstream, origins, destinations, grain))


# ---------------------------------------------------------------- what to tell


async def _name(conn: Connection, graph: RunGraph, node: int) -> str:
    told = Told(graph, await describe(conn, [graph.owner(node)]))
    return told.id(node) or ""


def _named(ways: Ways, why: _Why | None) -> Iterator[int]:
    for way in [ways, *([why.other_way] if why else [])]:
        yield from (node for edge in sorted(way.edges) for node in edge)
    yield from (ancestor.id for ancestor in (why.ancestors if why else ()))


def _paths(ways: Ways, told: Told) -> list[Path]:
    """Nodes that are hidden are passed over, and are steps all the same."""
    return [Path(length=len(path) - 1, nodes=[name for node in path if (name := told.id(node))]) for path in ways.paths]


def _no_path(why: _Why, told: Told) -> NoRunPath:
    return NoRunPath(
        otherWay=next(iter(_paths(why.other_way, told)), None),
        commonAncestors=[common for ancestor in why.ancestors if (common := _common(ancestor, told))],
    )


def _common(ancestor: Ancestor, told: Told) -> CommonRun | CommonVersion | None:
    shown = told.shown(ancestor.id)
    if shown is None:
        return None
    of = CommonRun if shown.kind == "RUN" else CommonVersion
    return of(**shown.__dict__, toOrigin=ancestor.to_first, toDestination=ancestor.to_second)
