"""What is reached from a column, collapsed: columns to their datasets, or to namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from headwater import ids
from headwater.db.pool import Connection
from headwater.entities.graph import RolledColumnImpact, RolledCounts, Tally
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import ColumnReach, Found, place_id
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Question
from headwater.lineage.impact.collapse import Collapse, Homes, Member, Pair, collapsed, namespace_node
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
    if collapse is Collapse.PARENTS:
        home, shapes = {dataset: dataset for dataset in nodes}, nodes
    else:
        home = {dataset: ids.namespace_id(node.namespace) for dataset, node in nodes.items()}
        shapes = {home[dataset]: namespace_node(node.namespace) for dataset, node in nodes.items()}
    places = {place for place in (*question.start, *(found.place for found in shown)) if place.dataset_id in home}
    told = collapsed(
        [Member(found.id, found.distance, "columns", found.affects) for found in shown],
        await asyncio.to_thread(lambda: list(_edges(reached, shown, places))),
        Homes({place_id(place): home[place.dataset_id] for place in places}, shapes),
        Question(tuple(map(place_id, question.start)), question.downstream, limit=question.limit, cursor=question.cursor),
    )
    now, freshness = await load_freshness(conn)
    return RolledColumnImpact(
        start=told.start,
        direction="downstream" if question.downstream else "upstream",
        asOf=question.then.at if question.then is not None else now,
        complete=reached.complete,
        counts=RolledCounts(
            found=len(reached.found),
            columns=len(reached.found),
            returned=told.listed,
            edges=Tally(found=None, returned=len(told.edges)),
            cut=walk_cut(reached) + left_out(len(reached.found), shown, told.listed, question.filter),
            collapsed=told.heaps,
        ),
        groups=await load_groups(conn, sorted(datasets)),
        freshness=freshness,
        nodes=told.nodes,
        edges=told.edges,
        cursor=told.cursor,
        tableLevel=await load_onward(conn, flow, question, reached),
    )


def _edges(reached: ColumnReach, shown: Iterable[Found], stops: set[Place]) -> Iterator[Pair]:
    """Each column behind the last stop on the best way to it."""
    for found in shown:
        *way, last = reached.way(found)
        before = next((place for place in reversed(way) if place in stops), None)
        if before is not None:
            yield place_id(before), place_id(last)
