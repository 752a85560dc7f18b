"""The columns around some of them in the shapes of Marquez's call, asked as impact is: one way, by some ways, by a filter."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from headwater.db.pool import Connection
from headwater.entities.graph import Tally
from headwater.lineage.columns.edges import column_edges
from headwater.lineage.columns.graph import Columns, Place
from headwater.lineage.columns.lineage import load_shown
from headwater.lineage.columns.nested import holders
from headwater.lineage.columns.reach import Found
from headwater.lineage.columns.via import Among
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Filter
from headwater.lineage.impact.columns import (
    ColumnQuestion,
    column_counts,
    cursor_after,
    load_passing_columns,
    page_of,
    walk_columns,
    walk_cut,
)


async def column_graph(conn: Connection, question: ColumnQuestion, ways: Sequence[bool]) -> bytes:
    """JSON of a ``DirectedColumns``: the ``question`` asked downstream for each true way, and upstream for each false one. Of the
    columns found the nearest are told, with the start and the edges between them; on a later page those that follow, with their
    edges to one another and to what the pages before had. A statement a hop."""
    asked = [replace(question, downstream=downstream) for downstream in ways]
    sides = [await walk_columns(conn, one) for one in asked]
    near = {found.place.dataset_id for side in sides for found in side.found[:SUMMED_UP]}
    nodes = await describe(conn, near | {place.dataset_id for place in question.start})
    passing = {
        passed.place
        for one, side in zip(asked, sides, strict=True)
        for passed in await load_passing_columns(conn, one, side, nodes)
    }
    found = nearest_columns([side.found for side in sides])
    shown = found if question.filter == Filter() else [one for one in found[:SUMMED_UP] if one.place in passing]
    known = [one for one in shown if one.place in passing]
    listed = page_of(known, question)
    columns = await _between(conn, question, known, listed)
    named = await load_shown(conn, {dataset for dataset, _ in columns.datasets()}, question.then)
    now, freshness = await load_freshness(conn)
    cut = list({one.rule: one for side in sides for one in walk_cut(side)}.values())
    cut += left_out(len(found), shown, len(listed), question.filter)
    edges = Tally(found=columns.edges() if len(listed) == len(found) else None, returned=columns.edges())
    beside = {
        "direction": "both" if len(ways) > 1 else "downstream" if ways[0] else "upstream",
        "asOf": question.then.at if question.then is not None else now,
        "complete": all(side.complete for side in sides),
        "counts": column_counts(found, len(listed), edges, cut),
        "freshness": freshness,
        "cursor": cursor_after(listed, known),
    }
    # In a thread, as the graph of a hub takes long enough to hold up whoever sends events.
    return await asyncio.to_thread(columns.encode, lambda place: named.get(place.dataset_id), versioned=False, beside=beside)


def nearest_columns(found: Sequence[Sequence[Found]]) -> list[Found]:
    """Each once, nearest first, then by id."""
    by_place: dict[Place, Found] = {}
    for one in (one for side in found for one in side):
        if one.place not in by_place or one.distance < by_place[one.place].distance:
            by_place[one.place] = one
    return sorted(by_place.values(), key=lambda one: (one.distance, one.id))


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
    columns, some, ours = Columns(), _Some(places), _Some(shown)
    for place in shown:
        if place.field:
            columns.inputs.setdefault(place, {})
    for output, source, told, owner in await column_edges(
        conn, list(places), downstream=False, then=question.then, nested=True, explicit=question.explicit
    ):
        if source in some and (output in ours or source in ours) and not question.via.shuts(owner):
            columns.add(output, source, told)
            if source.field and not output.field:
                columns.add_influence(source, output, told)
    return columns
