from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph import arrays as arrays_module
from headwater.lineage.graph.arrays import Arrays, Edge, Reached
from headwater.lineage.graph.rows import Places

_ids = st.integers(0, 12).map(lambda n: n * 7 - 30)
_edges = st.lists(st.tuples(_ids, _ids), max_size=12)
_owned = st.dictionaries(_ids, _edges, max_size=6)
_Owned = dict[int, list[tuple[int, int]]]
KIND = EdgeKind.DATASET_LINEAGE.value


def _arrays(owned: _Owned) -> Arrays:
    rows = [(source, target, owner) for owner, edges in owned.items() for source, target in edges]
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    parts = np.array_split(columns, 3, axis=1)
    return Arrays([(part[0], part[1], part[2], np.full(part.shape[1], KIND, np.int8)) for part in parts])


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


@settings(deadline=None)
@given(_owned, st.lists(st.tuples(_ids, _edges), max_size=8), _ids, st.integers(0, 5) | st.none(), st.sampled_from([0, 2, 64]))
def test_walks_are_those_of_networkx_through_every_change(
    owned: _Owned, changes: list[tuple[int, list[tuple[int, int]]]], start: int, depth: int | None, dense: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays_module, "_DENSE", dense)
        _assert_walks(owned, changes, start, depth)


def _assert_walks(owned: _Owned, changes: list[tuple[int, list[tuple[int, int]]]], start: int, depth: int | None) -> None:
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
            untraced = arrays.walk(_start(arrays, start), downstream=downstream, depth=depth, trace=False)
            assert _distances(arrays, untraced) == told
            _assert_shortest_paths(arrays, found, seen)
        for end in (-30, 5, 33):
            reaches = arrays.reaches(_start(arrays, start), _start(arrays, end))
            assert reaches == (start in graph and end in graph and nx.has_path(graph, start, end)) or start == end
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("headwater.lineage.graph.arrays._SOME", 1)  # so few that most ways are missed at first
                assert arrays.reaches(_start(arrays, start), _start(arrays, end)) == reaches
        arrays.replace(owner, [Edge(*edge, KIND) for edge in edges])
        owned = {**owned, owner: edges}


@given(_owned, st.lists(st.tuples(_ids, _edges), max_size=4), st.sets(_ids, max_size=4), st.tuples(_ids, _edges))
@settings(deadline=None)
def test_a_copy_without_some_owners_is_like_one_built_without_them(
    owned: _Owned, changes: list[tuple[int, list[tuple[int, int]]]], gone: set[int], later: tuple[int, list[tuple[int, int]]]
) -> None:
    arrays = _arrays(owned)
    for owner, edges in changes:
        arrays.replace(owner, [Edge(*edge, KIND) for edge in edges])
    before = owned | dict(changes)
    other = arrays.without(np.array(sorted(gone), np.int64))
    left = {owner: edges for owner, edges in before.items() if owner not in gone}
    other.replace(later[0], [Edge(*edge, KIND) for edge in later[1]])
    for told, expected in ((arrays, before), (other, left | dict([later]))):
        for start in {end for edges in expected.values() for edge in edges for end in edge}:
            for downstream in (True, False):
                graph = _graph(expected) if downstream else _graph(expected).reverse()
                found = told.walk(_start(told, start), downstream=downstream)
                assert _distances(told, found) == _expected(graph, start)


@given(_owned, _ids, st.integers(0, 4) | st.none(), st.integers(0, 20), st.booleans())
def test_what_is_near_is_the_nearest_of_a_walk(owned: _Owned, start: int, hops: int | None, most: int, downstream: bool) -> None:
    arrays = _arrays(owned)
    found = arrays.near(_start(arrays, start), downstream=downstream, hops=hops, most=most)
    walked = _distances(arrays, arrays.walk(_start(arrays, start), downstream=downstream, depth=hops))
    walked.pop(start, None)
    near = [walked[identifier] for identifier in arrays.ids(found).tolist()]
    assert near == sorted(walked.values())[:most]


def _assert_shortest_paths(arrays: Arrays, found: Reached, graph: nx.DiGraph[int]) -> None:
    distances = _distances(arrays, found)
    for place, before in zip(arrays.ids(found.places).tolist(), arrays.ids(found.before[found.places]).tolist(), strict=True):
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
    arrays.replace(1, [Edge(2, 3, KIND), Edge(1, 2, KIND)])
    arrays.replace(9, [Edge(2, 3, KIND)])
    arrays.replace(8, [])
    assert (arrays.changes, len(arrays), arrays.edges) == (0, 4, 3)


@pytest.mark.parametrize("identifiers", [[], [5]])
def test_an_empty_graph(identifiers: list[int]) -> None:
    arrays = _arrays({})
    assert len(arrays.places(identifiers)) == 0
    assert len(arrays.walk(arrays.places(identifiers), downstream=True).places) == 0
    assert not arrays.reaches(arrays.places([1]), arrays.places([2]))
    arrays.replace(1, [Edge(1, 2, KIND)])
    assert arrays.reaches(arrays.places([1]), arrays.places([2]))


@given(_owned, _ids, st.integers(0, 4) | st.none(), st.sets(_ids))
@settings(deadline=None)
def test_to_enter_what_is_free_is_no_step(owned: _Owned, start: int, depth: int | None, free: set[int]) -> None:
    arrays, graph = _arrays(owned), _graph(owned)
    flags = np.zeros(len(arrays), bool)
    flags[arrays.places(free)] = True
    found = arrays.walk(_start(arrays, start), downstream=True, depth=depth, free=flags)
    expected: dict[int, float] = {}
    if start in graph:
        expected = nx.single_source_dijkstra_path_length(graph, start, depth, weight=lambda _, v, __: int(v not in free))
    told = _distances(arrays, found)
    assert told == expected or (start not in graph and told in ({}, {start: 0}))


def test_jobs_are_known_by_their_edges() -> None:
    arrays = Arrays([(np.array([1, 2]), np.array([2, 3]), np.array([2, 2]), np.array([1, 2], np.int8))])
    arrays.replace(20, [Edge(3, 20, 1), Edge(20, 21, 2), Edge(20, 22, 4)])
    places = arrays.places([1, 2, 3, 20, 21, 22])
    assert arrays.jobs[places].tolist() == [False, True, False, True, False, True]
