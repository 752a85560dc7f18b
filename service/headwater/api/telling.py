"""What REST calls write goes the way of events: into the log, and from there into everything else."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request

from headwater.ingest import writes
from headwater.ingest.prepare import prepare
from headwater.ingest.writer import Writer


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


async def tell(request: Request, event: bytes) -> None:
    """Durable and visible when it returns. Raises InvalidEvent, Unavailable."""
    writer: Writer = request.app.state.writer
    await writer.put(prepare(event, request.app.state.settings))


async def write(request: Request, content: writes.Write) -> None:
    await tell(request, writes.event_of(content, now()))
