from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.build import run_uuid

from headwater.lineage.columns.ended import _history, _Telling

_DAY = datetime(2026, 3, 1, tzinfo=UTC)


def _told(has: bool, first: int, last: int, run: str | None = "") -> _Telling:
    """At hours of a day; runs are named by these unless by ``run``, which is null for a declaration."""
    runs = [None if run is None else run_uuid(run or f"{hour}") for hour in (first, last)]
    return _Telling(has, "job:shop:j", _DAY + timedelta(hours=first), runs[0], _DAY + timedelta(hours=last), runs[1])


@pytest.mark.parametrize(
    ("others", "replaced", "hour"),
    [
        ([], False, None),
        ([_told(False, 1, 3)], False, None),
        ([_told(False, 6, 8)], True, 6),
        ([_told(False, 7, 8), _told(False, 6, 6)], True, 6),
        ([_told(False, 1, 6)], True, None),
        ([_told(False, 6, 6, run="5")], False, None),
        ([_told(False, 6, 6, run=None)], True, 6),
    ],
)
def test_when_an_edge_ended(others: list[_Telling], replaced: bool, hour: int | None) -> None:
    history = _history([_told(True, 2, 4), _told(True, 3, 5), *others])
    assert (history.evidence.firstAt.hour, history.evidence.at.hour) == (2, 5)
    assert (history.evidence.firstRun, history.evidence.run) == (run_uuid("2"), run_uuid("5"))
    assert (history.replaced, history.ended_at and history.ended_at.hour) == (replaced, hour)
