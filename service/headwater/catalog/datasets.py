"""Datasets and their versions. All names of one dataset (its symlinks) are shown as that dataset."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec

from headwater import ids
from headwater.catalog import meaning, versions
from headwater.catalog.columns import load_columns
from headwater.catalog.facets import Bodies, FacetMap, Shown, decode, latest, load_bodies, show
from headwater.catalog.names import ALL, Names, indexed_condition
from headwater.catalog.namespaces import require_namespace
from headwater.catalog.page import Page
from headwater.catalog.runs import RunKey, load_runs
from headwater.catalog.versions import Version
from headwater.db.pool import Connection
from headwater.entities.dataset import (
    ColumnLineage,
    Dataset,
    DatasetId,
    Datasets,
    DatasetVersion,
    DatasetVersions,
    Field,
    StreamDataset,
    StreamDatasetVersion,
)
from headwater.entities.run import Run
from headwater.errors import NotFound
from headwater.openlineage.facets import OWN_DATASET, OWN_MODIFIED
from headwater.openlineage.times import to_datetime

_FIND = """
SELECT c.dataset_id FROM datasets d JOIN datasets c ON c.dataset_id = d.canonical_id
WHERE d.dataset_id = %s AND NOT c.is_hidden
"""
_NAME = """
SELECT n.name, c.name FROM datasets d JOIN datasets c ON c.dataset_id = d.canonical_id
JOIN namespaces n ON n.namespace_id = c.namespace_id WHERE d.dataset_id = %s
"""
_CANONICAL = "SELECT dataset_id, canonical_id FROM datasets WHERE dataset_id = ANY(%s)"
_LISTED = "FROM datasets d WHERE d.namespace_id = %(namespace)s AND d.canonical_id = d.dataset_id AND NOT d.is_hidden"
_PAGE = """
SELECT (SELECT count(*) {listed}),
       ARRAY(SELECT d.dataset_id {listed}
             ORDER BY left(d.name, 256) COLLATE "C", d.dataset_id LIMIT %(limit)s OFFSET %(offset)s)
"""
_NAMES = f"""
SELECT member.canonical_id, member.dataset_id, n.name, member.name, member.first_at, member.last_at,
       (extract(epoch FROM member.written_at) * 1000000)::bigint, member.facets::text, member.read_facets::text,
       (SELECT json_agg(json_build_array(v.dataset_id, v.version_id, v.month, v.external_version, v.at, v.first_at, v.seen,
                                         v.facets, v.io_facets))
        FROM (
{versions.CURRENT}) v)::text
FROM (
    SELECT * FROM datasets WHERE dataset_id = ANY(%(ids)s)
    UNION ALL  -- with OR, each row would be looked for in the whole array
    SELECT * FROM datasets WHERE canonical_id = ANY(%(ids)s) AND canonical_id <> dataset_id
) member
JOIN namespaces n ON n.namespace_id = member.namespace_id
"""
_decode_versions = msgspec.json.Decoder(list[Version]).decode

LATEST = "latest"
"""Stands for the current version where a version is asked for."""

# What tells one version from another is shown as the current version has it; everything else as it was last told.
_VERSIONED = ("schema", meaning.LIFECYCLE, "version")


@dataclass(frozen=True, slots=True)
class _Name:
    """A row of ``datasets``: one name of a dataset."""

    canonical_id: int
    dataset_id: int
    namespace: str
    name: str
    first_at: datetime
    last_at: datetime
    written_at: int | None  # microseconds since 1970
    facets: str
    read_facets: str
    versions: str | None  # of which one may be the current one


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset with what is told under all of its names."""

    canonical_id: int
    members: list[int]
    id: DatasetId
    first_at: datetime
    last_at: datetime
    written_at: int | None
    written: FacetMap
    read: FacetMap
    current: Version | None

    @property
    def facets(self) -> FacetMap:
        """Those to show."""
        told = {**self.read, **self.written}
        if self.current is None or self.current.seen:
            return told
        told.pop(meaning.LIFECYCLE, None)
        told.pop("version", None)
        return {**told, **{key: self.current.facets[key] for key in _VERSIONED if key in self.current.facets}}

    @property
    def maps(self) -> Sequence[FacetMap]:
        """Those whose bodies it takes to show it."""
        return self.facets, self.written


