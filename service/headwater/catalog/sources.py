"""Sources: what datasets are kept in, as the dataSource facets tell."""

from __future__ import annotations

from datetime import datetime

from headwater import ids
from headwater.catalog.names import ALL, Names, condition
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.source import Source, Sources
from headwater.errors import NotFound

# A source whose URL changed has a row for each: its own is the one that appeared last, or that somebody put after that.
_SOURCES = """
SELECT coalesce(p.name, t.name) AS name, CASE WHEN p.at >= t.updated OR t.uri IS NULL THEN p.uri ELSE t.uri END,
       least(t.created, p.first_at), greatest(t.updated, p.at), p.type, p.description
FROM (
    SELECT DISTINCT ON (source_id) source_id, name, uri, min(first_at) OVER (PARTITION BY source_id) AS created,
           first_at AS updated
    FROM sources {where} ORDER BY source_id, first_at DESC, uri DESC
) t
FULL JOIN (SELECT * FROM put_sources {where}) p USING (source_id)
"""
_ONE = _SOURCES.format(where="WHERE source_id = %(id)s")
_PUT = "SELECT FROM put_sources WHERE source_id = %s"
_LISTED = f"WHERE {condition('name')}"
_PAGE = _SOURCES.format(where=_LISTED) + 'ORDER BY coalesce(p.name, t.name) COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s'
_COUNT = f"""
SELECT count(*)
FROM (SELECT source_id FROM sources {_LISTED} UNION SELECT source_id FROM put_sources {_LISTED}) s
"""


async def get_source(conn: Connection, name: str) -> Source:
    """Raises NotFound."""
    row = await (await conn.execute(_ONE, {"id": ids.name_id("source", name)})).fetchone()
    if row is None:
        raise NotFound("Source", name)
    return _source(*row)


async def is_put(conn: Connection, name: str) -> bool:
    """Whether somebody told of it, and not only events."""
    row = await (await conn.execute(_PUT, (ids.name_id("source", name),))).fetchone()
    return row is not None


async def list_sources(conn: Connection, page: Page, names: Names = ALL) -> Sources:
    asked = {"limit": page.limit, "offset": page.offset, **names.parameters}
    rows = await (await conn.execute(_PAGE, asked)).fetchall()
    return Sources(totalCount=await count(conn, _COUNT, asked), sources=[_source(*row) for row in rows])


def _source(name: str, uri: str, created: datetime, updated: datetime, kind: str | None, description: str | None) -> Source:
    return Source(
        type=kind or _type(uri),
        name=name,
        createdAt=created,
        updatedAt=updated,
        connectionUrl=uri,
        description=description,
    )


def _type(uri: str) -> str:
    """The scheme, as the word that Marquez has for it where it has one."""
    scheme, separator, _ = uri.partition("://")
    scheme = scheme.rpartition(":")[2].upper()  # jdbc:postgresql://
    if not separator or not scheme:
        return "UNKNOWN"
    return "POSTGRESQL" if scheme == "POSTGRES" else scheme
