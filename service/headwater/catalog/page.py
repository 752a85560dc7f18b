"""Which part of a list is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Page:
    """At most ``limit`` rows (0: only the count) after the first ``offset``."""

    limit: int = 100
    offset: int = 0


async def count(conn: Connection, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """The number that ``statement`` gives as its only value."""
    row = await (await conn.execute(statement, parameters)).fetchone()
    assert row is not None
    return int(row[0])