async def find_dataset(conn: Connection, namespace: str, name: str) -> int:
    """Canonical id of the dataset with this name or alias. Raises NotFound, of its namespace if that is missing too."""
    row = await (await conn.execute(_FIND, (ids.dataset_id(namespace, name),))).fetchone()
    if row is None:
        await require_namespace(conn, namespace)
        raise NotFound("Dataset", name)
    return int(row[0])


async def find_hidden_dataset(conn: Connection, namespace: str, name: str) -> tuple[str, str]:
    """Namespace and name of the dataset with this name or alias, hidden or not. Raises NotFound."""
    row = await (await conn.execute(_NAME, (ids.dataset_id(namespace, name),))).fetchone()
    if row is None:
        raise NotFound("Dataset", name)
    return row[0], row[1]


async def get_dataset(conn: Connection, namespace: str, name: str) -> Dataset:
    """Raises NotFound."""
    return (await load_datasets(conn, [await find_dataset(conn, namespace, name)]))[0]


async def list_datasets(conn: Connection, namespace: str, page: Page, names: Names = ALL) -> Datasets:
    """Those of a namespace by name. Raises NotFound where there is no such namespace."""
    await require_namespace(conn, namespace)
    asked = {"namespace": ids.namespace_id(namespace), "limit": page.limit, "offset": page.offset, **names.parameters}
    row = await (await conn.execute(_PAGE.format(listed=_LISTED + indexed_condition("d", names)), asked)).fetchone()
    assert row is not None
    return Datasets(totalCount=row[0], datasets=await load_datasets(conn, row[1]))


async def load_datasets(conn: Connection, canonical_ids: Sequence[int]) -> list[Dataset]:
    """The datasets with these ids, in their order, by a constant number of statements."""
    known = await load_known(conn, canonical_ids)
    columns = await load_columns(conn, {dataset: told.members for dataset, told in known.items()})
    bodies = await load_bodies(conn, chain.from_iterable(told.maps for told in known.values()))
    return [shown_dataset(known[i], bodies, columns.get(i)) for i in canonical_ids if i in known]


async def get_dataset_version(conn: Connection, namespace: str, name: str, version: UUID) -> DatasetVersion:
    """Raises NotFound."""
    known = await get_known(conn, namespace, name)
    found = await versions.get_version(conn, known.members, version)
    return (await _load_versions(conn, known, [found]))[0]


async def list_dataset_versions(conn: Connection, namespace: str, name: str, page: Page) -> DatasetVersions:
    """Newest first. Raises NotFound."""
    known = await get_known(conn, namespace, name)
    total, found = await versions.list_versions(conn, known.members, page)
    return DatasetVersions(totalCount=total, versions=await _load_versions(conn, known, found))


async def named_version(conn: Connection, known: Known, told: str) -> Version | None:
    """The version that ``told`` names: our UUID, its external version, or ``latest``."""
    if told == LATEST:
        return known.current
    try:
        return await versions.get_version(conn, known.members, UUID(told))
    except (ValueError, NotFound):
        return await versions.find_version(conn, known.members, told)


async def get_known(conn: Connection, namespace: str, name: str) -> Known:
    """By its name or any of its symlinks. Raises NotFound."""
    dataset = await find_dataset(conn, namespace, name)
    return (await load_known(conn, [dataset]))[dataset]


async def load_known(conn: Connection, canonical_ids: Sequence[int]) -> dict[int, Known]:
    """By canonical id, in one statement."""
    names: dict[int, list[_Name]] = {}
    for row in await (await conn.execute(_NAMES, {"ids": list(canonical_ids)})).fetchall():
        name = _Name(*row)
        names.setdefault(name.canonical_id, []).append(name)
    return {dataset: _known(dataset, told) for dataset, told in names.items()}


async def load_schemas(conn: Connection, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Shown]:
    """The schema facet of each dataset, or none, by namespace and name; of hidden ones and aliases too."""
    asked = [ids.dataset_id(*name) for name in names]
    canonical: dict[int, int] = dict(await (await conn.execute(_CANONICAL, (asked,))).fetchall())
    known = await load_known(conn, list({*canonical.values()}))
    schemas = {i: {"schema": told.facets["schema"]} for i, told in known.items() if "schema" in told.facets}
    bodies = await load_bodies(conn, schemas.values())
    return {name: show(schemas.get(canonical[i], {}), bodies) for name, i in zip(names, asked, strict=True) if i in canonical}


