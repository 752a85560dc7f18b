"""Which jobs and runs others belong to, such as an Airflow DAG its tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headwater.catalog.aliases import JOIN_PARENT
from headwater.db.pool import Connection
from headwater.lineage.node_ids import NodeKind, Resolved

_PARENTS = f"""
SELECT j.job_id, p.job_id FROM jobs j {JOIN_PARENT}
WHERE j.job_id = ANY(%s) AND p.job_id IS NOT NULL AND NOT p.is_hidden
"""

# A child may know its parent by the bare name, which is an alias of the job under which the parent's runs are stored.
_CHILDREN = f"""
SELECT j.job_id
FROM unnest(%s::bigint[]) AS k (job_id)
CROSS JOIN LATERAL (
    SELECT k.job_id AS known_as
    UNION (SELECT raw_job_id FROM runs WHERE job_id = k.job_id ORDER BY first_at DESC, run_id LIMIT 1)
) name
JOIN jobs j ON j.parent_id = name.known_as
{JOIN_PARENT}
WHERE p.job_id = k.job_id AND NOT j.is_hidden
ORDER BY 1
"""

_PARENT_RUNS = """
SELECT r.run_id, p.run_id
FROM runs r JOIN runs p ON p.run_id = r.parent_run_id JOIN jobs j ON j.job_id = p.job_id AND NOT j.is_hidden
WHERE r.run_id = ANY(%s)
"""


async def load_tops(conn: Connection, jobs: Collection[int]) -> dict[int, int]:
    """The topmost parent of each job that has one. A statement for each level of parents."""
    return await _climb(conn, _PARENTS, jobs)


async def load_opened(conn: Connection, node: Resolved) -> list[int]:
    """A node, and if it is a job all that belong to it: the edges of an Airflow DAG are those of its tasks."""
    return [node.id, *(await load_children(conn, node.id) if node.kind is NodeKind.JOB else ())]


async def load_children(conn: Connection, job: int) -> list[int]:
    """All that belong to a job, and to these. A statement for each level of them."""
    found: dict[int, None] = {}
    level = [job]
    while level:
        rows = await (await conn.execute(_CHILDREN, (level,))).fetchall()
        level = [child for (child,) in rows if child not in found and child != job]
        found |= dict.fromkeys(level)
    return list(found)


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
