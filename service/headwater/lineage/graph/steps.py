"""Edges from each node to the next ones of a grain, over whatever is no step there. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question


def steps_from(flow: Flow, sources: Iterable[int], question: Question) -> set[tuple[int, int]]:
    """Sources and targets, by ids, as data flows: targets are nodes of the grain, and where the question starts. No step leads
    over a node to be avoided or to stop at."""
    if question.grain is Grain.ALL:
        return flow.edges_from(sources)
    arrays = flow.arrays
    over = arrays.jobs if question.grain is Grain.DATASET else ~arrays.jobs
    start = flow.places(question.start)
    shut = np.zeros(len(arrays), bool)
    shut[flow.places((*question.avoid, *question.stop_at))] = True
    shut &= over
    shut[start] = False
    over = over & ~shut
    over[start] = False
    level = {place: {place} for place in flow.places(sources).tolist()}  # of each place from where it is reached
    seen: dict[int, set[int]] = {}
    steps = set[tuple[int, int]]()
    while level:
        nears, fars, _ = arrays.neighbours(np.array(sorted(level), np.int32), downstream=True)
        further = defaultdict[int, set[int]](set)
        for near, far in zip(nears.tolist(), fars.tolist(), strict=True):
            if over[far]:
                further[far] |= level[near]
            elif not shut[far]:
                steps.update((origin, far) for origin in level[near])
        level = {}
        for place, origins in further.items():
            if fresh := origins - seen.setdefault(place, set()):
                seen[place] |= fresh
                level[place] = fresh
    ends = np.array(sorted(steps), np.int32).reshape(-1, 2)
    return set(zip(*(flow.ids(side).tolist() for side in ends.T), strict=True))
