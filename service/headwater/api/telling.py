"""What REST calls write goes the way of events: into the log, and from there into everything else."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request, Response

from headwater.catalog import datasets, meaning
from headwater.db.pool import Connection
from headwater.errors import Forbidden, Invalid, InvalidEvent
from headwater.ingest import own_events, writes
from headwater.ingest.own_events import Name
from headwater.ingest.prepare import prepare
from headwater.ingest.writer import Writer
from headwater.openlineage.times import now


async def tell(request: Request, event: bytes) -> None:
    """Durable and visible when it returns. Raises Invalid, in words that do not speak of the event; Unavailable."""
    writer: Writer = request.app.state.writer
    try:
        await writer.put(prepare(event, request.app.state.settings))
    except InvalidEvent as error:
        raise Invalid("; ".join(f"{e['path'].rpartition('.')[2]} {e['message']}" for e in error.errors)) from None


async def with_schemas(read: Connection, outputs: Sequence[Name]) -> list[own_events.Told]:
    """A run's outputs with the schemas that they have now: over REST these are told with the dataset, and not with the run."""
    schemas = await datasets.load_schemas(read, outputs)
    return [(name, own_events.schema_facets(meaning.body(schemas.get(name, {}), "schema"))) for name in outputs]


async def erase(request: Request, content: writes.Erase) -> Response:
    """Raises Forbidden where the settings do not allow it."""
    if not request.app.state.settings.admin:
        raise Forbidden("Hard deletes are off; the setting HEADWATER_ADMIN=true turns them on.")
    await write(request, content)
    return Response(status_code=204)


async def write(request: Request, content: writes.Write) -> None:
    await tell(request, writes.event_of(content, now()))
