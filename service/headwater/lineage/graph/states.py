"""How the latest runs of jobs are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from headwater.db.pool import Connection

_LATEST = """
SELECT j.job_id, r.state
FROM unnest(%(jobs)s::bigint[]) AS j (job_id)
CROSS JOIN LATERAL (
    SELECT state FROM runs
    WHERE job_id = j.job_id AND (%(at)s::timestamptz IS NULL OR first_at <= %(at)s) ORDER BY first_at DESC, run_id LIMIT 1
) r
"""


async def load_states(conn: Connection, jobs: Collection[int], at: datetime | None = None) -> dict[int, str]:
    """The state of each job's latest run, of those that had begun at a time; in which state that was then is not kept. Ids that
    are no job's, and jobs without runs, are left out."""
    return dict(await (await conn.execute(_LATEST, {"jobs": list(jobs), "at": at})).fetchall())
