"""Why no path leads from one column to another: read before it is told, as the graph of tables is lent when columns are done."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from headwater.db.pool import Connection
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.ended import ToldEdge
from headwater.lineage.columns.flow import Between as Read
from headwater.lineage.columns.flow import read_flow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.untold import load_untold
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.dataset_steps import dataset_steps
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.past import BEGINNING
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.graph.ways import Between
from headwater.lineage.paths.ancestors import Ancestor, nearest_common_ancestors
from headwater.lineage.paths.column_graph import ColumnGraph, ColumnPathQuestion, ColumnWays, Pair, read_downstream, read_upstream
from headwater.lineage.paths.former import HISTORY


@dataclass(frozen=True, slots=True)
class Former:
    """A path by all that was told until a time; ``gone`` of its edges are no more."""

    graph: ColumnGraph
    way: ColumnWays
    gone: set[Pair]
    at: datetime

    def told(self, pairs: Iterable[Pair]) -> list[ToldEdge]:
        """Each as often as somebody told it."""
        between = self.graph.flow.between
        return [*dict.fromkeys(ToldEdge(*pair, one.owner) for pair in pairs for one in between(*pair))]


@dataclass(frozen=True, slots=True)
class Why:
    """Of no path. ``cut``: there is more history than was looked at."""

    upstream: ColumnGraph
    other_way: ColumnWays
    ancestors: list[Ancestor]
    former: Former | None
    cut: bool


@dataclass(frozen=True, slots=True)
class TableWay:
    """Between jobs and datasets, by ids; ``columns`` lead to where it begins, if its first step is ``untold``."""

    path: Sequence[int]
    columns: Sequence[Place]
    untold: bool


async def walk_why(conn: Connection, question: ColumnPathQuestion) -> Why:
    origins, destinations = question.origins, question.destinations
    upstream = await read_upstream(conn, question)
    back = upstream.between(destinations, origins)
    former, cut = await _former(conn, question)
    return Why(
        upstream,
        upstream.told(await asyncio.to_thread(back.paths, 1)),
        await asyncio.to_thread(
            nearest_common_ancestors, upstream.arrays, upstream.ids(origins), upstream.ids(destinations), Grain.ALL
        ),
        former,
        cut,
    )


async def _former(conn: Connection, question: ColumnPathQuestion) -> tuple[Former | None, bool]:
    """And whether there is more history, in which none has been found so far."""
    then = question.then
    if then is not None and then.since == BEGINNING:
        return None, False
    now, freshness = await load_freshness(conn)
    at = then.at if then is not None else max(now, freshness.eventTime or now)
    history = await read_downstream(conn, question, Then(at, BEGINNING), most=HISTORY)
    between = history.between(question.origins, question.destinations)
    way = history.told(await asyncio.to_thread(between.paths, 1))
    gone = await _gone(conn, question, way) if way.paths else set()
    return (Former(history, way, gone, at), False) if gone else (None, not history.flow.complete)


async def _gone(conn: Connection, question: ColumnPathQuestion, way: ColumnWays) -> set[Pair]:
    """Edges on it that nobody tells at the time that is asked of."""
    [path] = way.paths
    read = Read(toward=tuple(place for place in path if place.field))
    now = await read_flow(conn, path[:-1], downstream=True, hops=1, then=question.then, explicit=question.explicit, between=read)
    return {(near, far) for near, far in way.pairs if far not in now.onward.get(near, {})}


async def find_table_way(
    conn: Connection, flow: Flow, question: ColumnPathQuestion, graph: ColumnGraph, reached: Mapping[int, int]
) -> TableWay | None:
    """On from the nearest of the datasets that columns reach whose next step nobody tells by columns; or if there is none that
    leads to a destination, any. ``flow`` is of jobs and datasets; ``reached``: datasets that columns reach, by distance."""
    begin, ends = ({place.dataset_id for place in side} for side in (question.origins, question.destinations))
    if begin & ends:
        return None
    step = await _untold_step(conn, flow, reached, ends, question.then)
    return await asyncio.to_thread(_table_way, flow, question, graph, begin, ends, step)


def _table_way(
    flow: Flow,
    question: ColumnPathQuestion,
    graph: ColumnGraph,
    begin: Collection[int],
    ends: Collection[int],
    step: tuple[int, int] | None,
) -> TableWay | None:
    if step is None:
        path = _shortest(Between(flow, begin, ends))
        return TableWay(path, (), untold=False) if path else None
    near, far = step
    first = _shortest(Between(flow, [near], [far]))
    rest = [far] if far in ends else _shortest(Between(flow, [far], ends))
    return TableWay([*first, *rest[1:]], _columns_to(question, graph, near), untold=True) if first and rest else None


def _columns_to(question: ColumnPathQuestion, graph: ColumnGraph, dataset: int) -> Sequence[Place]:
    if own := [place for place in question.origins if place.dataset_id == dataset]:
        return own[:1]
    return [*map(graph.place, _shortest(graph.between(question.origins, [Place(dataset, "")])))]


def _shortest(between: Between) -> list[int]:
    """Empty where there is none, or it would take too long to find."""
    return next(iter(between.paths(1).paths), [])


async def _untold_step(
    conn: Connection, flow: Flow, reached: Mapping[int, int], ends: Collection[int], then: Then | None
) -> tuple[int, int] | None:
    """From a dataset that columns reach to one that leads to the ends, of which nobody tells the columns: on the shortest way."""
    up = await asyncio.to_thread(reach, flow, Question(start=tuple(ends), downstream=False, grain=Grain.DATASET), ways=False)
    to_go = {**dict(zip(up.ids.tolist(), up.distances.tolist(), strict=True)), **dict.fromkeys(ends, 0)}
    steps = await asyncio.to_thread(dataset_steps, flow, reached.keys() & to_go.keys(), downstream=True)
    steps = {step for step in steps if step.far in to_go and step.far not in reached and step.far not in flow.hidden}
    untold = await load_untold(conn, {step.written(downstream=True) for step in steps}, then)
    ways = [
        (reached[step.near] + to_go[step.far], step.near, step.far) for step in steps if step.written(downstream=True) in untold
    ]
    _, near, far = min(ways, default=(0, 0, 0))
    return (near, far) if ways else None
