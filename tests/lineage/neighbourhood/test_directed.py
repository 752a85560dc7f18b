from __future__ import annotations

import numpy as np

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.neighbourhood.directed import nearest


def test_of_what_is_found_both_ways_the_lesser_distance_counts() -> None:
    """5 comes of 1 at once, and 1 of 5 over 4."""
    sources, targets = np.array([[1, 5], [5, 4], [4, 1], [9, 1]], np.int64).T
    kinds = np.full(len(sources), EdgeKind.DATASET_LINEAGE, np.int8)
    flow = Flow(Arrays([(sources, targets, targets, kinds)]), set(), set(), {})
    sides = [reach(flow, Question(start=(1,), downstream=downstream)) for downstream in (True, False)]
    assert list(nearest(sides).items()) == [(4, 1), (5, 1), (9, 1)]
    assert list(nearest(sides[:1]).items()) == [(5, 1), (4, 2)]
