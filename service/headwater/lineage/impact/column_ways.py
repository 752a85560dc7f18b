"""The ways to columns that are reached. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TypeAlias

from headwater.entities.graph import Cut
from headwater.lineage.columns.flow import ColumnFlow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import ColumnReach, Found, place_id
from headwater.lineage.columns.via import Among
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.flow import Flow, flow_of
from headwater.lineage.graph.question import Question
from headwater.lineage.impact.ways_to import more_ways

ColumnWays: TypeAlias = list[list[list[Place]]]  # as data flows, between a start and the column; of each column


def column_ways(
    reached: ColumnReach, page: Sequence[Found], start: Collection[Place], depth: int | None, paths: int, through: Among
) -> tuple[ColumnWays, list[Cut]]:
    """Of each column on the page the best way, then the shortest others, as many as are asked for; of none, the column alone."""
    if not paths:
        return [[[found.place]] for found in page], []
    ways = [reached.way(found) for found in page]
    told, cut = [[way] for way in ways], list[Cut]()
    if paths > 1:
        told, cut = _more_ways(reached, ways, start, depth, paths, through)
    return told if reached.flow.downstream else [[way[::-1] for way in of] for of in told], cut


def _more_ways(
    reached: ColumnReach, ways: list[list[Place]], start: Collection[Place], depth: int | None, paths: int, through: Among
) -> tuple[ColumnWays, list[Cut]]:
    """As they are walked."""
    places = {place_id(place): place for place in _places(reached.flow, start)}
    asked = Question(start=tuple(map(place_id, start)), depth=depth, paths=paths)

    def passes(way: Sequence[int]) -> bool:
        return not through or _passes(reached.flow, [places[step] for step in way], through)

    # As tables they come of one another the way that was walked.
    best, upstream = [[*map(place_id, way)] for way in ways], [False] * len(ways)
    more, cut = more_ways(_as_tables(reached.flow, start), asked, best, upstream, passes)
    return [[[places[step] for step in way] for way in of] for of in more], cut


def _places(flow: ColumnFlow, start: Collection[Place]) -> set[Place]:
    return {*start, *flow.onward, *(far for onward in flow.onward.values() for far in onward)}


def _as_tables(flow: ColumnFlow, start: Collection[Place]) -> Flow:
    """Columns as datasets that come of one another, whichever way was walked; back into where it all starts leads nothing."""
    whole = {place.dataset_id for place in start if not place.field}
    pairs = [(near, far) for near, onward in flow.onward.items() for far in onward if far.dataset_id not in whole]
    edges = [Edge(place_id(near), place_id(far), EdgeKind.DATASET_LINEAGE) for near, far in pairs]
    return flow_of(edges, complete=flow.complete)


def _passes(flow: ColumnFlow, way: Sequence[Place], through: Among) -> bool:
    tellers = {edge.owner for near, far in pairwise(way) for edge in flow.onward[near][far]}
    return any(map(through.holds, way)) or not tellers.isdisjoint(through.jobs)
