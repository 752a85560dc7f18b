"""Nodes that are told as one with others, such as with the namespace that they are in. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

from headwater import ids
from headwater.entities.graph import Affects, Cut, Direction, Node, Rolled, RolledCounts, RolledEdge, Tally
from headwater.lineage.graph.question import Cursor, Question
from headwater.lineage.graph.reach import Reach

Pair: TypeAlias = tuple[int, int]
Kind: TypeAlias = Literal["datasets", "jobs", "columns", "runs", "versions"]
_KINDS: tuple[Kind, ...] = ("datasets", "jobs", "columns", "runs", "versions")


class Collapse(StrEnum):
    PARENTS = "parents"
    NAMESPACES = "namespaces"


class Member(NamedTuple):
    """A node that is found. The ``id`` of a column is that of its dataset: their columns are never told apart here."""

    id: int
    distance: int
    kind: Kind
    affects: Affects | None = None
    side: Direction = "downstream"


@dataclass(slots=True)
class Heap:
    """What one node of the answer stands for."""

    distance: int
    kinds: Counter[Kind] = field(default_factory=Counter)
    affects: set[Affects] = field(default_factory=set)
    sides: set[Direction] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Homes:
    """What each node becomes one with, and what that is; both by id."""

    of: Mapping[int, int]
    shapes: Mapping[int, Node]


@dataclass(frozen=True, slots=True)
class Collapsed:
    start: list[Node]
    nodes: list[Rolled]  # of the page
    edges: list[RolledEdge]
    cursor: str | None
    heaps: int  # on all pages
    listed: int  # nodes for which those of the page stand


def by_namespace(nodes: Mapping[int, Node]) -> Homes:
    homes = {identifier: ids.namespace_id(node.namespace) for identifier, node in nodes.items()}
    return Homes(homes, {homes[identifier]: _namespace(node.namespace) for identifier, node in nodes.items()})


def members_of(found: Reach, indexes: Iterable[int], job: Kind, dataset: Kind) -> list[Member]:
    """Of what is walked as jobs and datasets, under their own kinds."""
    ids, distances, jobs, sides = found.ids.tolist(), found.distances.tolist(), found.jobs.tolist(), found.sides()
    return [Member(ids[i], distances[i], job if jobs[i] else dataset, side=sides[i]) for i in indexes]


def collapsed(members: Iterable[Member], edges: Iterable[Pair], homes: Homes, question: Question) -> Collapsed:
    """``edges`` are those of the walk, as data flows."""
    heaps = heaped(members, homes.of)
    after = [heap for heap in heaps if question.cursor is None or Cursor(heaps[heap].distance, heap) > question.cursor]
    page = after[: question.limit]
    counted = rolled_edges(edges, homes.of)
    shapes = homes.shapes
    return Collapsed(
        start=[shapes[home] for home in dict.fromkeys(homes.of[node] for node in question.start if node in homes.of)],
        nodes=[_rolled(shapes[heap], heaps[heap]) for heap in page],
        edges=[RolledEdge(origin=shapes[a].id, destination=shapes[b].id, nodes=ways) for (a, b), ways in sorted(counted.items())],
        cursor=str(Cursor(heaps[page[-1]].distance, page[-1])) if page and page[-1] != after[-1] else None,
        heaps=len(heaps),
        listed=sum(heaps[heap].kinds.total() for heap in page),
    )


def heaped(members: Iterable[Member], homes: Mapping[int, int]) -> dict[int, Heap]:
    """Nearest first."""
    heaps: dict[int, Heap] = {}
    for member in members:
        heap = heaps.setdefault(homes[member.id], Heap(member.distance))
        heap.distance = min(heap.distance, member.distance)
        heap.kinds[member.kind] += 1
        heap.sides.add(member.side)
        if member.affects:
            heap.affects.add(member.affects)
    return dict(sorted(heaps.items(), key=lambda item: (item[1].distance, item[0])))


def rolled_edges(edges: Iterable[Pair], homes: Mapping[int, int]) -> Counter[Pair]:
    """With how many edges become one; those within a node are none."""
    known = ((homes[source], homes[target]) for source, target in edges if source in homes and target in homes)
    return Counter(pair for pair in known if pair[0] != pair[1])


def rolled_counts(found: Mapping[Kind, int], told: Collapsed, edges: Tally, cut: list[Cut]) -> RolledCounts:
    kinds = {kind: found.get(kind, 0) for kind in _KINDS}
    return RolledCounts(found=sum(found.values()), **kinds, returned=told.listed, edges=edges, cut=cut, collapsed=told.heaps)


def _namespace(name: str) -> Node:
    return Node(
        id=f"namespace:{name}", kind="NAMESPACE", namespace=name, name=name, type="", description=None, owners=[], tags=[]
    )


def _rolled(shape: Node, heap: Heap) -> Rolled:
    members: dict[str, Any] = {name: getattr(shape, name) for name in Node.model_fields}
    members |= {kind: heap.kinds[kind] for kind in _KINDS}
    affects = next(iter(heap.affects), None) if len(heap.affects) < 2 else "BOTH"
    side = next(iter(heap.sides)) if len(heap.sides) == 1 else "both"
    return Rolled(**members, distance=heap.distance, side=side, affects=affects)
