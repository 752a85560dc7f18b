from __future__ import annotations

from itertools import pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.columns.flow import ColumnFlow, Told
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import ColumnReach, reach_columns
from headwater.lineage.impact.columns import ColumnQuestion, ColumnWalk, nearest_columns

_IDS = st.integers(0, 6)
_START = Place(0, "x")


def _sides(pairs: set[tuple[int, int]], depth: int | None = None) -> list[ColumnReach]:
    """Downstream, and upstream."""
    sides = []
    for downstream in (True, False):
        flow = ColumnFlow(downstream=downstream)
        for source, target in pairs:
            near, far = (source, target) if downstream else (target, source)
            flow.add(Place(near, "x"), Place(far, "x"), Told("[]", 7, "FIELD"))
        sides.append(reach_columns(flow, [_START], depth))
    return sides


@given(st.sets(st.tuples(_IDS, _IDS), max_size=16), st.none() | st.integers(1, 3))
def test_both_sides_are_those_of_networkx(pairs: set[tuple[int, int]], depth: int | None) -> None:
    """Each column once, by its shorter way, downstream where both are as long; and no siblings."""
    graph: nx.DiGraph[int] = nx.DiGraph(list(pairs))
    graph.add_node(0)
    down, up = (nx.single_source_shortest_path_length(one, 0, cutoff=depth) for one in (graph, graph.reverse()))
    sides = _sides(pairs, depth)
    walk = ColumnWalk(sides, nearest_columns([side.found for side in sides]))
    told = {one.place.dataset_id: (one.distance, one.direction, one.downstream) for one in walk.found}
    far = 10
    assert told == {
        node: (
            min(down.get(node, far), up.get(node, far)),
            "both" if node in down and node in up else "downstream" if node in down else "upstream",
            down.get(node, far) <= up.get(node, far),
        )
        for node in {*down, *up} - {0}
    }  # fmt: skip
    assert [(one.distance, one.id) for one in walk.found] == sorted((one.distance, one.id) for one in walk.found)
    ways, _ = walk.ways(walk.found, ColumnQuestion((_START,), depth=depth, both=True))
    for one, [way] in zip(walk.found, ways, strict=True):
        places = [place.dataset_id for place in way]
        assert (len(way), nx.is_path(graph, places)) == (one.distance + 1, True)
        assert places[0 if one.downstream else -1] == 0
        assert all(walk.between(*pair) for pair in pairwise(way))


def test_of_one_side_all_is_as_it_was_found() -> None:
    """5 comes of 0 at once, and 0 of 5 over 4."""
    [downstream, _] = _sides({(0, 5), (5, 4), (4, 0)})
    assert nearest_columns([downstream.found]) is downstream.found
    assert [found.direction for found in downstream.found] == ["downstream", "downstream"]
