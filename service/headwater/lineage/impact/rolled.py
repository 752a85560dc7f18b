"""What is reached from a job or dataset, collapsed: jobs to those that start them, or everything to its namespace."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeAlias

from headwater import ids
from headwater.db.pool import Connection
from headwater.entities.graph import Node, Rolled, RolledCounts, RolledEdge, RolledImpact
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, cut_short, left_out, load_passing
from headwater.lineage.graph.parents import load_tops
from headwater.lineage.graph.question import Cursor, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.impact.groups import load_groups

Pair: TypeAlias = tuple[int, int]


class Collapse(StrEnum):
    PARENTS = "parents"
    NAMESPACES = "namespaces"


@dataclass(slots=True)
class Heap:
    """What one node of the answer stands for."""

    distance: int
    jobs: int = 0
    datasets: int = 0


async def rolled_impact(conn: Connection, flow: Flow, question: Question, collapse: Collapse) -> RolledImpact:
    """Of the 10,000 nearest nodes. ``flow`` must not be changed meanwhile. In a constant number of statements, and one for each
    level of parents."""
    found = await asyncio.to_thread(reach, flow, question)
    nearest = await asyncio.to_thread(found.nearest, SUMMED_UP)
    near = nearest.ids.tolist()
    nodes = await describe(conn, {*near, *question.start})
    shown = await load_passing(conn, question.filter, near, nodes, flow.at)
    homes, shapes = await (_by_parent if collapse is Collapse.PARENTS else _by_namespace)(conn, nodes)
    heaps = heaped((homes[near[i]], int(nearest.distances[i]), bool(nearest.jobs[i])) for i in shown)
    after = [heap for heap in heaps if question.cursor is None or Cursor(heaps[heap].distance, heap) > question.cursor]
    page = after[: question.limit]
    edges = rolled_edges(await asyncio.to_thread(nearest.edges, shown), homes, downstream=question.downstream)
    now, freshness = await load_freshness(conn)
    return RolledImpact(
        start=[shapes[home] for home in dict.fromkeys(homes[node] for node in question.start if node in homes)],
        direction="downstream" if question.downstream else "upstream",
        asOf=flow.at or now,
        complete=found.complete,
        counts=_counts(found, shown, heaps, page, question),
        groups=await load_groups(conn, near),
        freshness=freshness,
        nodes=[Rolled(**{**shapes[heap].__dict__, **asdict(heaps[heap])}) for heap in page],
        edges=[RolledEdge(origin=shapes[a].id, destination=shapes[b].id, nodes=ways) for (a, b), ways in sorted(edges.items())],
        cursor=str(Cursor(heaps[page[-1]].distance, page[-1])) if page and page[-1] != after[-1] else None,
    )


async def _by_parent(conn: Connection, nodes: Mapping[int, Node]) -> tuple[dict[int, int], dict[int, Node]]:
    """What each node becomes one with, and what that is."""
    tops = await load_tops(conn, [identifier for identifier, node in nodes.items() if node.kind == "JOB"])
    shapes = {**nodes, **await describe(conn, set(tops.values()) - nodes.keys())}
    return {node: top if (top := tops.get(node, node)) in shapes else node for node in nodes}, shapes


async def _by_namespace(_: Connection, nodes: Mapping[int, Node]) -> tuple[dict[int, int], dict[int, Node]]:
    homes = {identifier: ids.namespace_id(node.namespace) for identifier, node in nodes.items()}
    return homes, {homes[identifier]: _namespace(node.namespace) for identifier, node in nodes.items()}


def _namespace(name: str) -> Node:
    return Node(
        id=f"namespace:{name}", kind="NAMESPACE", namespace=name, name=name, type="", description=None, owners=[], tags=[]
    )


def heaped(found: Iterable[tuple[int, int, bool]]) -> dict[int, Heap]:
    """Of nodes (what each becomes one with, its distance, whether it is a job) the heaps, nearest first."""
    heaps: dict[int, Heap] = {}
    for home, distance, is_job in found:
        heap = heaps.setdefault(home, Heap(distance))
        heap.distance = min(heap.distance, distance)
        heap.jobs += is_job
        heap.datasets += not is_job
    return dict(sorted(heaps.items(), key=lambda item: (item[1].distance, item[0])))


def rolled_edges(edges: Iterable[Pair], homes: Mapping[int, int], *, downstream: bool) -> Counter[Pair]:
    """As data flows, with how many edges become one; those within a node are none."""
    known = ((homes[near], homes[far]) for near, far in edges if near in homes and far in homes)
    return Counter((near, far) if downstream else (far, near) for near, far in known if near != far)


def _counts(
    found: Reach, shown: Sequence[int], heaps: Mapping[int, Heap], page: Sequence[int], question: Question
) -> RolledCounts:
    jobs = int(found.jobs.sum())
    listed = sum(heaps[heap].jobs + heaps[heap].datasets for heap in page)
    return RolledCounts(
        found=len(found),
        datasets=len(found) - jobs,
        jobs=jobs,
        returned=listed,
        cut=cut_short(found.cut) + left_out(len(found), shown, listed, question.filter),
        collapsed=len(heaps),
    )
