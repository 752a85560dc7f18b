"""Which models stand on a column: on the columns that derive from it, by what trainings say of the columns that they used.

Columns, the trainings that used them, and what stands on their models in turn are put into one graph of the same arrays as every
other: so depth and ways mean the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from headwater import ids
from headwater.catalog.models import models_among
from headwater.db.pool import Connection
from headwater.entities.model import Affected
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.flow import ColumnFlow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.lineage import require_field
from headwater.lineage.columns.reach import place_id
from headwater.lineage.columns.via import ANY, Via
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays, Part
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import FlowOf, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.models.affected import By, Found, Hit, Told, answer
from headwater.lineage.models.serving import Bounds
from headwater.lineage.models.trained import Trained, Trainings, load_learnt, load_trained
from headwater.lineage.models.uses import Uses
from headwater.lineage.node_ids import field_node_id
from headwater.lineage.runs.upstream import EVER

_TO_MODEL = 2  # steps from a dataset to a model that is trained on it: the job is one
_PASSED = 0x51D3A06E94B7C82F
"""Exclusive or of a column's node: the same column, reached over an edge told by a job that was to be passed through."""


@dataclass(frozen=True, slots=True)
class FromColumn:
    """``columns`` is what flows from ``place``, as far as ``via`` lets it."""

    place: Place
    columns: ColumnFlow
    via: Via = ANY
    then: Then | None = None  # now

    def reached(self) -> set[Place]:
        """Columns from which something follows, the start among them."""
        onward = self.columns.onward
        places = {self.place, *onward, *(far for of in onward.values() for far in of)}
        return {place for place in places if not self.via.stop_at.holds(place)}


async def affected_by_column(
    conn: Connection, flow_of: FlowOf, node_id: str, asked: FromColumn, question: Question, kinds: Collection[EdgeKind]
) -> Affected:
    """A training that says nothing of columns counts if it reads a dataset with one of those reached. In a constant number of
    statements, beside those of ``flow_of`` and ``load_serving``. Raises NotFound where there is no such field, nor was one that
    a training names."""
    places = asked.reached()
    near = await _near(conn, flow_of, {place.dataset_id for place in places})
    used = await _load_used(conn, near.trainings, places)
    if len(places) <= 1 and all(by == "DATASET" for of in used.values() for _, by, _ in of):
        await require_field(conn, asked.place, asked.then)
    used = {model: kept for model, of in used.items() if (kept := [one for one in of if not asked.via.shuts(one[0].job_id)])}
    onward = await _onward(conn, flow_of, asked.via, used, question.depth)
    complete = asked.columns.complete and near.flow.complete and onward.flow.complete
    merged, reached = await asyncio.to_thread(_walk, asked, used, onward, question.depth, complete=complete)
    trainings = near.trainings | onward.trainings
    judge = _Judge(asked, merged, reached.ids.tolist(), used, trainings)
    hits = await _load_hits(conn, reached, merged, trainings.of.keys(), judge.told)
    found = Found(
        grain="COLUMN",
        hits=hits,
        trainings=trainings,
        cut=reached.cut,
        at=near.flow.at or EVER.at,
        bounds=Bounds(frozenset(asked.via.avoid.whole()), frozenset(asked.via.stop_at.whole())),
    )
    return await answer(conn, node_id, found, question, kinds)


# ---------------------------------------------------------------- trainings


@dataclass(frozen=True, slots=True)
class _Near:
    flow: Flow
    trainings: Trainings


async def _near(conn: Connection, flow_of: FlowOf, datasets: Collection[int]) -> _Near:
    """What may have been trained on these datasets, or be one of them."""
    question = Question(start=tuple(datasets), depth=_TO_MODEL)
    flow = await flow_of(question)
    found = await asyncio.to_thread(reach, flow, question, ways=False)
    models = await models_among(conn, [*datasets, *found.ids.tolist()])
    return _Near(flow, await load_trained(conn, models, flow.at or EVER.at))


_Used: TypeAlias = tuple[Trained, By, set[Place]]
_UsedBy: TypeAlias = Mapping[int, list[_Used]]  # by model


async def _load_used(conn: Connection, trainings: Trainings, places: Collection[Place]) -> dict[int, list[_Used]]:
    """By model those of its versions that used some of the columns, newest first."""
    uses = Uses(places)
    every = [(model, trained) for model, of in trainings.of.items() for trained in of]
    learnt = await load_learnt(conn, [trained for _, trained in every])
    found: dict[int, list[_Used]] = {}
    for (model, trained), told in zip(every, learnt, strict=True):
        if use := uses.of(trained.inputs, told):
            found.setdefault(model, []).append((trained, *use))
    return found


@dataclass(frozen=True, slots=True)
class _Onward:
    """What stands on the models in turn, by the graph."""

    flow: Flow
    edges: Part
    trainings: Trainings  # of other models


async def _onward(conn: Connection, flow_of: FlowOf, via: Via, models: Collection[int], depth: int | None) -> _Onward:
    flow = await flow_of(Question(start=tuple(models), depth=depth))
    edges, reached = await asyncio.to_thread(_beyond, flow, models, via.avoid.whole(), via.stop_at.whole())
    others = await models_among(conn, reached - {*models})
    return _Onward(flow, edges, await load_trained(conn, others, flow.at or EVER.at))


