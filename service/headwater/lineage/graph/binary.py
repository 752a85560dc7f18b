"""Arrays of numbers as PostgreSQL sends them in binary form: it and numpy both go through these at a few ns a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from psycopg.pq.abc import PGresult

_HEADER = 20  # bytes of an array of one dimension before its elements, each with its length before it
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])


def numbers(result: PGresult | None, column: int) -> NDArray[np.int64]:
    """A ``bigint[]`` without nulls, of the first row; null is an empty one."""
    value = result.get_value(0, column) if result is not None else None
    if value is None:
        return np.empty(0, np.int64)
    return np.frombuffer(value, _ELEMENT, offset=_HEADER)["value"].astype(np.int64)
