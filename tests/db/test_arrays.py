from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from headwater.db.arrays import values
from headwater.db.pool import Pool


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("bigint", []),
        ("bigint", [None, 0, -1, (1 << 63) - 1, -(1 << 63)]),
        ("uuid", [UUID(int=7), None]),
        ("date", [date(2026, 2, 1), date(1970, 1, 1)]),
        ("bool", [True, False]),
    ],
)
async def test_values_arrive_as_they_were(pool: Pool, kind: str, column: list[Any]) -> None:
    async with pool.connection() as conn:
        row = await (await conn.execute(f"SELECT %s::{kind}[]".encode(), (values(column),))).fetchone()
    assert row == (column,)
