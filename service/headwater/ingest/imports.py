"""How far the import from each source has come."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from headwater.db.pool import Connection

_FIND = "SELECT reached, finished_at IS NOT NULL FROM imports WHERE source = %s"
_REACH = """
INSERT INTO imports (source, reached) VALUES (%s, %s) ON CONFLICT (source) DO UPDATE SET reached = excluded.reached
"""
_FINISH = """
INSERT INTO imports (source, finished_at) VALUES (%s, now())
ON CONFLICT (source) DO UPDATE SET reached = NULL, finished_at = coalesce(imports.finished_at, excluded.finished_at)
"""


class State(NamedTuple):
    reached: datetime | None  # where to go on; None: at the beginning
    finished: bool  # it came to its end before


async def find(conn: Connection, source: str) -> State:
    row = await (await conn.execute(_FIND, (source,))).fetchone()
    return State(*row) if row else State(None, False)


async def reach(conn: Connection, source: str, time: datetime) -> None:
    """All events before ``time`` are in."""
    await conn.execute(_REACH, (source, time))


async def finish(conn: Connection, source: str) -> None:
    """The next import begins at the oldest event again: some may have come late."""
    await conn.execute(_FINISH, (source,))
