"""The graph that a question is asked of: that of the present, or what is needed of one at another time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from headwater.lineage.edges import EdgeKind
from headwater.lineage.present.arrays import Arrays

SINK = 0x2F0B4C471A96D583
"""Exclusive or of a job's id: the node in which what an explicit job reads ends (see present_edges.sql)."""


@dataclass(frozen=True, slots=True)
class Flow:
    arrays: Arrays
    sinks: Mapping[int, int]  # nodes that stand for jobs, in which what these read ends
    hidden: AbstractSet[int]  # datasets to walk through but not to show
    aliases: Mapping[int, int]  # the dataset of each other name of one
    complete: bool = True  # False: there is more than was read
    at: datetime | None = None  # None: now
    since: datetime | None = None  # not only what was current then, but all since this time

    def edges_from(self, sources: Iterable[int]) -> set[tuple[int, int]]:
        """Of these nodes: sources and targets by ids, that of a job for its sink."""
        asked = set(sources)
        places = self.arrays.places([*asked, *(sink for sink, job in self.sinks.items() if job in asked)])
        origins, ends, _ = self.arrays.neighbours(places, downstream=True)
        pairs = zip(self.arrays.ids(origins).tolist(), self.arrays.ids(ends).tolist(), strict=True)
        return {(self.sinks.get(source, source), self.sinks.get(target, target)) for source, target in pairs}

    def writers(self, datasets: Iterable[int]) -> set[tuple[int, int]]:
        """Jobs with those of the datasets that they write, by ids."""
        written, jobs, kinds = self.arrays.neighbours(self.arrays.places(datasets), downstream=False)
        writes = kinds == EdgeKind.OUTPUT
        return set(zip(self.arrays.ids(jobs[writes]).tolist(), self.arrays.ids(written[writes]).tolist(), strict=True))
