"""The run events as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import zstandard

from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.event import Events

BEFORE = "event_time < coalesce(%(before)s::timestamptz, 'infinity')"
_WHERE = f"FROM lineage_events WHERE kind = 1 AND event_time >= %(after)s AND {BEFORE}"
_IN_NAMESPACE = " AND namespace = %(namespace)s"
_INDEXED = 256  # characters of a namespace
_SHORT = f" AND length(namespace) <= {_INDEXED}"  # the condition of the index of namespaces, in its words
_NEWEST = " ORDER BY event_time DESC, event_id DESC LIMIT %(limit)s OFFSET %(offset)s"
_OLDEST = " ORDER BY event_time, event_id LIMIT %(limit)s OFFSET %(offset)s"
# Whole quarters of an hour are counted at ingest; those that the window cuts, of which there are two, in the log.
_COUNT = f"""
SELECT (SELECT coalesce(sum(events), 0) FROM event_counts WHERE bucket >= %(first)s AND bucket < %(last)s)
     + (SELECT count(*) FROM lineage_events WHERE kind = 1 AND event_time >= %(after)s AND event_time < %(first)s)
     + (SELECT count(*) FROM lineage_events WHERE kind = 1 AND event_time >= %(last)s AND {BEFORE})
"""
_QUARTER = timedelta(minutes=15)

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_decompressor = zstandard.ZstdDecompressor()


@dataclass(frozen=True, slots=True)
class Window:
    """Event times from ``after``, inclusive, to ``before``, exclusive, or to the last that there are; both aware."""

    after: datetime = _BEGINNING
    before: datetime | None = None

    def quarters(self) -> tuple[datetime, datetime]:
        """Where its first whole quarter of an hour begins, and where the last one ends; both its end where there is none."""
        before = self.before or _END
        first, last = _quarter_of(self.after), _quarter_of(before)
        first += _QUARTER if first < self.after <= last else timedelta()
        return (first, last) if self.after <= first <= last else (before, before)


def _quarter_of(time: datetime) -> datetime:
    """Its beginning. What is not of the years 1 to 9999 in UTC is as good as their ends."""
    time = min(max(time, _BEGINNING), _END).astimezone(UTC)
    return time.replace(minute=time.minute // 15 * 15, second=0, microsecond=0)


async def list_events(
    conn: Connection, window: Window, page: Page, *, newest_first: bool = True, namespace: str | None = None
) -> Events:
    """Run events by event time; with ``namespace`` only those of jobs in it."""
    wanted = _WHERE
    if namespace is not None:
        wanted += _IN_NAMESPACE + (_SHORT if len(namespace) <= _INDEXED else "")
    asked = {
        "after": window.after,
        "before": window.before,
        "namespace": namespace,
        "limit": page.limit,
        "offset": page.offset,
    }
    rows = await (await conn.execute(f"SELECT body {wanted}{_NEWEST if newest_first else _OLDEST}", asked)).fetchall()
    if namespace is None:
        asked["first"], asked["last"] = window.quarters()
        total = await count(conn, _COUNT, asked)
    else:
        total = await count(conn, f"SELECT count(*) {wanted}", asked)
    return Events(totalCount=total, events=[msgspec.Raw(_decompressor.decompress(body)) for (body,) in rows])
