"""The run events as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import zstandard

from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.event import Events

_NEWEST = """
SELECT body FROM lineage_events WHERE kind = 1 AND event_time >= %s AND event_time < %s
ORDER BY event_time DESC, event_id DESC LIMIT %s OFFSET %s
"""
_OLDEST = """
SELECT body FROM lineage_events WHERE kind = 1 AND event_time >= %s AND event_time < %s
ORDER BY event_time, event_id LIMIT %s OFFSET %s
"""
_COUNT = "SELECT count(*) FROM lineage_events WHERE kind = 1 AND event_time >= %s AND event_time < %s"

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_decompressor = zstandard.ZstdDecompressor()


@dataclass(frozen=True, slots=True)
class Window:
    """Event times from ``after``, inclusive, to ``before``, exclusive; both aware."""

    after: datetime = _BEGINNING
    before: datetime = _END


async def list_events(conn: Connection, window: Window, page: Page, *, newest_first: bool = True) -> Events:
    """Run events by event time."""
    statement = _NEWEST if newest_first else _OLDEST
    rows = await (await conn.execute(statement, (window.after, window.before, page.limit, page.offset))).fetchall()
    total = await count(conn, _COUNT, (window.after, window.before))
    return Events(totalCount=total, events=[msgspec.Raw(_decompressor.decompress(body)) for (body,) in rows])
