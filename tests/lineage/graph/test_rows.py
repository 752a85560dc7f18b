from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.graph.rows import counted, distinct, edges_of, offsets_of

_numbers = st.lists(st.integers(0, 9)).map(lambda numbers: np.array(numbers, np.int32))


@given(_numbers, _numbers)
def test_the_edges_of_nodes_are_found_one_node_after_the_other(sources: np.ndarray, nodes: np.ndarray) -> None:
    sources = np.sort(sources)
    edges, counts = edges_of(offsets_of(sources, 10), nodes)
    expected = [(edge, node) for node in nodes.tolist() for edge, source in enumerate(sources.tolist()) if source == node]
    assert [*zip(edges.tolist(), np.repeat(nodes, counts).tolist(), strict=True)] == expected


@given(_numbers)
def test_what_is_there_and_how_often(values: np.ndarray) -> None:
    assert distinct(values).tolist() == sorted(set(values.tolist()))
    assert dict(zip(*(found.tolist() for found in counted(values)), strict=True)) == Counter(values.tolist())
