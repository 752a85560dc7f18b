"""Edges that are new: when they were first told of, and by which run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from headwater.db.pool import Connection
from headwater.lineage.graph.evidence import EDGES_ASKED, Pair, edges_asked

# An edge that was told of long before and came back: the runs' own inputs and outputs say when.
_BEGUN = f"""
{EDGES_ASKED}
SELECT e.origin_id, e.destination_id, first.at, f.run_uuid
FROM told e
CROSS JOIN LATERAL (
    SELECT e.first_at AS at, e.first_run_id AS run_id WHERE e.first_at > %(since)s AND e.first_at <= %(at)s
    UNION ALL
    SELECT e.last_at, e.last_run_id WHERE e.first_at <= %(since)s AND e.last_at > %(since)s AND e.last_at <= %(at)s
    UNION ALL
    (SELECT io.first_at, io.run_id
     FROM run_io io JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
     WHERE e.first_at <= %(since)s AND io.dataset_id = CASE e.kind WHEN 1 THEN e.source_id ELSE e.target_id END
       AND io.output = (e.kind = 2) AND io.last_at > %(since)s AND io.first_at > %(since)s AND io.first_at <= %(at)s
       AND r.job_id = e.owner_id
     ORDER BY io.last_at LIMIT 1)
) first
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = first.run_id LIMIT 1) f ON true
ORDER BY first.at
"""


async def load_begun(
    conn: Connection, pairs: Collection[Pair], since: datetime, at: datetime
) -> dict[Pair, tuple[datetime, UUID | None]]:
    """Of edges that were not current at the one time and are at the other: event time and run. In one statement."""
    if not pairs:
        return {}
    found: dict[Pair, tuple[datetime, UUID | None]] = {}
    rows = await (await conn.execute(_BEGUN, {**edges_asked(pairs), "since": since, "at": at})).fetchall()
    for source, target, first_at, run in rows:
        found.setdefault((source, target), (first_at, run))
    return found
