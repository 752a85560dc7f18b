from __future__ import annotations

import json

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.entities.graph import Scope
from headwater.lineage.columns.flow import ColumnFlow, Told
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import Found, reach_columns
from headwater.lineage.columns.via import Among
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach

_Made = dict[str, object]
_VALUE: _Made = {"type": "DIRECT", "subtype": "IDENTITY"}
_HASH: _Made = {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}
_FILTER: _Made = {"type": "INDIRECT", "subtype": "FILTER"}
_ends = st.tuples(st.integers(0, 9), st.integers(0, 9))
_edges = st.lists(
    st.tuples(_ends, st.lists(st.sampled_from([_VALUE, _HASH, _FILTER]), min_size=1, max_size=2), st.booleans()), max_size=30
)
_Edges = list[tuple[tuple[int, int], list[_Made], bool]]  # ends, transformations, resolved


def _place(number: int) -> Place:
    return Place(number, "x")


def _flow(edges: _Edges) -> ColumnFlow:
    flow = ColumnFlow(read={_place(n) for n in range(10)})
    for (source, target), made, resolved in edges:
        scope: Scope = "FIELD" if resolved else "UNRESOLVED"
        flow.add(_place(source), _place(target), Told(json.dumps(made), 1, scope))
    return flow


def _graph(edges: _Edges, *made: _Made) -> nx.DiGraph[int]:
    """Of the edges with one of these transformations."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(10))
    graph.add_edges_from(ends for ends, told, _ in edges if any(one in told for one in made))
    return graph


def _expected(edges: _Edges, target: int) -> tuple[str, bool]:
    """What of the target is affected from 0, and whether it is masked, by graphs of some edges each."""
    everything = _graph(edges, _VALUE, _HASH, _FILTER)
    by_values = nx.has_path(_graph(edges, _VALUE, _HASH), 0, target)
    by_rows = any(
        _FILTER in made and nx.has_path(everything, 0, source) and nx.has_path(everything, end, target)
        for (source, end), made, _ in edges
    )
    affects = "BOTH" if by_values and by_rows else "VALUES" if by_values else "ROWS"
    return affects, by_values and not nx.has_path(_graph(edges, _VALUE), 0, target)


@given(_edges)
def test_what_is_affected_is_what_networkx_finds(edges: _Edges) -> None:
    reached = reach_columns(_flow(edges), [_place(0)], None)
    sure = [edge for edge in edges if edge[2]]
    in_all, resolved = _graph(edges, _VALUE, _HASH, _FILTER), _graph(sure, _VALUE, _HASH, _FILTER)
    assert {f.place.dataset_id for f in reached.found} == nx.descendants(in_all, 0)
    for found in reached.found:
        target = found.place.dataset_id
        assert found.resolved == nx.has_path(resolved, 0, target)
        relevant = resolved if found.resolved else in_all
        # Of what is reached for sure only the sure ways count.
        if found.resolved:
            assert (found.affects, found.masked) == _expected(sure, target)
        assert found.distance == nx.shortest_path_length(relevant, 0, target)
        way = [place.dataset_id for place in reached.way(found)]
        assert (way[0], way[-1], len(way)) == (0, target, found.distance + 1)
        assert nx.is_path(relevant, way)
        assert found.ends is (in_all.out_degree(target) == 0)
    assert reached.complete


@given(_edges, st.integers(0, 5))
def test_a_depth_cuts_and_says_so(edges: _Edges, depth: int) -> None:
    sure = [(ends, made, True) for ends, made, _ in edges]
    reached = reach_columns(_flow(sure), [_place(0)], depth)
    lengths = nx.single_source_shortest_path_length(_graph(edges, _VALUE, _HASH, _FILTER), 0)
    near = {n: d for n, d in lengths.items() if 0 < d <= depth}
    assert {f.place.dataset_id: f.distance for f in reached.found} == near
    assert reached.complete == (max(lengths.values()) <= depth)
    assert [(f.distance, f.id) for f in reached.found] == sorted((f.distance, f.id) for f in reached.found)


@given(_edges, st.integers(0, 5))
def test_of_a_whole_dataset_a_depth_cuts_where_columns_of_others_are_left(edges: _Edges, depth: int) -> None:
    flow, whole = _flow(edges), Place(0, "")
    flow.onward[whole] = flow.onward.get(_place(0), {})
    near, all_ = (reach_columns(flow, [whole], steps) for steps in (depth, None))
    assert near.complete == (len(near.found) == len(all_.found))


def test_a_way_that_is_known_goes_before_a_shorter_one_that_is_not() -> None:
    edges: _Edges = [((0, 2), [_VALUE], False), ((0, 1), [_VALUE], True), ((1, 2), [_VALUE], True)]
    found: dict[int, Found] = {f.place.dataset_id: f for f in reach_columns(_flow(edges), [_place(0)], None).found}
    assert (found[2].distance, found[2].resolved) == (2, True)


_ways = st.lists(st.tuples(_ends, st.integers(100, 102)), min_size=1, max_size=20)  # and by whom they are told


@settings(deadline=None)
@given(_ways, st.sets(st.integers(0, 9), max_size=2), st.sets(st.integers(100, 102), max_size=2), st.none() | st.integers(0, 5))
def test_ways_by_some_nodes_are_those_of_tables(
    ways: list[tuple[tuple[int, int], int]], places: set[int], jobs: set[int], depth: int | None
) -> None:
    """Of tables there is a node for what each of them tells of an edge, so two steps are one of columns."""
    flow = ColumnFlow(read={_place(n) for n in range(10)})
    between: dict[tuple[int, int, int], int] = {}
    for (source, target), job in ways:
        flow.add(_place(source), _place(target), Told("[]", job, "FIELD"))
        between.setdefault((source, target, job), 1_000 + len(between))
    edges = [pair for (source, target, _), node in between.items() for pair in ((source, node), (node, target))]
    sources, targets = np.array(edges, np.int64).T
    kinds = np.full(len(edges), EdgeKind.DATASET_LINEAGE, np.int8)
    tables = Flow(Arrays([(sources, targets, targets, kinds)]), set(), set(), {})
    through = (*places, *(node for (*_, job), node in between.items() if job in jobs)) or ((-1,) if jobs else ())
    question = Question(start=(0,), through=through, depth=None if depth is None else 2 * depth)
    expected = reach(tables, question)
    reached = reach_columns(flow, [_place(0)], depth, Among({_place(n) for n in places}, jobs))
    pairs = zip(expected.ids.tolist(), expected.distances.tolist(), strict=True)
    assert {f.place.dataset_id: f.distance for f in reached.found} == {node: far // 2 for node, far in pairs if node < 1_000}
    for found in reached.found:
        way = reached.way(found)
        assert (way[0], way[-1], len(way)) == (_place(0), found.place, found.distance + 1)
