"""The log as text: one event a line, which any installation takes in again and so arrives at the same state."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from headwater.db.pool import Connection
from headwater.ingest.erase import log_order
from headwater.ingest.prepare import decompress

_LOG = "SELECT body FROM lineage_events ORDER BY {order}"
_ROWS = 500  # fetched at once


async def export(conn: Connection) -> AsyncIterator[bytes]:
    """Every event by event time (and those before a hard delete before it), from one snapshot, with its newline: as it was sent
    if that was one line."""
    async with conn.transaction(), conn.cursor(name="export") as log:
        await log.execute(_LOG.format(order=await log_order(conn)))
        while rows := await log.fetchmany(_ROWS):
            for (body,) in rows:
                yield line(decompress(body))


def line(body: bytes) -> bytes:
    """One line: blanks between its tokens go where there are line breaks among them; numbers and strings stay as sent."""
    body = body.strip()
    return (msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body) + b"\n"
