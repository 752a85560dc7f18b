from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.impact.ways_to import ways_to

_IDS = st.integers(0, 5)


@given(st.sets(st.tuples(_IDS, _IDS), min_size=1, max_size=12), st.none() | st.integers(1, 4))
def test_of_both_sides_the_ways_are_those_of_the_shorter_one_as_data_flows(
    pairs: set[tuple[int, int]], depth: int | None
) -> None:
    sources, targets = np.array(sorted(pairs), np.int64).T
    kinds = np.full(len(sources), EdgeKind.DATASET_LINEAGE, np.int8)
    flow = Flow(Arrays([(sources, targets, targets, kinds)]), set(), set(), {})
    question = Question((0,), depth=depth, paths=10_000, both=True)
    found = reach(flow, question)
    ways, cut = ways_to(flow, question, found)
    graph: nx.DiGraph[int] = nx.DiGraph(list(pairs))
    for node, upstream, of in zip(found.ids.tolist(), found.upstream.tolist(), ways, strict=True):
        source, target = (node, 0) if upstream else (0, node)
        assert {*map(tuple, of)} == {*map(tuple, nx.all_simple_paths(graph, source, target, cutoff=depth))}
        assert [len(way) for way in of] == sorted(map(len, of))
    assert not cut
    shortest, _ = ways_to(flow, Question((0,), depth=depth, both=True), found)
    assert [of[0] for of in ways] == [way for [way] in shortest]
