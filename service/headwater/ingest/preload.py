"""Tags that a configuration asks for, written as if somebody had put them: so a replay brings them back."""

from __future__ import annotations

from headwater.db.pool import Connection
from headwater.ingest import writes
from headwater.ingest.prepare import prepare
from headwater.ingest.writer import Writer
from headwater.openlineage.times import now
from headwater.settings import Settings

_KNOWN = "SELECT name, description IS NOT NULL FROM tags WHERE name = ANY(%s)"


async def tags(conn: Connection, writer: Writer, settings: Settings) -> None:
    """Makes those that do not exist, and describes those that nobody described."""
    known: dict[str, bool] = dict(await (await conn.execute(_KNOWN, [list(settings.tags)])).fetchall())
    for name, description in settings.tags.items():
        if name not in known or (description and not known[name]):
            await writer.put(prepare(writes.event_of(writes.PutTag(name, description), now()), settings))
