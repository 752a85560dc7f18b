"""Namespaces."""

from __future__ import annotations

from datetime import datetime

from psycopg.errors import InvalidRegularExpression

from headwater import ids
from headwater.catalog.names import ALL, Names, condition
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.entities.namespace import Namespace, Namespaces
from headwater.errors import Invalid, NotFound

_NAMESPACES = """
SELECT name, first_at, greatest(first_at, owner_at, described_at), owner, description, is_hidden FROM namespaces
"""
_ONE = f"{_NAMESPACES} WHERE namespace_id = %s"
_LISTED = f"WHERE (%(excluded)s::text IS NULL OR name !~ %(excluded)s) AND {condition('name')}"
_PAGE = f'{_NAMESPACES} {_LISTED} ORDER BY name COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s'
_COUNT = f"SELECT count(*) FROM namespaces {_LISTED}"
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


async def list_namespaces(conn: Connection, page: Page, excluded: str | None = None, names: Names = ALL) -> Namespaces:
    """Those whose name does not match ``excluded``, a regular expression of PostgreSQL's."""
    asked = {"excluded": excluded, "limit": page.limit, "offset": page.offset, **names.parameters}
    rows = await (await conn.execute(_PAGE, asked)).fetchall()
    return Namespaces(totalCount=await count(conn, _COUNT, asked), namespaces=[_namespace(*row) for row in rows])


async def check_pattern(conn: Connection, pattern: str) -> None:
    """Raises Invalid where it is no regular expression."""
    try:
        await conn.execute("SELECT '' ~ %s::text", [pattern])
    except InvalidRegularExpression as error:
        raise Invalid(f"HEADWATER_EXCLUDE_NAMESPACES_ON_READ: {error.diag.message_primary}") from None


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
