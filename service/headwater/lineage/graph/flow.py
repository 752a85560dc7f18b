"""The graph that a question is asked of: that of the present, or what is needed of one at another time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays, Edge, Ids
from headwater.lineage.graph.rows import Places

SINK = 0x2F0B4C471A96D583
"""Exclusive or of a job's id: the node in which what an explicit job reads ends (see present_edges.sql)."""


@dataclass(frozen=True, slots=True)
class Flow:
    arrays: Arrays
    sinks: AbstractSet[int]  # nodes that stand for jobs, in which what these read ends
    hidden: AbstractSet[int]  # datasets to walk through but not to show
    aliases: Mapping[int, int]  # the dataset of each other name of one
    complete: bool = True  # False: there is more than was read
    at: datetime | None = None  # None: now
    since: datetime | None = None  # not only what was current then, but all since this time

    def places(self, ids: Iterable[int]) -> Places:
        """In the arrays: of a job also that of its sink."""
        asked = list(ids)
        return self.arrays.places([*asked, *(sink for job in asked if (sink := job ^ SINK) in self.sinks)])

    def near(self, nodes: Iterable[int], downstream: bool, hops: int | None, most: int) -> list[int]:
        """Of what is reached from some in so many steps the nearest ``most``, by ids."""
        found: list[int] = self.ids(self.arrays.near(self.places(nodes), downstream=downstream, hops=hops, most=most)).tolist()
        return found

    def shown(self, identifier: int) -> int:
        """The job for its sink."""
        return identifier ^ SINK if identifier in self.sinks else identifier

    def ids(self, places: Places) -> Ids:
        """As they are shown."""
        ids = self.arrays.ids(places)
        return np.where(np.isin(ids, np.fromiter(self.sinks, np.int64)), ids ^ SINK, ids) if self.sinks else ids

    def edges_from(self, sources: Iterable[int]) -> set[tuple[int, int]]:
        """Of these nodes: sources and targets by ids, that of a job for its sink."""
        origins, ends, _ = self.arrays.neighbours(self.places(sources), downstream=True)
        return set(zip(self.ids(origins).tolist(), self.ids(ends).tolist(), strict=True))

    def count_edges(self, nodes: Places) -> int:
        """How many lead from one of these to another; a job and its sink are one node, and what several tell is one edge."""
        arrays = self.arrays
        explicit = [job for job in self.ids(nodes).tolist() if job ^ SINK in self.sinks] if self.sinks else []
        ends = np.unique(np.concatenate((nodes, self.places(explicit))))
        within = np.zeros(len(arrays), bool)
        within[ends] = True
        sources, targets, _ = arrays.neighbours(ends, downstream=True)
        known = within[targets]
        pairs = np.stack([sources[known], targets[known]]).astype(np.int64)
        if explicit:
            of_job = np.arange(len(arrays))
            for job in explicit:
                own, *sinks = self.places([job]).tolist()
                of_job[sinks] = own
            pairs = of_job[pairs]
        return len(np.unique(pairs[0] * len(arrays) + pairs[1]))

    def writers(self, datasets: Iterable[int]) -> set[tuple[int, int]]:
        """Jobs with those of the datasets that they write, by ids."""
        written, jobs, kinds = self.arrays.neighbours(self.arrays.places(datasets), downstream=False)
        writes = kinds == EdgeKind.OUTPUT
        return set(zip(self.arrays.ids(jobs[writes]).tolist(), self.arrays.ids(written[writes]).tolist(), strict=True))


def flow_of(edges: Iterable[Edge], *, hidden: AbstractSet[int] = frozenset(), complete: bool = True) -> Flow:
    """Of what one question has read: of other nodes than jobs and datasets too, which then are walked like these."""
    columns = np.array([*edges], np.int64).reshape(-1, 3).T
    arrays = Arrays([(columns[0], columns[1], columns[0], columns[2].astype(np.int8))])
    return Flow(arrays, frozenset(), hidden, {}, complete)
