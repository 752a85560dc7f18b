"""Counting statements: what a request costs must not grow with its page."""

from __future__ import annotations

from collections.abc import Iterator
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
