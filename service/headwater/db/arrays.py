"""PostgreSQL array literals. psycopg's list adapters take many times as long, and there may be tens of thousands of values.

JSON's writing of a flat list is nearly PostgreSQL's: numbers, true, false, null and quoted text are the same, and of the
escapes ``\\"`` and ``\\\\``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import msgspec

_encode = msgspec.json.Encoder().encode


def values(column: Iterable[int | bool | UUID | date | None]) -> str:
    return literal(_encode(list(column)))


def literal(encoded: bytes) -> str:
    """Of a flat list as JSON."""
    return "{" + encoded[1:-1].decode() + "}"
