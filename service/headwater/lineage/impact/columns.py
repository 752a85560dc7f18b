"""What is reached from a column: all that a change of it may touch, or all that it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from headwater.db.pool import Connection
from headwater.entities.graph import (
    Column,
    ColumnCounts,
    ColumnImpact,
    Cut,
    Node,
    ProvenColumnEdge,
    ReachedColumn,
    Scope,
    TableLevel,
    Tally,
)
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.evidence import load_column_evidence
from headwater.lineage.columns.flow import ColumnFlow, read_flow
from headwater.lineage.columns.graph import Place, Shown, transformations
from headwater.lineage.columns.lineage import load_shown, require_field
from headwater.lineage.columns.reach import ColumnReach, Found, reach_columns
from headwater.lineage.columns.via import ANY, Via
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Cursor, Filter
from headwater.lineage.graph.states import load_states
from headwater.lineage.impact.column_ways import column_ways
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
    via: Via = ANY
    filter: Filter = field(default_factory=Filter)
    paths: int = 1  # ways told of each column, 0 for none
    limit: int = 100
    cursor: Cursor | None = None
    then: Then | None = None  # now
    explicit: bool | None = None  # edges: as ``column_edges`` has it


async def walk_columns(conn: Connection, question: ColumnQuestion) -> ColumnReach:
    """A statement a hop. Raises NotFound for a field that neither a schema nor column lineage has."""
    flow = await read_flow(
        conn,
        question.start,
        downstream=question.downstream,
        hops=None if question.depth is None else question.depth + 1,  # tells whether there is more
        via=question.via,
        then=question.then,
        explicit=question.explicit,
    )
    for place in question.start:
        onward = flow.onward.get(place, {}).values()
        if place.field and all(told.scope not in ("FIELD", "PART") for by in onward for told in by):
            await require_field(conn, place, question.then, by_holder=bool(onward))
    return await asyncio.to_thread(reach_columns, flow, question.start, question.depth, question.via.through)


async def column_impact(conn: Connection, flow: Flow, question: ColumnQuestion, reached: ColumnReach) -> ColumnImpact:
    """Of what ``walk_columns`` found; ``flow`` tells where data flows on without. In a constant number of statements."""
    now, freshness = await load_freshness(conn)
    nearest = reached.found[:SUMMED_UP]
    nodes = await describe(conn, _datasets(question.start))
    shown = reached.found
    if question.filter != Filter():
        nodes |= await describe(conn, _datasets(found.place for found in nearest))
        shown = await load_passing_columns(conn, question, reached, nodes)
    page = page_of(shown, question)
    through = question.via.through
    ways, cut = await asyncio.to_thread(column_ways, reached, page, question.start, question.depth, question.paths, through)
    nodes |= await describe(conn, {place.dataset_id for of in ways for way in of for place in way} - nodes.keys())
    columns = _Columns(nodes, await load_shown(conn, {*_datasets(question.start), *_datasets(found.place for found in page)}))
    known = [[way for way in of if all(place.dataset_id in nodes for place in way)] for of in ways]
    listed = [(found, of) for found, of in zip(page, known, strict=True) if of]
    pairs = dict.fromkeys(pair for _, of in listed for way in of for pair in pairwise(way))
    edges = await _proven(conn, reached.flow, pairs, columns, question)
    tally = Tally(found=reached.count_edges(question.start), returned=len(edges))
    cut = walk_cut(reached) + cut + left_out(len(reached.found), shown, len(listed), question.filter)
    return ColumnImpact(
        start=[columns.told(place) for place in question.start if place.dataset_id in nodes],
        direction="downstream" if question.downstream else "upstream",
        asOf=question.then.at if question.then is not None else now,
        complete=reached.complete,
        counts=column_counts(reached.found, len(listed), tally, cut),
        groups=await load_groups(conn, sorted(_datasets(found.place for found in nearest))),
        freshness=freshness,
        nodes=[columns.reached(found, of if question.downstream else [way[::-1] for way in of]) for found, of in listed],
        edges=edges,
        tableLevel=await load_onward(conn, flow, question, reached),
        cursor=cursor_after(page, shown),
    )


async def load_passing_columns(
    conn: Connection, question: ColumnQuestion, reached: ColumnReach, nodes: Mapping[int, Node]
) -> list[Found]:
    """Those of the nearest that the filter lets pass, by their datasets, ``nodes``. Of the jobs that tell an edge to a column one
    must be in the state."""
    test = question.filter.test()
    tellers = reached.flow.tellers() if question.filter.states else {}
    at = question.then.at if question.then is not None else None
    states = await load_states(conn, {teller for told in tellers.values() for teller in told}, at) if tellers else {}

    def passes(place: Place) -> bool:
        told = [states.get(teller) for teller in tellers.get(place, ())] or [None]
        node = nodes.get(place.dataset_id)
        return node is not None and (test is None or any(test(node, state) for state in told))

    return [one for one in reached.found[:SUMMED_UP] if passes(one.place)]


async def load_onward(conn: Connection, flow: Flow, question: ColumnQuestion, reached: ColumnReach) -> TableLevel:
    """Where data flows on though nobody tells its columns."""
    return await load_table_level(
        conn,
        flow,
        reached.datasets(),
        downstream=question.downstream,
        depth=question.depth,
        then=question.then,
        via=question.via,
    )


def walk_cut(reached: ColumnReach) -> list[Cut]:
    """What ended the walk before the columns did."""
    return [] if reached.complete else [Cut(rule="depth" if reached.flow.complete else "size", nodes=None)]


def _datasets(places: Iterable[Place]) -> set[int]:
    return {place.dataset_id for place in places}


def page_of(shown: Sequence[Found], question: ColumnQuestion) -> Sequence[Found]:
    """Those of ``shown``, nearest first, that follow the question's cursor."""
    after = question.cursor
    passed = sum(Cursor(f.distance, f.id) <= after for f in shown) if after is not None else 0
    return shown[passed : passed + question.limit]


def cursor_after(page: Sequence[Found], shown: Sequence[Found]) -> str | None:
    """That of the next page; None where nothing follows."""
    if not page or page[-1] is shown[-1]:
        return None
    return str(Cursor(page[-1].distance, page[-1].id))


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

    def reached(self, found: Found, ways: Sequence[Sequence[Place]]) -> ReachedColumn:
        """``ways`` are as data flows."""
        path, *others = [[self.id(place) for place in way] for way in ways]
        return ReachedColumn(
            **self._members(found.place),
            affects=found.affects,
            masked=found.masked,
            resolved=found.resolved,
            ends=found.ends,
            distance=found.distance,
            path=path,
            otherPaths=others,
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


def column_counts(found: Sequence[Found], listed: int, edges: Tally, cut: list[Cut]) -> ColumnCounts:
    affects = [one.affects for one in found]
    return ColumnCounts(
        found=len(found),
        values=affects.count("VALUES"),
        rows=affects.count("ROWS"),
        both=affects.count("BOTH"),
        datasets=len(_datasets(one.place for one in found)),
        returned=listed,
        edges=edges,
        cut=cut,
    )
