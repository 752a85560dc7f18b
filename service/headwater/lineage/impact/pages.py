"""A page of what is reached. Pure."""

from __future__ import annotations

from headwater.lineage.graph.question import Cursor, Question
from headwater.lineage.graph.reach import Reach


def page_of(shown: Reach, question: Question) -> tuple[Reach, str | None]:
    """Nearest first, then by id; and the cursor for the page that follows, None where there is none."""
    rest = shown.after(question.cursor) if question.cursor is not None else shown
    page = rest.nearest(question.limit)
    more = 0 < len(page) < len(rest)
    return page, str(Cursor(int(page.distances[-1]), int(page.ids[-1]))) if more else None
