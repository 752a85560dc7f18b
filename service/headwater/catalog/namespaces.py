"""Namespaces."""

from __future__ import annotations

from datetime import datetime

from headwater import ids
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.namespace import Namespace, Namespaces
from headwater.errors import NotFound

_NAMESPACES = """
SELECT name, first_at, greatest(first_at, owner_at, described_at), owner, description, is_hidden FROM namespaces
"""
_ONE = f"{_NAMESPACES} WHERE namespace_id = %s"
_PAGE = f'{_NAMESPACES} ORDER BY name COLLATE "C" LIMIT %s OFFSET %s'
_COUNT = "SELECT count(*) FROM namespaces"
_EXISTS = "SELECT 1 FROM namespaces WHERE namespace_id = %s"


async def get_namespace(conn: Connection, name: str) -> Namespace:
    """Hidden ones too. Raises NotFound."""
    row = await (await conn.execute(_ONE, (ids.namespace_id(name),))).fetchone()
    if row is None:
        raise NotFound("Namespace", name)
    return _namespace(*row)


async def require_namespace(conn: Connection, name: str) -> None:
    """Raises NotFound where there is none of that name."""
    if await (await conn.execute(_EXISTS, (ids.namespace_id(name),))).fetchone() is None:
        raise NotFound("Namespace", name)


async def list_namespaces(conn: Connection, page: Page) -> Namespaces:
    rows = await (await conn.execute(_PAGE, (page.limit, page.offset))).fetchall()
    return Namespaces(totalCount=await count(conn, _COUNT), namespaces=[_namespace(*row) for row in rows])


def _namespace(
    name: str, created: datetime, updated: datetime, owner: str, description: str | None, is_hidden: bool
) -> Namespace:
    return Namespace(
        name=name,
        createdAt=created,
        updatedAt=updated,
        ownerName=owner,
        description=description,
        isHidden=is_hidden,
    )
