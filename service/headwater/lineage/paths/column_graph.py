"""Columns as a graph to look for paths in, and what is asked of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias

from headwater import ids
from headwater.db.pool import Connection
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.flow import Between as Read
from headwater.lineage.columns.flow import ColumnFlow, read_flow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import Carried, carried, place_id
from headwater.lineage.columns.via import ANY, Among, Via
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.flow import flow_of
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.graph.ways import Between, Ways

Pair: TypeAlias = tuple[Place, Place]  # as data flows


@dataclass(frozen=True, slots=True)
class ColumnPathQuestion:
    """A place without a field stands for all columns of its dataset. ``most`` 0 asks only whether there is a path; ``depth``
    None: of any length. ``then`` None: now. ``explicit`` as ``column_edges`` has it."""

    origins: tuple[Place, ...]
    destinations: tuple[Place, ...]
    most: int = 1
    depth: int | None = None
    then: Then | None = None
    explicit: bool | None = None
    via: Via = ANY


@dataclass(frozen=True, slots=True)
class ColumnWays:
    paths: list[list[Place]] = field(default_factory=list)
    cut: frozenset[str] = frozenset()  # as ``Ways`` has it

    @property
    def pairs(self) -> set[Pair]:
        return {pair for path in self.paths for pair in pairwise(path)}


class ColumnGraph:
    """Nothing leads into datasets that are ``closed``. An edge told by a job to be passed through has a node that is no step."""

    def __init__(self, flow: ColumnFlow, *, closed: Collection[int] = (), via: Via = ANY) -> None:
        self.flow = flow
        self._via = via
        pairs = [(near, far) for near, onward in flow.onward.items() for far in onward if far.dataset_id not in closed]
        self._places = {place_id(place): place for pair in pairs for place in pair}
        self._by_job = set[int]()
        edges = [edge for pair in pairs for edge in self._edges(*(pair if flow.downstream else pair[::-1]))]
        self.arrays = flow_of(edges, complete=flow.complete)

    def _edges(self, source: Place, target: Place) -> list[Edge]:
        begin, end = place_id(source), place_id(target)
        through = self._via.through.jobs
        if not through or through.isdisjoint(one.owner for one in self.flow.between(source, target)):
            return [Edge(begin, end, EdgeKind.DATASET_LINEAGE)]
        job = ids.content_id(f"{begin}>{end}".encode())
        self._by_job.add(job)
        return [Edge(begin, job, EdgeKind.INPUT), Edge(job, end, EdgeKind.OUTPUT)]

    def place(self, identifier: int) -> Place:
        return self._places[identifier]

    def ids(self, asked: Iterable[Place]) -> list[int]:
        """Of these; of one without a field, of all that is told of its dataset."""
        wanted = {*asked}
        return [i for i, place in self._places.items() if place in wanted or place._replace(field="") in wanted]

    def between(self, origins: Iterable[Place], destinations: Iterable[Place]) -> Between:
        through = [*self._by_job, *(i for i, place in self._places.items() if self._via.through.holds(place))]
        return Between(
            self.arrays,
            [i for i in self.ids(origins) if not self._via.avoid.holds(self.place(i))],
            self.ids(destinations),
            Grain.DATASET,
            through=through if self._via.through else None,
        )

    def told(self, ways: Ways) -> ColumnWays:
        return ColumnWays([[*map(self.place, path)] for path in ways.paths], ways.cut)

    def carried(self, path: Sequence[Place]) -> Carried:
        return carried(self.flow, path if self.flow.downstream else path[::-1])

    def datasets(self, origins: Collection[Place]) -> dict[int, int]:
        """How far away the nearest column is of each dataset downstream, those of the origins included."""
        found = reach(self.arrays, Question(start=tuple(self.ids(origins)), grain=Grain.DATASET), ways=False)
        distances = {place.dataset_id: 0 for place in origins}
        for identifier, distance in zip(found.ids.tolist(), found.distances.tolist(), strict=True):
            distances.setdefault(self.place(identifier).dataset_id, distance)
        return distances


async def read_downstream(
    conn: Connection, question: ColumnPathQuestion, then: Then | None, *, most: int | None = None
) -> ColumnGraph:
    """All that leads on from the origins, a statement a hop; beyond the destinations nothing is looked for."""
    home = {place.dataset_id for place in question.origins}
    ends = {place for place in question.destinations if place.dataset_id not in home}
    stop = Among(question.via.stop_at.places | ends, question.via.stop_at.jobs)
    via = replace(question.via, stop_at=stop)
    flow = await _read(conn, question, question.origins, downstream=True, via=via, then=then, most=most)
    closed = {place.dataset_id for place in question.origins if not place.field}
    return ColumnGraph(flow, closed=closed, via=question.via)


async def read_upstream(conn: Connection, question: ColumnPathQuestion) -> ColumnGraph:
    """All that leads to the origins and to the destinations, likewise."""
    ends = (*question.origins, *question.destinations)
    flow = await _read(conn, question, ends, downstream=False, via=ANY, then=question.then, most=None)
    return ColumnGraph(flow)


async def _read(
    conn: Connection,
    question: ColumnPathQuestion,
    start: Collection[Place],
    *,
    downstream: bool,
    via: Via,
    then: Then | None,
    most: int | None,
) -> ColumnFlow:
    return await read_flow(
        conn,
        start,
        downstream=downstream,
        hops=None,
        via=via,
        then=then,
        explicit=question.explicit,
        between=Read(
            apart=frozenset(place for place in start if not place.field),
            toward=tuple(place for place in (*question.origins, *question.destinations) if place.field),
            most=most,
        ),
    )
