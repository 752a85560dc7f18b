"""The log as text: one event a line, which any installation takes in again and so arrives at the same state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from headwater.catalog.events import BEFORE, Window
from headwater.db.pool import Connection
from headwater.ingest.erase import log_order
from headwater.ingest.prepare import decompress
from headwater.openlineage.parse import Kind

_LOG = f"""
SELECT body FROM lineage_events
WHERE kind = ANY(%(kinds)s) AND event_time >= %(after)s AND {BEFORE} {{namespace}}
ORDER BY {{order}}
"""
_IN_NAMESPACE = "AND namespace = %(namespace)s"
_ROWS = 500  # fetched at once


_ALWAYS = Window()


@dataclass(frozen=True, slots=True)
class Part:
    """Of the log: a window of event times, the events whose job or dataset is in a namespace, and some kinds."""

    window: Window = _ALWAYS
    namespace: str | None = None
    kinds: tuple[Kind, ...] = tuple(Kind)


_ALL = Part()


async def export(conn: Connection, part: Part = _ALL) -> AsyncIterator[bytes]:
    """Events by event time (and those before a hard delete before it), from one snapshot, each with its newline: as it was
    sent if that was one line."""
    asked = {
        "after": part.window.after,
        "before": part.window.before,
        "namespace": part.namespace,
        "kinds": [*map(int, part.kinds)],
    }
    async with conn.transaction(), conn.cursor(name="export") as log:
        in_namespace = "" if part.namespace is None else _IN_NAMESPACE
        await log.execute(_LOG.format(namespace=in_namespace, order=await log_order(conn)), asked)
        while rows := await log.fetchmany(_ROWS):
            for (body,) in rows:
                yield line(decompress(body))


def line(body: bytes) -> bytes:
    """One line: blanks between its tokens go where there are line breaks among them; numbers and strings stay as sent."""
    body = body.strip()
    return (msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body) + b"\n"
