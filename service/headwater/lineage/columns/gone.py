"""Fields that are no more: whether there was one at a time, and which run told its dataset without it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import NamedTuple

import msgspec

from headwater.catalog import meaning
from headwater.catalog.datasets import load_datasets
from headwater.catalog.facets import FacetMap, decode, load_bodies, show
from headwater.db.pool import Connection
from headwater.errors import NotFound
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.nested import is_inside
from headwater.openlineage import facets as shapes
from headwater.openlineage.times import to_datetime

_MOST = 1_000  # writings of a dataset that are looked at, the latest; and fields that may be meant
_NEAR = 5
_LONGEST = 256  # characters of these
_NEVER_ENDING = datetime.max.replace(tzinfo=UTC)
# Readers may tell a part of the schema only: they are asked where no writer says anything.
_MEMBER = """
WITH member AS MATERIALIZED (
    SELECT dataset_id FROM datasets WHERE dataset_id = %(dataset)s
    UNION ALL
    SELECT dataset_id FROM datasets WHERE canonical_id = %(dataset)s AND canonical_id <> dataset_id
)
"""
_TOLD = f"""
{_MEMBER}
SELECT t.run_id, jsonb_strip_nulls(jsonb_build_object('schema', facets->'schema', 'columnLineage', facets->'columnLineage'))::text
FROM member m
CROSS JOIN LATERAL (
    (SELECT run_id, facets FROM run_io
     WHERE dataset_id = m.dataset_id AND output = %(written)s AND first_at <= %(at)s
     ORDER BY last_at DESC LIMIT %(most)s)
    UNION ALL
    (SELECT NULL, facets FROM dataset_versions
     WHERE dataset_id = m.dataset_id AND declared = %(written)s AND first_at <= %(at)s
     ORDER BY first_at DESC LIMIT %(most)s)
) t
"""
_LAST_NAMED = f"""
{_MEMBER}
SELECT max(l.last_at)
FROM (
    SELECT l.last_at
    FROM member m JOIN column_sets s ON s.input_dataset_id = m.dataset_id JOIN column_lineage l ON l.set_id = s.set_id
    WHERE s.input_field = %(field)s
    UNION ALL
    SELECT l.last_at
    FROM member m JOIN column_lineage l ON l.dataset_id = m.dataset_id JOIN column_sets s ON s.set_id = l.set_id
    WHERE s.output_field = %(field)s
) l
"""
_RUN = "SELECT run_uuid FROM runs WHERE run_id = %s LIMIT 1"


class _Telling(NamedTuple):
    at: datetime
    run_id: int | None
    key: str  # of the facet
    has: bool


async def was_there(conn: Connection, place: Place, then: Then) -> bool:
    """Whether a schema, or the column lineage of the dataset, had the field at that time; or since another one."""
    told = await _tellings(conn, place, then.at)
    if then.since is not None:
        return any(telling.has for telling in told if telling.at >= then.since)
    return any(telling.has for telling in {telling.key: telling for telling in told}.values())


async def not_found(conn: Connection, kind: str, name: str, place: Place) -> NotFound:
    """With since when it is gone, where that is known. Else with names like it."""
    if known := await _when_gone(conn, place):
        return NotFound(kind, name, more=f"{known}; asOf= an earlier time finds it.")
    known_fields = [field for dataset in await load_datasets(conn, [place.dataset_id]) for field in dataset.fields]
    fields = [field.name for field in known_fields[:_MOST] if len(field.name) <= _LONGEST]
    return NotFound(kind, name, near=await asyncio.to_thread(get_close_matches, place.field[:_LONGEST], fields, _NEAR))


async def _when_gone(conn: Connection, place: Place) -> str:
    told = await _tellings(conn, place, _NEVER_ENDING)
    last = max((telling for telling in told if telling.has), key=lambda telling: telling.at, default=None)
    end = next((t for t in told if last is not None and t.key == last.key and t.at > last.at), None)
    if end is not None:
        run = await (await conn.execute(_RUN, (end.run_id,))).fetchone()
        return f"It was there until {_time(end.at)}, when {f'run {run[0]}' if run else 'an event'} told of the dataset without it"
    row = await (await conn.execute(_LAST_NAMED, {"dataset": place.dataset_id, "field": place.field})).fetchone()
    return f"It was last told of at {_time(row[0])}" if row and row[0] else ""


async def _tellings(conn: Connection, place: Place, at: datetime) -> list[_Telling]:
    """The earliest first: those of writers, or where these never tell of the field, of readers."""
    told: list[_Telling] = []
    for written in (True, False):
        asked = {"dataset": place.dataset_id, "written": written, "at": at, "most": _MOST}
        rows = [(run, decode(text)) for run, text in await (await conn.execute(_TOLD, asked)).fetchall()]
        found = await _read(conn, rows, place.field)
        told = told or found
        if any(telling.has for telling in found):
            told = found
            break
    return sorted((telling for telling in told if telling.at <= at), key=lambda telling: telling.at)


async def _read(conn: Connection, rows: Sequence[tuple[int | None, FacetMap]], field: str) -> list[_Telling]:
    bodies = await load_bodies(conn, [facets for _, facets in rows])
    known: dict[tuple[str, int], bool] = {}
    told = []
    for run_id, facets in rows:
        for key, facet in facets.items():
            if (key, facet.body_id) not in known:
                known[key, facet.body_id] = _has(key, show({key: facet}, bodies).get(key), field)
            told.append(_Telling(to_datetime(facet.at), run_id, key, known[key, facet.body_id]))
    return told


def _has(key: str, body: msgspec.Raw | None, field: str) -> bool:
    """Itself, or a field inside of it."""
    names: Iterable[str]
    if key == "schema":
        names = meaning.field_types(body)
    else:
        lineage = shapes.read(shapes.ColumnLineage, body) if body is not None else None
        names = (lineage.fields if lineage is not None else None) or ()
    return any(name == field or is_inside(name, field) for name in names)


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
