"""What differs around a node between two times."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from headwater.db.pool import Connection
from headwater.entities.diff import Change, DiffCounts, EdgeChange, EdgeChanges, GraphDiff, NodeChange, NodeChanges
from headwater.entities.graph import Cut, Node, Tally
from headwater.lineage.counted import counted, cut_short
from headwater.lineage.diff.nodes import node_changes, told_at
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.begun import load_begun
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.ended import load_ended
from headwater.lineage.graph.evidence import Pair
from headwater.lineage.graph.past import Past
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach

_COMPARED = 2_000  # nodes whose facets are compared, the nearest
_Known: TypeAlias = tuple[datetime | None, UUID | None]
_UNKNOWN: _Known = (None, None)


@dataclass(frozen=True, slots=True)
class TimesQuestion:
    """``start`` is a node, and what belongs to it. ``limit`` is of each list in the answer."""

    start: tuple[int, ...]
    before: datetime
    after: datetime
    upstream: bool = True
    downstream: bool = True
    depth: int = 5
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class _Around:
    """A node's neighbourhood at a time, by ids, nearest first."""

    nodes: Sequence[int]
    edges: AbstractSet[Pair]
    cut: AbstractSet[str]  # why there is more: `depth`, or `size`


async def diff_times(conn: Connection, question: TimesQuestion) -> GraphDiff:
    """At most three statements a step for each direction and time, and a constant number."""
    before = await _around(conn, question, question.before)
    after = await _around(conn, question, question.after)
    nodes = await describe(conn, {*before.nodes, *after.nodes})
    names = {identifier: node.id for identifier, node in nodes.items()}
    edges = await _edges(conn, question, before, after, names)
    both = set(after.nodes)
    stayed = [node for node in before.nodes if node in both and node in names]
    compared = {node: names[node] for node in stayed[:_COMPARED]}
    told = [await told_at(conn, compared, at) for at in (question.before, question.after)]
    changes = await node_changes(conn, compared, *told)
    differing = NodeChanges(
        added=_node_changes(nodes, both - set(before.nodes), edges.added),
        removed=_node_changes(nodes, set(before.nodes) - both, edges.removed),
    )
    cut = cut_short(sorted(before.cut | after.cut))
    if len(compared) < len(stayed):
        cut.append(Cut(rule="size", nodes=len(stayed) - len(compared)))
    _, freshness = await load_freshness(conn)
    whole = GraphDiff(
        node=nodes[question.start[0]],
        before=question.before,
        after=question.after,
        complete=not cut,
        counts=_counts(differing, edges, changes, {node.id: node.kind for node in nodes.values()}, cut),
        asOf=question.after,
        nodes=differing,
        edges=edges,
        changes=changes,
        freshness=freshness,
    )
    return limited(whole, question.limit)


async def _edges(
    conn: Connection, question: TimesQuestion, before: _Around, after: _Around, names: Mapping[int, str]
) -> EdgeChanges:
    added, removed = _shown(after.edges - before.edges, names), _shown(before.edges - after.edges, names)
    moved_in, moved_out = await _current(conn, added, question.before), await _current(conn, removed, question.after)
    begun = await load_begun(conn, added - moved_in, question.before, question.after)
    ended: dict[Pair, _Known] = {}
    for pair, edge in await load_ended(
        conn, removed - moved_out, question.after, names
    ):  # told by several, it ends with the last
        ended[pair] = edge.endedAt, edge.endedBy
    return EdgeChanges(
        added=[_edge(names, pair, begun.get(pair, _UNKNOWN), moved=pair in moved_in) for pair in sorted(added)],
        removed=[_edge(names, pair, ended.get(pair, _UNKNOWN), moved=pair in moved_out) for pair in sorted(removed)],
    )


async def _current(conn: Connection, edges: AbstractSet[Pair], at: datetime) -> set[Pair]:
    """Those of the edges that are there at that time, wherever."""
    if not edges:
        return set()
    sources = {source for source, _ in edges}
    flow = await Past(conn, at).flow(sources, downstream=True, hops=0)
    return flow.edges_from(sources) & edges


