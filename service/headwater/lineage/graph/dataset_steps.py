"""Steps from dataset to dataset, with the job between. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.rows import Places

ANY = 0
"""In place of an owner; no id is 0."""


class Step(NamedTuple):
    near: int
    far: int
    owner: int  # the job between, of several that which writes; or ANY

    def written(self, *, downstream: bool) -> tuple[int, int]:
        """The dataset that is written, and by whom."""
        return self.far if downstream else self.near, self.owner


def dataset_steps(
    flow: Flow, datasets: Collection[int], *, downstream: bool, shut: Callable[[int], bool] = lambda _: False
) -> set[Step]:
    """From these datasets, by ids; over jobs that hand data over without a dataset too, but for those that are ``shut``."""
    arrays = flow.arrays
    into, out_of = (EdgeKind.INPUT, EdgeKind.OUTPUT) if downstream else (EdgeKind.OUTPUT, EdgeKind.INPUT)
    near, next_to, kinds = arrays.neighbours(arrays.places(datasets), downstream=downstream)
    derived = kinds == EdgeKind.DATASET_LINEAGE
    steps = {Step(n, f, ANY) for n, f in _ids(flow, near[derived], next_to[derived])}
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
        for last in _led_to(job, handed, lambda one: shut(flow.shown(one))):
            steps |= {Step(n, dataset, last if downstream else job) for dataset in beyond[last]}
    return steps


def _led_to(job: int, handed: Mapping[int, Collection[int]], shut: Callable[[int], bool]) -> set[int]:
    """The job, and those to which data is handed over from it without a dataset; ``shut`` ones are left out."""
    found, level = set[int](), {job}
    while level := {one for one in level - found if not shut(one)}:
        found |= level
        level = {other for one in level for other in handed.get(one, ())}
    return found


def _ids(flow: Flow, *places: Places) -> Iterator[tuple[int, int]]:
    first, second = (flow.arrays.ids(some).tolist() for some in places)
    return zip(first, second, strict=True)
