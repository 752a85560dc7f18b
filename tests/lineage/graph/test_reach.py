from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.question import Cursor, Question
from headwater.lineage.graph.reach import Reach, reach


def _datasets(edges: Collection[tuple[int, int]]) -> Flow:
    """Datasets that come of one another."""
    sources, targets = np.array(sorted(edges), np.int64).reshape(-1, 2).T
    kinds = np.full(len(sources), EdgeKind.DATASET_LINEAGE, np.int8)
    return Flow(Arrays([(sources, targets, targets, kinds)]), set(), set(), {})


def test_what_cut_is_told_apart() -> None:
    chain = _datasets([(1, 2), (2, 3)])
    assert reach(chain, Question(start=(1,))).cut == ()
    assert reach(chain, Question(start=(1,), depth=1)).cut == ("depth",)
    read_in_part = replace(chain, complete=False)
    assert reach(read_in_part, Question(start=(1,))).cut == ("size",)
    assert reach(read_in_part, Question(start=(1,), depth=1)).cut == ("depth", "size")


_IDS = st.integers(0, 9)


@given(st.sets(st.tuples(_IDS, _IDS), min_size=1), _IDS, st.sets(_IDS), st.sets(_IDS, max_size=2))
def test_edges_lead_from_the_last_that_is_kept_on_each_way(
    edges: set[tuple[int, int]], start: int, kept: set[int], through: set[int]
) -> None:
    found = reach(_datasets(edges), Question(start=(start,), through=tuple(through)))
    indexes = [i for i, identifier in enumerate(found.ids.tolist()) if identifier in kept]
    ways = [found.way(i) for i in indexes]
    shown = {found.ids.tolist()[i] for i in indexes}
    expected = [([start] + [node for node in way[1:-1] if node in shown])[-1] for way in ways]
    assert found.edges(indexes) == [(before, way[-1]) for before, way in zip(expected, ways, strict=True)]


@given(st.sets(st.tuples(_IDS, _IDS), min_size=1), _IDS, st.none() | st.integers(0, 3))
def test_edges_are_counted_between_what_is_found_and_the_start(
    edges: set[tuple[int, int]], start: int, depth: int | None
) -> None:
    flow = _datasets(edges)
    found = reach(flow, Question(start=(start,), depth=depth))
    ends = {start, *found.ids.tolist()}
    assert found.count_edges((start,)) == len({edge for edge in edges if ends.issuperset(edge)})


def test_an_edge_that_several_tell_and_one_to_a_job_that_reads_and_is_explicit_is_one() -> None:
    """The job reads 1 and makes 2 of it: what it reads ends in its sink, and 1 is told to lead to 2 twice."""
    job, kinds = 7, [EdgeKind.INPUT, EdgeKind.OUTPUT, EdgeKind.DATASET_LINEAGE, EdgeKind.DATASET_LINEAGE]
    sources, targets, owners = np.array([[1, 7, 1, 1], [job ^ SINK, 2, 2, 2], [job, job, job, 2]], np.int64)
    flow = Flow(Arrays([(sources, targets, owners, np.array(kinds, np.int8))]), {job ^ SINK}, set(), {})
    for start, edges in ((1, 3), (job, 1)):
        found = reach(flow, Question(start=(start,)))
        assert found.count_edges((start,)) == edges == len(
            {edge for edge in flow.edges_from((1, 2, job)) if {start, *found.ids.tolist()}.issuperset(edge)}
        )  # fmt: skip


def _told(found: Reach) -> list[Cursor]:
    return [Cursor(*told) for told in zip(found.distances.tolist(), found.ids.tolist(), strict=True)]


@settings(deadline=None)
@given(st.sets(st.tuples(_IDS, _IDS), min_size=1), st.integers(0, 20))
def test_pages_are_by_distance_then_by_id(edges: set[tuple[int, int]], most: int) -> None:
    found = reach(_datasets(edges), Question(start=(next(iter(edges))[0],)))
    ordered = sorted(_told(found))
    assert _told(found.nearest(most)) == ordered[:most]
    for passed, cursor in enumerate(ordered, 1):
        assert _told(found.after(cursor).nearest(most)) == ordered[passed : passed + most]