async def _around(conn: Connection, question: TimesQuestion, at: datetime) -> _Around:
    start, found, edges, cut = question.start, list[int](), set[Pair](), set[str]()
    for downstream, wanted in ((True, question.downstream), (False, question.upstream)):
        if wanted:
            flow = await Past(conn, at).flow(start, downstream=downstream, hops=question.depth)
            asked = Question(start=start, downstream=downstream, depth=question.depth)
            told = await asyncio.to_thread(reach, flow, asked, ways=False)
            reached = told.ids.tolist()
            within = {*start, *reached}
            edges |= {edge for edge in flow.edges_from(within) if edge[1] in within}
            found += reached
            cut.update(told.cut)
    linked = {end for edge in edges for end in edge}  # a task of a DAG is there while it reads or writes something
    own = [node for node in start if node == start[0] or node in linked]
    return _Around(list(dict.fromkeys((*own, *found))), edges, cut)


# ---------------------------------------------------------------- what to tell


def _shown(pairs: Iterable[Pair], names: Mapping[int, str]) -> set[Pair]:
    return {pair for pair in pairs if pair[0] in names and pair[1] in names}


def _edge(names: Mapping[int, str], pair: Pair, known: _Known, *, moved: bool) -> EdgeChange:
    return EdgeChange(origin=names[pair[0]], destination=names[pair[1]], moved=moved, at=known[0], run=known[1])


def _node_changes(nodes: Mapping[int, Node], ids: Collection[int], edges: Iterable[EdgeChange]) -> list[NodeChange]:
    """With the first of the edges that came or went with each."""
    first: dict[str, EdgeChange] = {}
    for edge in sorted((edge for edge in edges if edge.at is not None), key=lambda edge: str(edge.at), reverse=True):
        first[edge.origin] = first[edge.destination] = edge
    told = sorted((nodes[identifier] for identifier in ids if identifier in nodes), key=lambda node: node.id)
    return [
        NodeChange(**node.__dict__, at=edge.at if edge else None, run=edge.run if edge else None)
        for node in told
        for edge in [first.get(node.id)]
    ]


def _counts(
    nodes: NodeChanges, edges: EdgeChanges, changes: Sequence[Change], kinds: Mapping[str, str], cut: Sequence[Cut]
) -> DiffCounts:
    """Before anything is left out by a limit."""
    pairs = [(edge.origin, edge.destination) for edge in (*edges.added, *edges.removed)]
    told = counted({node: kinds[node] for node in _touched(nodes, changes)}, pairs, cut)
    return DiffCounts(**told.__dict__, changes=Tally(found=len(changes), returned=len(changes)))


def _touched(nodes: NodeChanges, changes: Iterable[Change]) -> set[str]:
    return {*(node.id for node in (*nodes.added, *nodes.removed)), *(change.node for change in changes)}


def limited(whole: GraphDiff, limit: int) -> GraphDiff:
    """With so many of each list at most."""
    nodes = NodeChanges(added=whole.nodes.added[:limit], removed=whole.nodes.removed[:limit])
    edges = EdgeChanges(added=whole.edges.added[:limit], removed=whole.edges.removed[:limit])
    changes, counts = whole.changes[:limit], whole.counts
    returned, edges_returned = len(_touched(nodes, changes)), len(edges.added) + len(edges.removed)
    left_out = counts.found - returned, counts.edges.returned - edges_returned, len(whole.changes) - len(changes)
    counted_anew = {
        "returned": returned,
        "edges": Tally(found=counts.edges.found, returned=edges_returned),
        "changes": Tally(found=counts.changes.found, returned=len(changes)),
        "cut": [*counts.cut, *([Cut(rule="limit", nodes=left_out[0])] if any(left_out) else [])],
    }
    told = {"nodes": nodes, "edges": edges, "changes": changes, "counts": counts.model_copy(update=counted_anew)}
    return whole.model_copy(update=told)
