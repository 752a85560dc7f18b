"""What an answer says of its own age."""

from __future__ import annotations

from datetime import datetime

from headwater.db.pool import Connection
from headwater.entities.graph import Freshness

_NOW = """
SELECT now(), e.event_time, e.event_id
FROM (SELECT 1) AS always
LEFT JOIN LATERAL (SELECT event_time, event_id FROM lineage_events ORDER BY event_time DESC, event_id DESC LIMIT 1) e ON true
"""


async def load_freshness(conn: Connection) -> tuple[datetime, Freshness]:
    """The time of the caller's transaction, and the newest event that it sees."""
    row = await (await conn.execute(_NOW)).fetchone()
    assert row is not None
    return row[0], Freshness(eventTime=row[1], eventId=row[2])
