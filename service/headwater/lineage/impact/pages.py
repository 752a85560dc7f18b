"""A page of what is reached. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.lineage.graph.question import Cursor, Question
from headwater.lineage.graph.reach import Reach


def page_of(found: Reach, shown: Sequence[int], question: Question) -> list[int]:
    """Of the places ``shown`` in ``found`` those on the page that is asked for."""
    after = question.cursor
    if after is None:
        return list(shown[: question.limit])
    passed = sum(_at(found, i) <= after for i in shown)
    return list(shown[passed : passed + question.limit])


def cursor_after(found: Reach, shown: Sequence[int], page: Sequence[int]) -> str | None:
    """For the page that follows; None where there is none."""
    return str(_at(found, page[-1])) if page and page[-1] != shown[-1] else None


def _at(found: Reach, index: int) -> Cursor:
    return Cursor(int(found.distances[index]), int(found.ids[index]))
