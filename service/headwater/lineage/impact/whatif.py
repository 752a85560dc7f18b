"""What a change would reach, before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from headwater import ids
from headwater.catalog.datasets import load_datasets
from headwater.db.pool import Connection
from headwater.entities.graph import Affected, Change, ChangeKind, Counts, Cut, Node, Tally, WhatIf
from headwater.errors import NotFound
from headwater.lineage.columns.graph import Place
from headwater.lineage.counted import cut_short
from headwater.lineage.edges import EdgeKind
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.left_out import SUMMED_UP
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.impact.columns import ColumnQuestion, walk_sides
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.hypothesis import Hypothesis, Named, Schema
from headwater.lineage.impact.table_level import beyond, next_by_table
from headwater.lineage.node_ids import dataset_node_id, job_node_id

_HARMLESS = ("COLUMN_ADDED",)
_KINDS: dict[int, tuple[ChangeKind, ChangeKind]] = {
    EdgeKind.INPUT: ("INPUT_ADDED", "INPUT_REMOVED"),
    EdgeKind.OUTPUT: ("OUTPUT_ADDED", "OUTPUT_REMOVED"),
    EdgeKind.DATASET_LINEAGE: ("LINEAGE_ADDED", "LINEAGE_REMOVED"),
    EdgeKind.JOB_LINEAGE: ("LINEAGE_ADDED", "LINEAGE_REMOVED"),
}


class _Limit(NamedTuple):
    """All that a change can reach."""

    nodes: AbstractSet[int]
    complete: bool  # False: there are more columns than were looked at


class _Difference(NamedTuple):
    kind: ChangeKind
    node: int
    start: int  # what is downstream of it is reached
    column: str | None = None
    before: str | int | None = None
    after: str | int | None = None


@dataclass
class _Hit:
    """A node that changes reach; the nearest of them is the one whose way is told."""

    distance: int
    is_job: bool
    found: Reach | None  # None: it is where a change begins
    index: int
    changes: list[int] = field(default_factory=list)

    def way(self, identifier: int) -> list[int]:
        return self.found.way(self.index) if self.found is not None else [identifier]


async def what_if(conn: Connection, flow: Flow, hypothesis: Hypothesis, limit: int) -> WhatIf:
    """``flow`` is put back as it was before this is done."""
    supposed = _canonical(hypothesis, flow.aliases)
    differences = [*_of_edges(flow, supposed), *_of_schemas(supposed, await _schemas(conn, supposed))]
    ends = {end for d in differences for end in (d.node, d.before, d.after) if isinstance(end, int)}
    nodes = _named(supposed) | await describe(conn, ends)
    # Whose input was deleted has none to lose.
    differences = [d for d in differences if all(end in nodes for end in (d.before, d.after) if isinstance(end, int))]
    with _supposed(flow, supposed) as future:
        limits = {i: await _by_column(conn, future, d) for i, d in enumerate(differences) if d.column and d.kind not in _HARMLESS}
        hits, counts = await asyncio.to_thread(_reached, future, differences, limits)
        edges = await asyncio.to_thread(_count_edges, future, {*hits, *(d.node for d in differences if d.kind not in _HARMLESS)})
        order = sorted(hits, key=lambda identifier: (hits[identifier].distance, identifier))
        page = order[:limit]
        ways = {identifier: hits[identifier].way(identifier) for identifier in page}
    nodes |= await describe(conn, {i for way in ways.values() for i in way} - ends)
    as_of, freshness = await load_freshness(conn)
    jobs = sum(hit.is_job for hit in hits.values())
    complete = all(limit.complete for limit in limits.values())
    cut = [] if complete else cut_short(["size"])
    cut += [Cut(rule="limit", nodes=len(order) - len(page))] if len(order) > len(page) else []
    steps = {pair for way in ways.values() for pair in pairwise(way)}
    return WhatIf(
        start=[nodes[i] for i in dict.fromkeys(difference.node for difference in differences)],
        changes=[_change(difference, nodes, counts[i]) for i, difference in enumerate(differences)],
        asOf=as_of,
        complete=complete,
        counts=Counts(
            found=len(order),
            datasets=len(order) - jobs,
            jobs=jobs,
            returned=len(page),
            edges=Tally(found=edges, returned=len(steps)),
            cut=cut,
        ),
        groups=await load_groups(conn, order[:SUMMED_UP]),
        freshness=freshness,
        nodes=[_affected(nodes[i], hits[i], [nodes[n].id for n in ways[i] if n in nodes]) for i in page if i in nodes],
    )


async def _by_column(conn: Connection, flow: Flow, difference: _Difference) -> _Limit:
    """Datasets that a change of a column reaches: by columns as far as these are told, by tables from there on; and the jobs that
    write them."""
    start = Place(difference.start, difference.column or "")
    distances, complete = {difference.start: 0}, True
    with suppress(NotFound):  # a column of a schema that nothing is told to derive from
        reached = await walk_sides(conn, ColumnQuestion(start=(start,)))
        complete = reached.complete
        for found in reached.found:
            distances.setdefault(found.place.dataset_id, found.distance)
    untold = await next_by_table(conn, flow, distances, downstream=True, depth=None)
    datasets = distances.keys() | untold.keys()
    datasets |= await asyncio.to_thread(beyond, flow, Question(start=tuple(untold)), datasets)
    return _Limit(datasets | await asyncio.to_thread(_jobs_of, flow, datasets), complete)


def _jobs_of(flow: Flow, datasets: AbstractSet[int]) -> set[int]:
    """Those that write any of these; and those that read one, or what such a job hands over, and write no dataset: of these no
    columns can be told."""
    arrays = flow.arrays
    _, after, kinds = arrays.neighbours(arrays.places(datasets), downstream=True)
    found = level = np.unique(after[kinds == EdgeKind.INPUT])
    writing: list[int] = []
    while len(level):
        jobs, after, kinds = arrays.neighbours(level, downstream=True)
        writing += jobs[kinds == EdgeKind.OUTPUT].tolist()
        level = np.setdiff1d(after[kinds == EdgeKind.JOB_LINEAGE], found)
        found = np.union1d(found, level)
    others = set(arrays.ids(np.setdiff1d(found, writing).astype(np.int32)).tolist())
    return {job for job, _ in flow.writers(datasets)} | others - flow.sinks


def _count_edges(flow: Flow, nodes: AbstractSet[int]) -> int | None:
    """Between these; None: they are too many to count them."""
    return flow.count_edges(flow.places(nodes)) if len(nodes) <= SUMMED_UP else None


def _reached(flow: Flow, differences: Sequence[_Difference], limits: Mapping[int, _Limit]) -> tuple[dict[int, _Hit], list[int]]:
    """Nodes by id, and how many each change reaches; some changes have ``limits``."""
    hits: dict[int, _Hit] = {}
    counts = [0] * len(differences)
    starts: dict[int, Reach] = {}
    for change, difference in enumerate(differences):
        if difference.kind in _HARMLESS:
            continue
        start = difference.start
        if start not in starts:
            starts[start] = reach(flow, Question(start=(start,)))
        walks = [starts[start]] if change not in limits else _within(flow, starts[start], start, limits[change].nodes)
        for identifier, hit in _hits(walks, difference):
            known = hits.setdefault(identifier, hit)
            if hit.distance < known.distance:
                hit.changes = known.changes
                hits[identifier] = hit
            hits[identifier].changes.append(change)
            counts[change] += 1
    return hits, counts


def _within(flow: Flow, found: Reach, start: int, nodes: AbstractSet[int]) -> list[Reach]:
    """Of what is found from the start these nodes: those to which ways lead over these alone, and the others."""
    ids = found.ids.tolist()
    within = reach(flow, Question(start=(start,), avoid=tuple(identifier for identifier in ids if identifier not in nodes)))
    left = nodes - set(within.ids.tolist())
    return [within, found.pick([n for n, identifier in enumerate(ids) if identifier in left])]


def _hits(walks: Iterable[Reach], difference: _Difference) -> Iterator[tuple[int, _Hit]]:
    for found in walks:
        columns = found.ids.tolist(), found.distances.tolist(), found.jobs.tolist()
        for index, (identifier, distance, is_job) in enumerate(zip(*columns, strict=True)):
            yield identifier, _Hit(distance, is_job, found, index)
    if difference.start not in (difference.node, difference.node ^ SINK):
        yield difference.start, _Hit(0, False, None, 0)


def _canonical(hypothesis: Hypothesis, aliases: Mapping[int, int]) -> Hypothesis:
    """With datasets by the ids that they have whatever name they are called by."""

    def of(identifier: int) -> int:
        return aliases.get(identifier, identifier)

    return Hypothesis(
        {owner: [Edge(of(e.source), of(e.target), e.kind) for e in edges] for owner, edges in hypothesis.edges.items()},
        {of(dataset): schema for dataset, schema in hypothesis.schemas.items()},
        frozenset(map(of, hypothesis.dropped)),
        {of(identifier): named for identifier, named in hypothesis.names.items()},
    )


def _named(hypothesis: Hypothesis) -> dict[int, Node]:
    """What need not exist yet."""
    return {identifier: _node(named) for identifier, named in hypothesis.names.items()}


def _node(named: Named) -> Node:
    node_id = job_node_id if named.is_job else dataset_node_id
    return Node(
        id=node_id(named.namespace, named.name),
        kind="JOB" if named.is_job else "DATASET",
        namespace=named.namespace,
        name=named.name,
        type="",
        description=None,
        owners=[],
        tags=[],
    )


def _change(difference: _Difference, nodes: Mapping[int, Node], reached: int) -> Change:
    before, after = (nodes[end].id if isinstance(end, int) else end for end in (difference.before, difference.after))
    return Change(
        kind=difference.kind,
        node=nodes[difference.node].id,
        column=difference.column,
        before=before,
        after=after,
        reached=reached,
    )


def _affected(node: Node, hit: _Hit, path: list[str]) -> Affected:
    return Affected(**node.__dict__, distance=hit.distance, path=path, changes=hit.changes)


async def _schemas(conn: Connection, hypothesis: Hypothesis) -> dict[int, Schema]:
    """Present ones of the datasets of which a schema is supposed."""
    datasets = await load_datasets(conn, list(hypothesis.schemas))
    return {ids.dataset_id(d.namespace, d.name): {field.name: field.type for field in d.fields} for d in datasets}


def _of_edges(flow: Flow, hypothesis: Hypothesis) -> Iterator[_Difference]:
    for owner, supposed in hypothesis.edges.items():
        before, after = flow.arrays.owned(owner), supposed
        present, future = _without_sinks(before, owner), _without_sinks(after, owner)
        for edge in sorted(future - present, key=_by_kind):
            yield _difference(edge, owner, after, added=True)
        for edge in sorted(present - future, key=_by_kind):
            yield _difference(edge, owner, before, added=False)


def _by_kind(edge: Edge) -> tuple[int, int, int]:
    return edge.kind, edge.source, edge.target


def _without_sinks(edges: Iterable[Edge], owner: int) -> set[Edge]:
    """Whether a job is explicit is no difference of its own: its lineage edges are."""
    told = {Edge(e.source, owner if e.target == owner ^ SINK else e.target, e.kind) for e in edges}
    return {edge for edge in told if Edge(edge.source ^ SINK, edge.target, edge.kind) not in told or edge.source == owner}


def _difference(edge: Edge, owner: int, told: Iterable[Edge], *, added: bool) -> _Difference:
    """``told`` is where the edge comes from: what an explicit job reads reaches only what its lineage edges say."""
    is_input = edge.kind == EdgeKind.INPUT
    sink = is_input and any(e.target == owner ^ SINK for e in told)
    other = edge.source if is_input else edge.target
    before, after = (None, other) if added else (other, None)
    return _Difference(_KINDS[edge.kind][not added], owner, owner ^ SINK if sink else edge.target, None, before, after)


def _of_schemas(hypothesis: Hypothesis, present: Mapping[int, Schema]) -> Iterator[_Difference]:
    for dataset, future in hypothesis.schemas.items():
        known = present.get(dataset, {})
        for column, before in known.items():
            if column not in future:
                yield _Difference("COLUMN_DROPPED", dataset, dataset, column, before)
            elif before and (after := future[column]) and before.lower() != after.lower():
                yield _Difference("COLUMN_RETYPED", dataset, dataset, column, before, after)
        for column, after in future.items():
            if known and column not in known:
                yield _Difference("COLUMN_ADDED", dataset, dataset, column, None, after)
    for dataset in sorted(hypothesis.dropped):
        yield _Difference("DATASET_DROPPED", dataset, dataset)


@contextmanager
def _supposed(flow: Flow, hypothesis: Hypothesis) -> Iterator[Flow]:
    present = {owner: flow.arrays.owned(owner) for owner in hypothesis.edges}
    sinks = {e.target for owner, edges in hypothesis.edges.items() for e in edges if e.target == owner ^ SINK}
    try:
        for owner, edges in hypothesis.edges.items():
            flow.arrays.replace(owner, edges)
        yield replace(flow, sinks=flow.sinks | sinks)
    finally:
        for owner, edges in present.items():
            flow.arrays.replace(owner, edges)
