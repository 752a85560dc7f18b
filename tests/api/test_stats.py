from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.build import dataset, run_event, store

PATHS = ("lineage-events", "jobs", "datasets", "sources")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("period", "length", "step", "zone"),
    [("day", 24, timedelta(hours=1), "UTC"), ("WEEK", 7, timedelta(days=1), "Asia/Kolkata")],
)
async def test_intervals_follow_one_another(
    client: httpx.AsyncClient, path: str, period: str, length: int, step: timedelta, zone: str
) -> None:
    asked = datetime.now(ZoneInfo(zone))
    answer = await client.get(f"/api/v1/stats/{path}", params={"period": period, "timezone": "Asia/Kolkata"})
    found = answer.json()
    keys = {"fail", "start", "complete", "abort"} if path == "lineage-events" else {"count"}
    assert {frozenset(metric) for metric in found} == {frozenset({"startInterval", "endInterval", *keys})}
    assert all(end["startInterval"] == begin["endInterval"] for begin, end in pairwise(found))
    begins = [datetime.strptime(metric["startInterval"], "%Y-%m-%dT%H:%M:%S%z") for metric in found]
    assert {begin.minute for begin in begins} == {0}
    assert {end - begin for begin, end in pairwise(begins)} == {step}
    assert len(found) == length
    assert asked - step < begins[-1].replace(tzinfo=asked.tzinfo) <= datetime.now(asked.tzinfo)
    assert {metric[key] for metric in found for key in keys} == {0}


async def test_what_came_now_is_in_the_last_interval(database: str, client: httpx.AsyncClient) -> None:
    now = datetime.now(UTC).isoformat()
    source = {"dataSource": {"name": "s", "uri": "pg://s"}}
    await store(database, [run_event("FAIL", now, inputs=["a"], outputs=[dataset("b", source)])])
    found = {}
    for path in PATHS:
        (*_, before, last) = (await client.get(f"/api/v1/stats/{path}?period=WEEK&timezone=UTC")).json()
        found[path] = {key: before[key] + last[key] if path == "lineage-events" else last[key] for key in list(last)[2:]}
    assert found == {
        "lineage-events": {"fail": 1, "start": 0, "complete": 0, "abort": 0},
        "jobs": {"count": 1},
        "datasets": {"count": 2},
        "sources": {"count": 2},  # one is that of a, which tells none
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("", "Invalid period: query param period must not be null"),
        ("?period=", "Invalid period: query param period must be one of [DAY, WEEK]"),
        ("?period=YEAR&timezone=UTC", "Invalid period: query param period must be one of [DAY, WEEK]"),
        ("?period=week", "Timezone must be specified for period 'WEEK'"),
        ("?period=WEEK&timezone=", "Timezone must be specified for period 'WEEK'"),
        ("?period=WEEK&timezone=Nowhere/Atall", "Unknown timezone 'Nowhere/Atall'"),
        ("?period=WEEK&timezone=..%2Fetc%2Fpasswd", "Unknown timezone '../etc/passwd'"),
    ],
)
async def test_what_is_wrong_is_said(client: httpx.AsyncClient, path: str, parameters: str, message: str) -> None:
    answer = await client.get(f"/api/v1/stats/{path}{parameters}")
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["message"]) == (400, message)
