"""Which jobs and runs others belong to, such as an Airflow DAG its tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headwater.catalog.aliases import JOIN_PARENT
from headwater.db.pool import Connection

_PARENTS = f"""
SELECT j.job_id, p.job_id FROM jobs j {JOIN_PARENT}
WHERE j.job_id = ANY(%s) AND p.job_id IS NOT NULL AND NOT p.is_hidden
"""

_PARENT_RUNS = """
SELECT r.run_id, p.run_id
FROM runs r JOIN runs p ON p.run_id = r.parent_run_id JOIN jobs j ON j.job_id = p.job_id AND NOT j.is_hidden
WHERE r.run_id = ANY(%s)
"""


async def load_tops(conn: Connection, jobs: Collection[int]) -> dict[int, int]:
    """The topmost parent of each job that has one. A statement for each level of parents."""
    return await _climb(conn, _PARENTS, jobs)


async def load_top_runs(conn: Connection, runs: Collection[int]) -> dict[int, int]:
    """The same of runs."""
    return await _climb(conn, _PARENT_RUNS, runs)


async def _climb(conn: Connection, statement: str, children: Collection[int]) -> dict[int, int]:
    parents: dict[int, int] = {}
    level = list(children)
    while level:
        found: dict[int, int] = dict(await (await conn.execute(statement, (level,))).fetchall())
        parents |= found
        level = list(set(found.values()) - parents.keys())
    return {child: top(parents, child) for child in children if child in parents}


def top(parents: Mapping[int, int], child: int) -> int:
    """Of those that are one another's parents, the last before they repeat."""
    seen = {child}
    while (parent := parents.get(child)) is not None and parent not in seen:
        seen.add(parent)
        child = parent
    return child
