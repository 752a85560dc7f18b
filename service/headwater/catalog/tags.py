"""Tags: those that were put, and those that the tags facets of events use."""

from __future__ import annotations

from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.tag import Tag, Tags

_PAGE = 'SELECT name, description FROM tags ORDER BY name COLLATE "C" LIMIT %s OFFSET %s'
_COUNT = "SELECT count(*) FROM tags"


async def list_tags(conn: Connection, page: Page) -> Tags:
    rows = await (await conn.execute(_PAGE, (page.limit, page.offset))).fetchall()
    return Tags(
        totalCount=await count(conn, _COUNT),
        tags=[Tag(name=name, description=description) for name, description in rows],
    )