def test_a_way_is_that_of_the_node_wherever_it_was_picked() -> None:
    found = reach(_datasets([(1, 2), (2, 3), (3, 4), (1, 5)]), Question(start=(1,)))
    page = found.nearest(4).pick([3, 0])
    assert page.ids.tolist() == [4, 2]
    assert [page.way(0), page.way(1)] == [[1, 2, 3, 4], [1, 2]]


@given(st.sets(st.tuples(_IDS, _IDS), min_size=1), st.sets(_IDS, min_size=1, max_size=2), st.none() | st.integers(0, 3))
def test_both_sides_are_those_of_networkx(edges: set[tuple[int, int]], start: set[int], depth: int | None) -> None:
    """What the start reaches, and what reaches it, by the shorter way, downstream where both are as long; and no siblings."""
    flow, graph = _datasets(edges), nx.DiGraph(list(edges))
    graph.add_nodes_from(start)
    down, up = (dict(nx.multi_source_dijkstra_path_length(one, start, cutoff=depth)) for one in (graph, graph.reverse()))
    found = reach(flow, Question(start=tuple(start), depth=depth, both=True))
    told = dict(
        zip(found.ids.tolist(), zip(found.distances.tolist(), found.sides(), found.upstream.tolist(), strict=True), strict=True)
    )
    far = max(map(len, (down, up))) + 1
    assert len(told) == len(found)
    assert told == {
        node: (
            min(down.get(node, far), up.get(node, far)),
            "both" if node in down and node in up else "downstream" if node in down else "upstream",
            up.get(node, far) < down.get(node, far),
        )
        for node in (down.keys() | up.keys()) - start
    }  # fmt: skip
    for index, (distance, _, upstream) in enumerate(told.values()):
        way = found.way(index)
        assert (way[0] in start, way[-1], len(way)) == (True, found.ids.tolist()[index], distance + 1)
        assert nx.is_path(graph, way[::-1] if upstream else way)
    ends = start | told.keys()
    assert found.count_edges(tuple(start)) == sum(ends.issuperset(edge) for edge in edges)
    assert found.complete == all(
        reach(flow, Question(tuple(start), downstream=side, depth=depth)).complete for side in (True, False)
    )


@given(
    st.sets(st.tuples(_IDS, _IDS), min_size=1),
    _IDS,
    st.sets(_IDS, max_size=2),
    st.sets(_IDS, max_size=1),
    st.none() | st.integers(0, 4),
)
def test_both_sides_are_each_by_itself_whatever_ways_are_asked_for(
    edges: set[tuple[int, int]], start: int, through: set[int], avoid: set[int], depth: int | None
) -> None:
    flow = _datasets(edges)
    asked = Question((start,), depth=depth, through=tuple(through), avoid=tuple(avoid), both=True)
    found = reach(flow, asked)
    down, up = (
        {identifier: one.way(i) for i, identifier in enumerate(one.ids.tolist())}
        for one in (reach(flow, side) for side in asked.sides())
    )
    assert _told(found) == sorted(_told(found), key=lambda told: told.distance)
    assert set(found.ids.tolist()) == down.keys() | up.keys()
    ways = {identifier: found.way(i) for i, identifier in enumerate(found.ids.tolist())}
    assert ways == {node: min((side[node] for side in (down, up) if node in side), key=len) for node in ways}
    edges_told = set(found.edges(range(len(found))))
    assert edges_told <= edges
    assert len(edges_told) <= len(found)


def test_a_way_by_a_node_may_come_by_the_start_again() -> None:
    found = reach(_datasets({(0, 1), (0, 2), (1, 0)}), Question((0,), through=(1,)))
    assert [found.way(i) for i in range(len(found))] == [[0, 1], [0, 1, 0, 2]]
    assert found.edges([0, 1]) == [(0, 1), (0, 2)]


def test_a_node_on_both_sides_is_told_downstream_where_both_ways_are_as_long() -> None:
    cycle = _datasets([(1, 2), (2, 1), (3, 1), (2, 4)])
    found = reach(cycle, Question((1,), both=True))
    assert list(zip(found.ids.tolist(), found.sides(), strict=True)) == [(2, "both"), (3, "upstream"), (4, "downstream")]
    assert [found.way(i) for i in range(3)] == [[1, 2], [1, 3], [1, 2, 4]]
    assert found.edges([0, 1, 2]) == [(1, 2), (3, 1), (2, 4)]
