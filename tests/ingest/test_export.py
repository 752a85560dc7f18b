from __future__ import annotations

import json

import pytest
from tests.build import run_event, store

from headwater.db.pool import Pool
from headwater.ingest.export import export, line


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        (b'{"a" : 1.0e5, "b": "\\u00e9"}', b'{"a" : 1.0e5, "b": "\\u00e9"}\n'),
        (b' {"a": 1}\n', b'{"a": 1}\n'),
        (b'{\n  "a": 1.0e5,\r\n  "b": "\\u00e9  \\n"\n}', b'{"a":1.0e5,"b":"\\u00e9  \\n"}\n'),
        (b'{"a":\r1}', b'{"a":1}\n'),
    ],
)
def test_a_line(sent: bytes, written: bytes) -> None:
    assert line(sent) == written


async def test_more_events_than_are_fetched_at_once(database: str, pool: Pool) -> None:
    await store(database, [run_event("RUNNING", f"08:{n // 60:02}:{n % 60:02}") for n in reversed(range(1200))])
    async with pool.connection() as conn:
        times = [json.loads(line)["eventTime"] async for line in export(conn)]
    assert len(times) == 1200
    assert times == sorted(times)


async def test_the_last_microsecond_that_there_is(database: str, pool: Pool) -> None:
    await store(database, [run_event("START", "9999-12-31T23:59:59.999999Z")])
    async with pool.connection() as conn:
        assert len([line async for line in export(conn)]) == 1


async def test_an_empty_log(pool: Pool) -> None:
    async with pool.connection() as conn:
        assert [line async for line in export(conn)] == []
