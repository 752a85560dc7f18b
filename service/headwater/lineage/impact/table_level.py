"""Where a walk over columns ends although data flows on: jobs that do not say which column comes from which."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from headwater.db.pool import Connection
from headwater.entities.graph import TableLevel, TableReached
from headwater.lineage.columns.edges import Then, holding
from headwater.lineage.columns.via import ANY, Via
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.sides import Sided

_SHOWN = 100
_ANY = 0  # in place of an owner; no id is 0
# Of these datasets, as somebody writes them, no column lineage is known.
_UNTOLD = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(written)s::bigint[], %(owners)s::bigint[]) AS a (written_id, owner_id)
),
name AS MATERIALIZED (
    SELECT a.written_id, a.written_id AS dataset_id FROM asked a
    UNION
    SELECT d.canonical_id, d.dataset_id
    FROM asked a JOIN datasets d ON d.canonical_id = a.written_id AND d.canonical_id <> d.dataset_id
),
told AS MATERIALIZED (
    SELECT k.*
    FROM name n CROSS JOIN LATERAL (SELECT * FROM column_lineage WHERE dataset_id = n.dataset_id OFFSET 0) k
),
{holding}
SELECT a.written_id, a.owner_id
FROM asked a
WHERE NOT EXISTS (
    SELECT FROM name n JOIN present p USING (dataset_id)
    WHERE n.written_id = a.written_id AND a.owner_id IN (0, p.owner_id)
      AND EXISTS (SELECT FROM column_sets s WHERE s.set_id = p.set_id)
)
"""


class _Step(NamedTuple):
    near: int  # reached by columns
    far: int
    owner: int  # the job between, of several that which writes; or _ANY


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
    steps = await asyncio.to_thread(_steps, flow, near, via, downstream=downstream)
    steps = {step for step in _open(steps, via) if step.far not in distances and step.far not in flow.hidden}
    untold = await _untold(conn, {_pair(step, downstream=downstream) for step in steps}, then)
    nearest: dict[int, tuple[int, int]] = {}
    for step in steps:
        if _pair(step, downstream=downstream) in untold:
            before = distances[step.near] + 1, step.near
            nearest[step.far] = min(before, nearest.get(step.far, before))
    return nearest


def _open(steps: Collection[_Step], via: Via) -> Iterator[_Step]:
    stop, avoid = via.stop_at.whole(), via.avoid.whole()
    return (step for step in steps if not (step.near in stop or step.far in avoid or via.shuts(step.owner)))


def _steps(flow: Flow, datasets: Collection[int], via: Via, *, downstream: bool) -> set[_Step]:
    arrays = flow.arrays
    into, out_of = (EdgeKind.INPUT, EdgeKind.OUTPUT) if downstream else (EdgeKind.OUTPUT, EdgeKind.INPUT)
    near, next_to, kinds = arrays.neighbours(arrays.places(datasets), downstream=downstream)
    derived = kinds == EdgeKind.DATASET_LINEAGE
    steps = {_Step(n, f, _ANY) for n, f in _ids(flow, near[derived], next_to[derived])}
    near, jobs = near[kinds == into], next_to[kinds == into]
    beyond, handed = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)  # by job
    known = level = np.unique(jobs)
    while len(level):
        between, far, kinds = arrays.neighbours(level, downstream=downstream)
        for job, dataset in _ids(flow, between[kinds == out_of], far[kinds == out_of]):
            beyond[job].add(dataset)
        by_hand = kinds == EdgeKind.JOB_LINEAGE
        for job, other in _ids(flow, between[by_hand], far[by_hand]):
            handed[job].add(other)
        level = np.setdiff1d(far[by_hand], known)
        known = np.union1d(known, level)
    for n, job in _ids(flow, near, jobs):
        for last in _led_to(job, handed, lambda one: via.shuts(flow.shown(one))):
            steps |= {_Step(n, dataset, last if downstream else job) for dataset in beyond[last]}
    return steps


def _led_to(job: int, handed: Mapping[int, Collection[int]], shut: Callable[[int], bool]) -> set[int]:
    """The job, and those to which data is handed over from it without a dataset; ``shut`` ones are left out."""
    found, level = set[int](), {job}
    while level := {one for one in level - found if not shut(one)}:
        found |= level
        level = {other for one in level for other in handed.get(one, ())}
    return found


def _ids(flow: Flow, *places: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Iterator[tuple[int, int]]:
    first, second = (flow.arrays.ids(some).tolist() for some in places)
    return zip(first, second, strict=True)


def _pair(step: _Step, *, downstream: bool) -> tuple[int, int]:
    """The dataset that is written, and by whom."""
    return step.far if downstream else step.near, step.owner


async def _untold(conn: Connection, pairs: Collection[tuple[int, int]], then: Then | None) -> set[tuple[int, int]]:
    if not pairs:
        return set()
    asked = {
        "written": [written for written, _ in pairs],
        "owners": [owner for _, owner in pairs],
        **(then.asked() if then is not None else {}),
    }
    statement = _UNTOLD.replace("{holding}", holding(then))
    return {(written, owner) for written, owner in await (await conn.execute(statement, asked)).fetchall()}


def beyond(flow: Flow, question: Question, reached: Collection[int]) -> set[int]:
    """Datasets that follow from where the question starts, without those ``reached``."""
    found = reach(flow, replace(question, grain=Grain.DATASET), ways=False)
    return set(found.ids.tolist()).difference(reached)
