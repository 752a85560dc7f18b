from __future__ import annotations

from headwater.lineage.paths.ends import ends_of


def test_what_belongs_to_both_ends_is_of_neither() -> None:
    assert ends_of([(1, 2, 3)], [(2,)]) == (1, 3)
    assert ends_of([(2,)], [(1, 2, 3)]) == (2,)
    assert ends_of([(1, 2), (2, 4)], [(5, 4)]) == (1, 2)
