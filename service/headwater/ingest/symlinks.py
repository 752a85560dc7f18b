"""Symlinks: which dataset a name stands for.

A ``symlinks`` facet says that its dataset (the primary) is also known by other names (aliases). All declarations of a
connected group are taken in the order of their event times; a name keeps the first primary that it was given, and a
declaration that would close a circle is passed over. So a group has the same canonical datasets whatever came first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.ingest import statements
from headwater.ingest.apply import send

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('headwater.symlinks'))"
# LATERAL and OFFSET 0 hold the planner to the indexes: a group is small, which it cannot know.
_GROUP = """
WITH RECURSIVE member (id) AS (
    SELECT unnest(%s::bigint[])
    UNION
    SELECT s.id FROM member m CROSS JOIN LATERAL (
        SELECT alias_id AS id FROM symlinks WHERE primary_id = m.id
        UNION ALL SELECT primary_id FROM symlinks WHERE alias_id = m.id
    ) s
)
SELECT s.* FROM member m
CROSS JOIN LATERAL (SELECT primary_id, alias_id, first_at FROM symlinks WHERE primary_id = m.id OFFSET 0) s
"""
_CANONICAL = """
UPDATE datasets d SET canonical_id = v.canonical_id FROM unnest(%s::bigint[], %s::bigint[]) AS v(dataset_id, canonical_id)
WHERE d.dataset_id = v.dataset_id AND d.canonical_id <> v.canonical_id
"""


def canonical(links: Iterable[tuple[int, int, Any]]) -> dict[int, int]:
    """Canonical dataset of every name in ``links`` of (primary, alias, comparable time)."""
    primary_of: dict[int, int] = {}

    def root(name: int) -> int:
        while name in primary_of:
            name = primary_of[name]
        return name

    names: set[int] = set()
    for primary, alias, _ in sorted(links, key=lambda link: (link[2], link[0], link[1])):
        names |= {primary, alias}
        if alias not in primary_of and root(primary) != alias:
            primary_of[alias] = primary
    return {name: root(name) for name in names}


_MEMBERS = "SELECT dataset_id FROM datasets WHERE canonical_id = ANY(%s)"


async def lock(conn: Connection) -> None:
    """Taken before any row is, so that two writers do not resolve one group at the same time."""
    await conn.execute(_LOCK)


async def link(conn: Connection, links: dict[tuple[int, int], int]) -> None:
    """Stores new declarations and resolves their groups anew. The datasets must be there already."""
    keys = sorted(links)
    arrays = [values(p for p, _ in keys), values(a for _, a in keys), values(links[k] for k in keys)]
    stored = await send(conn, statements.SYMLINKS, arrays)
    changed = [primary for (primary,) in await stored.fetchall()]
    if changed:
        await _resolve(conn, changed)


async def settle(conn: Connection, datasets: Iterable[int]) -> None:
    """Resolves anew what the datasets' names stand for, after some of the declarations are gone."""
    members = await (await conn.execute(_MEMBERS, [values(datasets)])).fetchall()
    await _resolve(conn, [name for (name,) in members])


async def _resolve(conn: Connection, names: Iterable[int]) -> None:
    """A name of which nobody declares anything stands for itself."""
    alone = {name: name for name in names}
    cursor = await conn.execute(_GROUP, [values(alone)])
    resolved = alone | canonical(await cursor.fetchall())
    ordered = sorted(resolved)
    await conn.execute(_CANONICAL, [values(ordered), values(resolved[n] for n in ordered)])
