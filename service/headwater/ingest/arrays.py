"""Arrays of what a batch writes beside plain values."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

import msgspec
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.array import ListBinaryDumper

from headwater.db.arrays import literal
from headwater.ingest.changes import FacetMap

_encode = msgspec.json.Encoder().encode


class Bodies(list[bytes]):
    """An array of bytea, sent as it is: psycopg would write a plain list as text, twice as long."""


psycopg.adapters.register_dumper(Bodies, ListBinaryDumper)


class Maps(bytes):
    """An array of jsonb in PostgreSQL's binary form: as text all its quotes would be escaped, and read, twice."""


class _MapsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["jsonb"].array_oid

    def dump(self, obj: Maps) -> Buffer:
        return obj


psycopg.adapters.register_dumper(Maps, _MapsDumper)
_JSONB = psycopg.adapters.types["jsonb"].oid
_HEAD = Struct("!iiI")  # dimensions, whether there are nulls, type of the elements
_DIMENSION = Struct("!ii")  # elements, number of the first
_ELEMENT = Struct("!ib")  # bytes, of which the first is the version of the form


def texts(column: Iterable[str | None]) -> str:
    found = list(column)
    encoded = _encode(found)
    if b"\\" in encoded:  # may be an escape that PostgreSQL reads differently, such as \n
        return "{" + ",".join(["null" if v is None else _quote(v) for v in found]) + "}"
    return literal(encoded)


def facet_maps(column: Iterable[FacetMap]) -> Maps:
    encoded = [_encode(v) for v in column]
    parts = [_HEAD.pack(1, 0, _JSONB), _DIMENSION.pack(len(encoded), 1)] if encoded else [_HEAD.pack(0, 0, _JSONB)]
    for one in encoded:
        parts += (_ELEMENT.pack(len(one) + 1, 1), one)
    return Maps(b"".join(parts))


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
