"""Facet maps as they are stored (see ``db.tables``), made into what is shown: key → raw JSON body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from headwater.db.pool import Connection
from headwater.openlineage.facets import is_deleted


class Facet(msgspec.Struct, array_like=True, frozen=True):
    """Where a facet's body is: here, or in ``facet_bodies``."""

    at: int  # event time, microseconds since 1970
    body_id: int
    text: str | None = None


FacetMap: TypeAlias = Mapping[str, Facet]
Bodies: TypeAlias = Mapping[int, msgspec.Raw]
Shown: TypeAlias = dict[str, msgspec.Raw]

_decode = msgspec.json.Decoder(dict[str, Facet]).decode

BODIES = "SELECT body_id, body FROM facet_bodies WHERE body_id = ANY(%s)"


def decode(text: str | None) -> FacetMap:
    """The map in a facets column, which statements read as text."""
    return _decode(text) if text else {}


def latest(*maps: FacetMap) -> FacetMap:
    """Their union; of a key that several have, the one with the greatest event time."""
    if len(maps) == 1:
        return maps[0]
    united: dict[str, Facet] = {}
    for facets in maps:
        for key, facet in facets.items():
            known = united.get(key)
            if known is None or (facet.at, facet.body_id) > (known.at, known.body_id):
                united[key] = facet
    return united


async def load_bodies(conn: Connection, maps: Iterable[FacetMap]) -> Bodies:
    """Every body that ``maps`` refer to, in one statement; none when all are inline."""
    wanted = {facet.body_id for facets in maps for facet in facets.values() if facet.text is None}
    if not wanted:
        return {}
    rows = await (await conn.execute(BODIES, (list(wanted),))).fetchall()
    return {body_id: msgspec.Raw(body.encode()) for body_id, body in rows}


def show(facets: FacetMap, bodies: Bodies) -> Shown:
    """The bodies by key, without those that say that they are deleted."""
    shown: Shown = {}
    for key, facet in facets.items():
        body = msgspec.Raw(facet.text.encode()) if facet.text is not None else bodies.get(facet.body_id)
        if body is not None and not (b'"_deleted"' in bytes(body) and is_deleted(body)):
            shown[key] = body
    return shown
