"""Search by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from headwater import ids
from headwater.catalog.aliases import IS_ALIAS
from headwater.db.pool import Connection
from headwater.entities.search import SearchResult, SearchResults

Kind: TypeAlias = Literal["DATASET", "JOB"]
Sort: TypeAlias = Literal["NAME", "UPDATED_AT"]

# A dataset is found under each of its names, and shown once, under its own.
_SEARCH = f"""
WITH found AS (
    SELECT 'JOB' AS type, j.name, coalesce(j.last_at, j.first_at) AS last_at, j.namespace_id
    FROM job_names known JOIN jobs j USING (job_id)
    WHERE known.name ILIKE %(pattern)s AND NOT j.is_hidden AND 'JOB' = ANY(%(kinds)s) AND NOT {IS_ALIAS}
    UNION ALL
    SELECT 'DATASET', c.name, c.last_at, c.namespace_id
    FROM datasets c
    WHERE NOT c.is_hidden AND 'DATASET' = ANY(%(kinds)s) AND c.dataset_id IN (
        SELECT d.canonical_id FROM datasets d WHERE d.name ILIKE %(pattern)s
    )
), wanted AS (
    SELECT f.type, f.name, f.last_at, n.name AS namespace
    FROM found f JOIN namespaces n USING (namespace_id)
    WHERE (%(namespace)s::bigint IS NULL OR f.namespace_id = %(namespace)s)
      AND (%(before)s::date IS NULL OR f.last_at < %(before)s)
      AND (%(after)s::date IS NULL OR f.last_at >= %(after)s)
), first AS (
    SELECT * FROM wanted
    ORDER BY CASE WHEN %(by_time)s THEN last_at END DESC, name COLLATE "C", namespace COLLATE "C", type
    LIMIT %(limit)s
)
SELECT (SELECT count(*) FROM wanted), first.*
FROM (SELECT 1) AS always LEFT JOIN first ON true
ORDER BY CASE WHEN %(by_time)s THEN last_at END DESC, name COLLATE "C", namespace COLLATE "C", type
"""


@dataclass(frozen=True, slots=True)
class Query:
    """``text`` is part of a name, in any case; ``before`` (exclusive) and ``after`` (inclusive) are event times."""

    text: str
    kinds: tuple[Kind, ...] = ("DATASET", "JOB")
    sort: Sort = "NAME"
    limit: int = 10
    namespace: str | None = None
    before: date | None = None
    after: date | None = None


async def search(conn: Connection, query: Query) -> SearchResults:
    """Jobs and datasets by name; UPDATED_AT puts the latest first."""
    asked = {
        "pattern": containing(query.text),
        "kinds": list(query.kinds),
        "namespace": ids.namespace_id(query.namespace) if query.namespace else None,
        "before": query.before,
        "after": query.after,
        "by_time": query.sort == "UPDATED_AT",
        "limit": query.limit,
    }
    # Never prepared: what is asked for decides whether an index is of use.
    rows = await (await conn.execute(_SEARCH, asked, prepare=False)).fetchall()
    found = [
        SearchResult(type=kind, name=name, updatedAt=at, namespace=ns, nodeId=f"{kind.lower()}:{ns}:{name}")
        for _, kind, name, at, ns in rows
        if kind is not None
    ]
    return SearchResults(totalCount=rows[0][0], results=found)


def containing(text: str) -> str:
    """The pattern for ILIKE of what holds ``text``, in which nothing stands for anything else."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
