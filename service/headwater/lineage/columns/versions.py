"""Column lineage of a version: what the run that wrote it said, then the same for each version that this run read.

This is the past as it was, whatever has been written since. A version that no run wrote has no lineage of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.versions import Reading, versions_read
from headwater.db.pool import Connection
from headwater.errors import NotFound
from headwater.lineage.columns.graph import Columns, Place, Shown
from headwater.lineage.node_ids import NodeKind, Resolved
from headwater.lineage.walk import walk
from headwater.openlineage import facets as shapes

# What runs wrote: the column lineage of each output, and what their jobs said explicitly, if they told it.
_WRITTEN = """
SELECT io.run_id, io.month, io.dataset_id, d.canonical_id, coalesce(r.started_at, r.first_at), lineage.body, explicit.body
FROM run_io io
JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
JOIN datasets d ON d.dataset_id = io.dataset_id
LEFT JOIN facet_bodies lineage ON lineage.body_id = (io.facets->'columnLineage'->>1)::bigint
LEFT JOIN facet_bodies explicit ON explicit.body_id = (r.job_facets->'lineage'->>1)::bigint
WHERE io.run_id = ANY(%(runs)s) AND io.output AND d.canonical_id = ANY(%(datasets)s)
"""
_INPUTS = """
SELECT io.run_id, io.month, io.dataset_id, d.canonical_id, (io.facets->'schema'->>1)::bigint
FROM run_io io JOIN datasets d ON d.dataset_id = io.dataset_id
WHERE io.run_id = ANY(%s) AND NOT io.output
"""
_SHOWN = """
SELECT c.dataset_id, n.name, c.name, v.version_id, b.body
FROM unnest(%(datasets)s::bigint[], %(versions)s::bigint[]) AS v (dataset_id, version_id)
JOIN datasets c ON c.dataset_id = v.dataset_id
JOIN namespaces n ON n.namespace_id = c.namespace_id
LEFT JOIN LATERAL (
    SELECT f.facets
    FROM (
        SELECT io.facets FROM run_io io JOIN datasets d ON d.dataset_id = io.dataset_id
        WHERE io.run_id = v.version_id AND io.output AND d.canonical_id = v.dataset_id
        UNION ALL
        SELECT dv.facets FROM dataset_versions dv JOIN datasets d ON d.dataset_id = dv.dataset_id
        WHERE dv.version_id = v.version_id AND d.canonical_id = v.dataset_id
    ) f
    LIMIT 1
) told ON true
LEFT JOIN facet_bodies b ON b.body_id = (told.facets->'schema'->>1)::bigint
"""
_RUN_OF_VERSION = """
SELECT run_id, month, version_id FROM runs
WHERE job_id = %s AND (streaming OR state IN ('COMPLETED', 'ABORTED', 'FAILED'))
ORDER BY first_at DESC, run_id
"""
_OUTPUTS = """
SELECT io.dataset_id, d.canonical_id,
       ARRAY(SELECT v.external_version FROM run_versions v
             WHERE v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
             ORDER BY v.first_at, v.external_version)
FROM run_io io JOIN datasets d ON d.dataset_id = io.dataset_id
WHERE io.run_id = %s AND io.month = %s AND io.output
"""
_EXISTS = """
SELECT EXISTS (SELECT FROM run_io io JOIN datasets d USING (dataset_id)
               WHERE io.run_id = %(version)s AND io.output AND d.canonical_id = %(dataset)s)
    OR EXISTS (SELECT FROM dataset_versions v JOIN datasets d USING (dataset_id)
               WHERE v.version_id = %(version)s AND d.canonical_id = %(dataset)s)
