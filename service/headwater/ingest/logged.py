"""Which events the log has already."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from headwater import ids
from headwater.db.pool import Connection
from headwater.openlineage.parse import storable
from headwater.openlineage.times import parse_time, to_datetime

_LOGGED = """
SELECT e.event_id FROM unnest(%s::timestamptz[], %s::uuid[]) AS w(event_time, event_id)
JOIN lineage_events e ON e.event_time = w.event_time AND e.event_id = w.event_id
"""


class _Timed(msgspec.Struct):
    eventTime: str  # noqa: N815


async def find(conn: Connection, bodies: Iterable[bytes]) -> set[UUID]:
    """Ids of those events that are in the log. What is no event at all is not."""
    timed = {ids.event_id(body): time for body in bodies if (time := event_time(body))}
    rows = await (await conn.execute(_LOGGED, [list(timed.values()), list(timed)])).fetchall()
    return {event_id for (event_id,) in rows}


def event_time(body: bytes | msgspec.Raw) -> datetime | None:
    """None where it tells none."""
    try:
        return to_datetime(parse_time(msgspec.json.decode(storable(bytes(body)), type=_Timed).eventTime))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError):
        return None
