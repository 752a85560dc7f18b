"""What is reached from a column, collapsed: columns to their datasets, or to namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from headwater.db.pool import Connection
from headwater.entities.graph import Node, RolledColumnImpact, Tally
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import ColumnReach, Found
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Question
from headwater.lineage.impact.collapse import Collapse, Homes, Member, Pair, by_namespace, collapsed, rolled_counts
from headwater.lineage.impact.columns import ColumnQuestion, load_onward, load_passing_columns, walk_cut
from headwater.lineage.impact.groups import load_groups


async def rolled_columns(
    conn: Connection, flow: Flow, question: ColumnQuestion, reached: ColumnReach, collapse: Collapse
) -> RolledColumnImpact:
    """Of the 10,000 nearest columns that ``walk_columns`` found; ``flow`` tells where data flows on without. In a constant number
    of statements."""
    nearest = reached.found[:SUMMED_UP]
    datasets = {found.place.dataset_id for found in nearest}
    nodes = await describe(conn, datasets | {place.dataset_id for place in question.start})
    shown = await load_passing_columns(conn, question, reached, nodes)
    stops = {*question.start, *(found.place for found in shown)}
    edges = await asyncio.to_thread(lambda: list(_edges(reached, shown, stops)))
    told = collapsed(members_of(shown), edges, homes_of(nodes, collapse), by_dataset(question))
    cut = walk_cut(reached) + left_out(len(reached.found), shown, told.listed, question.filter)
    tally = Tally(found=reached.count_edges(question.start), returned=len(told.edges))
    now, freshness = await load_freshness(conn)
    return RolledColumnImpact(
        start=told.start,
        direction="downstream" if question.downstream else "upstream",
        asOf=question.then.at if question.then is not None else now,
        complete=reached.complete,
        counts=rolled_counts({"columns": len(reached.found)}, told, tally, cut),
        groups=await load_groups(conn, sorted(datasets)),
        freshness=freshness,
        nodes=told.nodes,
        edges=told.edges,
        cursor=told.cursor,
        tableLevel=await load_onward(conn, flow, question, reached),
    )


def members_of(shown: Iterable[Found]) -> list[Member]:
    return [Member(found.place.dataset_id, found.distance, "columns", found.affects) for found in shown]


def homes_of(datasets: Mapping[int, Node], collapse: Collapse) -> Homes:
    if collapse is Collapse.NAMESPACES:
        return by_namespace(datasets)
    return Homes({dataset: dataset for dataset in datasets}, datasets)


def by_dataset(question: ColumnQuestion) -> Question:
    """Where it starts, which way it goes, and which page."""
    start = tuple(place.dataset_id for place in question.start)
    return Question(start, question.downstream, limit=question.limit, cursor=question.cursor)


def _edges(reached: ColumnReach, shown: Iterable[Found], stops: set[Place]) -> Iterator[Pair]:
    """Each column behind the last stop on the best way to it."""
    for found in shown:
        *way, last = reached.way(found)
        before = next((place for place in reversed(way) if place in stops), None)
        if before is not None:
            yield before.dataset_id, last.dataset_id
