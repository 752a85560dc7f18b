"""What is reached from a column, collapsed: columns to their datasets, or to namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from headwater.db.pool import Connection
from headwater.entities.graph import Node, RolledColumnImpact, Tally
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import Found
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import FlowOf, Question
from headwater.lineage.impact.collapse import Collapse, Homes, Member, Pair, by_namespace, collapsed, rolled_counts
from headwater.lineage.impact.columns import ColumnQuestion, ColumnWalk, count_edges, load_onward, load_passing_columns
from headwater.lineage.impact.groups import load_groups


async def rolled_columns(
    conn: Connection, flow_of: FlowOf, question: ColumnQuestion, walk: ColumnWalk, collapse: Collapse
) -> RolledColumnImpact:
    """Of the 10,000 nearest columns that ``walk_sides`` found; the flow tells where data flows on without. In a constant number
    of statements."""
    nearest = walk.found[:SUMMED_UP]
    datasets = {found.place.dataset_id for found in nearest}
    nodes = await describe(conn, datasets | {place.dataset_id for place in question.start})
    shown = await load_passing_columns(conn, question, walk, nodes)
    stops = {*question.start, *(found.place for found in shown)}
    edges = await asyncio.to_thread(lambda: list(_edges(walk, shown, stops)))
    told = collapsed(members_of(shown), edges, homes_of(nodes, collapse), by_dataset(question))
    cut = walk.cut() + left_out(len(walk.found), shown, told.listed, question.filter)
    tally = Tally(found=await count_edges(conn, question, walk), returned=len(told.edges))
    now, freshness = await load_freshness(conn)
    return RolledColumnImpact(
        start=told.start,
        direction=question.direction,
        asOf=question.then.at if question.then is not None else now,
        complete=walk.complete,
        counts=rolled_counts({"columns": len(walk.found)}, told, tally, cut),
        groups=await load_groups(conn, sorted(datasets)),
        freshness=freshness,
        nodes=told.nodes,
        edges=told.edges,
        cursor=told.cursor,
        tableLevel=await load_onward(conn, flow_of, question, walk),
    )


def members_of(shown: Iterable[Found]) -> list[Member]:
    return [Member(found.place.dataset_id, found.distance, "columns", found.affects, found.direction) for found in shown]


def homes_of(datasets: Mapping[int, Node], collapse: Collapse) -> Homes:
    if collapse is Collapse.NAMESPACES:
        return by_namespace(datasets)
    return Homes({dataset: dataset for dataset in datasets}, datasets)


def by_dataset(question: ColumnQuestion) -> Question:
    """Where it starts, and which page."""
    return Question(tuple(place.dataset_id for place in question.start), limit=question.limit, cursor=question.cursor)


def _edges(walk: ColumnWalk, shown: Iterable[Found], stops: set[Place]) -> Iterator[Pair]:
    """Each column with the last stop on the best way to it, as data flows."""
    reached = {side.flow.downstream: side for side in walk.sides}
    for found in shown:
        *way, last = reached[found.downstream].way(found)
        before = next((place for place in reversed(way) if place in stops), None)
        if before is not None:
            pair = before.dataset_id, last.dataset_id
            yield pair if found.downstream else pair[::-1]
