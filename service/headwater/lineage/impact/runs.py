"""What is reached from a run, or from a version of a dataset, by the versions that runs really read and wrote.

A run is walked as a job, and a version as a dataset: so grains, filters and ways mean the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, starmap

from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Cut, Direction, Node, Tally
from headwater.entities.run_graph import ReachedRun, ReachedVersion, RunImpact
from headwater.lineage.counted import cut_short
from headwater.lineage.edges import EdgeKind
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow, flow_of
from headwater.lineage.graph.left_out import SUMMED_UP, edge_tally, left_out
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.pages import page_of
from headwater.lineage.impact.ways_to import ways_to
from headwater.lineage.node_ids import Resolved
from headwater.lineage.runs.downstream import Written
from headwater.lineage.runs.graph import RunGraph, introduced_by, load_run_graph, nodes_among, nodes_of
from headwater.lineage.runs.start import Start
from headwater.lineage.runs.told import Told, run_node
from headwater.lineage.runs.upstream import EVER, Span


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
        return sorted({self.graph.owner(node) for node in self.nearest.ids.tolist()})


async def walk_runs(conn: Connection, question: RunQuestion) -> RunWalk:
    """A statement or a few for each step from run to run, and a constant number beside."""
    start, asked = question.start, question.asked
    graph = await load_run_graph(
        conn, [start], downstream=asked.downstream, both=asked.both, hops=_hops(question), span=question.span
    )
    graph = graph.of_kinds(question.kinds)
    asked = replace(
        asked,
        start=nodes_of(start),
        through=_through(graph, question.through),
        avoid=nodes_among(graph, question.avoid),
        stop_at=nodes_among(graph, question.stop_at),
    )
    told = Told(graph, await describe(conn, graph.owners()))
    flow = flow_of(starmap(Edge, graph.edges()), hidden=told.hidden(), complete=graph.complete)
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
    edges = told.edges({pair for of in ways for way in of for pair in pairwise(way)})
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
        nodes=[
            *map(partial(_reached, told), listed, page.distances.tolist(), page.sides(), ways or [[[node]] for node in listed])
        ],
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


def _through(graph: RunGraph, told: Sequence[Start | Resolved]) -> tuple[int, ...]:
    """What is not in the graph must be passed through all the same: then nothing is reached. No id is 0."""
    return nodes_among(graph, told) or ((0,) if told else ())


def _counts(walk: RunWalk, listed: int, edges: Tally, more: list[Cut]) -> Counts:
    found, runs = walk.found, int(walk.found.jobs.sum())
    cut = cut_short(found.cut) + more + left_out(len(found), walk.shown, listed, walk.asked.filter)
    return Counts(found=len(found), runs=runs, versions=len(found) - runs, returned=listed, edges=edges, cut=cut)


def _reached(told: Told, node: int, distance: int, side: Direction, ways: Iterable[Iterable[int]]) -> ReachedRun | ReachedVersion:
    path, *others = [[known for step in way if (known := told.id(step))] for way in ways]
    members = {**told.shown(node).__dict__, "distance": distance, "path": path, "side": side, "otherPaths": others}
    return ReachedRun(**members) if node in told.graph.runs else ReachedVersion(**members)
