"""Counting statements: what a request costs must not grow with its page. And what an answer counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from psycopg import AsyncCursor


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The statements that psycopg's async cursors are given, in their order; every connection of the process counts."""
    statements: list[str] = []
    execute = AsyncCursor.execute

    async def recording(self: AsyncCursor[Any], query: Any, *args: Any, **kwargs: Any) -> AsyncCursor[Any]:
        statements.append(str(query))
        return await execute(self, query, *args, **kwargs)

    with patch.object(AsyncCursor, "execute", recording):
        yield statements


def counts(
    found: int,
    *,
    returned: int | None = None,
    edges: tuple[int | None, int] = (0, 0),
    cut: Sequence[dict[str, Any]] = (),
    **kinds: int,
) -> dict[str, Any]:
    """An answer's ``counts``: all is returned, and of the kinds not told there is nothing."""
    return {
        "found": found,
        **{kind: kinds.get(kind, 0) for kind in ("datasets", "jobs", "columns", "runs", "versions")},
        "returned": found if returned is None else returned,
        "edges": {"found": edges[0], "returned": edges[1]},
        "cut": list(cut),
    }
