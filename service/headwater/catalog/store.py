"""The store as a whole: sizes, and what the schemas find wrong with the producers' events."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from headwater.catalog.jobs import list_jobs
from headwater.catalog.page import Page
from headwater.db.pool import Connection

_TABLES = ["lineage_events", "jobs", "datasets", "runs", "run_io", "edges", "column_sets", "dead_letters"]

# Estimates of the planner: counting would read the tables.
_ROWS = """
SELECT coalesce(parent.relname, c.relname), sum(greatest(c.reltuples, 0))::bigint
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(current_schema())
  AND coalesce(parent.relname, c.relname) = ANY(%s)
GROUP BY 1
"""

_COUNTS = files(__package__).joinpath("sql", "counts.sql").read_text(encoding="utf-8")

_CONFORMANCE = """
SELECT producer, path, message, events, first_at, last_at FROM conformance
WHERE producer = ANY(SELECT DISTINCT producer FROM conformance ORDER BY producer LIMIT %s OFFSET %s)
ORDER BY producer, events DESC, path, message
"""


async def estimated_rows(conn: Connection) -> dict[str, int]:
    """Rows by table, as of the last autovacuum or analyze."""
    cursor = await conn.execute(_ROWS, [_TABLES])
    return dict.fromkeys(_TABLES, 0) | {table: int(rows) for table, rows in await cursor.fetchall()}


async def counts(conn: Connection) -> dict[str, int]:
    """How many of each noun the lists show in all. Reads the tables: for reports, not for requests."""
    row = await (await conn.execute(_COUNTS)).fetchone()
    assert row is not None
    namespaces, datasets, versions, runs, tags = row
    listed = (await list_jobs(conn, Page(limit=0))).totalCount
    return {
        "namespaces": namespaces,
        "datasets": datasets,
        "dataset versions": versions,
        "jobs": listed,
        "runs": runs,
        "tags": tags,
    }


async def conformance(conn: Connection, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """A page of producers whose events the schemas refuse somewhere, each with its findings; and how many there are."""
    total = await (await conn.execute("SELECT count(DISTINCT producer) FROM conformance")).fetchone()
    producers: dict[str, list[dict[str, Any]]] = {}
    for producer, path, message, events, first_at, last_at in await (
        await conn.execute(_CONFORMANCE, [limit, offset])
    ).fetchall():
        finding = {"path": path, "message": message, "events": events, "firstSeenAt": first_at, "lastSeenAt": last_at}
        producers.setdefault(producer, []).append(finding)
    assert total is not None
    return [{"producer": name, "findings": findings} for name, findings in producers.items()], total[0]
