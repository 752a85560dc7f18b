"""Statistics: intervals out of a clock and a time zone, and what is counted in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from headwater.catalog import stats
from headwater.db.pool import Pool, connect
from headwater.entities.stats import IntervalMetric
from headwater.errors import Invalid
from headwater.ingest.apply import IdCollision
from headwater.ingest.commit import Memory, commit
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from tests.build import NAMESPACE, Event, Facets, dataset, dataset_event, job_event, run_event, run_uuid, store
from tests.ingest.orders import prepared
from tests.queries import recorded

NOON = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)
DAY = stats.bounds_of("DAY", None, NOON)
SHOWN = "%m-%dT%H:%M"


def _week(zone: str, now: datetime) -> list[str]:
    return [f"{bound.astimezone(UTC):{SHOWN}}" for bound in stats.bounds_of("WEEK", zone, now)]


# ---------------------------------------------------------------- intervals


@pytest.mark.parametrize("minutes", [0, 59])
def test_a_day_is_24_hours_with_the_present_one(minutes: int) -> None:
    bounds = stats.bounds_of("DAY", None, datetime(2026, 3, 1, 12, minutes, 59, 999999, tzinfo=UTC))
    assert (bounds[0], bounds[-1]) == (datetime(2026, 2, 28, 13, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC))
    assert {end - begin for begin, end in pairwise(bounds)} == {timedelta(hours=1)}
    assert len(bounds) == 25


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Nowhere/Atall", ""])
def test_a_day_is_of_utc(zone: str) -> None:
    assert stats.bounds_of("DAY", zone, NOON) == DAY


def test_the_clock_may_be_of_any_zone() -> None:
    kolkata = NOON.astimezone(ZoneInfo("Asia/Kolkata"))
    assert stats.bounds_of("DAY", None, kolkata) == DAY
    assert _week("Europe/Berlin", kolkata) == _week("Europe/Berlin", NOON)


@pytest.mark.parametrize(
    ("zone", "now", "bounds"),
    [
        ("UTC", NOON, [f"{day}T00:00" for day in ("02-23", "02-24", "02-25", "02-26", "02-27", "02-28", "03-01", "03-02")]),
        # Today is another day there than in UTC, and its days begin at half past six and at a quarter past.
        (
            "Asia/Kolkata",
            datetime(2026, 3, 1, 18, 30, tzinfo=UTC),
            [f"{day}T18:30" for day in ("02-23", "02-24", "02-25", "02-26", "02-27", "02-28", "03-01", "03-02")],
        ),
        (
            "Asia/Kathmandu",
            datetime(2026, 3, 1, 18, 14, 59, tzinfo=UTC),
            [f"{day}T18:15" for day in ("02-22", "02-23", "02-24", "02-25", "02-26", "02-27", "02-28", "03-01")],
        ),
        # Sunday the 29th of March has 23 hours, and Sunday the 25th of October 25.
        (
            "Europe/Berlin",
            datetime(2026, 3, 29, 12, tzinfo=UTC),
            [f"03-{day}T23:00" for day in range(22, 29)] + ["03-29T22:00"],
        ),
        (
            "Europe/Berlin",
            datetime(2026, 10, 26, 12, tzinfo=UTC),
            [f"10-{day}T22:00" for day in range(19, 25)] + ["10-25T23:00", "10-26T23:00"],
        ),
        (
            "America/New_York",
            datetime(2026, 3, 9, 3, 59, tzinfo=UTC),
            [f"03-{day:02}T05:00" for day in range(2, 9)] + ["03-09T04:00"],
        ),
        (
            "America/New_York",
            datetime(2026, 11, 2, 5, tzinfo=UTC),
            [f"10-{day}T04:00" for day in range(27, 32)] + ["11-01T04:00", "11-02T05:00", "11-03T05:00"],
        ),
    ],
)  # fmt: skip
def test_a_week_is_7_days_with_today(zone: str, now: datetime, bounds: Sequence[str]) -> None:
    assert _week(zone, now) == bounds


def test_a_day_whose_midnight_is_skipped_begins_when_it_is() -> None:
    assert _week("Africa/Cairo", datetime(2026, 4, 24, 12, tzinfo=UTC))[-2:] == ["04-23T22:00", "04-24T21:00"]


def test_a_day_with_two_midnights_begins_at_the_first() -> None:
    assert _week("America/Havana", datetime(2026, 11, 1, 12, tzinfo=UTC))[-2:] == ["11-01T04:00", "11-02T05:00"]


def test_a_day_that_was_left_out_is_empty() -> None:
    week = _week("Pacific/Apia", datetime(2011, 12, 31, 9, tzinfo=UTC))
    assert week[-4:] == ["12-29T10:00", "12-30T10:00", "12-30T10:00", "12-31T10:00"]


@pytest.mark.parametrize("zone", [None, ""])
def test_a_week_needs_a_zone(zone: str | None) -> None:
    with pytest.raises(Invalid, match="Timezone must be specified for period 'WEEK'"):
        stats.bounds_of("WEEK", zone, NOON)


@pytest.mark.parametrize(
    "zone", ["Nowhere/Atall", "Europe", "../etc/passwd", "/etc/localtime", "zone.tab", "\0", "é\ud800", "x" * 5000, "."]
)
def test_a_zone_must_be_known(zone: str) -> None:
    with pytest.raises(Invalid, match="Unknown timezone"):
        stats.bounds_of("WEEK", zone, NOON)


# ---------------------------------------------------------------- events


async def _events(pool: Pool, bounds: Sequence[datetime] = DAY) -> dict[str, tuple[int, int, int, int]]:
    """(fail, start, complete, abort) by the beginning of each interval that has any."""
    async with pool.connection() as conn:
        found = await stats.count_events(conn, bounds)
    assert [(m.startInterval, m.endInterval) for m in found] == list(pairwise(b.replace(tzinfo=UTC) for b in bounds))
    counts = {f"{m.startInterval:{SHOWN}}": (m.fail, m.start, m.complete, m.abort) for m in found}
    return {begin: each for begin, each in counts.items() if any(each)}


HISTORY = [
    run_event("START", "08:00", run="1"),
    run_event("start", "08:59:59.999999", run="2"),
    run_event("FAIL", "09:00", run="1"),
    run_event("COMPLETE", "09:59", run="2"),
    run_event("Abort", "12:59", run="3"),
    run_event("RUNNING", "12:00", run="3"),
    run_event("OTHER", "12:00", run="3"),
    run_event(None, "12:00", run="3"),
    job_event("12:00", "declared"),
    dataset_event("12:00", "declared"),
    run_event("START", "2026-02-28T13:00:00Z", run="4"),
    run_event("START", "2026-02-28T12:59:59.999999Z", run="too early"),
    run_event("START", "2026-03-01T13:00:00Z", run="too late"),
    run_event("START", "0001-01-01T00:00:00Z", run="first"),
    run_event("START", "9999-12-31T23:59:59.999999Z", run="last"),
]
COUNTED = {"02-28T13:00": (0, 1, 0, 0), "03-01T08:00": (0, 2, 0, 0), "03-01T09:00": (1, 0, 1, 0), "03-01T12:00": (0, 0, 0, 1)}


async def test_events_are_counted_by_their_own_time_and_type(database: str, pool: Pool) -> None:
    assert await _events(pool) == {}
    await store(database, HISTORY)
    assert await _events(pool) == COUNTED


async def test_an_event_counts_once_however_often_and_late_it_comes(database: str, pool: Pool) -> None:
    await store(database, HISTORY[::-1])
    await store(database, HISTORY)
    await store(database, [HISTORY[0], HISTORY[0], run_event("START", "07:59", run="late")])
    assert await _events(pool) == {**COUNTED, "03-01T07:00": (0, 1, 0, 0)}


async def test_what_many_connections_count_is_added_up(database: str, pool: Pool) -> None:
    one, other = await connect(database), await connect(database)
    try:
        for n, incoming in enumerate(prepared(HISTORY)):
            await commit((one, other)[n % 2], [incoming], Memory())
        shards = await (await one.execute("SELECT count(DISTINCT shard) FROM event_counts")).fetchone()
    finally:
        await one.close()
        await other.close()
    assert shards == (2,)
    assert await _events(pool) == COUNTED


async def test_a_batch_that_is_refused_counts_nothing(database: str, pool: Pool) -> None:
    await store(database, HISTORY)
    async with pool.connection() as conn:
        await conn.execute("UPDATE jobs SET name = 'another'")
    with pytest.raises(IdCollision):
        await store(database, [run_event("START", "10:00")])
    assert await _events(pool) == COUNTED


async def test_a_run_that_moves_is_not_counted_again(database: str, pool: Pool) -> None:
    parent: Facets = {"parent": {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": NAMESPACE, "name": "dag"}}}
    await store(database, HISTORY)
    await store(database, [run_event("COMPLETE", "10:00", run="1", run_facets=parent)])
    assert await _events(pool) == {**COUNTED, "03-01T10:00": (0, 0, 1, 0)}


async def test_a_replay_counts_the_same(database: str, pool: Pool) -> None:
    await store(database, HISTORY[:8])
    await store(database, HISTORY)
    async with pool.connection() as conn:
        before = await table_hashes(conn)
        await replay(database, lambda done, total: None)
        assert (await table_hashes(conn))["event_counts"] == before["event_counts"]
    assert await _events(pool) == COUNTED
    await store(database, [*HISTORY, run_event("START", "12:01", run="new")])
    assert await _events(pool) == {**COUNTED, "03-01T12:00": (0, 1, 0, 1)}


async def test_a_day_of_any_zone_is_a_sum_of_quarters(database: str, pool: Pool) -> None:
    await store(database, [run_event("START", f"{time}:59", run=time) for time in ("18:14", "18:15", "18:29", "18:30", "18:45")])
    now = datetime(2026, 3, 1, 20, tzinfo=UTC)
    kathmandu, kolkata = [stats.bounds_of("WEEK", zone, now) for zone in ("Asia/Kathmandu", "Asia/Kolkata")]
    assert await _events(pool, kathmandu) == {"03-01T00:00": (0, 1, 0, 0), "03-02T00:00": (0, 4, 0, 0)}
    assert await _events(pool, kolkata) == {"03-01T00:00": (0, 3, 0, 0), "03-02T00:00": (0, 2, 0, 0)}


# ---------------------------------------------------------------- totals


async def _totals(database: str, pool: Pool, noun: stats.Noun, events: Sequence[Event]) -> list[IntervalMetric]:
    await store(database, events)
    async with pool.connection() as conn:
        return await stats.count_nouns(conn, noun, DAY)


async def test_jobs_are_there_from_their_first_event(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", "2025-01-01T00:00:00Z", "old", "1"),
        run_event("COMPLETE", "10:30", "mine", "2"),
        run_event("COMPLETE", "09:00", "mine", "3"),
        job_event("12:59:59.999999", "declared"),
        job_event("13:00", "tomorrow's"),
    ]
    found = await _totals(database, pool, "jobs", events)
    assert [m.count for m in found] == [1] * 20 + [2] * 3 + [3]
    assert [(m.startInterval, m.endInterval) for m in found] == list(pairwise(DAY))
    async with pool.connection() as conn:
        await conn.execute("UPDATE jobs SET is_hidden = true")
        assert await stats.count_nouns(conn, "jobs", DAY) == found


async def test_a_job_with_two_names_is_one(database: str, pool: Pool) -> None:
    def parent(name: str) -> Facets:
        return {"parent": {"run": {"runId": str(run_uuid(name))}, "job": {"namespace": NAMESPACE, "name": name}}}

    events = [
        run_event("COMPLETE", "08:00", "dag", "dag"),
        run_event("COMPLETE", "08:00", "node", "node", run_facets=parent("dag")),
        run_event("COMPLETE", "08:00", "query", "query", run_facets=parent("node")),
    ]
    assert (await _totals(database, pool, "jobs", events))[-1].count == 3, "dag, dag.node, node.query"


async def test_a_dataset_is_there_from_the_first_event_that_has_any_of_its_names(database: str, pool: Pool) -> None:
    alias = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": "path"}]}}
    events = [
        run_event("COMPLETE", "09:00", run="1", inputs=["path"]),
        run_event("COMPLETE", "11:00", run="2", outputs=[dataset("table", alias), "other"]),
    ]
    found = await _totals(database, pool, "datasets", events)
    assert [m.count for m in found[-5:]] == [0, 1, 1, 2, 2]


async def test_a_source_is_its_name(database: str, pool: Pool) -> None:
    def source(time: str, name: str, uri: str) -> Event:
        return run_event("COMPLETE", time, run=time, outputs=[dataset("t", {"dataSource": {"name": name, "uri": uri}})])

    events = [source("11:00", "w", "pg://new"), source("10:00", "w", "pg://old"), source("12:00", "x", "pg://old")]
    found = await _totals(database, pool, "sources", events)
    assert [m.count for m in found[-4:]] == [0, 1, 1, 2]


@pytest.mark.parametrize("period", ["DAY", "WEEK"])
async def test_each_costs_one_statement(pool: Pool, period: stats.Period) -> None:
    bounds = stats.bounds_of(period, "Europe/Berlin", NOON)
    nouns: tuple[stats.Noun, ...] = ("jobs", "datasets", "sources")
    async with pool.connection() as conn:
        with recorded() as statements:
            await stats.count_events(conn, bounds)
            for noun in nouns:
                await stats.count_nouns(conn, noun, bounds)
    assert len(statements) == 4
