from __future__ import annotations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.columns.flow import ColumnFlow, Told
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import reach_columns
from headwater.lineage.columns.via import NOWHERE, Among
from headwater.lineage.impact.column_ways import column_ways

_pairs = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12)
_START = Place(0, "x")


def _flow(pairs: set[tuple[int, int]]) -> ColumnFlow:
    flow = ColumnFlow(read={Place(n, "x") for n in range(6)})
    for source, target in pairs:
        flow.add(Place(source, "x"), Place(target, "x"), Told("[]", source, "FIELD"))
    return flow


@settings(deadline=None)
@given(_pairs, st.none() | st.integers(1, 4))
def test_the_ways_to_a_column_are_those_of_networkx(pairs: set[tuple[int, int]], depth: int | None) -> None:
    reached = reach_columns(_flow(pairs), [_START], depth)
    ways, cut = column_ways(reached, reached.found, [_START], depth, 10_000, NOWHERE)
    graph: nx.DiGraph[int] = nx.DiGraph(list(pairs))
    for found, of in zip(reached.found, ways, strict=True):
        told = [tuple(place.dataset_id for place in way) for way in of]
        assert set(told) == {tuple(way) for way in nx.all_simple_paths(graph, 0, found.place.dataset_id, cutoff=depth)}
        assert len(told) == len(set(told))
        assert [len(way) for way in told] == sorted(len(way) for way in told)
    assert not cut


def test_only_ways_by_some_job_count() -> None:
    flow, through = _flow({(0, 1), (1, 3), (0, 2), (2, 3), (0, 3)}), Among(jobs=frozenset({2}))
    reached = reach_columns(flow, [_START], None, through)
    ways, _ = column_ways(reached, reached.found, [_START], None, 5, through)
    told = [[place.dataset_id for place in way] for of in ways for way in of]
    assert told == [[0, 2], [0, 2, 3]]
