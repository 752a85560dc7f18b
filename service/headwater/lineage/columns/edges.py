"""Edges between columns, as they are now or were: a statement a hop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from headwater.catalog.columns import current_columns
from headwater.db.pool import Connection
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.nested import holders, is_inside
from headwater.lineage.sql import past_statement, statement


class Then(NamedTuple):
    """``since`` None: what held at that time; else all that was told between the two."""

    at: datetime
    since: datetime | None = None

    def asked(self) -> dict[str, datetime | None]:
        """Parameters of ``holding``."""
        return self._asdict()


def holding(then: Then | None) -> str:
    """Tables of a statement that has ``told``, rows of column_lineage: of the last, ``present``, those that hold; None: now."""
    return _NOW if then is None else _THEN


async def column_edges(
    conn: Connection,
    level: Sequence[Place],
    *,
    downstream: bool,
    then: Then | None = None,
    nested: bool = False,
    explicit: bool | None = None,
) -> list[tuple[Place, Place, str, int]]:
    """The edges that lead on from some places, in one statement: output, source, transformations as JSON text, and the job or
    dataset that says so. A place without a field stands for all of its dataset; ``nested``: one with a field also for the fields
    inside of it, and for those that it is inside of. ``explicit``: only what events declare (true), or what jobs tell of what
    they read and write (false)."""
    fields = [place for place in level if place.field]
    named = [(place.dataset_id, name) for place in fields for name in (place.field, *(holders(place.field) if nested else ()))]
    asked = {
        "datasets": [dataset for dataset, _ in named],
        "fields": [name for _, name in named],
        "structs": [place.dataset_id for place in fields] if nested else [],
        "inside": [place.field for place in fields] if nested else [],
        "whole": [place.dataset_id for place in level if not place.field],
        "explicit": explicit,
        **(then.asked() if then is not None else {}),
    }
    cursor = await conn.execute(_HOPS[downstream, then is None], asked)
    return [
        (Place(output, output_field), Place(source, source_field), told, owner)
        for output, output_field, source, source_field, told, owner in await cursor.fetchall()
    ]


async def is_told(conn: Connection, place: Place, *, downstream: bool, then: Then | None = None, nested: bool = False) -> bool:
    """Whether there is an edge of just this field in one direction; ``nested``: or of one inside of it."""
    return any(
        end == place or (nested and end.dataset_id == place.dataset_id and is_inside(end.field, place.field))
        for edge in await column_edges(conn, [place], downstream=downstream, then=then, nested=nested)
        for end in edge[:2]
    )


_NOW = f"present AS MATERIALIZED (\n{current_columns('told')})"
_THEN = past_statement("past_columns")
_HOPS = {
    (downstream, now): statement(f"columns_{way}").decode().replace("{holding}", _NOW if now else _THEN)
    for downstream, way in ((True, "downstream"), (False, "upstream"))
    for now in (True, False)
}
