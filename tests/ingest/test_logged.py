from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tests.build import run_event, store

from headwater import ids
from headwater.db.pool import Pool
from headwater.ingest.logged import event_time, find


async def test_only_the_same_text_is_the_same_event(database: str, pool: Pool) -> None:
    body = json.dumps(run_event("START", "08:00")).encode()
    await store(database, [body])
    async with pool.connection() as conn:
        assert await find(conn, [body + b"\n", body.replace(b": ", b":"), b"no event", b"{}"]) == {ids.event_id(body)}
        assert await find(conn, []) == set()


@pytest.mark.parametrize(
    ("body", "time"),
    [
        (b'{"eventTime": "2026-03-01T10:00:00+02:00", "a": "\\u0000"}', datetime(2026, 3, 1, 8, tzinfo=UTC)),
        (b'{"eventTime": "now"}', None),
        (b'{"eventTime": 7}', None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_time_of_an_event(body: bytes, time: datetime | None) -> None:
    assert event_time(body) == time
