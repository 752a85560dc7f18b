from __future__ import annotations

from collections import Counter

from headwater.lineage.impact.collapse import Heap, Kind, Member, heaped, rolled_edges


def test_a_heap_is_as_near_as_its_nearest() -> None:
    members = [Member(1, 3, "jobs"), Member(2, 2, "datasets"), Member(3, 1, "datasets"), Member(4, 1, "jobs", side="upstream")]
    heaps = heaped(members, {1: 7, 2: 5, 3: 7, 4: 5})
    kinds = Counter[Kind](["jobs", "datasets"])
    near, far = Heap(1, kinds, sides={"downstream", "upstream"}), Heap(1, kinds, sides={"downstream"})
    assert list(heaps.items()) == [(5, near), (7, far)]


def test_edges_between_heaps_are_counted_and_within_them_gone() -> None:
    homes = {1: 10, 2: 10, 3: 30}
    edges = [(1, 2), (1, 3), (2, 3), (3, 1), (1, 99)]
    assert rolled_edges(edges, homes) == {(10, 30): 2, (30, 10): 1}
