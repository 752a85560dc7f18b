"""What two nodes have in common upstream. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach

_FAR = 1 << 30  # steps; no way is so long
_MOST = 10


class Ancestor(NamedTuple):
    id: int
    to_first: int  # steps from here to the nearest of the first nodes
    to_second: int


def nearest_common_ancestors(flow: Flow, first: Collection[int], second: Collection[int], grain: Grain) -> list[Ancestor]:
    """The first ten of those whose two ways together are shortest, by id; none of the nodes themselves."""
    up = [reach(flow, Question(start=tuple(nodes), downstream=False, grain=grain), ways=False) for nodes in (first, second)]
    common, first_at, second_at = np.intersect1d(up[0].ids, up[1].ids, assume_unique=True, return_indices=True)
    ways = [up[0].distances[first_at], up[1].distances[second_at]]
    theirs = np.array([*first, *second], np.int64)
    both = np.where(np.isin(common, theirs), _FAR, ways[0] + ways[1])
    nearest = np.flatnonzero((both == both.min(initial=_FAR)) & (both < _FAR))
    return [Ancestor(int(common[i]), int(ways[0][i]), int(ways[1][i])) for i in nearest[:_MOST].tolist()]
