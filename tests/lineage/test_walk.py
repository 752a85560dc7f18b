from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.walk import walk

_edges = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


@given(_edges, st.sets(st.integers(0, 12), min_size=1, max_size=3), st.integers(0, 15))
async def test_distances_are_those_of_networkx(edges: list[tuple[int, int]], start: set[int], depth: int) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph(edges)
    graph.add_nodes_from(start)
    levels: list[Sequence[int]] = []

    async def hop(level: Sequence[int]) -> list[int]:
        levels.append(level)
        return [n for node in level for n in graph.successors(node)]

    found = await walk(hop, start, depth)
    lengths = [nx.single_source_shortest_path_length(graph, node, cutoff=depth) for node in start]
    assert found == {n: min(one[n] for one in lengths if n in one) for n in set().union(*lengths)}
    assert list(found.values()) == sorted(found.values())
    assert len(levels) <= depth
    asked = [node for level in levels for node in level]
    assert len(asked) == len(set(asked)), "no node is asked about twice"


async def test_no_step_is_taken_where_none_is_allowed() -> None:
    async def hop(_: Sequence[int]) -> list[int]:
        raise AssertionError

    assert await walk(hop, [1, 1, 2], 0) == {1: 0, 2: 0}
    assert await walk(hop, [], 5) == {}
