"""Tags that a configuration asks for."""

from __future__ import annotations

from collections.abc import Sequence

from headwater import ids
from headwater.db.pool import Connection


async def tags(conn: Connection, names: Sequence[str]) -> None:
    """Makes sure that the tags exist; those that do keep their description."""
    await conn.execute(
        "INSERT INTO tags (tag_id, name) SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT DO NOTHING",
        [[ids.name_id("tag", name) for name in names], list(names)],
    )
