from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain
from headwater.lineage.paths.ancestors import nearest_common_ancestors

_nodes = st.integers(1, 9)


@settings(deadline=None)
@given(st.sets(st.tuples(_nodes, _nodes), min_size=1, max_size=15), _nodes, _nodes)
def test_nearest_common_ancestors_are_those_of_networkx(edges: set[tuple[int, int]], first: int, second: int) -> None:
    columns = np.array(sorted(edges), np.int64).T
    kinds = np.full(len(edges), EdgeKind.DATASET_LINEAGE, np.int8)
    flow = Flow(Arrays([(columns[0], columns[1], columns[0], kinds)]), frozenset(), frozenset(), {})
    graph: nx.DiGraph[int] = nx.DiGraph(list(edges))
    graph.add_nodes_from((first, second))
    up = [nx.single_source_shortest_path_length(graph.reverse(), node) for node in (first, second)]
    sums = {node: (up[0][node], up[1][node]) for node in up[0].keys() & up[1].keys() - {first, second}}
    least = min((sum(both) for both in sums.values()), default=0)
    expected = [(node, *both) for node, both in sorted(sums.items()) if sum(both) == least]
    assert [tuple(a) for a in nearest_common_ancestors(flow, [first], [second], Grain.ALL)] == expected
