"""How one column comes to another: the paths between them, or why there is none.

A dataset at an end stands for all of its columns, of which those are told that a path begins or ends at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from headwater.db.pool import Connection
from headwater.entities.graph import Column, ColumnEvidence, Node
from headwater.entities.paths import ColumnPath, ColumnPaths, CommonColumn, Ended, FormerColumnPath, NoColumnPath, TablePath
from headwater.errors import Invalid
from headwater.lineage.columns.ended import History, ToldEdge, load_histories
from headwater.lineage.columns.evidence import load_proven, proven
from headwater.lineage.columns.flow import read_flow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.lineage import load_shown, require_fields
from headwater.lineage.columns.names import ColumnNames
from headwater.lineage.counted import counted, cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.ended import load_ended
from headwater.lineage.graph.evidence import load_evidence
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import FlowOf, Question
from headwater.lineage.paths.column_graph import ColumnGraph, ColumnPathQuestion, ColumnWays, Pair, read_downstream
from headwater.lineage.paths.column_why import Former, TableWay, Why, find_table_way, walk_why
from headwater.lineage.paths.ends import both_ends
from headwater.lineage.paths.former import at_one_time


@dataclass(frozen=True, slots=True)
class ColumnWalk:
    """What is found. ``why``: of no path."""

    graph: ColumnGraph  # of what leads on from the origins
    reachable: bool
    ways: ColumnWays
    why: Why | None


async def walk_column_paths(conn: Connection, question: ColumnPathQuestion) -> ColumnWalk:
    """A statement a hop, one way; both ways, and over all history, where there is no path. Raises Invalid, NotFound."""
    await _require_two_ends(conn, question)
    graph = await read_downstream(conn, question, question.then)
    await require_fields(conn, [graph.flow], question.origins, question.then)
    before = await read_flow(
        conn, question.destinations, downstream=False, hops=1, then=question.then, explicit=question.explicit
    )
    await require_fields(conn, [before], question.destinations, question.then)
    between = graph.between(question.origins, question.destinations)
    reachable = await asyncio.to_thread(between.reachable)
    ways = ColumnWays()
    if question.most and reachable:
        ways = graph.told(await asyncio.to_thread(between.paths, question.most, question.depth))
    return ColumnWalk(graph, reachable, ways, await walk_why(conn, question) if question.most and not reachable else None)


async def _require_two_ends(conn: Connection, question: ColumnPathQuestion) -> None:
    """Raises Invalid where one holds the other."""
    for place in (*question.origins, *question.destinations):
        around = {place, place._replace(field="")}
        if not (around.isdisjoint(question.origins) or around.isdisjoint(question.destinations)):
            names = ColumnNames(await describe(conn, [place.dataset_id]), {})
            raise Invalid(both_ends(names.id(place)))


async def column_paths(conn: Connection, flow_of: FlowOf, question: ColumnPathQuestion, walk: ColumnWalk) -> ColumnPaths:
    """Of what ``walk_column_paths`` found, in a constant number of statements; at a past time the graph of tables is read a
    statement a hop."""
    tables = await _find_tables(conn, flow_of, question, walk)
    places = dict.fromkeys((*question.origins, *question.destinations, *_named(walk), *(tables.way.columns if tables else ())))
    datasets = {place.dataset_id for place in places}
    names = ColumnNames(await describe(conn, datasets), await load_shown(conn, datasets))
    columns = {place: names.told(place) for place in places if place in names}
    graph, told = (walk.why.upstream, walk.why.other_way) if walk.why else (walk.graph, walk.ways)
    edges = await load_proven(conn, _known(told, names), graph.flow.between, names, question.then)
    origins, destinations = (
        [columns[place] for place in side if place in columns] for side in (question.origins, question.destinations)
    )
    paths = [_path(walk.graph, path, names) for path in walk.ways.paths]
    ends = [path.nodes[i] for path in paths for i in (0, -1)]
    nodes: dict[str, Column | Node] = {column.id: column for column in columns.values()}
    nodes = {**nodes, **{node.id: node for node in (tables.names.values() if tables else ()) if node.id not in nodes}}
    why, complete = walk.why, walk.graph.flow.complete
    cut = walk.ways.cut | ({"size"} if not complete else set()) | ({"history"} if why and why.cut else set())
    now, freshness = await load_freshness(conn)
    return ColumnPaths(
        origins=[*origins],
        destinations=[*destinations],
        asOf=question.then.at if question.then is not None else now,
        reachable=walk.reachable,
        complete=not walk.ways.cut and complete and bool(question.most),
        counts=counted(
            {identifier: "FIELD" if isinstance(node, Column) else node.kind for identifier, node in nodes.items()},
            [(edge.origin, edge.destination) for edge in edges],
            cut_short(sorted(cut)),
            start={*(column.id for column in (*origins, *destinations)), *ends},
        ),
        paths=paths,
        nodes=list(nodes.values()),
        edges=edges,
        noPath=await _no_path(conn, why, tables, columns, names) if why else None,
        freshness=freshness,
    )


# ---------------------------------------------------------------- what to tell


def _named(walk: ColumnWalk) -> Iterator[Place]:
    ways, why = [walk.ways], walk.why
    if why:
        ways += [why.other_way, *([why.former.way] if why.former else [])]
        yield from (why.upstream.place(ancestor.id) for ancestor in why.ancestors)
    yield from (place for way in ways for path in way.paths for place in path)


def _path(graph: ColumnGraph, path: Sequence[Place], names: ColumnNames) -> ColumnPath:
    """Columns that are hidden are passed over, and are steps all the same."""
    nodes = [names.id(place) for place in path if place in names]
    return ColumnPath(length=len(path) - 1, nodes=nodes, **graph.carried(path)._asdict())


def _known(ways: ColumnWays, names: ColumnNames) -> list[Pair]:
    return [pair for pair in sorted(ways.pairs) if pair[0] in names and pair[1] in names]


async def _no_path(
    conn: Connection, why: Why, tables: _Tables | None, columns: Mapping[Place, Column], names: ColumnNames
) -> NoColumnPath:
    common = ((ancestor, columns.get(why.upstream.place(ancestor.id))) for ancestor in why.ancestors)
    return NoColumnPath(
        otherWay=next((_path(why.upstream, path, names) for path in why.other_way.paths), None),
        commonAncestors=[
            CommonColumn(**column.__dict__, toOrigin=ancestor.to_first, toDestination=ancestor.to_second)
            for ancestor, column in common
            if column
        ],
        former=await _former_path(conn, why.former, names) if why.former else None,
        tableLevel=await _table_path(conn, tables, names) if tables else None,
    )


async def _former_path(conn: Connection, former: Former, names: ColumnNames) -> FormerColumnPath:
    [path] = former.way.paths
    pairs = _known(former.way, names)
    told = former.told(pairs)
    histories = await load_histories(conn, told, former.at)
    by = {pair: former.graph.flow.between(*pair) for pair in pairs}
    edges = proven(by, names, lambda pair, owner: _evidence(histories.get(ToldEdge(*pair, owner))))
    gone = {edge: history for edge, history in histories.items() if (edge.source, edge.target) in former.gone}
    ended = await _ended(conn, gone, former.at, names)
    return FormerColumnPath(
        **_path(former.graph, path, names).__dict__, atOneTime=at_one_time(edges, ended), edges=edges, ended=ended
    )


def _evidence(history: History | None) -> ColumnEvidence | None:
    return history.evidence if history else None


async def _ended(conn: Connection, gone: Mapping[ToldEdge, History], at: datetime, names: ColumnNames) -> list[Ended]:
    """The first to end first. Where its teller has told no other columns since, it writes the dataset no more."""
    left = {(edge.owner, edge.target.dataset_id) for edge, history in gone.items() if not history.replaced}
    ids = {identifier: "" for pair in left for identifier in pair}
    written = dict(await load_ended(conn, left, at, ids))
    ended = []
    for edge, history in gone.items():
        last = written.get((edge.owner, edge.target.dataset_id))
        ended.append(
            Ended(
                origin=names.id(edge.source),
                destination=names.id(edge.target),
                toldBy=history.evidence.toldBy,
                lastAt=history.evidence.at,
                lastRun=history.evidence.run,
                endedAt=last.endedAt if last else history.ended_at,
                endedBy=last.endedBy if last else history.ended_by,
            )
        )
    return sorted(ended, key=lambda one: (one.endedAt or at, one.origin, one.destination, one.toldBy))


# ---------------------------------------------------------------- by jobs and datasets


@dataclass(frozen=True, slots=True)
class _Tables:
    flow: Flow
    way: TableWay
    names: Mapping[int, Node]


async def _find_tables(conn: Connection, flow_of: FlowOf, question: ColumnPathQuestion, walk: ColumnWalk) -> _Tables | None:
    if walk.why is None:
        return None
    reached = await asyncio.to_thread(walk.graph.datasets, question.origins)
    flow = await flow_of(Question(start=tuple(reached)))
    way = await find_table_way(conn, flow, question, walk.graph, reached)
    return _Tables(flow, way, await describe(conn, way.path)) if way else None


async def _table_path(conn: Connection, tables: _Tables, names: ColumnNames) -> TablePath:
    ids = {identifier: node.id for identifier, node in tables.names.items()}
    pairs = [pair for pair in pairwise(tables.way.path) if pair[0] in ids and pair[1] in ids]
    return TablePath(
        length=len(tables.way.path) - 1,
        nodes=[ids[node] for node in tables.way.path if node in ids],
        columns=[names.id(place) for place in tables.way.columns if place in names],
        untold=tables.way.untold,
        edges=await load_evidence(conn, tables.flow, pairs, ids),
    )
