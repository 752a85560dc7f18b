"""Tags: those that were put, and those that the tags facets of events use."""

from __future__ import annotations

from headwater import ids
from headwater.catalog.names import ALL, Names, condition
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.tag import Tag, Tags
from headwater.errors import NotFound

_LISTED = f"FROM tags WHERE {condition('name')}"
_PAGE = f'SELECT name, description {_LISTED} ORDER BY name COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s'
_COUNT = f"SELECT count(*) {_LISTED}"
_ONE = "SELECT name, description FROM tags WHERE tag_id = %s"


async def get_tag(conn: Connection, name: str) -> Tag:
    """Raises NotFound."""
    row = await (await conn.execute(_ONE, (ids.name_id("tag", name),))).fetchone()
    if row is None:
        raise NotFound("Tag", name)
    return Tag(name=row[0], description=row[1])


async def list_tags(conn: Connection, page: Page, names: Names = ALL) -> Tags:
    asked = {"limit": page.limit, "offset": page.offset, **names.parameters}
    rows = await (await conn.execute(_PAGE, asked)).fetchall()
    return Tags(
        totalCount=await count(conn, _COUNT, asked),
        tags=[Tag(name=name, description=description) for name, description in rows],
    )
