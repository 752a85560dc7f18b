"""What is reached from a column: all that a change of it may touch, or all that it is made of."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from headwater.db.pool import Connection
from headwater.entities.graph import (
    ColumnCounts,
    ColumnImpact,
    Cut,
    Node,
    ReachedColumn,
    TableLevel,
    Tally,
)
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.evidence import load_proven
from headwater.lineage.columns.flow import ColumnFlow, Told, read_flow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.lineage import load_shown, require_fields
from headwater.lineage.columns.names import ColumnNames
from headwater.lineage.columns.reach import ColumnReach, Found, reach_columns
from headwater.lineage.columns.via import ANY, Via
from headwater.lineage.counted import cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Cursor, Filter, FlowOf, Question
from headwater.lineage.graph.states import load_states
from headwater.lineage.impact.column_ways import ColumnWays, column_ways
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.table_level import find_onward, load_table_level
from headwater.lineage.sides import Sided


@dataclass(frozen=True, slots=True)
class ColumnQuestion(Sided):
    """Of columns. A place without a field stands for all of its dataset."""

    start: tuple[Place, ...]
    depth: int | None = None
    via: Via = ANY
    filter: Filter = field(default_factory=Filter)
    paths: int = 1  # ways told of each column, 0 for none
    limit: int = 100
    cursor: Cursor | None = None
    then: Then | None = None  # now
    explicit: bool | None = None  # edges: as ``column_edges`` has it


@dataclass(frozen=True, slots=True)
class ColumnWalk:
    """What is reached: on each side, and altogether, nearest first, then by id."""

    sides: Sequence[ColumnReach]
    found: Sequence[Found]

    @property
    def complete(self) -> bool:
        return all(side.complete for side in self.sides)

    def cut(self) -> list[Cut]:
        """What ended a walk before the columns did."""
        rules = {"depth" if side.flow.complete else "size" for side in self.sides if not side.complete}
        return cut_short(sorted(rules))

    def ways(self, page: Sequence[Found], question: ColumnQuestion) -> tuple[ColumnWays, list[Cut]]:
        """To each column of the page, as data flows."""
        ways, cut = dict[Place, list[list[Place]]](), Counter[str]()
        for side in self.sides:
            of = [found for found in page if found.downstream == side.flow.downstream]
            told, more = column_ways(side, of, question.start, question.depth, question.paths, question.via.through)
            ways |= zip([found.place for found in of], told, strict=True)
            cut.update({one.rule: one.nodes or 0 for one in more})
        return [ways[found.place] for found in page], [Cut(rule=rule, nodes=nodes) for rule, nodes in cut.items()]

    def between(self, source: Place, target: Place) -> list[Told]:
        return [*dict.fromkeys(told for side in self.sides for told in side.flow.between(source, target))]


async def walk_sides(conn: Connection, question: ColumnQuestion) -> ColumnWalk:
    """A statement a hop. Raises NotFound for a field that neither a schema nor column lineage has; one side that has it is
    enough."""
    flows = [await read_side(conn, side) for side in question.sides()]
    await require_fields(conn, flows, question.start, question.then)
    start, depth, through = question.start, question.depth, question.via.through
    sides = [await asyncio.to_thread(reach_columns, flow, start, depth, through) for flow in flows]
    return ColumnWalk(sides, nearest_columns([side.found for side in sides]))


def nearest_columns(found: Sequence[Sequence[Found]]) -> Sequence[Found]:
    """Each once, nearest first, then by id; of two that are as near the first."""
    if len(found) == 1:
        return found[0]
    by_place: dict[Place, Found] = {}
    for one in (one for side in found for one in side):
        known = by_place.get(one.place)
        by_place[one.place] = one if known is None else replace(min(known, one, key=lambda f: f.distance), both=True)
    return sorted(by_place.values(), key=lambda one: (one.distance, one.id))


async def read_side(conn: Connection, question: ColumnQuestion) -> ColumnFlow:
    """A hop further than is asked, which tells whether there is more."""
    return await read_flow(
        conn,
        question.start,
        downstream=question.downstream,
        hops=None if question.depth is None else question.depth + 1,
        via=question.via,
        then=question.then,
        explicit=question.explicit,
    )


async def column_impact(conn: Connection, flow_of: FlowOf, question: ColumnQuestion, walk: ColumnWalk) -> ColumnImpact:
    """Of what ``walk_sides`` found; the flow tells where data flows on without. In a constant number of statements."""
    now, freshness = await load_freshness(conn)
    nearest = walk.found[:SUMMED_UP]
    nodes = await describe(conn, _datasets(question.start))
    shown: Sequence[Found] = walk.found
    if question.filter != Filter():
        nodes |= await describe(conn, _datasets(found.place for found in nearest))
        shown = await load_passing_columns(conn, question, walk, nodes)
    page = page_of(shown, question)
    ways, cut = await asyncio.to_thread(walk.ways, page, question)
    nodes |= await describe(conn, {place.dataset_id for of in ways for way in of for place in way} - nodes.keys())
    columns = ColumnNames(nodes, await load_shown(conn, {*_datasets(question.start), *_datasets(found.place for found in page)}))
    known = [[way for way in of if all(place.dataset_id in nodes for place in way)] for of in ways]
    listed = [(found, of) for found, of in zip(page, known, strict=True) if of]
    pairs = dict.fromkeys(pair for _, of in listed for way in of for pair in pairwise(way))
    edges = await load_proven(conn, pairs, walk.between, columns, question.then)
    tally = Tally(found=await count_edges(conn, question, walk), returned=len(edges))
    cut = walk.cut() + cut + left_out(len(walk.found), shown, len(listed), question.filter)
    return ColumnImpact(
        start=[columns.told(place) for place in question.start if place.dataset_id in nodes],
        direction=question.direction,
        asOf=question.then.at if question.then is not None else now,
        complete=walk.complete,
        counts=column_counts(walk.found, len(listed), tally, cut),
        groups=await load_groups(conn, sorted(_datasets(found.place for found in nearest))),
        freshness=freshness,
        nodes=[_reached(columns, found, of) for found, of in listed],
        edges=edges,
        tableLevel=await load_onward(conn, flow_of, question, walk),
        cursor=cursor_after(page, shown),
    )


async def load_passing_columns(
    conn: Connection, question: ColumnQuestion, walk: ColumnWalk, nodes: Mapping[int, Node]
) -> Sequence[Found]:
    """Those of the nearest that the filter lets pass, by their datasets, ``nodes``. Of the jobs that tell an edge to a column one
    must be in the state: these differ from side to side."""
    nearest, test = {one.place for one in walk.found[:SUMMED_UP]}, question.filter.test()
    tellers = [side.flow.tellers() if question.filter.states else {} for side in walk.sides]
    at = question.then.at if question.then is not None else None
    jobs = {teller for of in tellers for told in of.values() for teller in told}
    states = await load_states(conn, jobs, at) if jobs else {}

    def passes(one: Found, tellers: Mapping[Place, Iterable[int]]) -> bool:
        told = [states.get(teller) for teller in tellers.get(one.place, ())] or [None]
        node = nodes.get(one.place.dataset_id)
        return node is not None and (test is None or any(test(node, state) for state in told))

    return nearest_columns(
        [
            [one for one in side.found if one.place in nearest and passes(one, of)]
            for side, of in zip(walk.sides, tellers, strict=True)
        ]
    )


async def count_edges(conn: Connection, question: ColumnQuestion, walk: ColumnWalk) -> int | None:
    """How many lead from a column that is found, or where it started, to another; however many tell of one. Of both sides a hop
    more is read, for those from what is upstream to what is downstream; None: of more columns than are summed up."""
    places = {*question.start, *(found.place for found in walk.found)}
    edges = [edge for side in walk.sides for edge in side.flow.edges(places)]
    if not question.both:
        return len(edges)
    if len(walk.found) > SUMMED_UP:
        return None
    upstream = [found.place for found in walk.found if found.both or not found.downstream]
    across = await read_flow(
        conn, upstream, downstream=True, hops=1, via=question.via, then=question.then, explicit=question.explicit
    )
    return len({*edges, *across.edges(places)})


async def load_onward(conn: Connection, flow_of: FlowOf, question: ColumnQuestion, walk: ColumnWalk) -> TableLevel:
    """Where data flows on though nobody tells its columns."""
    sides = []
    for asked, reached in zip(question.sides(), walk.sides, strict=True):
        near = _datasets(found.place for found in reached.found) | _datasets(question.start)
        flow = await flow_of(Question(start=tuple(near), downstream=asked.downstream))
        sides.append(
            await find_onward(
                conn,
                flow,
                reached.datasets(),
                downstream=asked.downstream,
                depth=question.depth,
                then=question.then,
                via=question.via,
            )
        )
    return await load_table_level(conn, sides)


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


def _reached(columns: ColumnNames, found: Found, ways: Sequence[Sequence[Place]]) -> ReachedColumn:
    """``ways`` are as data flows."""
    path, *others = [[columns.id(place) for place in way] for way in ways]
    return ReachedColumn(
        **columns.members(found.place),
        affects=found.affects,
        masked=found.masked,
        resolved=found.resolved,
        ends=found.ends,
        distance=found.distance,
        path=path,
        side=found.direction,
        otherPaths=others,
    )


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