def _beyond(flow: Flow, models: Collection[int], avoid: Collection[int], stop_at: Collection[int]) -> tuple[Part, set[int]]:
    """The edges that lead on from these models, and all that is reached."""
    arrays, stops = flow.arrays, flow.places(stop_at)
    places = arrays.walk(flow.places(models), downstream=True, avoid=flow.places(avoid), stop_at=stops, trace=False).places
    nears, fars, edge_kinds = arrays.neighbours(np.setdiff1d(places, stops), downstream=True)
    sources, targets = arrays.ids(nears), arrays.ids(fars)
    return (sources, targets, targets, edge_kinds), set(arrays.ids(places).tolist())


# ---------------------------------------------------------------- the graph of all


class _Merged:
    """Columns are nodes of their own, and so are the trainings of one model by one job."""

    def __init__(self, asked: FromColumn, used: _UsedBy) -> None:
        self._start, self._via = asked.place, asked.via
        self._through = asked.via.through
        self._edges = set[tuple[int, int, EdgeKind]]()
        self._passing = {*self._through.whole(), *map(place_id, self._through.places)}
        self.columns: dict[int, Place] = {}  # by their nodes
        self.jobs: dict[int, int] = {}  # by the nodes of their trainings
        self._add_columns(asked.columns)
        for model, of in used.items():
            for trained, _, columns in of:
                self._add_training(trained, model, columns)

    def flow(self, onward: Part, flow: Flow, *, complete: bool) -> Flow:
        """With the edges that lead on from the models in ``flow``."""
        columns = np.array(sorted(self._edges), np.int64).reshape(-1, 3).T
        own: Part = (columns[0], columns[1], columns[1], columns[2].astype(np.int8))
        return Flow(Arrays([own, onward]), flow.sinks, flow.hidden, flow.aliases, complete)

    def question(self, depth: int | None) -> Question:
        via = self._via
        return Question(
            start=(place_id(self._start),),
            depth=depth,
            through=tuple(self._passing),
            avoid=tuple(via.avoid.whole()),
            stop_at=tuple(via.stop_at.whole()),
        )

    def _add_columns(self, flow: ColumnFlow) -> None:
        jobs = self._through.jobs
        for near, onward in flow.onward.items():
            for far, told in onward.items():
                owners = {one.owner for one in told}
                before, after = self._nodes(near), self._nodes(far)
                pairs = [*zip(before, after, strict=True)] if owners - jobs else []
                if owners & jobs:
                    pairs += [(node, after[-1]) for node in before]
                    self._passing.add(after[-1])
                self._edges.update((*pair, EdgeKind.DATASET_LINEAGE) for pair in pairs)

    def _add_training(self, trained: Trained, model: int, columns: Iterable[Place]) -> None:
        training = ids.content_id(f"{trained.job_id}>{model}".encode())
        self.jobs[training] = trained.job_id
        self._edges.add((training, model, EdgeKind.OUTPUT))
        self._edges.update((node, training, EdgeKind.INPUT) for place in columns for node in self._nodes(place))
        if trained.job_id in self._through.jobs:
            self._passing.add(training)

    def _nodes(self, place: Place) -> list[int]:
        """The column; and where jobs are to be passed through, the same as it is reached by way of one."""
        node = place_id(place)
        nodes = [node, node ^ _PASSED] if self._through.jobs else [node]
        self.columns.update(dict.fromkeys(nodes, place))
        if self._through.holds(place):
            self._passing.update(nodes)
        return nodes


def _walk(asked: FromColumn, used: _UsedBy, onward: _Onward, depth: int | None, *, complete: bool) -> tuple[_Merged, Reach]:
    merged = _Merged(asked, used)
    return merged, reach(merged.flow(onward.edges, onward.flow, complete=complete), merged.question(depth))


class _Judge:
    """A version counts where its run used a column that is reached; of a model that is only reached onward, where it read what
    is."""

    def __init__(self, asked: FromColumn, merged: _Merged, reached: Iterable[int], used: _UsedBy, trainings: Trainings) -> None:
        nodes = {*reached}
        self._used, self._trainings = used, trainings.of
        self._columns = {asked.place, *(place for node, place in merged.columns.items() if node in nodes)}
        self._shut = asked.via.avoid.whole() | asked.via.stop_at.whole()
        self._touched = nodes - self._shut

    def told(self, model: int) -> list[Told]:
        by_column = [(t, by) for t, by, columns in self._used.get(model, ()) if not self._columns.isdisjoint(columns)]
        return by_column or [(t, "DATASET") for t in self._trainings[model] if self._read(t)]

    def _read(self, trained: Trained) -> bool:
        return trained.job_id not in self._shut and not self._touched.isdisjoint(trained.inputs.values())


async def _load_hits(
    conn: Connection, found: Reach, merged: _Merged, models: Collection[int], told: Callable[[int], list[Told]]
) -> list[Hit]:
    reached = found.ids.tolist()
    ways = {index: found.way(index) for index, node in enumerate(reached) if node in models}
    steps = {step for way in ways.values() for step in way}
    jobs = {merged.jobs.get(step, step) for step in steps - merged.columns.keys()}
    nodes = await describe(conn, jobs | {merged.columns[step].dataset_id for step in steps & merged.columns.keys()})

    def name(step: int) -> str | None:
        place = merged.columns.get(step)
        node = nodes.get(place.dataset_id if place else merged.jobs.get(step, step))
        if node is None:
            return None
        return field_node_id(node.namespace, node.name, place.field) if place and place.field else node.id

    return [
        Hit(
            nodes[reached[index]],
            int(found.distances[index]),
            [node_id for step in way if (node_id := name(step))],
            told(reached[index]),
        )
        for index, way in ways.items()
        if reached[index] in nodes
    ]
