"""The requests of Marquez's Java client, as it sends them, and the fields without which it cannot read an answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.build import dataset, run_event, schema
from tests.serving import in_process

HEADERS = {"accept": "application/json; charset=UTF-8", "user-agent": "marquez-java/0.51.1", "authorization": "Bearer a-key"}
NAMESPACE = "s3://lake/eu"
RUN = "2f1a0e8c-5d0a-4c38-9d8a-6a1b8a5a0001"
NEEDED = {
    "namespace": "name createdAt updatedAt ownerName isHidden",
    "source": "type name createdAt updatedAt connectionUrl",
    "dataset": "id type name physicalName createdAt updatedAt namespace sourceName fields tags",
    "dataset version": "id type name physicalName createdAt version sourceName fields tags",
    "job": "id type name simpleName createdAt updatedAt namespace inputs outputs",
    "job version": "id name createdAt version inputs outputs",
    "run": "id createdAt updatedAt state",
    "tag": "name",
    "event": "eventType eventTime run job inputs outputs producer",
    "search result": "type name updatedAt namespace nodeId",
    "node": "id type data inEdges outEdges",
    "node of a dataset": "id type name physicalName createdAt updatedAt namespace sourceName fields tags",
    "node of a job": "id type name simpleName createdAt updatedAt namespace inputs outputs",
    "node of a field": "namespace dataset field fieldType inputFields",
}
FIELDS = [{"name": "id", "type": "INT", "tags": [], "description": None}, {"name": "mail", "type": None, "tags": ["PII"]}]
TABLE = {"type": "DB_TABLE", "physicalName": "t", "sourceName": "pg", "fields": FIELDS, "tags": [], "description": None}


class Client:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(
        self, method: str, *path: str, body: Any = None, status: int = 200, query: Mapping[str, Any] | None = None
    ) -> Any:
        """The JSON of the answer: every answer has one."""
        url = "/api/v1/" + "/".join(quote(part, safe="") for part in path) + (f"?{urlencode(query)}" if query else "")
        typed = {} if body is None else {"content-type": "application/json; charset=UTF-8"}
        content = None if body is None else json.dumps(body)
        request = httpx.URL("http://headwater").copy_with(raw_path=url.encode())
        answer = await self._http.request(method, request, content=content, headers={**HEADERS, **typed})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def page(self, *path: str) -> list[Any]:
        found = (await self.call("GET", *path, query={"limit": 100, "offset": 0}))[path[-1]]
        assert found
        return list(found)


@pytest.fixture
async def client(database: str) -> AsyncIterator[Client]:
    async with in_process(database) as http:
        yield Client(http)


def _readable(kind: str, told: Mapping[str, Any]) -> None:
    assert [name for name in NEEDED[kind].split() if told.get(name) is None] == []


async def _made(client: Client) -> None:
    """A namespace with a source, two tables and a job: with all nulls, and with what is no longer looked at."""
    await client.call("PUT", "namespaces", NAMESPACE, body={"ownerName": "ada", "description": None})
    source = {"type": "POSTGRESQL", "connectionUrl": "jdbc:postgresql://db:5432/shop", "description": None}
    await client.call("PUT", "sources", "pg", body=source)
    for name in ("in/1", "out:1"):
        await client.call("PUT", "namespaces", NAMESPACE, "datasets", name, body={**TABLE, "runId": None})
    ends = {"inputs": [{"namespace": NAMESPACE, "name": "in/1"}], "outputs": [{"namespace": NAMESPACE, "name": "out:1"}]}
    job = {"type": "BATCH", **ends, "location": None, "context": {"SQL": "x"}, "description": None, "runId": None}
    await client.call("PUT", "namespaces", NAMESPACE, "jobs", "load", body=job)


async def test_namespaces_sources_and_tags(client: Client) -> None:
    await _made(client)
    assert await client.call("GET", "namespaces", NAMESPACE) in await client.page("namespaces")
    assert await client.call("GET", "sources", "pg") in await client.page("sources")
    assert await client.call("PUT", "tags", "GOLD", body={"description": None}) in await client.page("tags")
    for kind in ("namespace", "source", "tag"):
        for told in await client.page(f"{kind}s"):
            _readable(kind, told)


async def test_datasets_and_their_versions(client: Client) -> None:
    await _made(client)
    place = ("namespaces", NAMESPACE, "datasets")
    stream = {**TABLE, "type": "STREAM", "schemaLocation": "https://schemas/1", "runId": None}
    assert (await client.call("PUT", *place, "topic", body=stream))["schemaLocation"] == "https://schemas/1"
    for told in await client.page(*place):
        _readable("dataset", told)
        assert await client.call("GET", *place, told["name"]) == told
        for version in await client.page(*place, told["name"], "versions"):
            _readable("dataset version", version)
            assert await client.call("GET", *place, told["name"], "versions", version["version"]) == version
    _readable("dataset", await client.call("POST", *place, "in/1", "tags", "GOLD"))
    _readable("dataset", await client.call("DELETE", *place, "in/1", "tags", "GOLD"))
    _readable("dataset", await client.call("POST", *place, "in/1", "fields", "id", "tags", "KEY"))
    _readable("dataset", await client.call("DELETE", *place, "in/1", "fields", "id", "tags", "KEY"))


async def test_jobs_and_their_runs(client: Client) -> None:
    await _made(client)
    place = ("namespaces", NAMESPACE, "jobs")
    meta: dict[str, Any] = {"id": RUN, "nominalStartTime": "2026-01-01T00:00:00Z", "nominalEndTime": None, "args": {}}
    _readable("run", await client.call("POST", *place, "load", "runs", body=meta, status=201))
    for transition, state in (("start", "RUNNING"), ("complete", "COMPLETED")):
        told = await client.call("POST", "jobs", "runs", RUN, transition, query={"at": "2026-01-01T00:00:00.123456Z"})
        _readable("run", told)
        assert told["state"] == state
    assert await client.page(*place, "load", "runs") == [await client.call("GET", "jobs", "runs", RUN)]
    (job,) = await client.page(*place)
    _readable("job", job)
    assert await client.call("GET", *place, "load") == job
    for version in await client.page(*place, "load", "versions"):
        _readable("job version", version)
        assert await client.call("GET", *place, "load", "versions", version["version"]) == version


async def test_other_ends_of_a_run(client: Client) -> None:
    await _made(client)
    meta: dict[str, Any] = {"id": None, "nominalStartTime": None, "nominalEndTime": None, "args": None}
    for transition, state in (("fail", "FAILED"), ("abort", "ABORTED")):
        run = await client.call("POST", "namespaces", NAMESPACE, "jobs", "load", "runs", body=meta, status=201)
        told = await client.call("POST", "jobs", "runs", run["id"], transition)
        _readable("run", told)
        assert told["state"] == state


async def test_deletes(client: Client) -> None:
    await _made(client)
    _readable("job", await client.call("DELETE", "namespaces", NAMESPACE, "jobs", "load"))
    _readable("dataset", await client.call("DELETE", "namespaces", NAMESPACE, "datasets", "out:1"))
    _readable("namespace", await client.call("DELETE", "namespaces", NAMESPACE))


async def test_search_events_and_graphs(client: Client) -> None:
    fields = {"id": {"inputFields": [{"namespace": "db://shop", "name": "a", "field": "x"}]}}
    output = dataset("b", {**schema("id:INT"), "columnLineage": {"fields": fields}})
    event = run_event("COMPLETE", "08:00", inputs=[dataset("a", schema("x:INT"))], outputs=[output])
    await client.call("POST", "lineage", "batch", body=[event, {}])
    for narrowed in ({}, {"filter": "JOB", "sort": "NAME"}, {"filter": "DATASET", "sort": "UPDATE_AT"}):
        found = await client.call("GET", "search", query={"q": "a", "limit": 100, **narrowed})
        assert isinstance(found["totalCount"], int)
        for told in found["results"]:
            _readable("search result", told)
    window = {"sortDirection": "desc", "before": "2026-04-01T00:00+02:00", "after": "2026-01-01T00:00Z", "limit": 10}
    (shown,) = (await client.call("GET", "events", "lineage", query=window))["events"]
    _readable("event", shown)
    graph = (await client.call("GET", "lineage", query={"nodeId": "job:shop:load", "depth": 20}))["graph"]
    around = {"nodeId": "dataset:db://shop:b", "depth": 20, "withDownstream": "true"}
    columns = (await client.call("GET", "column-lineage", query=around))["graph"]
    assert (len(graph), len(columns)) == (3, 2)
    for node in (*graph, *columns):
        _readable("node", node)
        kind = {"DATASET": "dataset", "JOB": "job", "DATASET_FIELD": "field"}[node["type"]]
        _readable(f"node of a {kind}", node["data"])


async def test_a_fault_has_its_code_and_message(client: Client) -> None:
    told = await client.call("GET", "jobs", "runs", RUN, status=404)
    assert told == {"code": 404, "message": f"Run '{RUN}' not found."}
    assert (await client.call("PUT", "namespaces", NAMESPACE, body={}, status=400))["code"] == 400
