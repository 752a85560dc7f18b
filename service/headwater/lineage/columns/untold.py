"""Which steps from dataset to dataset are told without their columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from headwater.db.pool import Connection
from headwater.lineage.columns.edges import Then, holding

Written: TypeAlias = tuple[int, int]
"""A dataset, and the job or dataset that tells of it; 0: any."""

# Of these datasets, as somebody writes them, no column lineage is known.
_UNTOLD = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(written)s::bigint[], %(owners)s::bigint[]) AS a (written_id, owner_id)
),
name AS MATERIALIZED (
    SELECT a.written_id, a.written_id AS dataset_id FROM asked a
    UNION
    SELECT d.canonical_id, d.dataset_id
    FROM asked a JOIN datasets d ON d.canonical_id = a.written_id AND d.canonical_id <> d.dataset_id
),
told AS MATERIALIZED (
    SELECT k.*
    FROM name n CROSS JOIN LATERAL (SELECT * FROM column_lineage WHERE dataset_id = n.dataset_id OFFSET 0) k
),
{holding}
SELECT a.written_id, a.owner_id
FROM asked a
WHERE NOT EXISTS (
    SELECT FROM name n JOIN present p USING (dataset_id)
    WHERE n.written_id = a.written_id AND a.owner_id IN (0, p.owner_id)
      AND EXISTS (SELECT FROM column_sets s WHERE s.set_id = p.set_id)
)
"""


async def load_untold(conn: Connection, pairs: Collection[Written], then: Then | None) -> set[Written]:
    """In one statement."""
    if not pairs:
        return set()
    asked = {
        "written": [written for written, _ in pairs],
        "owners": [owner for _, owner in pairs],
        **(then.asked() if then is not None else {}),
    }
    statement = _UNTOLD.replace("{holding}", holding(then))
    return {(written, owner) for written, owner in await (await conn.execute(statement, asked)).fetchall()}
