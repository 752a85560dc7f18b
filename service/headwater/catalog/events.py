"""The run events as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import zstandard

from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.event import Events

_WHERE = "FROM lineage_events WHERE kind = 1 AND event_time >= %(after)s AND event_time < %(before)s"
_IN_NAMESPACE = " AND namespace = %(namespace)s"
_NEWEST = " ORDER BY event_time DESC, event_id DESC LIMIT %(limit)s OFFSET %(offset)s"
_OLDEST = " ORDER BY event_time, event_id LIMIT %(limit)s OFFSET %(offset)s"

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_decompressor = zstandard.ZstdDecompressor()


@dataclass(frozen=True, slots=True)
class Window:
    """Event times from ``after``, inclusive, to ``before``, exclusive; both aware."""

    after: datetime = _BEGINNING
    before: datetime = _END


async def list_events(
    conn: Connection, window: Window, page: Page, *, newest_first: bool = True, namespace: str | None = None
) -> Events:
    """Run events by event time; with ``namespace`` only those of jobs in it."""
    wanted = _WHERE + (_IN_NAMESPACE if namespace is not None else "")
    asked = {
        "after": window.after,
        "before": window.before,
        "namespace": namespace,
        "limit": page.limit,
        "offset": page.offset,
    }
    rows = await (await conn.execute(f"SELECT body {wanted}{_NEWEST if newest_first else _OLDEST}", asked)).fetchall()
    total = await count(conn, f"SELECT count(*) {wanted}", asked)
    return Events(totalCount=total, events=[msgspec.Raw(_decompressor.decompress(body)) for (body,) in rows])
