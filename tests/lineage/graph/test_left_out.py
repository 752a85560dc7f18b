from __future__ import annotations

from headwater.entities.graph import Cut
from headwater.lineage.graph.left_out import SUMMED_UP, left_out
from headwater.lineage.graph.question import Filter

_ALL = range(SUMMED_UP + 5)
_NEAREST = range(SUMMED_UP)


def test_what_is_left_out_adds_up_with_what_is_listed() -> None:
    by = Filter(name="a*")
    for shown, listed, filtered, expected in (
        (_ALL, len(_ALL), Filter(), []),
        (_ALL, 100, Filter(), [Cut(rule="limit", nodes=len(_ALL) - 100)]),
        (_NEAREST, len(_NEAREST), Filter(), [Cut(rule="size", nodes=5)]),
        (_NEAREST, 100, Filter(), [Cut(rule="size", nodes=5), Cut(rule="limit", nodes=len(_NEAREST) - 100)]),
        (range(30), 30, by, [Cut(rule="filter", nodes=len(_NEAREST) - 30), Cut(rule="size", nodes=5)]),
    ):
        cut = left_out(len(_ALL), shown, listed, filtered)
        assert cut == expected
        assert listed + sum(one.nodes or 0 for one in cut) == len(_ALL)
