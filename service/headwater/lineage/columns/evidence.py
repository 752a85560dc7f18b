"""What proves an edge between columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from headwater.db.pool import Connection
from headwater.entities.graph import ColumnEvidence, ProvenColumnEdge
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.flow import SCOPES, Told
from headwater.lineage.columns.graph import Place, transformations
from headwater.lineage.columns.names import ColumnNames
from headwater.lineage.node_ids import dataset_node_id, job_node_id

Pair: TypeAlias = tuple[Place, Place]  # as data flows
Between: TypeAlias = Callable[[Place, Place], Sequence[Told]]  # the edges from one to the other
Teller: TypeAlias = tuple[int, int]  # the dataset that is written, and the job or dataset that says so

# Of all names of the dataset the last word by then; where that was said again later, when it was said first.
_EVIDENCE = """
SELECT DISTINCT ON (a.dataset_id, l.owner_id)
       a.dataset_id, l.owner_id, n.name, coalesce(j.name, d.name), j.job_id IS NOT NULL, l.at, r.run_uuid, l.first_at, f.run_uuid
FROM unnest(%(datasets)s::bigint[], %(owners)s::bigint[]) AS a (dataset_id, owner_id)
CROSS JOIN LATERAL (
    SELECT a.dataset_id AS id
    UNION ALL
    SELECT m.dataset_id FROM datasets m WHERE m.canonical_id = a.dataset_id AND m.canonical_id <> m.dataset_id
) name
CROSS JOIN LATERAL (
    SELECT owner_id, CASE WHEN last_at <= %(at)s THEN last_at ELSE first_at END AS at,
           CASE WHEN last_at <= %(at)s THEN last_run_id ELSE first_run_id END AS run_id, first_at, first_run_id
    FROM column_lineage WHERE dataset_id = name.id AND owner_id = a.owner_id AND first_at <= %(at)s
) l
LEFT JOIN jobs j ON j.job_id = l.owner_id
LEFT JOIN datasets d ON d.dataset_id = l.owner_id AND j.job_id IS NULL
JOIN namespaces n ON n.namespace_id = coalesce(j.namespace_id, d.namespace_id)
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = l.run_id LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = l.first_run_id LIMIT 1) f ON true
ORDER BY a.dataset_id, l.owner_id, l.at DESC
"""


async def load_column_evidence(
    conn: Connection, tellers: Collection[Teller], then: Then | None = None
) -> dict[Teller, ColumnEvidence]:
    """In one statement. An owner may be the dataset under another of its names."""
    if not tellers:
        return {}
    asked = {
        "datasets": [dataset for dataset, _ in tellers],
        "owners": [owner for _, owner in tellers],
        "at": then.at if then is not None else datetime.max.replace(tzinfo=UTC),
    }
    rows = await (await conn.execute(_EVIDENCE, asked)).fetchall()
    return {
        (dataset, owner): ColumnEvidence(
            origin="DECLARED" if run is None else "OBSERVED",
            toldBy=(job_node_id if by_job else dataset_node_id)(namespace, name),
            at=at,
            run=run,
            firstAt=first_at,
            firstRun=first_run,
        )
        for dataset, owner, namespace, name, by_job, at, run, first_at, first_run in rows
    }


async def load_proven(
    conn: Connection, pairs: Iterable[Pair], between: Between, names: ColumnNames, then: Then | None
) -> list[ProvenColumnEdge]:
    """These edges, in one statement."""
    told = {pair: between(*pair) for pair in pairs}
    tellers = {(target.dataset_id, one.owner) for (_, target), by in told.items() for one in by}
    proof = await load_column_evidence(conn, tellers, then)
    return proven(told, names, lambda pair, owner: proof.get((pair[1].dataset_id, owner)))


def proven(
    told: Mapping[Pair, Sequence[Told]], names: ColumnNames, evidence: Callable[[Pair, int], ColumnEvidence | None]
) -> list[ProvenColumnEdge]:
    """``evidence`` of an edge by who tells it."""
    edges = [
        ProvenColumnEdge(
            origin=names.id(pair[0]),
            destination=names.id(pair[1]),
            scope=min((one.scope for one in by), key=SCOPES.index),
            transformations=[*dict.fromkeys(t for one in by for t in transformations(one.transformations))],
            evidence=[known for owner in dict.fromkeys(one.owner for one in by) if (known := evidence(pair, owner))],
        )
        for pair, by in told.items()
    ]
    return sorted(edges, key=lambda edge: (edge.origin, edge.destination))
