from __future__ import annotations

from dataclasses import replace

import numpy as np

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach


def _chain(*ids: int) -> Flow:
    """Datasets that come of one another."""
    sources, targets = np.array(ids[:-1], np.int64), np.array(ids[1:], np.int64)
    kinds = np.full(len(sources), EdgeKind.DATASET_LINEAGE, np.int8)
    return Flow(Arrays([(sources, targets, targets, kinds)]), set(), set(), {})


def test_what_cut_is_told_apart() -> None:
    chain = _chain(1, 2, 3)
    assert reach(chain, Question(start=(1,))).cut == ()
    assert reach(chain, Question(start=(1,), depth=1)).cut == ("depth",)
    read_in_part = replace(chain, complete=False)
    assert reach(read_in_part, Question(start=(1,))).cut == ("size",)
    assert reach(read_in_part, Question(start=(1,), depth=1)).cut == ("depth", "size")
