from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.present.arrays import Arrays, Places, Reached

_ids = st.integers(0, 12).map(lambda n: n * 7 - 30)
_edges = st.lists(st.tuples(_ids, _ids), max_size=12)
_owned = st.dictionaries(_ids, _edges, max_size=6)
_Owned = dict[int, list[tuple[int, int]]]


def _arrays(owned: _Owned) -> Arrays:
    rows = [(source, target, owner) for owner, edges in owned.items() for source, target in edges]
    sources, targets, owners = np.array(rows, np.int64).reshape(-1, 3).T
    return Arrays(sources, targets, owners)


def _graph(owned: _Owned) -> nx.DiGraph[int]:
    graph: nx.DiGraph[int] = nx.DiGraph()
    for edges in owned.values():
        graph.add_edges_from(edges)
    return graph


def _distances(arrays: Arrays, found: Reached) -> dict[int, int]:
    return dict(zip(arrays.ids(found.places).tolist(), found.distances.tolist(), strict=True))


def _expected(graph: nx.DiGraph[int], start: int, depth: int | None = None) -> dict[int, int]:
    return nx.single_source_shortest_path_length(graph, start, cutoff=depth) if start in graph else {}


def _start(arrays: Arrays, identifier: int) -> Places:
    return arrays.places([identifier])


@given(_owned, st.lists(st.tuples(_ids, _edges), max_size=8), _ids, st.integers(0, 5) | st.none(), st.booleans())
def test_walks_are_those_of_networkx_through_every_change(
    owned: _Owned, changes: list[tuple[int, list[tuple[int, int]]]], start: int, depth: int | None, rebuild: bool
) -> None:
    arrays = _arrays(owned)
    for owner, edges in [*changes, (0, [])]:
        graph = _graph(owned)
        for downstream in (True, False):
            seen = graph if downstream else graph.reverse()
            found = arrays.walk(_start(arrays, start), downstream=downstream, depth=depth)
            told = _distances(arrays, found)
            expected = _expected(seen, start, depth)
            assert told == expected or (start not in graph and told in ({}, {start: 0}))
            assert found.complete == (set(_expected(seen, start)) <= set(told))
            _assert_shortest_paths(arrays, found, seen)
        for end in (-30, 5, 33):
            reaches = arrays.reaches(_start(arrays, start), _start(arrays, end))
            assert reaches == (start in graph and end in graph and nx.has_path(graph, start, end)) or start == end
        arrays.replace(owner, edges)
        owned = {**owned, owner: edges}
        if rebuild:
            arrays = arrays.rebuilt()
            assert arrays.changes == 0


def _assert_shortest_paths(arrays: Arrays, found: Reached, graph: nx.DiGraph[int]) -> None:
    distances = _distances(arrays, found)
    for place, before in zip(arrays.ids(found.places).tolist(), arrays.ids(found.before).tolist(), strict=True):
        if distances[place]:
            assert graph.has_edge(before, place)
            assert distances[place] == distances[before] + 1


def test_what_is_avoided_is_not_entered_and_what_stops_is_not_left() -> None:
    arrays = _arrays({1: [(1, 2), (2, 3), (1, 4), (4, 5), (5, 3)]})
    start = arrays.places([1])
    assert _distances(arrays, arrays.walk(start, downstream=True, avoid=arrays.places([2]))) == {1: 0, 4: 1, 5: 2, 3: 3}
    stopped = arrays.walk(start, downstream=True, stop_at=arrays.places([4]))
    assert _distances(arrays, stopped) == {1: 0, 2: 1, 4: 1, 3: 2}
    assert _distances(arrays, arrays.walk(start, downstream=True, avoid=start)) == {}


def test_the_same_edges_again_are_no_change() -> None:
    arrays = _arrays({1: [(1, 2), (2, 3)], 9: [(2, 3)]})
    arrays.replace(1, [(2, 3), (1, 2)])
    arrays.replace(9, [(2, 3)])
    arrays.replace(8, [])
    assert (arrays.changes, len(arrays), arrays.edges) == (0, 4, 3)


@pytest.mark.parametrize("identifiers", [[], [5]])
def test_an_empty_graph(identifiers: list[int]) -> None:
    arrays = _arrays({})
    assert len(arrays.places(identifiers)) == 0
    assert len(arrays.walk(arrays.places(identifiers), downstream=True).places) == 0
    assert not arrays.reaches(arrays.places([1]), arrays.places([2]))
    arrays.replace(1, [(1, 2)])
    assert arrays.reaches(arrays.places([1]), arrays.places([2]))
