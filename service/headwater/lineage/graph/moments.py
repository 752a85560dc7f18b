"""The time at which something happened, for asking what the graph was then."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from headwater import ids
from headwater.db.pool import Connection

_RUN = """
SELECT coalesce(ended_at, last_at, first_at) FROM runs
WHERE run_uuid = %s AND month = %s ORDER BY last_at IS NULL, first_at, run_id LIMIT 1
"""
_VERSION = """
SELECT io.last_at FROM run_io io WHERE io.run_id = %(version)s AND io.output
UNION ALL
SELECT first_at FROM dataset_versions WHERE version_id = %(version)s
ORDER BY 1 DESC LIMIT 1
"""


async def moment_of(conn: Connection, identifier: UUID) -> datetime | None:
    """When a run ended, or a version of a dataset was written; None where there is neither."""
    row = await (await conn.execute(_RUN, (identifier, ids.run_month(identifier)))).fetchone()
    if row is None:
        row = await (await conn.execute(_VERSION, {"version": ids.version_of(identifier)})).fetchone()
    return row[0] if row else None
