from __future__ import annotations

import httpx
import pytest

from tests.build import dataset, run_event, store


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/namespaces?limit=-1", "query param limit must be greater than or equal to 0"),
        ("/namespaces?offset=-1", "query param offset must be greater than or equal to 0"),
        ("/jobs?limit=ten", "query param limit must be a whole number"),
        ("/jobs?limit=NaN", "query param limit must be a whole number"),
        ("/jobs?lastRunStates=ASLEEP", "query param lastRunStates must be one of"),
        ("/namespaces/x/datasets?limit=1.5", "query param limit must be a whole number"),
        ("/search", "query param q must not be null"),
        ("/search?q=%20", "query param q must not be blank"),
        ("/search?q=a&filter=NOPE", "query param filter must be one of [DATASET, JOB]"),
        ("/search?q=a&sort=size", "query param sort must be one of [NAME, UPDATED_AT]"),
        ("/search?q=a&before=soon", "query param before must be a day, such as 2026-01-31"),
        ("/search?q=a&after=1700000001", "query param after must be a day, such as 2026-01-31"),
        ("/events/lineage?before=yesterday", "query param before must be a time with its offset"),
        ("/events/lineage?after=2026-01-01T00:00:00", "query param after must be a time with its offset"),
        ("/events/lineage?sortDirection=up", "query param sortDirection must be one of [DESC, ASC]"),
        ("/jobs/runs/00000000-0000-0000-0000-000000000000/facets", "query param type must not be null"),
        ("/stats/jobs", "Invalid period: query param period must not be null"),
        ("/stats/lineage-events?period=MONTH", "Invalid period: query param period must be one of [DAY, WEEK]"),
    ],
)
async def test_what_is_wrong_is_said(client: httpx.AsyncClient, path: str, message: str) -> None:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"] == 400
    assert message in body["message"]
    assert [e for e in body["errors"] if message in e]


@pytest.mark.parametrize(
    "path",
    [
        "/jobs?limit=99999999999999999999999&offset=99999999999999999999",
        "/jobs?limit=0",
        "/jobs?lastRunStates=running&lastRunStates=New",
        "/search?q=a&filter=job&sort=UPDATE_AT&limit=99999999999999999999",
        "/search?q=%00&sort=updated-at&before=2026-01-01&after=2025-01-01",
        "/events/lineage?before=2026-01-31T08:30:00.000Z&after=2026-01-31T08:30:00+01:00&sortDirection=Asc",
        "/events/lineage?before=0001-01-01T00:00:00%2B14:00&after=9999-12-31T23:59:59-14:00",
        "/namespaces?unknown=1",
        "/stats/jobs?period=day",
        "/stats/lineage-events?period=Week&timezone=Asia/Calcutta",
        "/stats/sources?period=DAY&timezone=Etc/Unknown",
    ],
)
async def test_what_marquez_takes_is_taken(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("noun", ["jobs", "datasets"])
async def test_the_advanced_search(client: httpx.AsyncClient, noun: str) -> None:
    path = f"/api/v2beta/search/{noun}"
    for asked in ("?q=a", "/?q=a", "?q=%00%27&limit=0", "?q=%", "?q=a&limit=99999999999999999999"):
        answer = await client.get(path + asked)
        assert (answer.status_code, answer.json()) == (200, {"hits": [], "highlights": []})
    for asked, message in (("", "q must not be null"), ("?q=%20%09", "q must not be blank"), ("?q=a&limit=-1", "limit must be")):
        answer = await client.get(path + asked)
        assert answer.status_code == 400
        assert f"query param {message}" in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/namespaces/nope", "Namespace 'nope' not found."),
        ("/namespaces/a%2Fb%25", "Namespace 'a/b%' not found."),
        ("/namespaces/nope/datasets", "Namespace 'nope' not found."),
        ("/namespaces/default/datasets/nope", "Dataset 'nope' not found."),
        ("/namespaces/default/jobs/nope", "Job 'nope' not found."),
        ("/namespaces/default/jobs/nope/runs", "Job 'nope' not found."),
        ("/sources/nope", "Source 'nope' not found."),
        ("/jobs/runs/nope", "Run 'nope' not found."),
        ("/nope", "HTTP 404 Not Found"),
    ],
)
async def test_what_is_missing_is_named(client: httpx.AsyncClient, path: str, message: str) -> None:
    answer = await client.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "message": message})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v1/search", "GET"),
        ("PATCH", "/api/v1/namespaces/a/jobs/b", "DELETE, GET, PUT"),
        ("PUT", "/api/v1/impact", "GET, POST"),
        ("DELETE", "/docs", "GET, HEAD"),
    ],
)
async def test_another_method_is_refused_and_told_which_there_are(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["message"] == "HTTP 405 Method Not Allowed"


@pytest.mark.parametrize(
    "path", ["namespaces", "sources", "tags", "jobs", "namespaces/zoo/jobs", "namespaces/db%3A%2F%2Fshop/datasets"]
)
async def test_lists_are_narrowed_by_name(client: httpx.AsyncClient, database: str, path: str) -> None:
    facets = {"dataSource": {"name": "source", "uri": "s3://x"}, "tags": {"tags": [{"key": "tag"}]}}
    await store(database, [run_event("COMPLETE", "08:00", namespace="zoo", outputs=[dataset("orders", facets)])])
    list_ = (await client.get(f"/api/v1/{path}")).json()
    (noun,) = set(list_) - {"totalCount"}
    name = list_[noun][-1]["name"]
    for query in ({"prefix": name[:2]}, {"q": name[1:].upper()}, {"prefix": name, "q": name}):
        found = (await client.get(f"/api/v1/{path}", params=query)).json()
        assert (found["totalCount"], [thing["name"] for thing in found[noun]]) == (1, [name])
    for query in ({"prefix": "\0"}, {"q": "\0"}, {"prefix": name[1:]}):
        assert (await client.get(f"/api/v1/{path}", params=query)).json() == {"totalCount": 0, noun: []}
