from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog.events import Window, list_events
from headwater.catalog.page import Page
from headwater.db.pool import Pool
from tests.build import dataset_event, job_event, run_event, store

_QUARTER = timedelta(minutes=15)
_MINUTES = st.integers(0, 180) | st.sampled_from([0, 15, 30, 45]) | st.floats(0, 180)
_TIMES = _MINUTES.map(lambda minutes: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@given(_TIMES, _TIMES)
def test_a_window_is_whole_quarters_of_an_hour_between_two_parts_of_one(after: datetime, before: datetime) -> None:
    first, last = Window(after, before).quarters()
    if first == last == before:
        return
    assert after <= first <= last <= before
    assert max(first - after, before - last) < _QUARTER
    assert {time.minute % 15 + time.second + time.microsecond for time in (first, last)} == {0}


@pytest.mark.parametrize("kind", ["START", "RUNNING", "OTHER", None])
async def test_each_is_counted_once(database: str, pool: Pool, kind: str | None) -> None:
    times = ["08:00:00", "08:00:01", "08:14:59.999999", "08:15:00", "08:40:00", "09:00:00", "09:07:00"]
    events = [run_event(kind, time, f"j{n}", f"r{n}") for n, time in enumerate(times)]
    await store(database, events)
    await store(database, events)
    edges = [datetime.fromisoformat(f"2026-03-01T{time}Z") for time in (*times, "07:59:00", "08:14:00", "08:30:00", "09:08:00")]
    async with pool.connection() as conn:
        for window in (Window(), *(Window(after, before) for after in edges for before in edges)):
            listed = await list_events(conn, window, Page())
            assert listed.totalCount == len(listed.events), window


async def test_events_come_back_as_they_were_sent(database: str, pool: Pool) -> None:
    odd = {"x": {"big": 12345678901234567890123, "small": 1e-400, "nul": "\0", "text": "\ud83d\ude00 ü", "null": None}}
    body = json.dumps({**run_event("START", "08:00", run_facets=odd), "extra": [1]}, indent=2).encode()
    await store(database, [body])
    async with pool.connection() as conn:
        listed = await list_events(conn, Window(), Page())
    assert [bytes(event) for event in listed.events] == [body]


async def test_only_run_events_are_listed_and_counted(database: str, pool: Pool) -> None:
    await store(database, [run_event("START", "08:00"), job_event("08:01", "j"), dataset_event("08:02", "d")])
    async with pool.connection() as conn:
        listed = await list_events(conn, Window(), Page())
    assert (listed.totalCount, len(listed.events)) == (1, 1)


async def test_a_window_without_an_end_has_the_last_microsecond_that_there_is(database: str, pool: Pool) -> None:
    await store(database, [run_event("START", "9999-12-31T23:59:59.999999Z")])
    async with pool.connection() as conn:
        for window in (Window(), Window(datetime(9999, 12, 31, 23, 50, tzinfo=UTC)), Window(datetime.max.replace(tzinfo=UTC))):
            listed = await list_events(conn, window, Page())
            assert (listed.totalCount, len(listed.events)) == (1, 1), window


async def test_windows_pages_and_directions(database: str, pool: Pool) -> None:
    await store(database, [run_event("RUNNING", f"2040-01-01T0{i}:00:00Z", f"j{i}", f"r{i}") for i in range(4)])
    window = Window(datetime(2040, 1, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, 3, tzinfo=UTC))
    async with pool.connection() as conn:
        newest = await list_events(conn, window, Page())
        oldest = await list_events(conn, Window(), Page(2, 1), newest_first=False)
    assert [json.loads(bytes(e))["job"]["name"] for e in newest.events] == ["j2", "j1"]
    assert [json.loads(bytes(e))["job"]["name"] for e in oldest.events] == ["j1", "j2"]
    assert (newest.totalCount, oldest.totalCount) == (2, 4)


async def test_events_of_a_namespace(database: str, pool: Pool) -> None:
    await store(database, [run_event("START", "08:00"), run_event("START", "08:01", "far", "far", namespace="s3://a/b")])
    async with pool.connection() as conn:
        listed = await list_events(conn, Window(), Page(), namespace="s3://a/b")
        nothing = await list_events(conn, Window(), Page(), namespace="shop/")
    assert ([json.loads(bytes(e))["job"]["name"] for e in listed.events], listed.totalCount) == (["far"], 1)
    assert (nothing.events, nothing.totalCount) == ([], 0)


async def test_events_of_a_namespace_that_no_index_holds(database: str, pool: Pool) -> None:
    names = ["n" * length for length in (256, 257, 10_000)]
    await store(database, [run_event("START", "08:00", namespace=name) for name in names])
    async with pool.connection() as conn:
        assert [(await list_events(conn, Window(), Page(), namespace=name)).totalCount for name in names] == [1, 1, 1]
