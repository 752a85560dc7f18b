"""Which jobs other jobs belong to, such as an Airflow DAG its tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headwater.catalog.aliases import JOIN_PARENT
from headwater.db.pool import Connection

_PARENTS = f"""
SELECT j.job_id, p.job_id FROM jobs j {JOIN_PARENT}
WHERE j.job_id = ANY(%s) AND p.job_id IS NOT NULL AND NOT p.is_hidden
"""


async def load_tops(conn: Connection, jobs: Collection[int]) -> dict[int, int]:
    """The topmost parent of each job that has one. A statement for each level of parents."""
    parents: dict[int, int] = {}
    level = list(jobs)
    while level:
        found: dict[int, int] = dict(await (await conn.execute(_PARENTS, (level,))).fetchall())
        parents |= found
        level = list(set(found.values()) - parents.keys())
    return {job: top(parents, job) for job in jobs if job in parents}


def top(parents: Mapping[int, int], job: int) -> int:
    """Of those that are one another's parents, the last before they repeat."""
    seen = {job}
    while (parent := parents.get(job)) is not None and parent not in seen:
        seen.add(parent)
        job = parent
    return job
