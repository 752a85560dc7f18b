"""PostgreSQL array literals. psycopg's list adapters take many times as long, and a batch has tens of thousands of values.

JSON's writing of a flat list is nearly PostgreSQL's: numbers, true, false, null and quoted text are the same, and of the
escapes ``\\"`` and ``\\\\``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.array import ListBinaryDumper

from headwater.ingest.changes import FacetMap

_encode = msgspec.json.Encoder().encode


class Bodies(list[bytes]):
    """An array of bytea, sent as it is: psycopg would write a plain list as text, twice as long."""


psycopg.adapters.register_dumper(Bodies, ListBinaryDumper)


def values(column: Iterable[int | bool | UUID | date | None]) -> str:
    return _literal(_encode(list(column)))


def texts(column: Iterable[str | None]) -> str:
    found = list(column)
    encoded = _encode(found)
    if b"\\" in encoded:  # may be an escape that PostgreSQL reads differently, such as \n
        return "{" + ",".join(["null" if v is None else _quote(v) for v in found]) + "}"
    return _literal(encoded)


def facet_maps(column: Iterable[FacetMap]) -> str:
    # JSON text holds no control characters, so that quoting it once more makes no other escapes.
    return _literal(_encode([_encode(v).decode() for v in column]))


def _literal(encoded: bytes) -> str:
    return "{" + encoded[1:-1].decode() + "}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
