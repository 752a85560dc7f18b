"""Edges that are no more: when they were last told of, and by which run they no longer were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from headwater.db.pool import Connection
from headwater.entities.paths import Ended
from headwater.lineage.graph.evidence import EDGES_ASKED, Pair, edges_asked
from headwater.lineage.node_ids import dataset_node_id, job_node_id

# Only a run that begins after the last event that told of an edge can end it (see lineage.edges): the edge is no more once that
# run has ended, or the next one names datasets. Where later events told of it again, the runs' own inputs and outputs say when it
# was last told of by then.
_ENDED = f"""
{EDGES_ASKED}
SELECT e.origin_id, e.destination_id, n.name, coalesce(j.name, d.name), j.job_id IS NOT NULL,
       last.at, l.run_uuid, ending.at, ending.run_uuid
FROM told e
LEFT JOIN jobs j ON j.job_id = e.owner_id AND NOT j.is_hidden
LEFT JOIN datasets d ON d.dataset_id = e.owner_id AND NOT d.is_hidden AND j.job_id IS NULL
JOIN namespaces n ON n.namespace_id = coalesce(j.namespace_id, d.namespace_id)
JOIN LATERAL (
    SELECT at, run_id
    FROM (
        SELECT e.first_at AS at, e.first_run_id AS run_id WHERE e.first_at <= %(at)s
        UNION ALL
        SELECT e.last_at, e.last_run_id WHERE e.last_at <= %(at)s
        UNION ALL
        (SELECT io.last_at, io.run_id
         FROM run_io io JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
         WHERE e.last_at > %(at)s AND io.dataset_id = CASE e.kind WHEN 1 THEN e.source_id ELSE e.target_id END
           AND io.output = (e.kind = 2) AND io.last_at <= %(at)s AND r.job_id = e.owner_id
         ORDER BY io.last_at DESC LIMIT 1)
    ) t
    ORDER BY at DESC, run_id LIMIT 1
) last ON true
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = last.run_id LIMIT 1) l ON true
LEFT JOIN LATERAL (
    SELECT at, run_uuid
    FROM (
        (SELECT CASE WHEN streaming THEN first_at ELSE least(closed_at, lead(named_at) OVER begun) END AS at, run_uuid
         FROM (
             SELECT r.run_id, run_uuid, first_at, streaming,
                    CASE WHEN state IN ('COMPLETED', 'ABORTED', 'FAILED') THEN ended_at END AS closed_at,
                    coalesce((SELECT min(io.first_at) FROM run_io io WHERE io.run_id = r.run_id AND io.month = r.month),
                             first_at) AS named_at
             FROM runs r
             WHERE job_id = e.owner_id AND linked AND CASE WHEN linked THEN first_at END > last.at
             ORDER BY CASE WHEN linked THEN first_at END, run_id LIMIT 2
         ) r
         WINDOW begun AS (ORDER BY first_at, run_id)
         ORDER BY first_at, run_id LIMIT 1)
        UNION ALL
        (SELECT v.event_time, NULL FROM lineage_events v
         WHERE j.declared_at > last.at AND v.kind = 2 AND left(v.name, 256) = left(j.name, 256)
           AND (v.namespace, v.name) = (n.name, j.name) AND v.event_time > last.at
         ORDER BY v.event_time LIMIT 1)
        UNION ALL
        SELECT d.declared_at, NULL WHERE d.declared_at > last.at
    ) f
    WHERE at <= %(at)s
    ORDER BY at LIMIT 1
) ending ON true
ORDER BY ending.at, e.origin_id, e.destination_id, e.owner_id
"""


async def load_ended(
    conn: Connection, pairs: Collection[Pair], at: datetime, node_ids: Mapping[int, str]
) -> list[tuple[Pair, Ended]]:
    """Of edges that are not current at that time, the first to end first; ``node_ids`` by id. In one statement."""
    if not pairs:
        return []
    rows = await (await conn.execute(_ENDED, {**edges_asked(pairs), "at": at})).fetchall()
    return [((source, target), _ended(node_ids[source], node_ids[target], *told)) for source, target, *told in rows]


def _ended(origin: str, destination: str, namespace: str, name: str, by_job: bool, *seen: Any) -> Ended:
    last_at, last_run, ended_at, ended_by = seen
    return Ended(
        origin=origin,
        destination=destination,
        toldBy=(job_node_id if by_job else dataset_node_id)(namespace, name),
        lastAt=last_at,
        lastRun=last_run,
        endedAt=ended_at,
        endedBy=ended_by,
    )
