"""What is reached from a column: all that a change of it may touch, or all that it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from headwater.db.pool import Connection
from headwater.entities.graph import Column, ColumnCounts, ColumnImpact, Cut, Node, ProvenColumnEdge, ReachedColumn, Scope
from headwater.lineage.columns.edges import Then, is_told
from headwater.lineage.columns.evidence import load_column_evidence
from headwater.lineage.columns.flow import ColumnFlow, read_flow
from headwater.lineage.columns.gone import not_found, was_there
from headwater.lineage.columns.graph import Place, Shown, transformations
from headwater.lineage.columns.lineage import load_shown
from headwater.lineage.columns.nested import may_be
from headwater.lineage.columns.reach import ColumnReach, Found, reach_columns
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Cursor, Filter
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.table_level import load_table_level
from headwater.lineage.node_ids import field_node_id

_SCOPES: Sequence[Scope] = ("FIELD", "PART", "WHOLE", "DATASET", "UNRESOLVED")
_Edge: TypeAlias = tuple[Place, Place]  # near, far


@dataclass(frozen=True, slots=True)
class ColumnQuestion:
    """Of columns. A place without a field stands for all of its dataset."""

    start: tuple[Place, ...]
    downstream: bool = True
    depth: int | None = None
    avoid: frozenset[Place] = frozenset()
    stop_at: frozenset[Place] = frozenset()
    filter: Filter = field(default_factory=Filter)
    paths: int = 1  # 0 or 1
    limit: int = 100
    cursor: Cursor | None = None
    then: Then | None = None  # now


async def walk_columns(conn: Connection, question: ColumnQuestion) -> ColumnReach:
    """A statement a hop. Raises NotFound for a field that neither a schema nor column lineage has."""
    flow = await read_flow(
        conn,
        question.start,
        downstream=question.downstream,
        hops=None if question.depth is None else question.depth + 1,  # tells whether there is more
        avoid=question.avoid,
        stop_at=question.stop_at,
        then=question.then,
    )
    for place in question.start:
        onward = flow.onward.get(place, {}).values()
        if place.field and all(told.scope not in ("FIELD", "PART") for by in onward for told in by):
            await _require(conn, place, question, by_holder=bool(onward))
    return await asyncio.to_thread(reach_columns, flow, question.start, question.depth)


async def _require(conn: Connection, place: Place, question: ColumnQuestion, *, by_holder: bool) -> None:
    """``by_holder``: something is told of the dataset, or of a field that this one would be inside of."""
    for downstream in (True, False):
        if await is_told(conn, place, downstream=downstream, then=question.then, nested=True):
            return
    shown = (await load_shown(conn, [place.dataset_id])).get(place.dataset_id)
    types = shown.types if shown is not None else {}
    if place.field in types or (by_holder and may_be(place.field, types)):
        return
    if question.then is None or not await was_there(conn, place, question.then):
        raise await not_found(conn, "Field", place.field, place)


async def column_impact(conn: Connection, flow: Flow, question: ColumnQuestion, reached: ColumnReach) -> ColumnImpact:
    """Of what ``walk_columns`` found; ``flow`` tells where data flows on without. In a constant number of statements."""
    now, freshness = await load_freshness(conn)
    nearest = reached.found[:SUMMED_UP]
    nodes = await describe(conn, _datasets(question.start))
    shown = reached.found
    if test := question.filter.test():
        nodes |= await describe(conn, _datasets(found.place for found in nearest))
        shown = [f for f in nearest if f.place.dataset_id in nodes and test(nodes[f.place.dataset_id], None)]
    page = _page(shown, question)
    ways = [reached.way(found) if question.paths else [found.place] for found in page]
    nodes |= await describe(conn, {place.dataset_id for way in ways for place in way} - nodes.keys())
    columns = _Columns(nodes, await load_shown(conn, {*_datasets(question.start), *_datasets(found.place for found in page)}))
    listed = [(f, way) for f, way in zip(page, ways, strict=True) if all(place.dataset_id in nodes for place in way)]
    edges = dict.fromkeys(pair for _, way in listed for pair in pairwise(way))
    distances = {place.dataset_id: 0 for place in question.start}
    for found in reached.found:
        distances.setdefault(found.place.dataset_id, found.distance)
    return ColumnImpact(
        start=[columns.told(place) for place in question.start if place.dataset_id in nodes],
        direction="downstream" if question.downstream else "upstream",
        asOf=question.then.at if question.then is not None else now,
        complete=reached.complete,
        counts=_counts(reached, shown, len(listed), question),
        groups=await load_groups(conn, sorted(_datasets(found.place for found in nearest))),
        freshness=freshness,
        nodes=[columns.reached(found, way) for found, way in listed],
        edges=await _proven(conn, reached.flow, edges, columns, question),
        tableLevel=await load_table_level(
            conn, flow, distances, downstream=question.downstream, depth=question.depth, then=question.then
        ),
        cursor=_cursor(page[-1]) if page and page[-1] is not shown[-1] else None,
    )


def _datasets(places: Iterable[Place]) -> set[int]:
    return {place.dataset_id for place in places}


def _page(shown: Sequence[Found], question: ColumnQuestion) -> Sequence[Found]:
    after = question.cursor
    passed = sum(Cursor(f.distance, f.id) <= after for f in shown) if after is not None else 0
    return shown[passed : passed + question.limit]


def _cursor(found: Found) -> str:
    return str(Cursor(found.distance, found.id))


class _Columns:
    """Names for places."""

    def __init__(self, nodes: Mapping[int, Node], shown: Mapping[int, Shown]) -> None:
        self._nodes = nodes
        self._shown = shown

    def id(self, place: Place) -> str:
        node = self._nodes[place.dataset_id]
        return field_node_id(node.namespace, node.name, place.field) if place.field else node.id

    def told(self, place: Place) -> Column:
        return Column(**self._members(place))

    def reached(self, found: Found, way: Sequence[Place]) -> ReachedColumn:
        return ReachedColumn(
            **self._members(found.place),
            affects=found.affects,
            masked=found.masked,
            resolved=found.resolved,
            ends=found.ends,
            distance=found.distance,
            path=[self.id(place) for place in way],
        )

    def _members(self, place: Place) -> dict[str, Any]:
        members = self._nodes[place.dataset_id].__dict__
        if not place.field:
            return {**members, "field": None, "fieldType": None}
        types = self._shown[place.dataset_id].types
        return {**members, "id": self.id(place), "kind": "FIELD", "field": place.field, "fieldType": types.get(place.field)}


async def _proven(
    conn: Connection, flow: ColumnFlow, edges: Iterable[_Edge], columns: _Columns, question: ColumnQuestion
) -> list[ProvenColumnEdge]:
    told = {edge: flow.onward[edge[0]][edge[1]] for edge in edges}
    written = {edge: edge[1 if question.downstream else 0].dataset_id for edge in told}
    proof = await load_column_evidence(
        conn, {(written[edge], one.owner) for edge, by in told.items() for one in by}, question.then
    )
    proven = []
    for edge, by in told.items():
        source, target = edge if question.downstream else edge[::-1]
        made = dict.fromkeys(t for one in by for t in transformations(one.transformations))
        owners = dict.fromkeys((written[edge], one.owner) for one in by)
        proven.append(
            ProvenColumnEdge(
                origin=columns.id(source),
                destination=columns.id(target),
                scope=min((one.scope for one in by), key=_SCOPES.index),
                transformations=list(made),
                evidence=[proof[teller] for teller in owners if teller in proof],
            )
        )
    return sorted(proven, key=lambda edge: (edge.origin, edge.destination))


def _counts(reached: ColumnReach, shown: Sequence[Found], listed: int, question: ColumnQuestion) -> ColumnCounts:
    found = reached.found
    affects = [one.affects for one in found]
    cut = [] if reached.complete else [Cut(rule="depth" if reached.flow.complete else "size", nodes=None)]
    cut += left_out(len(found), shown, listed, question.filter)
    return ColumnCounts(
        found=len(found),
        values=affects.count("VALUES"),
        rows=affects.count("ROWS"),
        both=affects.count("BOTH"),
        datasets=len(_datasets(one.place for one in found)),
        returned=listed,
        cut=cut,
    )
