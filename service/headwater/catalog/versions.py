"""Dataset versions: which there are, which is current, which one a run read.

A version is what one run wrote (an output row of ``run_io``; one for each external version, if the run named any), what
a DatasetEvent declared, or what a reader saw. What was only seen counts while nothing better is known: no run that
completed wrote the dataset and no event declared it, or the reader names an external version that no run has written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from headwater import ids
from headwater.catalog.facets import FacetMap, decode
from headwater.catalog.page import Page, count
from headwater.db.pool import Connection
from headwater.errors import NotFound


def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


CURRENT = _sql("current_versions")
"""Rows of ``Version``, facets as JSON, for a row ``member`` of ``datasets``."""
CANDIDATES = _sql("versions_read")
"""Rows of ``Candidate`` for a row ``reading``."""
_PAGE = _sql("version_page")
_COUNT = _sql("version_count")
_ONE = _sql("version")
_NAMED = _sql("version_named")
_READ = f"""
SELECT reading.run_id, reading.dataset_id, c.*
FROM unnest(%(runs)s::bigint[], %(months)s::date[], %(datasets)s::bigint[], %(canonical)s::bigint[], %(schemas)s::bigint[],
            %(starts)s::timestamptz[]) AS reading (run_id, month, dataset_id, canonical_id, schema_id, start)
CROSS JOIN LATERAL (
{CANDIDATES}) c
"""


_NEWEST = """
SELECT v.*
FROM unnest(%(members)s::bigint[]) AS k (member)
CROSS JOIN LATERAL (
    SELECT io.dataset_id, io.run_id, io.month, x.external_version, io.last_at, coalesce(x.first_at, io.first_at), false,
           io.facets::text, io.io_facets::text
    FROM run_io io
    LEFT JOIN run_versions x ON x.run_id = io.run_id AND x.month = io.month AND x.dataset_id = io.dataset_id AND x.output
    WHERE io.dataset_id = k.member AND io.output AND io.last_at <= %(at)s
    ORDER BY io.last_at DESC, io.run_id DESC LIMIT %(most)s
) v
ORDER BY v.last_at DESC, v.run_id DESC
"""


class Version(msgspec.Struct, array_like=True, frozen=True):
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


class Candidate(msgspec.Struct, array_like=True, frozen=True):
    """A version that an input of a run may be."""

    named: bool  # by the run
    weight: int
    at: datetime
    member: int  # name under which it is kept
    version_id: int
    external_version: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """An input of a run, whose version is asked for. ``start`` is the time when the run began to read."""

    run_id: int
    month: date
    dataset_id: int
    canonical_id: int
    schema_id: int | None  # body of the schema facet that the reader saw
    start: datetime


def current(candidates: Iterable[Version]) -> Version | None:
    """The current one of a dataset, of what may be it under each of its names."""
    return max(candidates, key=lambda version: (not version.seen, version.at, version.version_id), default=None)


def read(candidates: Sequence[Candidate]) -> list[UUID]:
    """The versions that an input of a run is; more than one only where the run names several.

    Tried in this order: the external versions that the run names; what was current when it started; what it saw.
    """
    ranked = sorted(candidates, key=_rank)
    named = {candidate.external_version or "": candidate for candidate in ranked if candidate.named}  # the last of each
    found = [named[external] for external in sorted(named)] or ranked[-1:]
    return [ids.dataset_version_uuid(c.version_id, c.member, c.external_version or None) for c in found]


def _rank(candidate: Candidate) -> tuple[int, datetime, int, int, str]:
    return candidate.weight, candidate.at, candidate.version_id, candidate.member, candidate.external_version or ""


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


async def find_version(conn: Connection, members: Sequence[int], external: str) -> Version | None:
    """The likeliest of those that the storage calls so: a name may have been given twice, as by a run that failed."""
    external_id = ids.guessed_id("external_version", external)
    asked = {"members": list(members), "external_id": external_id, "external_version": external}
    row = await (await conn.execute(_NAMED, asked)).fetchone()
    return _version(row) if row else None


async def newest_written(conn: Connection, members: Sequence[int], most: int, at: datetime) -> list[Version]:
    """What runs wrote under some names by a time, at most so many versions of each name, newest first."""
    asked = {"members": list(members), "most": most, "at": at}
    return [_version(row) for row in await (await conn.execute(_NEWEST, asked)).fetchall()]


async def versions_read(conn: Connection, readings: Sequence[Reading]) -> dict[tuple[int, int], list[UUID]]:
    """As ``read`` has it, by run and dataset as named."""
    if not readings:
        return {}
    asked = {
        "runs": [reading.run_id for reading in readings],
        "months": [reading.month for reading in readings],
        "datasets": [reading.dataset_id for reading in readings],
        "canonical": [reading.canonical_id for reading in readings],
        "schemas": [reading.schema_id for reading in readings],
        "starts": [reading.start for reading in readings],
    }
    found: dict[tuple[int, int], list[Candidate]] = {}
    for run_id, dataset_id, *candidate in await (await conn.execute(_READ, asked)).fetchall():
        found.setdefault((run_id, dataset_id), []).append(Candidate(*candidate))
    return {key: read(candidates) for key, candidates in found.items()}


def _version(row: Sequence[Any]) -> Version:
    dataset_id, version_id, month, external, at, first_at, seen, facets, io_facets = row
    return Version(
        dataset_id, version_id, month, external, at, first_at, seen, facets=decode(facets), io_facets=decode(io_facets)
    )
