"""Where a walk over columns ends although data flows on: jobs that do not say which column comes from which."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple

from headwater.db.pool import Connection
from headwater.entities.graph import TableLevel, TableReached
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.untold import load_untold
from headwater.lineage.columns.via import ANY, Via
from headwater.lineage.graph.dataset_steps import Step, dataset_steps
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.sides import Sided

_SHOWN = 100


class Onward(NamedTuple):
    """Where data flows on from the datasets that are reached by columns, on one side."""

    next: Mapping[int, _Next]
    beyond: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class _Next(Sided):
    """A dataset that follows on those."""

    distance: int
    before: int  # reached by columns


async def find_onward(
    conn: Connection,
    flow: Flow,
    distances: Mapping[int, int],
    *,
    downstream: bool,
    depth: int | None,
    then: Then | None = None,
    via: Via = ANY,
) -> Onward:
    """``distances`` are those of the datasets reached by columns. Of ``via`` what is to be avoided or to stop at counts."""
    nearest = await next_by_table(conn, flow, distances, downstream=downstream, depth=depth, then=then, via=via)
    on = Question(start=tuple(nearest), downstream=downstream, avoid=tuple(via.avoid.whole()), stop_at=tuple(via.stop_at.whole()))
    found = {dataset: _Next(distance, before, downstream=downstream) for dataset, (distance, before) in nearest.items()}
    return Onward(found, await asyncio.to_thread(beyond, flow, on, distances.keys()))


async def load_table_level(conn: Connection, sides: Sequence[Onward]) -> TableLevel:
    """Each dataset once, by its shorter way; of two that are as long by that of the first side."""
    nearest: dict[int, _Next] = {}
    for dataset, told in (item for side in sides for item in side.next.items()):
        known = nearest.get(dataset)
        nearest[dataset] = told if known is None else replace(min(known, told, key=lambda n: n.distance), both=True)
    listed = sorted(nearest, key=lambda dataset: (nearest[dataset].distance, dataset))[:_SHOWN]
    nodes = await describe(conn, {*listed, *(nearest[dataset].before for dataset in listed)})
    return TableLevel(
        found=len(nearest),
        beyond=len(set[int]().union(*(side.beyond for side in sides)) - nearest.keys()),
        nodes=[
            TableReached(**nodes[dataset].__dict__, distance=told.distance, side=told.direction, nearest=nodes[told.before].id)
            for dataset in listed
            for told in [nearest[dataset]]
            if dataset in nodes and told.before in nodes
        ],
    )


async def next_by_table(
    conn: Connection,
    flow: Flow,
    distances: Mapping[int, int],
    *,
    downstream: bool,
    depth: int | None,
    then: Then | None = None,
    via: Via = ANY,
) -> dict[int, tuple[int, int]]:
    """Datasets that are next to those reached by columns, where nobody tells the columns: (distance, the dataset before)."""
    near = [dataset for dataset, distance in distances.items() if depth is None or distance < depth]
    steps = await asyncio.to_thread(dataset_steps, flow, near, downstream=downstream, shut=via.shuts)
    steps = {step for step in _open(steps, via) if step.far not in distances and step.far not in flow.hidden}
    untold = await load_untold(conn, {step.written(downstream=downstream) for step in steps}, then)
    nearest: dict[int, tuple[int, int]] = {}
    for step in steps:
        if step.written(downstream=downstream) in untold:
            before = distances[step.near] + 1, step.near
            nearest[step.far] = min(before, nearest.get(step.far, before))
    return nearest


def _open(steps: Collection[Step], via: Via) -> Iterator[Step]:
    stop, avoid = via.stop_at.whole(), via.avoid.whole()
    return (step for step in steps if not (step.near in stop or step.far in avoid or via.shuts(step.owner)))


def beyond(flow: Flow, question: Question, reached: Collection[int]) -> set[int]:
    """Datasets that follow from where the question starts, without those ``reached``."""
    found = reach(flow, replace(question, grain=Grain.DATASET), ways=False)
    return set(found.ids.tolist()).difference(reached)
