"""The columns around some of them in the shapes of Marquez's call, asked as impact is: one way, by some ways, by a filter; or
collapsed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from headwater.db.pool import Connection
from headwater.entities.graph import Cut, Node, RolledColumns, RolledColumnsEdge, Tally
from headwater.lineage.columns.edges import column_edges
from headwater.lineage.columns.graph import Columns, Place
from headwater.lineage.columns.lineage import load_shown
from headwater.lineage.columns.nested import holders
from headwater.lineage.columns.reach import Found
from headwater.lineage.columns.via import Among
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.impact.collapse import Collapse, collapsed, rolled_counts
from headwater.lineage.impact.columns import (
    ColumnQuestion,
    column_counts,
    cursor_after,
    load_passing_columns,
    page_of,
    walk_sides,
)
from headwater.lineage.impact.rolled_columns import by_dataset, homes_of, members_of


async def column_graph(conn: Connection, question: ColumnQuestion) -> bytes:
    """JSON of a ``DirectedColumns``. Of the columns found the nearest are told, with the start and the edges between them; on a
    later page those that follow, with their edges to one another and to what the pages before had. A statement a hop."""
    around = await _find(conn, question)
    listed = page_of(around.known, question)
    columns = await _between(conn, question, around.known, listed)
    named = await load_shown(conn, {dataset for dataset, _ in columns.datasets()}, question.then)
    now, freshness = await load_freshness(conn)
    cut = around.cut + left_out(len(around.found), around.known, len(listed), question.filter)
    edges = Tally(found=columns.edges() if len(listed) == len(around.found) else None, returned=columns.edges())
    beside = {
        "direction": question.direction,
        "asOf": question.then.at if question.then is not None else now,
        "complete": around.complete,
        "counts": column_counts(around.found, len(listed), edges, cut),
        "freshness": freshness,
        "cursor": cursor_after(listed, around.known),
    }
    # In a thread, as the graph of a hub takes long enough to hold up whoever sends events.
    return await asyncio.to_thread(columns.encode, lambda place: named.get(place.dataset_id), versioned=False, beside=beside)


async def rolled_column_graph(conn: Connection, question: ColumnQuestion, collapse: Collapse) -> RolledColumns:
    """Likewise, of the 10,000 nearest columns, with all edges between these and the start. A statement a hop."""
    around = await _find(conn, question)
    edges = await _pairs(conn, question, around.known)
    steps = [(source.dataset_id, output.dataset_id) for source, output in edges]
    homes = homes_of(around.nodes, collapse)
    told = await asyncio.to_thread(collapsed, members_of(around.known), steps, homes, by_dataset(question))
    tally = Tally(found=await _count(conn, question, around, len(edges)), returned=len(told.edges))
    cut = around.cut + left_out(len(around.found), around.known, told.listed, question.filter)
    now, freshness = await load_freshness(conn)
    return RolledColumns(
        start=told.start,
        direction=question.direction,
        asOf=question.then.at if question.then is not None else now,
        complete=around.complete,
        counts=rolled_counts({"columns": len(around.found)}, told, tally, cut),
        freshness=freshness,
        nodes=told.nodes,
        edges=[RolledColumnsEdge(origin=e.origin, destination=e.destination, columns=e.nodes) for e in told.edges],
        cursor=told.cursor,
    )


@dataclass(frozen=True, slots=True)
class _Around:
    """What is found; and of the nearest what the filter lets pass, which is ``known`` by its dataset."""

    found: Sequence[Found]
    known: Sequence[Found]
    nodes: Mapping[int, Node]  # datasets
    complete: bool
    cut: list[Cut]


async def _find(conn: Connection, question: ColumnQuestion) -> _Around:
    walk = await walk_sides(conn, question)
    near = {found.place.dataset_id for found in walk.found[:SUMMED_UP]}
    nodes = await describe(conn, near | {place.dataset_id for place in question.start})
    known = await load_passing_columns(conn, question, walk, nodes)
    return _Around(walk.found, known, nodes, walk.complete, walk.cut())


class _Some:
    """Places, with what is inside of them and what holds them."""

    def __init__(self, places: Collection[Place]) -> None:
        self._among = Among(frozenset(places))
        self._around = {place._replace(field=holder) for place in places for holder in holders(place.field)}

    def __contains__(self, place: Place) -> bool:
        return self._among.holds(place) or place in self._around


async def _between(conn: Connection, question: ColumnQuestion, known: Sequence[Found], page: Sequence[Found]) -> Columns:
    """The edges between columns of the page, and to those of the pages before; and the columns of the page that have none."""
    before = known[: known.index(page[-1]) + 1] if page else []
    places = {*question.start, *(found.place for found in before)}
    shown = places if question.cursor is None else {found.place for found in page}
    columns, ours = Columns(), _Some(shown)
    for place in shown:
        if place.field:
            columns.inputs.setdefault(place, {})
    for output, source, told in await _edges(conn, question, places):
        if output in ours or source in ours:
            columns.add(output, source, told)
            if source.field and not output.field:
                columns.add_influence(source, output, told)
    return columns


async def _pairs(conn: Connection, question: ColumnQuestion, known: Iterable[Found]) -> set[tuple[Place, Place]]:
    edges = await _edges(conn, question, {*question.start, *(found.place for found in known)})
    return {(source, output) for output, source, _ in edges}


async def _count(conn: Connection, question: ColumnQuestion, around: _Around, known: int) -> int | None:
    """Edges between all that is found, of which those ``known`` may be a part; None: it is too much to count them."""
    if len(around.known) == len(around.found):
        return known
    return len(await _pairs(conn, question, around.found)) if len(around.found) <= SUMMED_UP else None


async def _edges(conn: Connection, question: ColumnQuestion, places: Collection[Place]) -> list[tuple[Place, Place, str]]:
    """Those between some columns: output, source, transformations as JSON text."""
    edges = await column_edges(conn, list(places), downstream=False, then=question.then, nested=True, explicit=question.explicit)
    some, shuts = _Some(places), question.via.shuts
    return [(output, source, told) for output, source, told, owner in edges if source in some and not shuts(owner)]
