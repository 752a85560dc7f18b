"""PostgreSQL array literals. psycopg's list adapters take 2–3 times as long, and a batch has tens of thousands of values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from headwater.ingest.changes import FacetMap

_encode = msgspec.json.Encoder().encode


def numbers(values: Iterable[int | None]) -> str:
    return "{" + ",".join(["null" if v is None else str(v) for v in values]) + "}"


def flags(values: Iterable[bool]) -> str:
    return "{" + ",".join(["t" if v else "f" for v in values]) + "}"


def plain(values: Iterable[object]) -> str:
    """Values whose text needs no quotes: UUIDs and dates; None is null."""
    return "{" + ",".join(["null" if v is None else str(v) for v in values]) + "}"


def months(values: Iterable[date]) -> str:
    return "{" + ",".join([v.isoformat() for v in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    return "{" + ",".join(["null" if v is None else _quote(v) for v in values]) + "}"


def facet_maps(values: Iterable[FacetMap]) -> str:
    return "{" + ",".join(['"{}"' if not v else _quote(_encode(v).decode()) for v in values]) + "}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
