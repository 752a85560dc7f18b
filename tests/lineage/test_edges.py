from __future__ import annotations

from itertools import combinations

import pytest

from headwater.errors import Invalid
from headwater.lineage.edges import EdgeKind, explicit_of, kinds_of_runs

IN_AND_OUT = {EdgeKind.INPUT, EdgeKind.OUTPUT}
SOME = [frozenset(some) for n in range(1, len(EdgeKind) + 1) for some in combinations(EdgeKind, n)]


@pytest.mark.parametrize("kinds", SOME)
def test_an_edge_between_columns_is_read_and_written_or_declared(kinds: frozenset[EdgeKind]) -> None:
    implied, declared = kinds >= IN_AND_OUT, EdgeKind.DATASET_LINEAGE in kinds
    if implied or declared:
        assert explicit_of(kinds) is {(True, True): None, (True, False): False, (False, True): True}[implied, declared]
    else:
        with pytest.raises(Invalid, match="must have INPUT and OUTPUT"):
            explicit_of(kinds)


@pytest.mark.parametrize("kinds", SOME)
def test_runs_read_and_write(kinds: frozenset[EdgeKind]) -> None:
    if kinds & IN_AND_OUT:
        assert kinds_of_runs(kinds) == kinds & IN_AND_OUT
    else:
        with pytest.raises(Invalid, match="must have INPUT or OUTPUT"):
            kinds_of_runs(kinds)


def test_without_kinds_all_count() -> None:
    assert explicit_of(()) is None
    assert kinds_of_runs(()) == IN_AND_OUT