"""


class _Written(NamedTuple):
    run_id: int
    month: date
    dataset_id: int  # as the run names it
    canonical_id: int
    start: datetime
    lineage: str | None
    explicit: str | None


async def version_columns(conn: Connection, node: Resolved, node_id: str, depth: int) -> bytes:
    """JSON of the ``ColumnGraph`` of the version of a dataset, field or job that ``node`` names. Raises NotFound."""
    columns, start = Columns(), await _start(conn, node, node_id)

    async def hop(level: Sequence[Place]) -> list[Place]:
        return await _hop(conn, columns, level)

    await walk(hop, start, max(depth, 1))
    shown = await _shown(conn, {(d, v) for d, v in columns.datasets() if v is not None})
    return columns.encode(lambda place: shown.get((place.dataset_id, place.version)), versioned=True)


async def _start(conn: Connection, node: Resolved, node_id: str) -> list[Place]:
    assert node.version is not None
    if node.kind is NodeKind.JOB:
        return await _written_by(conn, node.id, node.version, node_id)
    asked = {"version": ids.version_of(node.version), "dataset": node.id}
    row = await (await conn.execute(_EXISTS, asked)).fetchone()
    if row is None or not row[0]:
        raise NotFound("Node", node_id)
    return [Place(node.id, node.field, node.version)]


async def _written_by(conn: Connection, job_id: int, version: UUID, node_id: str) -> list[Place]:
    for run_id, month, version_id in await (await conn.execute(_RUN_OF_VERSION, (job_id,))).fetchall():
        if ids.job_version_uuid(job_id, version_id) == version:
            rows = await (await conn.execute(_OUTPUTS, (run_id, month))).fetchall()
            return [
                Place(canonical, "", ids.dataset_version_uuid(run_id, dataset, external))
                for dataset, canonical, externals in rows
                for external in (externals[-1:] or [None])
            ]
    raise NotFound("Node", node_id)


async def _hop(conn: Connection, columns: Columns, level: Sequence[Place]) -> list[Place]:
    by_run: dict[tuple[int, int], list[Place]] = {}
    for place in level:
        if place.version is not None:
            by_run.setdefault((ids.version_of(place.version), place.dataset_id), []).append(place)
    asked = {"runs": [run for run, _ in by_run], "datasets": [dataset for _, dataset in by_run]}
    written = [_Written(*row) for row in await (await conn.execute(_WRITTEN, asked)).fetchall()]
    written = [w for w in written if (w.run_id, w.canonical_id) in by_run]
    read = await _read(conn, written)
    return [source for w in written for source in _derive(columns, w, by_run[w.run_id, w.canonical_id], read)]


async def _read(conn: Connection, written: Sequence[_Written]) -> dict[tuple[int, int], tuple[int, UUID | None]]:
    """What each run read, by its id and the dataset as it names it: the canonical dataset and its version."""
    starts = {w.run_id: w.start for w in written}
    rows = await (await conn.execute(_INPUTS, (list(starts),))).fetchall()
    readings = [Reading(run, month, dataset, canonical, schema, starts[run]) for run, month, dataset, canonical, schema in rows]
    found = await versions_read(conn, readings)
    return {
        (r.run_id, r.dataset_id): (r.canonical_id, next(iter(found.get((r.run_id, r.dataset_id), [])), None)) for r in readings
    }


def _told(written: _Written) -> shapes.ColumnLineage | None:
    """What is said explicitly goes before the facet."""
    if written.explicit is not None:
        lineage = shapes.read(shapes.JobLineage, msgspec.Raw(written.explicit.encode()))
        if lineage is not None and lineage.entries is not None:
            return _explicit(written.dataset_id, lineage.entries)
    return shapes.read(shapes.ColumnLineage, msgspec.Raw(written.lineage.encode())) if written.lineage is not None else None


def _explicit(dataset_id: int, entries: Iterable[shapes.LineageEntry]) -> shapes.ColumnLineage:
    """What they say of a dataset's columns, as a facet would."""
    own = [e for e in entries if e.type.upper() != "JOB" and (n := shapes.name_of(e)) and ids.dataset_id(*n) == dataset_id]
    fields: dict[str, shapes.OutputField] = {}
    for name, field in ((name, field) for entry in own for name, field in (entry.fields or {}).items()):
        known = fields.get(name, shapes.OutputField()).inputFields or []
        fields[name] = shapes.OutputField(inputFields=[*known, *_sources(field.inputs or [])])
    whole = [source for entry in own for source in _sources(entry.inputs or []) if source.field]
    return shapes.ColumnLineage(fields=fields, dataset=whole)


def _sources(told: Iterable[shapes.LineageInput]) -> list[shapes.InputField]:
    return [
        shapes.InputField(*name, field=source.field, transformations=source.transformations)
        for source in told
        if source.type.upper() != "JOB" and (name := shapes.name_of(source)) is not None
    ]


def _derive(
    columns: Columns, written: _Written, asked: Iterable[Place], read: dict[tuple[int, int], tuple[int, UUID | None]]
) -> list[Place]:
    facet = _told(written)
    if facet is None:
        return []
    met: list[Place] = []
    for place in asked:
        for field, output in (facet.fields or {}).items():
            if place.field in ("", field):
                old = shapes.Transformation(type=output.transformationType, description=output.transformationDescription)
                for source in output.inputFields or []:
                    told = source.transformations or ([old] if old.type or old.description else [])
                    met += _add(columns, place._replace(field=field), written.run_id, source, told, read)
        for source in facet.dataset or []:
            _add(columns, place._replace(field=""), written.run_id, source, source.transformations or [], read)
    return met


def _add(
    columns: Columns,
    output: Place,
    run_id: int,
    source: shapes.InputField,
    told: list[shapes.Transformation],
    read: dict[tuple[int, int], tuple[int, UUID | None]],
) -> list[Place]:
    dataset = ids.dataset_id(source.namespace, source.name)
    canonical, version = read.get((run_id, dataset), (dataset, None))
    place = Place(canonical, source.field or "", version)
    if version is None:
        return []  # not an input of this run
    columns.add(output, place, msgspec.json.encode(told).decode())
    return [place] if place.field else []


async def _shown(conn: Connection, wanted: set[tuple[int, UUID]]) -> dict[tuple[int, UUID | None], Shown]:
    versions = {(dataset, ids.version_of(version)): version for dataset, version in wanted}
    asked = {"datasets": [d for d, _ in versions], "versions": [v for _, v in versions]}
    shown: dict[tuple[int, UUID | None], Shown] = {}
    for dataset, namespace, name, version_id, schema in await (await conn.execute(_SHOWN, asked)).fetchall():
        version = versions[dataset, version_id]
        shown[dataset, version] = Shown(namespace, name, version, meaning.field_types(schema))
    return shown
