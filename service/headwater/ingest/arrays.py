"""Array literals of what a batch writes beside plain values."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import psycopg
from psycopg.types.array import ListBinaryDumper

from headwater.db.arrays import literal
from headwater.ingest.changes import FacetMap

_encode = msgspec.json.Encoder().encode


class Bodies(list[bytes]):
    """An array of bytea, sent as it is: psycopg would write a plain list as text, twice as long."""


psycopg.adapters.register_dumper(Bodies, ListBinaryDumper)


def texts(column: Iterable[str | None]) -> str:
    found = list(column)
    encoded = _encode(found)
    if b"\\" in encoded:  # may be an escape that PostgreSQL reads differently, such as \n
        return "{" + ",".join(["null" if v is None else _quote(v) for v in found]) + "}"
    return literal(encoded)


def facet_maps(column: Iterable[FacetMap]) -> str:
    # JSON text holds no control characters, so that quoting it once more makes no other escapes.
    return literal(_encode([_encode(v).decode() for v in column]))


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
