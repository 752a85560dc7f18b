from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.graph import ranks as module
from headwater.lineage.graph.ranks import ranks

_SIZE = 12
_node = st.integers(0, _SIZE - 1)
_Edges = list[tuple[int, int]]
_edges = st.lists(st.tuples(_node, _node), max_size=30)
_forward = st.tuples(_node, _node).map(sorted).map(tuple).filter(lambda edge: edge[0] != edge[1])


def _ranks(edges: Iterable[tuple[int, int]]) -> list[int]:
    sources, targets = np.array([*edges], np.int32).reshape(-1, 2).T
    return [int(rank) for rank in ranks(sources, targets, _SIZE)]


@settings(deadline=None)
@given(_edges, st.sampled_from([2, 20_000]))
def test_they_never_fall_along_an_edge(edges: _Edges, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST", most)
        found = _ranks(edges)
    assert min(found) >= 0
    assert all(found[source] <= found[target] for source, target in edges)


@settings(deadline=None)
@given(st.lists(_forward, max_size=30))
def test_without_cycles_they_are_the_lengths_of_the_longest_ways(edges: _Edges) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph(edges)
    graph.add_nodes_from(range(_SIZE))
    expected = dict.fromkeys(range(_SIZE), 0)
    for node in nx.topological_sort(graph):
        for follower in graph.successors(node):
            expected[follower] = max(expected[follower], expected[node] + 1)
    assert _ranks(edges) == [expected[node] for node in range(_SIZE)]


def test_what_is_bound_both_ways_is_one_and_ranks_rise_before_and_after_it() -> None:
    chain = [(0, 1), (1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 5), (5, 4), (5, 6)]
    found = _ranks(chain)
    assert found[0] < found[1] == found[2] == found[3] < found[4] == found[5] < found[6]


def test_only_what_lies_between_longer_cycles_has_one_rank() -> None:
    found = _ranks([(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (4, 5), (5, 6), (6, 4), (6, 7), (7, 8)])
    assert found[0] < found[1] == found[2] == found[3] == found[4] == found[5] == found[6] < found[7] < found[8]