def _known(dataset: int, names: list[_Name]) -> Known:
    names.sort(key=lambda name: name.dataset_id != dataset)
    return Known(
        canonical_id=dataset,
        members=[name.dataset_id for name in names],
        id=DatasetId(namespace=names[0].namespace, name=names[0].name),
        first_at=min(name.first_at for name in names),
        last_at=max(name.last_at for name in names),
        written_at=max((name.written_at for name in names if name.written_at is not None), default=None),
        written=latest(*(decode(name.facets) for name in names)),
        read=latest(*(decode(name.read_facets) for name in names)),
        current=versions.current(v for name in names for v in _decode_versions(name.versions or "[]")),
    )


def _is_dropped(known: Known, bodies: Bodies) -> bool:
    change = known.written.get(meaning.LIFECYCLE)
    if change is None or change.at != known.written_at:
        return False
    return meaning.lifecycle_state(show({meaning.LIFECYCLE: change}, bodies)).upper() == "DROP"


def shown_dataset(known: Known, bodies: Bodies, columns: list[ColumnLineage] | None = None) -> Dataset:
    facets, current = show(known.facets, bodies), known.current
    tags = meaning.tags_by_field(facets)
    told: dict[str, Any] = {
        "id": known.id,
        "type": meaning.dataset_type(facets),
        "name": known.id.name,
        "physicalName": meaning.physical_name(facets) or known.id.name,
        "createdAt": known.first_at,
        "updatedAt": known.last_at,
        "namespace": known.id.namespace,
        "sourceName": meaning.source_name(facets),
        "fields": meaning.fields(facets, tags),
        "tags": tags.get(None, []),
        "lastModifiedAt": to_datetime(modified.at) if (modified := known.written.get(OWN_MODIFIED)) else None,
        "lastLifecycleState": _lifecycle_state(facets, current.facets) if current else None,
        "description": meaning.description(facets),
        "currentVersion": current.uuid if current else None,
        "columnLineage": columns,
        "facets": meaning.public(facets),
        "deleted": _is_dropped(known, bodies),
        "owners": meaning.owners(facets),
    }
    if told["type"] == "STREAM":
        return StreamDataset(**told, schemaLocation=meaning.schema_location(facets))
    return Dataset(**told)


async def _load_versions(conn: Connection, known: Known, found: Sequence[Version]) -> list[DatasetVersion]:
    runs = await load_runs(conn, [RunKey(v.version_id, v.month) for v in found if v.month])
    told = {**known.read, **known.written}
    bodies = await load_bodies(conn, [told, *(v.facets for v in found)])
    return [_version(known, show(told, bodies), v, bodies, runs) for v in found]


def _version(known: Known, told: Shown, version: Version, bodies: Bodies, runs: Mapping[int, Run]) -> DatasetVersion:
    """What a version's own events leave open, but for its schema and state, is as the dataset has it."""
    own = show({**version.facets, **version.io_facets}, bodies)
    known_facets = {**told, **own}
    tags = meaning.tags_by_field(known_facets)
    fields = meaning.fields(own, tags)
    shown: dict[str, Any] = {
        "id": known.id,
        "type": meaning.dataset_type(known_facets),
        "name": known.id.name,
        "physicalName": meaning.physical_name(known_facets) or known.id.name,
        "createdAt": version.first_at,
        "version": version.uuid,
        "namespace": known.id.namespace,
        "sourceName": meaning.source_name(known_facets),
        "fields": fields,
        "tags": tags.get(None, []),
        "lifecycleState": _lifecycle_state(own, version.facets),
        "description": meaning.description(known_facets),
        "currentSchemaVersion": _schema_version(known.canonical_id, fields),
        "createdByRun": runs.get(version.version_id) if version.month else None,
        "facets": meaning.public(own),
        "externalVersion": version.external_version,
    }
    if shown["type"] == "STREAM":
        return StreamDatasetVersion(**shown, schemaLocation=meaning.schema_location(known_facets))
    return DatasetVersion(**shown)


def _lifecycle_state(told: Shown, version: FacetMap) -> str | None:
    """Of a version that somebody put, as in Marquez, null and not empty where nothing is told."""
    return meaning.lifecycle_state(told) or (None if OWN_DATASET in version else "")


def _schema_version(dataset: int, fields: Sequence[Field]) -> UUID:
    """One for each set of fields and types of a dataset, whatever their order."""
    content = "\n".join([str(dataset), *sorted(f"{field.name}:{field.type or ''}" for field in fields)])
    return ids.entity_uuid(ids.content_id(content.encode()))
