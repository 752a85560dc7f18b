from __future__ import annotations

import itertools

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.columns.flow import ColumnFlow, Told
from headwater.lineage.columns.graph import Place
from headwater.lineage.paths.column_graph import ColumnGraph

_nodes = st.tuples(st.integers(0, 2), st.sampled_from("xy"))
_pairs = st.sets(st.tuples(_nodes, _nodes), max_size=14)
_Pairs = set[tuple[tuple[int, str], tuple[int, str]]]


def _graph(pairs: _Pairs, *, downstream: bool = True) -> ColumnGraph:
    flow = ColumnFlow(downstream=downstream)
    for source, target in pairs:
        near, far = (source, target) if downstream else (target, source)
        flow.add(Place(*near), Place(*far), Told("[]", 1, "FIELD"))
    return ColumnGraph(flow)


@settings(deadline=None)
@given(_pairs, _nodes, _nodes, st.none() | st.integers(1, 4), st.booleans())
def test_all_paths_from_column_to_column_are_those_of_networkx(
    pairs: _Pairs, begin: tuple[int, str], end: tuple[int, str], depth: int | None, downstream: bool
) -> None:
    graph = _graph(pairs, downstream=downstream)
    known: nx.DiGraph[tuple[int, str]] = nx.DiGraph(list(pairs))
    known.add_nodes_from((begin, end))
    between = graph.between([Place(*begin)], [Place(*end)])
    if begin == end:
        return
    found = graph.told(between.paths(10_000, depth))
    told = [tuple((place.dataset_id, place.field) for place in path) for path in found.paths]
    assert set(told) == {tuple(path) for path in nx.all_simple_paths(known, begin, end, cutoff=depth)}
    assert len(told) == len(set(told))
    assert [len(path) for path in told] == sorted(map(len, told))
    assert between.reachable() is nx.has_path(known, begin, end)
    assert found.pairs == {(Place(*a), Place(*b)) for path in told for a, b in itertools.pairwise(path)}


@settings(deadline=None)
@given(_pairs, _nodes)
def test_a_dataset_stands_for_all_of_its_columns(pairs: _Pairs, end: tuple[int, str]) -> None:
    begin = (end[0] + 1) % 3
    graph = _graph(pairs)
    known: nx.DiGraph[tuple[int, str]] = nx.DiGraph(list(pairs))
    known.add_node(end)
    lengths = nx.single_source_shortest_path_length(known.reverse(), end)
    expected = min((steps for node, steps in lengths.items() if node[0] == begin), default=None)
    found = graph.told(graph.between([Place(begin, "")], [Place(*end)]).paths(1)).paths
    assert [len(path) - 1 for path in found] == ([] if expected is None else [expected])
    reached = [lengths for field in "xy" if (begin, field) in known for lengths in [nx.descendants(known, (begin, field))]]
    assert graph.datasets([Place(begin, "")]).keys() == {begin, *(dataset for nodes in reached for dataset, _ in nodes)}


def test_nothing_leads_back_into_what_is_closed() -> None:
    flow = ColumnFlow()
    for near, far in ((Place(1, "x"), Place(1, "y")), (Place(1, "y"), Place(2, "z"))):
        flow.add(near, far, Told("[]", 1, "FIELD"))
    graph = ColumnGraph(flow, closed={1})
    assert graph.told(graph.between([Place(1, "")], [Place(2, "")]).paths(5)).paths == [[Place(1, "y"), Place(2, "z")]]
