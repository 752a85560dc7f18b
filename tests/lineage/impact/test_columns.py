from __future__ import annotations

from headwater.lineage.columns.flow import ColumnFlow, Told
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.reach import reach_columns
from headwater.lineage.impact.columns import nearest_columns


def test_of_what_is_found_both_ways_the_lesser_distance_counts() -> None:
    """5 comes of 1 at once, and 1 of 5 over 4."""
    ways = [(1, 5), (5, 4), (4, 1)]
    sides = []
    for step in (1, -1):
        flow = ColumnFlow(downstream=step > 0)
        for near, far in (way[::step] for way in ways):
            flow.add(Place(near, "x"), Place(far, "x"), Told("[]", 7, "FIELD"))
        sides.append(reach_columns(flow, [Place(1, "x")], None).found)
    assert {found.place.dataset_id: found.distance for found in nearest_columns(sides)} == {4: 1, 5: 1}
    assert [found.distance for found in nearest_columns(sides[:1])] == [1, 2]
