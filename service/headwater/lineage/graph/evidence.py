"""What proves an edge: whose events say so, since when, and by which runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from headwater.db.pool import Connection
from headwater.entities.graph import EdgeName, Evidence, ProvenEdge
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.flow import Flow
from headwater.lineage.node_ids import dataset_node_id, job_node_id

Pair: TypeAlias = tuple[int, int]  # source, target

_NAMES: dict[int, EdgeName] = {
    EdgeKind.INPUT: "INPUT",
    EdgeKind.OUTPUT: "OUTPUT",
    EdgeKind.DATASET_LINEAGE: "DATASET_LINEAGE",
    EdgeKind.JOB_LINEAGE: "JOB_LINEAGE",
    EdgeKind.JOB_DEPENDENCY: "JOB_DEPENDENCY",
}

_LATEST = 20  # runs; a look at each costs 5 us an edge
_COUNTED = 1_000  # edges

# Events name datasets by any of their names.
EDGES_ASKED = """
WITH asked AS (
    SELECT * FROM unnest(%(sources)s::bigint[], %(targets)s::bigint[]) AS a (source_id, target_id)
), member AS (
    SELECT k.id, k.id AS name_id FROM (SELECT source_id AS id FROM asked UNION SELECT target_id FROM asked) k
    UNION
    SELECT d.canonical_id, d.dataset_id FROM datasets d
    WHERE d.canonical_id = ANY(%(ids)s::bigint[]) AND d.canonical_id <> d.dataset_id
), told AS (
    SELECT a.source_id AS origin_id, a.target_id AS destination_id, e.*
    FROM asked a
    JOIN member s ON s.id = a.source_id
    JOIN member t ON t.id = a.target_id
    JOIN edges e ON e.source_id = s.name_id AND e.target_id = t.name_id
)
"""
"""``told``: the rows of ``edges`` between the ``sources`` and ``targets``, with the ids asked for; ``ids`` are both of these."""
_EVIDENCE = f"""
{EDGES_ASKED}
SELECT e.origin_id, e.destination_id, e.kind, n.name, coalesce(j.name, d.name), j.job_id IS NOT NULL,
       e.first_at, e.last_at, f.run_uuid, l.run_uuid, often.runs, often.of_runs
FROM told e
LEFT JOIN jobs j ON j.job_id = e.owner_id
LEFT JOIN datasets d ON d.dataset_id = e.owner_id AND j.job_id IS NULL
JOIN namespaces n ON n.namespace_id = coalesce(j.namespace_id, d.namespace_id)
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = e.first_run_id LIMIT 1) f ON true
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = e.last_run_id LIMIT 1) l ON true
LEFT JOIN LATERAL (
    SELECT count(io.run_id) AS runs, count(*) AS of_runs
    FROM (
        SELECT run_id, month FROM runs
        WHERE %(counted)s AND e.kind IN ({EdgeKind.INPUT.value}, {EdgeKind.OUTPUT.value}) AND e.last_run_id IS NOT NULL
          AND job_id = e.owner_id AND linked AND (%(at)s::timestamptz IS NULL OR first_at <= %(at)s)
        ORDER BY CASE WHEN linked THEN first_at END DESC, run_id LIMIT {_LATEST}
    ) r
    LEFT JOIN run_io io ON io.run_id = r.run_id AND io.month = r.month AND io.output = (e.kind = {EdgeKind.OUTPUT.value})
        AND io.dataset_id = CASE e.kind WHEN {EdgeKind.OUTPUT.value} THEN e.target_id ELSE e.source_id END
) often ON often.of_runs > 0
WHERE CASE WHEN %(at)s::timestamptz IS NOT NULL THEN e.first_at <= %(at)s
           ELSE e.last_at >= j.floor_at OR e.last_at >= d.declared_at OR e.kind IN (3, 4, 5) AND j.floor_at IS NULL END
ORDER BY e.kind, e.first_at, e.owner_id, e.source_id, e.target_id
"""


async def load_evidence(conn: Connection, flow: Flow, pairs: Collection[Pair], node_ids: Mapping[int, str]) -> list[ProvenEdge]:
    """Of edges of the flow, in one statement; ``node_ids`` by id. Of a past one, all that spoke for an edge by then."""
    if not pairs:
        return []
    found: dict[Pair, list[Evidence]] = {}
    asked = {**edges_asked(pairs), "at": flow.at, "counted": len(pairs) <= _COUNTED}
    for source, target, *told in await (await conn.execute(_EVIDENCE, asked)).fetchall():
        found.setdefault((source, target), []).append(_evidence(*told))
    return [
        ProvenEdge(origin=node_ids[source], destination=node_ids[target], evidence=found.get((source, target), []))
        for source, target in sorted(pairs)
    ]


def edges_asked(pairs: Collection[Pair]) -> dict[str, list[int]]:
    """Parameters of ``EDGES_ASKED``."""
    ordered = sorted(pairs)
    sources, targets = [source for source, _ in ordered], [target for _, target in ordered]
    return {"sources": sources, "targets": targets, "ids": list({*sources, *targets})}


def _evidence(kind: int, namespace: str, name: str, by_job: bool, *seen: Any) -> Evidence:
    first_at, last_at, first_run, last_run, runs, of_runs = seen
    return Evidence(
        kind=_NAMES[kind],
        origin="OBSERVED" if last_run is not None else "DECLARED",
        toldBy=(job_node_id if by_job else dataset_node_id)(namespace, name),
        firstAt=first_at,
        lastAt=last_at,
        firstRun=first_run,
        lastRun=last_run,
        runs=runs,
        ofRuns=of_runs,
    )
