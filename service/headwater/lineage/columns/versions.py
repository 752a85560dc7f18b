"""Column lineage of a version: what was said by the run that wrote it, then the same for each version that this run read.

This is the past as it was, whatever has been written since. A version that an event without a run declared has the lineage that
was declared with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import date, datetime
from functools import partial
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.version_columns import MEMBERS, VersionKey, load_version_columns
from headwater.catalog.versions import Reading, versions_read
from headwater.db.pool import Connection
from headwater.errors import NotFound
from headwater.lineage.columns.around import beside, is_more, walk_into
from headwater.lineage.columns.graph import Columns, Place, Shown
from headwater.lineage.node_ids import NodeKind, Resolved
from headwater.lineage.walk import Hop
from headwater.openlineage import facets as shapes

# What runs wrote, and the facet that tells its columns, if there is one; and what events without a run declared. Run by run: see
# runs.downstream.
_WRITTEN = f"""
SELECT io.run_id, io.month, d.canonical_id, coalesce(r.started_at, r.first_at), lineage.body,
       r.job_facets ? 'lineage' AND EXISTS (
           SELECT FROM column_lineage l WHERE l.dataset_id = io.dataset_id AND l.owner_id = r.job_id AND l.adds)
FROM (SELECT DISTINCT unnest(%(runs)s::bigint[]) AS run_id) asked
JOIN run_io io ON io.run_id = asked.run_id
JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
JOIN datasets d ON d.dataset_id = io.dataset_id
LEFT JOIN facet_bodies lineage ON lineage.body_id = (io.facets->'columnLineage'->>1)::bigint
WHERE io.output AND d.canonical_id = ANY(%(datasets)s)
UNION ALL
SELECT v.version_id, v.first_at::date, d.canonical_id, v.first_at, NULL, true
FROM unnest(%(runs)s::bigint[], %(datasets)s::bigint[]) AS a (version_id, canonical_id)
{MEMBERS}
JOIN dataset_versions v ON v.dataset_id = d.dataset_id AND v.version_id = a.version_id AND v.declared
"""
# What runs read, by their events; and what else the columns are said to come from.
_SOURCES = """
SELECT io.run_id, io.dataset_id, d.canonical_id, (io.facets->'schema'->>1)::bigint
FROM (SELECT DISTINCT unnest(%(runs)s::bigint[]) AS run_id) asked
JOIN run_io io ON io.run_id = asked.run_id
JOIN datasets d ON d.dataset_id = io.dataset_id
WHERE NOT io.output
UNION ALL
SELECT a.run_id, d.dataset_id, d.canonical_id, NULL
FROM unnest(%(telling)s::bigint[], %(named)s::bigint[]) AS a (run_id, dataset_id)
JOIN datasets d ON d.dataset_id = a.dataset_id
WHERE NOT EXISTS (SELECT FROM run_io io WHERE io.run_id = a.run_id AND io.dataset_id = a.dataset_id AND NOT io.output)
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
    """A version, by the run that wrote it; or one that was declared, by its own id."""

    run_id: int
    month: date
    canonical_id: int
    start: datetime
    facet: str | None
    explicit: bool


class _Edge(NamedTuple):
    """What is told of a column that a run wrote. ``dataset_id`` as events name it."""

    output: str
    dataset_id: int
    field: str
    transformations: str  # as JSON


_Version: TypeAlias = tuple[int, UUID | None]  # a canonical dataset, and its version
_Key: TypeAlias = tuple[int, int]  # a run, and a dataset


async def version_columns(conn: Connection, node: Resolved, node_id: str, depth: int, *, counted: bool = False) -> bytes:
    """JSON of the ``ColumnGraph`` of the version of a dataset, field or job that ``node`` names; ``counted``: of a
    ``ColumnsAround``. Raises NotFound."""
    columns, start = Columns(), await _start(conn, node, node_id)
    hop = partial(_into, conn)
    last = await walk_into(columns, hop, start, depth)
    told = await beside(conn, columns, start, None, more=await is_more(columns, hop, last)) if counted else {}
    shown = await _shown(conn, columns.datasets())
    return columns.encode(lambda place: shown.get((place.dataset_id, place.version)), versioned=True, beside=told)


