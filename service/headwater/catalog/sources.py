"""Sources: what datasets are kept in, as the dataSource facets tell."""

from __future__ import annotations

from datetime import datetime

from headwater import ids
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.source import Source, Sources
from headwater.errors import NotFound

# A source whose URL changed has a row for each: its own is the one that appeared last.
_ONE = """
SELECT name, uri, min(first_at) OVER (), first_at
FROM sources WHERE source_id = %s ORDER BY first_at DESC, uri DESC LIMIT 1
"""
_PAGE = """
SELECT DISTINCT ON (name COLLATE "C") name, uri, min(first_at) OVER (PARTITION BY source_id), first_at
FROM sources ORDER BY name COLLATE "C", first_at DESC, uri DESC LIMIT %s OFFSET %s
"""
_COUNT = "SELECT count(DISTINCT source_id) FROM sources"


async def get_source(conn: Connection, name: str) -> Source:
    """Raises NotFound."""
    row = await (await conn.execute(_ONE, (ids.name_id("source", name),))).fetchone()
    if row is None:
        raise NotFound("Source", name)
    return _source(*row)


async def list_sources(conn: Connection, page: Page) -> Sources:
    rows = await (await conn.execute(_PAGE, (page.limit, page.offset))).fetchall()
    return Sources(totalCount=await count(conn, _COUNT), sources=[_source(*row) for row in rows])


def _source(name: str, uri: str, created: datetime, updated: datetime) -> Source:
    return Source(
        type=_type(uri),
        name=name,
        createdAt=created,
        updatedAt=updated,
        connectionUrl=uri or None,
        description=None,
    )


def _type(uri: str) -> str:
    """The scheme, as the word that Marquez has for it where it has one."""
    scheme, separator, _ = uri.partition("://")
    scheme = scheme.rpartition(":")[2].upper()  # jdbc:postgresql://
    if not separator or not scheme:
        return "UNKNOWN"
    return "POSTGRESQL" if scheme == "POSTGRES" else scheme
