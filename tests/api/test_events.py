from __future__ import annotations

import httpx
import pytest

from tests.build import run_event, store


async def _jobs(client: httpx.AsyncClient, path: str) -> list[str]:
    answer = await client.get(f"/api/v1/events{path}")
    assert answer.status_code == 200, answer.text
    return [event["job"]["name"] for event in answer.json()["events"]]


@pytest.fixture
async def told(database: str) -> None:
    events = [run_event("START", f"08:0{n}", f"j{n}", f"r{n}", namespace=ns) for n, ns in enumerate(["shop", "a/b c", "shop"])]
    await store(database, events)


async def test_the_short_path_is_the_long_one(told: None, client: httpx.AsyncClient) -> None:
    query = "?limit=2&offset=1&sortDirection=asc&after=2026-03-01T08:00:00Z&before=2026-03-01T09:00:00Z"
    assert await _jobs(client, "") == await _jobs(client, "/") == await _jobs(client, "/lineage") == ["j2", "j1", "j0"]
    assert await _jobs(client, query) == await _jobs(client, f"/lineage{query}") == ["j1", "j2"]


async def test_events_of_a_namespace(told: None, client: httpx.AsyncClient) -> None:
    assert await _jobs(client, "/shop") == ["j2", "j0"]
    assert await _jobs(client, "/shop?limit=1&sortDirection=asc") == ["j0"]
    assert await _jobs(client, "/a%2Fb%20c/") == ["j1"]
    assert await _jobs(client, "/nope") == []


@pytest.mark.parametrize("path", ["", "/lineage", "/shop"])
async def test_a_wrong_parameter_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1/events{path}?sortDirection=up")
    assert answer.status_code == 400
