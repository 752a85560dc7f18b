from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.question import Grain
from headwater.lineage.graph.ways import Between

_JOBS = 100  # ids from here on are jobs
_Pairs = set[tuple[int, int]]
_datasets, _jobs = st.integers(1, 6), st.integers(_JOBS, _JOBS + 5)
_edges = st.sets(st.tuples(_datasets, _jobs) | st.tuples(_jobs, _datasets) | st.tuples(_jobs, _jobs), max_size=18)


def flow_of(edges: _Pairs, sinks: frozenset[int] = frozenset()) -> Flow:
    columns = np.array([(s, t, s, _kind(s, t)) for s, t in sorted(edges)], np.int64).reshape(-1, 4).T
    return Flow(Arrays([(columns[0], columns[1], columns[2], columns[3].astype(np.int8))]), sinks, frozenset(), {})


def is_job(node: int) -> bool:
    return node >= _JOBS


def _kind(source: int, target: int) -> int:
    if source >= _JOBS:
        return EdgeKind.JOB_LINEAGE if target >= _JOBS else EdgeKind.OUTPUT
    return EdgeKind.INPUT if target >= _JOBS else EdgeKind.DATASET_LINEAGE


def contracted(graph: nx.DiGraph[int], kept: set[int]) -> nx.DiGraph[int]:
    """The graph of some nodes: an edge where a way leads from one to another over others only."""
    told: nx.DiGraph[int] = nx.DiGraph()
    told.add_nodes_from(kept)
    for node in kept:
        over = graph.subgraph({node} | (set(graph) - kept))
        met = {target for via in nx.descendants(over, node) | {node} for target in graph.successors(via)}
        told.add_edges_from((node, target) for target in met & kept if target != node)
    return told


@settings(deadline=None)
@given(_edges, _datasets | _jobs, _datasets | _jobs, st.sampled_from(Grain), st.integers(0, 7) | st.none())
def test_all_paths_are_those_of_networkx(edges: _Pairs, start: int, end: int, grain: Grain, depth: int | None) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph(list(edges))
    if start == end:
        return
    between = Between(flow_of(edges), [start], [end], grain)
    found = between.paths(10_000, depth)
    if start not in graph or end not in graph:
        assert not found.paths
        return
    kept = {n for n in graph if grain is Grain.ALL or (n >= _JOBS) == (grain is Grain.JOB)} | {start, end}
    steps = contracted(graph, kept)
    expected = {tuple(path) for path in nx.all_simple_paths(steps, start, end, cutoff=depth)}
    assert {tuple(path) for path in found.paths} == expected
    assert len(found.paths) == len(expected)
    assert [len(path) for path in found.paths] == sorted(len(path) for path in found.paths)
    assert found.edges <= edges
    for source, target in {pair for path in found.paths for pair in pairwise(path)}:
        proof = nx.DiGraph(list(found.edges)).subgraph({source, target} | (set(graph) - kept))
        assert nx.has_path(proof, source, target)
    if not found.cut:
        assert expected == {tuple(path) for path in nx.all_simple_paths(steps, start, end)}
    assert between.reachable() == nx.has_path(graph, start, end)


@settings(deadline=None)
@given(
    _edges,
    _datasets | _jobs,
    _datasets | _jobs,
    st.sampled_from(Grain),
    st.sets(_datasets | _jobs, max_size=2),
    st.sets(_datasets | _jobs, max_size=3) | st.none(),
)
def test_paths_through_some_nodes_and_not_by_others_are_those_of_networkx(
    edges: _Pairs, start: int, end: int, grain: Grain, avoid: set[int], through: set[int] | None
) -> None:
    if start == end:
        return
    graph: nx.DiGraph[int] = nx.DiGraph(list(edges))
    graph.remove_nodes_from(avoid)
    between = Between(flow_of(edges), [start], [end], grain, avoid=avoid, through=through)
    found = between.paths(10_000)
    expected = set()
    if start in graph and end in graph:
        kept = {n for n in graph if grain is Grain.ALL or is_job(n) == (grain is Grain.JOB)} | {start, end}
        for path in nx.all_simple_paths(contracted(graph, kept), start, end):
            over = {n for step in pairwise(path) for n in _over(graph, kept, *step)}
            if through is None or not through.isdisjoint({*path, *over}):
                expected.add(tuple(path))
    assert {tuple(path) for path in found.paths} == expected
    assert [len(path) for path in found.paths] == sorted(len(path) for path in found.paths)
    assert between.reachable() == bool(expected)


