"""Versions of datasets as those see them who ask what a model was made of: schema, rows, checksum, and whether it is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.facets import Facet, FacetMap, Shown, decode, load_bodies, show
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetId, Field
from headwater.entities.model import Checksum


class Use(NamedTuple):
    """An input of a run, and the version that it is; None: not known any more."""

    run_id: int
    dataset_id: int  # as the run names it
    canonical_id: int
    version: UUID | None


@dataclass(frozen=True, slots=True)
class Facts:
    id: DatasetId
    external_version: str | None
    created_at: datetime | None
    fields: list[Field]
    row_count: int | None
    checksum: Checksum | None
    gone: bool


# A dataset is dropped where the last event that wrote it said so.
_VERSIONS = """
SELECT v.dataset_id, n.name, c.name, c.is_hidden,
       CASE WHEN (c.facets->'lifecycleStateChange'->>0)::bigint = (extract(epoch FROM c.written_at) * 1000000)::bigint
            THEN (c.facets->'lifecycleStateChange'->>1)::bigint END,
       v.version_id, told.dataset_id, told.external_version, told.first_at, told.facets, told.io_facets
FROM unnest(%(datasets)s::bigint[], %(versions)s::bigint[]) AS v (dataset_id, version_id)
JOIN datasets c ON c.dataset_id = v.dataset_id
JOIN namespaces n ON n.namespace_id = c.namespace_id
LEFT JOIN LATERAL (
    SELECT v.dataset_id UNION ALL
    SELECT d.dataset_id FROM datasets d WHERE d.canonical_id = v.dataset_id AND d.canonical_id <> d.dataset_id
) member ON true
LEFT JOIN LATERAL (
    SELECT io.dataset_id, x.external_version, io.first_at, io.facets::text, io.io_facets::text
    FROM run_io io
    LEFT JOIN run_versions x ON x.run_id = io.run_id AND x.month = io.month AND x.dataset_id = io.dataset_id AND x.output
    WHERE io.run_id = v.version_id AND io.dataset_id = member.dataset_id AND io.output
    UNION ALL
    SELECT d.dataset_id, d.external_version, d.first_at, d.facets::text, NULL
    FROM dataset_versions d WHERE d.dataset_id = member.dataset_id AND d.version_id = v.version_id
) told ON true
"""
# Run by run: see lineage.runs.downstream.
_READ = """
SELECT io.run_id, io.dataset_id, io.facets::text, io.io_facets::text
FROM unnest(%s::bigint[]) AS asked (run_id) JOIN run_io io ON io.run_id = asked.run_id WHERE NOT io.output
"""
_KEYS = ("schema", "headwater_checksum", "dataQualityMetrics", "outputStatistics", "inputStatistics")


@dataclass(slots=True)
class _Told:
    id: DatasetId
    hidden: bool
    change: int | None  # body that says what became of the dataset last
    external_version: str | None = None
    first_at: datetime | None = None
    facets: FacetMap | None = None


async def load_facts(conn: Connection, uses: Collection[Use]) -> dict[tuple[int, UUID | None], Facts]:
    """By canonical dataset and version, in three statements. What the writer does not tell is as the first of ``uses`` saw it."""
    told = await _load_versions(conn, {(use.canonical_id, use.version) for use in uses})
    seen = await _load_seen(conn, {use.run_id for use in uses})
    facets: dict[tuple[int, UUID | None], FacetMap] = {}
    for use in uses:
        if (key := (use.canonical_id, use.version)) in told and key not in facets:
            facets[key] = {**seen.get((use.run_id, use.dataset_id), {}), **(told[key].facets or {})}
    bodies = await load_bodies(conn, [*facets.values(), *(_change(version.change) for version in told.values())])
    return {key: _facts(told[key], show(known, bodies), show(_change(told[key].change), bodies)) for key, known in facets.items()}


async def _load_versions(conn: Connection, wanted: Collection[tuple[int, UUID | None]]) -> dict[tuple[int, UUID | None], _Told]:
    if not wanted:
        return {}
    pairs = [(dataset, ids.version_of(version) if version else 0) for dataset, version in wanted]
    asked = {"datasets": [dataset for dataset, _ in pairs], "versions": [version for _, version in pairs]}
    found: dict[tuple[int, UUID | None], _Told] = {}
    for dataset, namespace, name, hidden, change, version_id, *told in await (await conn.execute(_VERSIONS, asked)).fetchall():
        member, external, first_at, facets, io_facets = told
        of = _Told(DatasetId(namespace=namespace, name=name), hidden, change)
        found.setdefault((dataset, None), of)
        if member is not None:
            of.external_version, of.first_at = external, first_at
            of.facets = {**_few(facets), **_few(io_facets)}
            found[dataset, ids.dataset_version_uuid(version_id, member, external)] = of
    return found


async def _load_seen(conn: Connection, run_ids: Collection[int]) -> dict[tuple[int, int], FacetMap]:
    """What readers tell of what they read, by run and dataset as named."""
    if not run_ids:
        return {}
    rows = await (await conn.execute(_READ, (list(run_ids),))).fetchall()
    return {(run_id, dataset): {**_few(facets), **_few(io_facets)} for run_id, dataset, facets, io_facets in rows}


def _few(facets: str | None) -> FacetMap:
    return {key: facet for key, facet in decode(facets).items() if key in _KEYS}


def _change(body_id: int | None) -> FacetMap:
    return {meaning.LIFECYCLE: Facet(0, body_id)} if body_id is not None else {}


def _facts(told: _Told, facets: Shown, change: Shown) -> Facts:
    return Facts(
        id=told.id,
        external_version=told.external_version,
        created_at=told.first_at,
        fields=meaning.fields(facets, {}),
        row_count=_row_count(facets),
        checksum=_checksum(facets),
        gone=told.hidden or meaning.lifecycle_state(change).upper() == "DROP",
    )


def _row_count(facets: Shown) -> int | None:
    for key in ("outputStatistics", "dataQualityMetrics", "inputStatistics"):
        rows = meaning.body(facets, key).get("rowCount")
        if isinstance(rows, int) and not isinstance(rows, bool):
            return rows
    return None


def _checksum(facets: Shown) -> Checksum | None:
    told = meaning.body(facets, "headwater_checksum")
    value = meaning.text(told, "value")
    return Checksum(algorithm=meaning.text(told, "algorithm"), value=value) if value else None