def _into(conn: Connection, columns: Columns) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        return await _hop(conn, columns, level)

    return hop


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
    explicit = await _explicit(conn, [w for w in written if w.explicit])
    told = [
        (w, edge) for w in written for edge in (explicit.get((w.run_id, w.canonical_id), []) if w.explicit else _told(w.facet))
    ]
    read = await _read(conn, written, {(w.run_id, edge.dataset_id) for w, edge in told})
    found = []
    for w, edge in told:
        if source := read.get((w.run_id, edge.dataset_id)):
            dataset, version = source
            found += _add(columns, by_run[w.run_id, w.canonical_id], edge, Place(dataset, edge.field, version))
    return found


async def _explicit(conn: Connection, written: Sequence[_Written]) -> dict[_Key, list[_Edge]]:
    """By run and dataset what the run's job said explicitly."""
    told = await load_version_columns(conn, [VersionKey(w.run_id, w.month, w.canonical_id) for w in written])
    return {key: [_Edge(c.output, c.dataset_id, c.field, c.transformations) for c in columns] for key, columns in told.items()}


async def _read(conn: Connection, written: Sequence[_Written], named: Set[_Key]) -> dict[_Key, _Version]:
    """What each run read, by its id and the dataset as it names it; ``named`` may be told beside its inputs, and then is of no
    version where none is known."""
    runs = {w.run_id: w for w in written}
    asked = {"runs": list(runs), "telling": [run for run, _ in named], "named": [dataset for _, dataset in named]}
    inputs = {
        (run, dataset): Reading(run, runs[run].month, dataset, canonical, schema, runs[run].start)
        for run, dataset, canonical, schema in await (await conn.execute(_SOURCES, asked)).fetchall()
    }
    found = await versions_read(conn, list(inputs.values()))
    return {key: (reading.canonical_id, next(iter(found.get(key, [])), None)) for key, reading in inputs.items()}


def _told(facet: str | None) -> list[_Edge]:
    """By a columnLineage facet."""
    told = shapes.read(shapes.ColumnLineage, msgspec.Raw(facet.encode())) if facet is not None else None
    if told is None:
        return []
    edges = []
    for field, output in (told.fields or {}).items():
        old = shapes.Transformation(type=output.transformationType, description=output.transformationDescription)
        older = [old] if old.type or old.description else []
        edges += [_edge(field, source, source.transformations or older) for source in output.inputFields or []]
    return edges + [_edge("", source, source.transformations or []) for source in told.dataset or []]


def _edge(output: str, source: shapes.InputField, told: list[shapes.Transformation]) -> _Edge:
    dataset = ids.dataset_id(source.namespace, source.name)
    return _Edge(output, dataset, source.field or "", msgspec.json.encode(told).decode())


def _add(columns: Columns, asked: Iterable[Place], edge: _Edge, source: Place) -> list[Place]:
    """The source, where the walk goes on from it."""
    met = []
    for place in asked:
        if not edge.output or place.field in ("", edge.output):
            columns.add(place._replace(field=edge.output), source, edge.transformations)
            met += [source] if edge.output and source.field else []
    return met


async def _shown(conn: Connection, wanted: Iterable[_Version]) -> dict[_Version, Shown]:
    versions = {(dataset, ids.version_of(version) if version else None): version for dataset, version in wanted}
    asked = {"datasets": [d for d, _ in versions], "versions": [v for _, v in versions]}
    shown: dict[_Version, Shown] = {}
    for dataset, namespace, name, version_id, schema in await (await conn.execute(_SHOWN, asked)).fetchall():
        version = versions[dataset, version_id]
        shown[dataset, version] = Shown(namespace, name, version, meaning.field_types(schema))
    return shown