def _over(graph: nx.DiGraph[int], kept: set[int], source: int, target: int) -> set[int]:
    """Nodes that are no steps, on any way from one step to the next."""
    free: nx.DiGraph[int] = nx.DiGraph(graph.subgraph((set(graph) - kept) | {source, target}).edges)
    free.add_nodes_from((source, target))
    free.remove_edges_from([*free.in_edges(source), *free.out_edges(target)])
    after, before = ({n for n in free if nx.has_path(free, *ends(n))} for ends in (lambda n: (source, n), lambda n: (n, target)))
    return (after & before) - {source, target}


@settings(deadline=None)
@given(_edges, _datasets, _jobs, st.integers(1, 4))
def test_k_are_the_shortest(edges: _Pairs, start: int, end: int, k: int) -> None:
    every = Between(flow_of(edges), [start], [end]).paths(10_000).paths
    found = Between(flow_of(edges), [start], [end]).paths(k)
    assert [len(path) for path in found.paths] == [len(path) for path in every[:k]]
    assert found.cut or len(found.paths) == len(every)


def test_edges_of_a_grain_are_all_that_lie_between() -> None:
    edges = {(1, 101), (1, 102), (101, 2), (102, 103), (103, 2), (2, 104), (104, 3), (101, 5)}
    found = Between(flow_of(edges), [1], [3], Grain.DATASET).paths(10)
    assert found.paths == [[1, 2, 3]]
    assert found.edges == edges - {(101, 5)}


def test_from_several_to_several() -> None:
    flow = flow_of({(1, 101), (2, 101), (101, 3), (101, 4), (4, 102), (102, 3)})
    found = Between(flow, [1, 2], [3, 4], Grain.DATASET).paths(10)
    assert sorted(found.paths) == [[1, 3], [1, 4], [2, 3], [2, 4]]


def test_a_path_does_not_come_by_its_start_again_though_that_is_no_step() -> None:
    flow = flow_of({(100, 1), (1, 100), (100, 2)})
    assert Between(flow, [100], [2], Grain.DATASET).paths(10).paths == [[100, 2]]


def test_an_explicit_job_and_its_sink_are_one() -> None:
    flow = flow_of({(1, 101 ^ SINK), (101 ^ SINK, 102), (102, 2), (101, 3)}, frozenset({101 ^ SINK}))
    assert Between(flow, [1], [2]).paths(5).paths == [[1, 101, 102, 2]]
    assert Between(flow, [1], [3]).paths(5).paths == []
    assert Between(flow, [1], [101]).paths(5).paths == [[1, 101]]


def test_work_is_bounded_and_says_so() -> None:
    """In a whole graph of 40 nodes, with one way out that every path must keep for its end, there are 10^44 paths."""
    edges = {(s, t) for s in range(1, 41) for t in range(1, 41) if s != t} | {(40, 50)}
    found = Between(flow_of(edges), [1], [50]).paths(1_000_000)
    assert found.cut == {"work"}
    assert found.paths[0] == [1, 40, 50]


@pytest.mark.parametrize(("most", "depth", "cut"), [(1, None, {"k"}), (9, 2, {"depth"}), (9, None, set()), (2, 4, set())])
def test_what_was_cut_is_told(most: int, depth: int | None, cut: set[str]) -> None:
    flow = flow_of({(1, 101), (101, 2), (1, 102), (102, 3), (3, 103), (103, 2)})
    assert Between(flow, [1], [2]).paths(most, depth).cut == cut


@settings(deadline=None)
@given(_edges, _datasets, _datasets, st.sets(_datasets | _jobs), st.sets(_datasets | _jobs), st.booleans())
def test_what_is_avoided_is_on_no_path_and_where_one_stops_only_at_its_start(
    edges: _Pairs, start: int, end: int, avoid: set[int], stop_at: set[int], downstream: bool
) -> None:
    if start == end or end in stop_at:
        return
    graph: nx.DiGraph[int] = nx.DiGraph(list(edges))
    graph.add_nodes_from((start, end))
    graph.remove_nodes_from(avoid | (stop_at - {start}))
    if not downstream:
        graph = graph.reverse()
    between = Between(flow_of(edges), [start], [end], downstream=downstream, avoid=avoid, stop_at=stop_at)
    expected = set()
    if start in graph and end in graph:
        expected = {tuple(path) for path in nx.all_simple_paths(graph, start, end)}
    assert {tuple(path) for path in between.paths(10_000).paths} == expected
