"""Edges between columns over time: when each was told, and from when on its teller told others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from headwater.db.pool import Connection
from headwater.entities.graph import ColumnEvidence
from headwater.lineage.columns.graph import Place
from headwater.lineage.node_ids import dataset_node_id, job_node_id


class ToldEdge(NamedTuple):
    source: Place
    target: Place
    owner: int  # the job, or dataset, that tells it


class History(NamedTuple):
    """``ended_at`` and ``ended_by`` are null where that is not known: ``replaced`` tells whether others have been told since."""

    evidence: ColumnEvidence
    replaced: bool
    ended_at: datetime | None
    ended_by: UUID | None


class _Telling(NamedTuple):
    """A set of columns, by when it was told first and last."""

    has: bool
    teller: str
    first_at: datetime
    first_run: UUID | None
    last_at: datetime
    last_run: UUID | None


def _alike(told: str, asked: str) -> str:
    """SQL: whether one is the other, holds it or is inside of it, or all is meant."""
    return f"""({asked} IN ('', {told}) OR {told} = ''
          OR left({told}, length({asked}) + 1) IN ({asked} || '.', {asked} || '[')
          OR left({asked}, length({told}) + 1) IN ({told} || '.', {told} || '['))"""


# Of each edge all sets that its teller ever told of the dataset by then. One told on both sides of the time counts as first told.
_TELLINGS = f"""
SELECT a.place, k.has, n.name, coalesce(j.name, d.name), j.job_id IS NOT NULL, k.first_at, f.run_uuid,
       CASE WHEN k.last_at <= %(at)s THEN k.last_at ELSE k.first_at END,
       CASE WHEN k.last_at <= %(at)s THEN l.run_uuid ELSE f.run_uuid END
FROM unnest(%(written)s::bigint[], %(owners)s::bigint[], %(outputs)s::text[], %(sources)s::bigint[], %(inputs)s::text[])
     WITH ORDINALITY AS a (written_id, owner_id, output_field, source_id, input_field, place)
CROSS JOIN LATERAL (
    SELECT a.written_id AS id
    UNION ALL
    SELECT m.dataset_id FROM datasets m WHERE m.canonical_id = a.written_id AND m.canonical_id <> m.dataset_id
) name
CROSS JOIN LATERAL (
    SELECT c.*, EXISTS (
        SELECT FROM column_sets s JOIN datasets i ON i.dataset_id = s.input_dataset_id
        WHERE s.set_id = c.set_id AND i.canonical_id = a.source_id
          AND {_alike("s.output_field", "a.output_field")}
          AND {_alike("s.input_field", "a.input_field")}
    ) AS has
    FROM column_lineage c WHERE c.dataset_id = name.id AND c.owner_id = a.owner_id AND c.first_at <= %(at)s
) k
LEFT JOIN jobs j ON j.job_id = a.owner_id AND NOT j.is_hidden
LEFT JOIN datasets d ON d.dataset_id = a.owner_id AND NOT d.is_hidden AND j.job_id IS NULL
JOIN namespaces n ON n.namespace_id = coalesce(j.namespace_id, d.namespace_id)
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = k.first_run_id LIMIT 1) f ON true
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = k.last_run_id LIMIT 1) l ON true
"""


async def load_histories(conn: Connection, edges: Collection[ToldEdge], at: datetime) -> dict[ToldEdge, History]:
    """Of edges that were told by that time, in one statement."""
    if not edges:
        return {}
    asked = {
        "written": [edge.target.dataset_id for edge in edges],
        "owners": [edge.owner for edge in edges],
        "outputs": [edge.target.field for edge in edges],
        "sources": [edge.source.dataset_id for edge in edges],
        "inputs": [edge.source.field for edge in edges],
        "at": at,
    }
    tellings: dict[int, list[_Telling]] = {}
    for place, has, namespace, name, by_job, *told in await (await conn.execute(_TELLINGS, asked)).fetchall():
        teller = (job_node_id if by_job else dataset_node_id)(namespace, name)
        tellings.setdefault(place, []).append(_Telling(has, teller, *told))
    known = ((edge, tellings.get(place, [])) for place, edge in enumerate(edges, 1))
    return {edge: _history(told) for edge, told in known if any(telling.has for telling in told)}


def _history(tellings: Collection[_Telling]) -> History:
    having = [telling for telling in tellings if telling.has]
    first, last = min(having, key=lambda t: t.first_at), max(having, key=lambda t: t.last_at)
    others = [t for t in tellings if not t.has and t.last_at > last.last_at and not _by_one_run(t, last)]
    # What was told before and has come again since, came nobody knows when.
    after = None if any(t.first_at <= last.last_at for t in others) else min(others, key=lambda t: t.first_at, default=None)
    return History(
        ColumnEvidence(
            origin="DECLARED" if last.last_run is None else "OBSERVED",
            toldBy=last.teller,
            at=last.last_at,
            run=last.last_run,
            firstAt=first.first_at,
            firstRun=first.first_run,
        ),
        bool(others),
        after.first_at if after else None,
        after.first_run if after else None,
    )


def _by_one_run(one: _Telling, other: _Telling) -> bool:
    """What a run tells explicitly in several events adds up: no set of it ends another."""
    return one.last_run is not None and one.last_run == other.last_run
