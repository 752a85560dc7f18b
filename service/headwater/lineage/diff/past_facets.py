"""The facets of jobs and datasets as they were at a time, and which run first told of one.

Rows of jobs and datasets keep the latest facet of each key, with its event time; where that is later than what is asked for,
the latest runs before tell what it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from headwater.catalog.facets import FacetMap, decode, latest
from headwater.catalog.meaning import LIFECYCLE
from headwater.db.pool import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RUNS = 10  # of a node, that are looked at for a facet that later ones told otherwise
_SCANNED = 1_000  # runs of a node that are looked at for the one that first told of a facet

_DATASETS = """
SELECT d.canonical_id, true, f.facets::text, f.written_at
FROM datasets d
CROSS JOIN LATERAL (
    SELECT d.facets, NULL::timestamptz AS written_at
    UNION ALL
    (SELECT facets, last_at FROM run_io WHERE dataset_id = d.dataset_id AND output AND last_at <= %(at)s
     ORDER BY last_at DESC LIMIT %(runs)s)
    UNION ALL
    (SELECT facets, first_at FROM dataset_versions WHERE dataset_id = d.dataset_id AND declared AND first_at <= %(at)s
     ORDER BY first_at DESC LIMIT %(runs)s)
) f
WHERE d.dataset_id = ANY(%(ids)s) OR d.canonical_id = ANY(%(ids)s) AND d.canonical_id <> d.dataset_id
UNION ALL
SELECT d.canonical_id, false, f.facets::text, NULL
FROM datasets d
CROSS JOIN LATERAL (
    SELECT d.read_facets AS facets
    UNION ALL
    (SELECT facets FROM run_io WHERE dataset_id = d.dataset_id AND NOT output AND last_at <= %(at)s
     ORDER BY last_at DESC LIMIT %(runs)s)
) f
WHERE d.dataset_id = ANY(%(ids)s) OR d.canonical_id = ANY(%(ids)s) AND d.canonical_id <> d.dataset_id
"""
_JOBS = """
SELECT j.job_id, true, f.facets::text, NULL::timestamptz
FROM jobs j
CROSS JOIN LATERAL (
    SELECT j.facets
    UNION ALL
    (SELECT job_facets FROM runs WHERE job_id = j.job_id AND first_at <= %(at)s ORDER BY first_at DESC, run_id LIMIT %(runs)s)
) f
WHERE j.job_id = ANY(%(ids)s)
"""
_TOLD_BY = """
SELECT k.id, k.key, k.body_id, f.at, f.run_uuid
FROM unnest(%(ids)s::bigint[], %(keys)s::text[], %(bodies)s::bigint[]) AS k (id, key, body_id)
CROSS JOIN LATERAL (
    SELECT told.at, r.run_uuid
    FROM (
        SELECT k.id AS dataset_id
        UNION ALL
        SELECT dataset_id FROM datasets WHERE canonical_id = k.id AND canonical_id <> dataset_id
    ) member
    CROSS JOIN (VALUES (false), (true)) side (output)
    CROSS JOIN LATERAL (
        SELECT run_id, month, last_at AS at, facets FROM run_io
        WHERE dataset_id = member.dataset_id AND output = side.output AND last_at > %(since)s AND first_at <= %(at)s
        ORDER BY last_at LIMIT %(scanned)s
    ) told
    JOIN runs r ON r.run_id = told.run_id AND r.month = told.month
    WHERE (told.facets->k.key->>1)::bigint = k.body_id
    ORDER BY told.at LIMIT 1
) f
UNION ALL
SELECT k.id, k.key, k.body_id, f.at, f.run_uuid
FROM unnest(%(ids)s::bigint[], %(keys)s::text[], %(bodies)s::bigint[]) AS k (id, key, body_id)
CROSS JOIN LATERAL (
    SELECT r.at, r.run_uuid
    FROM (
        SELECT first_at AS at, run_uuid, job_facets FROM runs
        WHERE job_id = k.id AND first_at > %(since)s AND first_at <= %(at)s
        ORDER BY first_at LIMIT %(scanned)s
    ) r
    WHERE (r.job_facets->k.key->>1)::bigint = k.body_id
    ORDER BY r.at LIMIT 1
) f
"""


class Cause(NamedTuple):
    at: datetime | None
    run: UUID | None


async def facets_at(conn: Connection, ids: Collection[int], at: datetime) -> Mapping[int, FacetMap]:
    """By id of jobs and datasets, in two statements. What state a dataset came to is that of its latest writing alone."""
    told: dict[int, tuple[list[FacetMap], list[FacetMap]]] = {}
    latest_writing: dict[int, tuple[datetime, bool]] = {}  # and whether it tells a state
    asked = {"ids": list(ids), "at": at, "runs": _RUNS}
    for statement in (_DATASETS, _JOBS):
        for identifier, written, text, written_at in await (await conn.execute(statement, asked)).fetchall():
            facets = _until(decode(text), at)
            told.setdefault(identifier, ([], []))[0 if written else 1].append(facets)
            if written_at is not None:
                writing = written_at, LIFECYCLE in facets
                latest_writing[identifier] = max(writing, latest_writing.get(identifier, writing))
    found = {node: {**_latest(read), **_latest(written)} for node, (written, read) in told.items()}
    for node, (_, tells) in latest_writing.items():
        if not tells:
            found[node].pop(LIFECYCLE, None)
    return found


async def causes(
    conn: Connection, told: Sequence[tuple[int, str, int]], since: datetime, at: datetime
) -> Mapping[tuple[int, str, int], Cause]:
    """By node, key of a facet, and its body: the first run between two times that told of it."""
    asked = {
        "ids": [node for node, _, _ in told],
        "keys": [key for _, key, _ in told],
        "bodies": [body for _, _, body in told],
        "since": since,
        "at": at,
        "scanned": _SCANNED,
    }
    rows = await (await conn.execute(_TOLD_BY, asked)).fetchall() if told else []
    found: dict[tuple[int, str, int], Cause] = {}
    for node, key, body, time, run in sorted(rows, key=lambda row: row[3]):
        found.setdefault((node, key, body), Cause(time, run))
    return found


def _until(facets: FacetMap, at: datetime) -> FacetMap:
    micros = _micros(at)
    return {key: facet for key, facet in facets.items() if facet.at <= micros}


def _latest(maps: Sequence[FacetMap]) -> FacetMap:
    return latest(*maps) if maps else {}


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
