from __future__ import annotations

from headwater.lineage.impact.rolled import Heap, heaped, rolled_edges


def test_a_heap_is_as_near_as_its_nearest() -> None:
    heaps = heaped([(7, 3, True), (5, 2, False), (7, 1, False), (5, 1, True)])
    assert list(heaps.items()) == [(5, Heap(1, jobs=1, datasets=1)), (7, Heap(1, jobs=1, datasets=1))]


def test_edges_between_heaps_are_counted_and_within_them_gone() -> None:
    homes = {1: 10, 2: 10, 3: 30}
    edges = [(1, 2), (1, 3), (2, 3), (3, 1), (1, 99)]
    assert rolled_edges(edges, homes, downstream=True) == {(10, 30): 2, (30, 10): 1}
    assert rolled_edges(edges, homes, downstream=False) == {(30, 10): 2, (10, 30): 1}
