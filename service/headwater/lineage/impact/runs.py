"""What is reached from a run, or from a version of a dataset, by the versions that runs really read and wrote.

A run is walked as a job, and a version as a dataset: so grains, filters and ways mean the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias
from uuid import UUID

import numpy as np

from headwater.catalog.data_versions import Facts, Use, load_facts
from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Cut, Direction, Node, Tally
from headwater.entities.run_graph import ReachedRun, ReachedVersion, RunEdge, RunImpact, RunNode, VersionNode
from headwater.lineage.counted import cut_short
from headwater.lineage.edges import EdgeKind
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, edge_tally, left_out
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.pages import page_of
from headwater.lineage.impact.ways_to import ways_to
from headwater.lineage.node_ids import NodeKind, Resolved
from headwater.lineage.runs.downstream import Written
from headwater.lineage.runs.graph import RunGraph, introduced_by, load_run_graph, version_node
from headwater.lineage.runs.start import Start, StartRun
from headwater.lineage.runs.upstream import EVER, ReadingRun, Span

Pair: TypeAlias = tuple[int, int]  # nodes


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """``asked`` is of runs and versions as of jobs and datasets, its sets apart: a job or dataset among these stands for all of
    its runs or versions. ``kinds``: whether what runs read counts (INPUT), and what they wrote (OUTPUT)."""

    start: Start
    asked: Question
    through: Sequence[Start | Resolved] = ()
    avoid: Sequence[Start | Resolved] = ()
    stop_at: Sequence[Start | Resolved] = ()
    span: Span = EVER
    kinds: Collection[EdgeKind] = (EdgeKind.INPUT, EdgeKind.OUTPUT)


@dataclass(frozen=True, slots=True)
class RunWalk:
    """What is found; ``asked`` is the question in nodes of the ``graph``."""

    graph: RunGraph
    asked: Question
    flow: Flow
    found: Reach
    nearest: Reach
    shown: Reach  # of what is found, or of the nearest, what the filter lets pass
    told: Told

    def nodes(self) -> dict[int, Node]:
        """The start, and the nearest, that are told of; each with its job or dataset."""
        return {node: of for node in (*self.asked.start, *self.nearest.ids.tolist()) if (of := self.told.of(node))}

    def owners(self) -> list[int]:
        """Jobs and datasets of the nearest nodes."""
        return sorted({self.told.owner(node) for node in self.nearest.ids.tolist()})


async def walk_runs(conn: Connection, question: RunQuestion) -> RunWalk:
    """A statement or a few for each step from run to run, and a constant number beside."""
    start, asked = question.start, question.asked
    graph = await load_run_graph(
        conn, start, downstream=asked.downstream, both=asked.both, hops=_hops(question), span=question.span
    )
    graph = replace(
        graph,
        read=graph.read if EdgeKind.INPUT in question.kinds else set(),
        wrote=graph.wrote if EdgeKind.OUTPUT in question.kinds else set(),
    )
    asked = replace(
        asked,
        start=_nodes_of(start),
        through=_nodes(graph, question.through),
        avoid=_nodes(graph, question.avoid),
        stop_at=_nodes(graph, question.stop_at),
    )
    told = await _load_told(conn, graph, start)
    flow = _flow(graph, told)
    found = await asyncio.to_thread(reach, flow, asked)
    nearest, shown = found.nearest(SUMMED_UP), found
    if test := asked.filter.test():
        nodes = enumerate(nearest.ids.tolist())
        shown = nearest.pick([i for i, node in nodes if (known := told.of(node)) and test(known, told.state(node))])
    return RunWalk(graph, asked, flow, found, nearest, shown, told)


async def run_impact(conn: Connection, question: RunQuestion) -> RunImpact:
    """In as many statements as ``walk_runs`` and a constant number more."""
    start, walk = question.start, await walk_runs(conn, question)
    asked, told = walk.asked, walk.told
    page, cursor = page_of(walk.shown, asked)
    listed = page.ids.tolist()
    ways, cut = await asyncio.to_thread(ways_to, walk.flow, asked, page)
    await told.load_facts(conn, {*listed, *asked.start})
    now, freshness = await load_freshness(conn)
    edges = _edges(walk.graph, told, {pair for of in ways for way in of for pair in pairwise(way)})
    first = await introduced_by(conn, start, question.span) if isinstance(start, Written) else None
    return RunImpact(
        start=[one for node in asked.start if (one := told.shown(node))],
        introducedBy=run_node(first, (await describe(conn, [first.job_id])).get(first.job_id)) if first else None,
        direction=asked.direction,
        asOf=question.span.as_of(now),
        complete=walk.found.complete,
        counts=_counts(walk, len(listed), edge_tally(walk.found, walk.asked, len(edges)), cut),
        groups=await load_groups(conn, walk.owners()),
        freshness=freshness,
        nodes=[*map(told.reached, listed, page.distances.tolist(), page.sides(), ways or [[[node]] for node in listed])],
        edges=edges,
        cursor=cursor,
    )


def _hops(question: RunQuestion) -> int | None:
    """From run to run; one more than is told, which shows whether there is more."""
    asked = question.asked
    if len(question.kinds) == 1:
        return 1  # by what is only read, or only written, no other run is reached
    if asked.depth is None or asked.through:
        return None
    return (asked.depth // 2 if asked.grain is Grain.ALL else asked.depth) + 1


def _nodes_of(start: Start) -> tuple[int, ...]:
    return start.run_ids if isinstance(start, StartRun) else (version_node(start.uuid),)


def _nodes(graph: RunGraph, told: Iterable[Start | Resolved]) -> tuple[int, ...]:
    return tuple(node for one in told for node in _of(graph, one))


def _of(graph: RunGraph, told: Start | Resolved) -> Iterator[int]:
    if not isinstance(told, Resolved):
        yield from _nodes_of(told)
        return
    yield from (run_id for run_id, run in graph.runs.items() if run.job_id == told.id)
    yield from (node for node, use in graph.versions.items() if use.canonical_id == told.id)


def _flow(graph: RunGraph, told: Told) -> Flow:
    edges = [(*pair, pair[0], EdgeKind.OUTPUT) for pair in graph.wrote] + [
        (*pair, pair[1], EdgeKind.INPUT) for pair in graph.read
    ]
    columns = np.array(edges, np.int64).reshape(-1, 4).T
    arrays = Arrays([(columns[0], columns[1], columns[2], columns[3].astype(np.int8))])
    hidden = frozenset(node for node in (*graph.runs, *graph.versions) if told.of(node) is None)
    return Flow(arrays, frozenset(), hidden, {}, graph.complete)


def _counts(walk: RunWalk, listed: int, edges: Tally, more: list[Cut]) -> Counts:
    found, runs = walk.found, int(walk.found.jobs.sum())
    cut = cut_short(found.cut) + more + left_out(len(found), walk.shown, listed, walk.asked.filter)
    return Counts(found=len(found), runs=runs, versions=len(found) - runs, returned=listed, edges=edges, cut=cut)


# ---------------------------------------------------------------- what to tell


async def _load_told(conn: Connection, graph: RunGraph, start: Start) -> Told:
    versions = {**graph.versions}
    if isinstance(start, Written):
        versions.setdefault(version_node(start.uuid), Use(start.version_id, start.dataset_id, start.canonical_id, start.uuid))
    owners = {*(run.job_id for run in graph.runs.values()), *(use.canonical_id for use in versions.values())}
    return Told(graph.runs, versions, await describe(conn, owners))


@dataclass(slots=True)
class Told:
    """What is told of runs and versions, by their nodes. Those of a job or dataset that is hidden are not told."""

    runs: Mapping[int, ReadingRun]
    versions: Mapping[int, Use]
    owners: Mapping[int, Node]
    facts: Mapping[tuple[int, UUID | None], Facts] = field(default_factory=dict)

    async def load_facts(self, conn: Connection, nodes: Iterable[int]) -> None:
        self.facts = await load_facts(conn, [self.versions[node] for node in nodes if node in self.versions])

    def owner(self, node: int) -> int:
        return self.runs[node].job_id if node in self.runs else self.versions[node].canonical_id

    def state(self, node: int) -> str | None:
        return self.runs[node].state if node in self.runs else None

    def of(self, node: int) -> Node | None:
        return self.owners.get(self.owner(node))

    def shown(self, node: int) -> RunNode | VersionNode | None:
        of = self.of(node)
        if node in self.runs:
            return run_node(self.runs[node], of)
        return self._version(self.versions[node], of) if of else None

    def id(self, node: int) -> str | None:
        if (of := self.of(node)) is None:
            return None
        return _run_id(self.runs[node]) if node in self.runs else _version_id(of, self.versions[node])

    def reached(self, node: int, distance: int, side: Direction, ways: Iterable[Iterable[int]]) -> ReachedRun | ReachedVersion:
        path, *others = [[told for step in way if (told := self.id(step))] for way in ways]
        members = {**self.shown(node).__dict__, "distance": distance, "path": path, "side": side, "otherPaths": others}
        return ReachedRun(**members) if node in self.runs else ReachedVersion(**members)

    def _version(self, use: Use, of: Node) -> VersionNode:
        assert use.version is not None
        facts = self.facts.get((use.canonical_id, use.version))
        return VersionNode(
            **{**of.__dict__, "id": _version_id(of, use), "kind": "VERSION"},
            version=use.version,
            externalVersion=facts.external_version if facts else None,
            createdAt=facts.created_at if facts else None,
        )


def run_node(run: ReadingRun, of: Node | None) -> RunNode | None:
    if of is None:
        return None
    members = {**of.__dict__, "id": _run_id(run), "kind": "RUN"}
    return RunNode(**members, state=run.state, startedAt=run.started_at, endedAt=run.end)


def _run_id(run: ReadingRun) -> str:
    return f"{NodeKind.RUN}:{run.uuid}"


def _version_id(of: Node, use: Use) -> str:
    return f"{of.id}#{use.version}"


def _edges(graph: RunGraph, told: Told, pairs: Iterable[Pair]) -> list[RunEdge]:
    edges = [
        RunEdge(origin=origin, destination=destination, kind="WROTE" if pair in graph.wrote else "READ")
        for pair in pairs
        if (origin := told.id(pair[0])) and (destination := told.id(pair[1]))
    ]
    return sorted(edges, key=lambda edge: (edge.origin, edge.destination))
