"""The calls of Marquez's web application, with the fields that it reads of each answer: it fails where they are absent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest

from headwater import demo
from tests.build import dataset_event, schema
from tests.serving import in_process

V1 = "/api/v1"
JOB_FIELDS = [
    "id",
    "name",
    "namespace",
    "type",
    "createdAt",
    "updatedAt",
    "latestRun",
    "location",
    "description",
    "parentJobName",
]
DATASET_FIELDS = ["id", "name", "namespace", "sourceName", "updatedAt", "createdAt", "type", "deleted", "description", "facets"]
FIELD_FIELDS = {"name", "type", "tags", "description"}


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database, tags={"PII": None, "SENSITIVE": None}) as client:
        events = demo.events(1, datetime(2026, 3, 4, 14, 40, tzinfo=UTC))
        answer = await client.post(f"{V1}/lineage/batch", content=json.dumps(events))
        assert answer.status_code == 204
        yield client


async def _asked(http: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await http.get(V1 + path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _has(told: Mapping[str, Any], *fields: str) -> None:
    assert set(fields) <= told.keys()


def _path(kind: str, thing: Mapping[str, Any]) -> str:
    return f"/namespaces/{quote(thing['namespace'], safe='')}/{kind}/{quote(thing['name'], safe='')}"


async def test_at_its_start(http: httpx.AsyncClient) -> None:
    for namespace in (await _asked(http, "/namespaces"))["namespaces"]:
        _has(namespace, "name", "isHidden")
    tags = (await _asked(http, "/tags"))["tags"]
    assert {"PII", "SENSITIVE"} <= {tag["name"] for tag in tags}
    _has(tags[0], "name", "description")


@pytest.mark.parametrize("period", ["DAY", "WEEK"])
async def test_the_dashboard(http: httpx.AsyncClient, period: str) -> None:
    asked = {"period": period, "timezone": "Europe/Berlin"}
    for metric in await _asked(http, "/stats/lineage-events", **asked):
        _has(metric, "startInterval", "endInterval", "fail", "start", "complete", "abort")
    for noun in ("jobs", "datasets", "sources"):
        metrics = await _asked(http, f"/stats/{noun}", **asked)
        assert metrics[-1]["count"] >= metrics[0]["count"]
        _has(metrics[0], "startInterval", "endInterval", "count")
    await _asked(http, "/jobs", limit=10, offset=0, lastRunStates="FAILED")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"])
async def test_the_days_of_a_week_are_named_by_their_date_in_utc(http: httpx.AsyncClient, zone: str) -> None:
    before = datetime.now(ZoneInfo(zone)).date()
    *_, today = await _asked(http, "/stats/lineage-events", period="WEEK", timezone=zone)
    assert datetime.fromisoformat(today["startInterval"]).astimezone(UTC).date() in {before, datetime.now(ZoneInfo(zone)).date()}


async def test_jobs(http: httpx.AsyncClient) -> None:
    found = await _asked(http, "/jobs", limit=20, offset=0)
    assert found["totalCount"] == len(found["jobs"]) + max(0, found["totalCount"] - 20)
    for job in found["jobs"]:
        _has(job, *JOB_FIELDS)
        assert isinstance(job["tags"], list)
        assert job["latestRuns"] is None or job["latestRuns"], "it takes the first of an empty list"
        for run in job["latestRuns"] or []:
            _has(run, "id", "state", "durationMs", "startedAt", "endedAt", "createdAt", "facets")


async def test_a_job(http: httpx.AsyncClient) -> None:
    job = (await _asked(http, "/jobs", limit=1))["jobs"][0]
    path = _path("jobs", job)
    assert (await _asked(http, path))["id"] == job["id"]
    runs = await _asked(http, f"{path}/runs", limit=14, offset=0)
    assert runs["totalCount"] >= len(runs["runs"]) > 0
    for kind in ("job", "run"):
        _has(await _asked(http, f"/jobs/runs/{runs['runs'][0]['id']}/facets", type=kind), "facets")
    assert (await http.post(f"{V1}{path}/tags/NIGHTLY")).json()["tags"] == ["NIGHTLY"]
    assert (await http.delete(f"{V1}{path}/tags/NIGHTLY")).json()["tags"] == []
    assert (await http.delete(V1 + path)).json()["name"] == job["name"]
    assert (await http.get(V1 + path)).json()["code"] == 404


async def test_datasets(http: httpx.AsyncClient) -> None:
    names = [n["name"] for n in (await _asked(http, "/namespaces"))["namespaces"]]
    lists = [await _asked(http, f"/namespaces/{quote(name, safe='')}/datasets", limit=20, offset=0) for name in names]
    datasets = [dataset for found in lists for dataset in found["datasets"]]
    assert len(datasets) == sum(found["totalCount"] for found in lists) > 10
    for dataset in datasets:
        _has(dataset, *DATASET_FIELDS)
        assert isinstance(dataset["tags"], list)
        assert all(field.keys() >= FIELD_FIELDS for field in dataset["fields"])
        assert dataset["columnLineage"] is None or dataset["columnLineage"][0]["name"]


async def test_a_dataset(http: httpx.AsyncClient) -> None:
    graph = (await _asked(http, "/search", q="orders", filter="DATASET"))["results"]
    path = _path("datasets", graph[0])
    dataset = await _asked(http, path)
    versions = await _asked(http, f"{path}/versions", limit=10, offset=0)
    assert versions["totalCount"] >= len(versions["versions"]) > 0
    for version in versions["versions"]:
        _has(version, "createdAt", "createdByRun", "lifecycleState", "facets")
        assert version["version"].count("-") == 4
        assert isinstance(version["fields"], list)
    field = dataset["fields"][0]["name"]
    for tagged in (f"{path}/tags/GOLD", f"{path}/fields/{quote(field, safe='')}/tags/GOLD"):
        assert (await http.post(V1 + tagged)).status_code == (await http.delete(V1 + tagged)).status_code == 200
    assert (await http.delete(V1 + path)).json()["name"] == dataset["name"]
    assert (await http.get(V1 + path)).status_code == 404


async def test_a_tag_that_events_give_a_field_can_be_taken_away(http: httpx.AsyncClient) -> None:
    tags = {"tags": {"tags": [{"key": "pii", "field": "email"}]}}
    told = dataset_event("08:00", "people", {**schema("email"), **tags})
    assert (await http.post(f"{V1}/lineage", json=told)).status_code == 201
    path = _path("datasets", told["dataset"])
    assert (await _asked(http, path))["fields"][0]["tags"] == ["pii"]
    for method in ("POST", "DELETE"):
        assert (await http.request(method, f"{V1}{path}/fields/email/tags/pii")).status_code == 200
    assert (await _asked(http, path))["fields"][0]["tags"] == []


async def test_events(http: httpx.AsyncClient) -> None:
    asked = {"limit": 50, "before": "2026-03-05T00:00:00.000Z", "after": "2026-03-04T00:00:00.000Z", "offset": 0}
    found = await _asked(http, "/events/lineage", **asked, sortDirection="desc")
    assert found["totalCount"] > len(found["events"]) == 50
    for event in found["events"]:
        _has(event, "eventType", "eventTime")
        _has(event["run"], "runId")
        _has(event["job"], "name", "namespace")


async def test_the_graphs(http: httpx.AsyncClient) -> None:
    result = (await _asked(http, "/search", q="daily_revenue", filter="DATASET", sort="UPDATE_AT", limit=100))["results"][0]
    _has(result, "type", "name", "namespace", "nodeId", "updatedAt")
    encoded = f"dataset:{quote(result['namespace'], safe='')}:{quote(result['name'], safe='')}"
    nodes = (await _asked(http, "/lineage", nodeId=encoded, depth=2))["graph"]
    ends = {node["id"] for node in nodes}
    for node in nodes:
        _has(
            node["data"],
            "name",
            "namespace",
            "type",
            "description",
            "updatedAt",
            "latestRun" if node["type"] == "JOB" else "fields",
        )
        assert all({edge["origin"], edge["destination"]} <= ends for edge in (*node["inEdges"], *node["outEdges"]))
    columns = (await _asked(http, "/column-lineage", nodeId=encoded, depth=2, withDownstream="true"))["graph"]
    ends = {node["id"] for node in columns}
    assert len(columns) > 2
    for node in columns:
        _has(node["data"], "namespace", "dataset", "field")
        assert all(edge["origin"] == node["id"] and edge["destination"] in ends for edge in node["outEdges"])
        assert all(edge["origin"] == node["id"] and edge["destination"] in ends for edge in node["inEdges"])
