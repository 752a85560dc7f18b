"""Dataset versions: which there are, which is current, which one a run read.

A version is what one run wrote (an output row of ``run_io``; one for each external version, if the run named any), what
a DatasetEvent declared, or what a reader saw. What was only seen counts while nothing better is known: no run that
completed wrote the dataset and no event declared it, or the reader names an external version that no run has written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

from headwater import ids
from headwater.catalog.facets import FacetMap, decode
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.errors import NotFound


def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


_ALIASES = "SELECT dataset_id, canonical_id FROM datasets WHERE canonical_id = ANY(%s) AND canonical_id <> dataset_id"
_CURRENT = _sql("current_versions")
_PAGE = _sql("version_page")
_COUNT = _sql("version_count")
_ONE = _sql("version")
_READ = _sql("versions_read")


@dataclass(frozen=True, slots=True)
class Version:
    """``month`` is that of the run that wrote it; None: no run did, and ``version_id`` is not a run's."""

    dataset_id: int  # as the events name it
    version_id: int
    month: date | None
    external_version: str | None
    at: datetime  # when it came to be, for telling which is newest
    first_at: datetime
    seen: bool  # by readers only
    facets: FacetMap
    io_facets: FacetMap

    @property
    def uuid(self) -> UUID:
        return ids.dataset_version_uuid(self.version_id, self.dataset_id, self.external_version)


@dataclass(frozen=True, slots=True)
class Reading:
    """An input of a run, whose version is asked for. ``start`` is the time when the run began to read."""

    run_id: int
    month: date
    dataset_id: int
    canonical_id: int
    schema_id: int | None  # body of the schema facet that the reader saw
    start: datetime


async def load_members(conn: Connection, canonical_ids: Iterable[int]) -> dict[int, list[int]]:
    """The names of each dataset: itself first, then its aliases."""
    members = {canonical_id: [canonical_id] for canonical_id in canonical_ids}
    if members:
        for dataset_id, canonical_id in await (await conn.execute(_ALIASES, (list(members),))).fetchall():
            members[canonical_id].append(dataset_id)
    return members


async def current_versions(conn: Connection, members: Mapping[int, Sequence[int]]) -> dict[int, Version]:
    """The current version of each dataset that has one, by canonical id."""
    canonical = {member: dataset for dataset, names in members.items() for member in names}
    rows = await (await conn.execute(_CURRENT, (list(canonical),))).fetchall()
    best: dict[int, tuple[tuple[Any, ...], Version]] = {}
    for row in rows:
        version = _version(row)
        rank = (not version.seen, version.at, version.version_id)
        dataset = canonical[version.dataset_id]
        if dataset not in best or rank > best[dataset][0]:
            best[dataset] = rank, version
    return {dataset: version for dataset, (_, version) in best.items()}


async def list_versions(conn: Connection, members: Sequence[int], page: Page) -> tuple[int, list[Version]]:
    """How many versions the dataset with these names has, and those of the page, newest first."""
    asked = {"members": list(members), "limit": page.limit, "offset": page.offset, "end": page.limit + page.offset}
    rows = await (await conn.execute(_PAGE, asked)).fetchall()
    return await count(conn, _COUNT, asked), [_version(row) for row in rows]


async def get_version(conn: Connection, members: Sequence[int], uuid: UUID) -> Version:
    """Raises NotFound where the dataset with these names has no such version."""
    asked = {"members": list(members), "version_id": ids.version_of(uuid)}
    for row in await (await conn.execute(_ONE, asked)).fetchall():
        version = _version(row)
        if version.uuid == uuid:
            return version
    raise NotFound("Dataset version", str(uuid))


async def versions_read(conn: Connection, readings: Sequence[Reading]) -> dict[tuple[int, int], list[UUID]]:
    """The versions that runs read, by run and dataset as named: more than one only where the run names several.

    Tried in this order: the external versions that the run names; what was current when it started; what it saw.
    """
    if not readings:
        return {}
    members = await load_members(conn, {reading.canonical_id for reading in readings})
    pairs = [(reading, member) for reading in readings for member in members[reading.canonical_id]]
    asked = {
        "runs": [reading.run_id for reading, _ in pairs],
        "months": [reading.month for reading, _ in pairs],
        "datasets": [reading.dataset_id for reading, _ in pairs],
        "members": [member for _, member in pairs],
        "schemas": [reading.schema_id for reading, _ in pairs],
        "starts": [reading.start for reading, _ in pairs],
    }
    rows = await (await conn.execute(_READ, asked)).fetchall()
    return {key: _read(found) for key, found in _grouped(rows).items()}


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, int], list[tuple[Any, ...]]]:
    grouped: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for run_id, dataset_id, *candidate in rows:
        grouped.setdefault((run_id, dataset_id), []).append(tuple(candidate))
    return grouped


def _read(candidates: list[tuple[Any, ...]]) -> list[UUID]:
    """The best of the candidates (named, weight, at, member, version_id, external); one for each version named."""
    best: dict[str | None, tuple[Any, ...]] = {}
    named = any(candidate[0] for candidate in candidates)
    for is_named, weight, at, member, version_id, external in candidates:
        if is_named == named:
            key = external if named else None
            best[key] = max(best.get(key, ()), (weight, at, version_id, member, external or ""))
    return [
        ids.dataset_version_uuid(version_id, member, external or None)
        for _, (_, _, version_id, member, external) in sorted(best.items(), key=lambda item: item[0] or "")
    ]


def _version(row: Sequence[Any]) -> Version:
    dataset_id, version_id, month, external, at, first_at, seen, facets, io_facets = row
    return Version(
        dataset_id, version_id, month, external, at, first_at, seen, facets=decode(facets), io_facets=decode(io_facets)
    )
