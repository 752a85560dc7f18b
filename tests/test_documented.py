"""Whatever is asked, in the ways that the OpenAPI document allows and in others, is answered as the document says: of a service
that has the demo's data, half of the time by names that are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from headwater import demo
from headwater.api.app import create_app
from headwater.settings import Settings
from tests.conftest import Server, cloned, served

_EXAMPLES = 20  # of each call: all of them take less than a minute on two quiet cores
_MODES = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
_ORDER = ("get", "post", "put", "delete")  # so that names are there while they are read
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _operations() -> dict[str, Any]:
    document = schemathesis.openapi.from_dict(create_app(Settings(), "postgresql://").openapi())
    found = []
    for result in document.get_all_operations():
        assert isinstance(result, Ok), result
        found.append(result.ok())
    found.sort(key=lambda operation: (_ORDER.index(operation.method), -len(operation.path)))
    return {operation.label: operation for operation in found}


_OPERATIONS = _operations()


class Service(NamedTuple):
    url: str
    places: list[dict[str, Any]]  # parts of paths that belong together
    asked: dict[str, list[Any]]  # values of query parameters


@pytest.fixture(scope="module")
def service(server: Server) -> Iterator[Service]:
    with cloned(server.url, server.template) as database, served(database) as url:
        events = demo.events(1, datetime(2026, 3, 1, tzinfo=UTC))
        with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as http:
            assert http.post("/lineage/batch", json=events).status_code == 204
            assert http.post("/lineage", json={}).status_code == 422  # a dead letter
            yield Service(url, *_known(http))


def _known(http: httpx.Client) -> tuple[list[dict[str, Any]], dict[str, list[Any]]]:
    def listed(path: str, key: str) -> list[Any]:
        return list(http.get(path).json()[key])

    jobs = [
        {**job["id"], "job": job["name"], "version": job["currentVersion"], "run": job["latestRun"]["id"]}
        for job in listed("/jobs", "jobs")
        if job["latestRun"]
    ]
    datasets = [
        {**d["id"], "dataset": d["name"], "version": d["currentVersion"], "field": d["fields"][0]["name"]}
        for namespace in listed("/namespaces", "namespaces")
        for d in listed(f"/namespaces/{quote(namespace['name'], safe='')}/datasets", "datasets")
        if d["fields"]
    ]
    models = [{**m["id"], "model": m["id"]["name"], "version": m["currentVersion"]} for m in listed("/models", "models")]
    assert models
    assert len(jobs) > 5
    assert len(datasets) > 5
    others = {
        "source": listed("/sources", "sources")[0]["name"],
        "tag": listed("/tags", "tags")[0]["name"],
        "identifier": listed("/dead-letters", "deadLetters")[0]["id"],
    }
    node_ids = [result["nodeId"] for result in listed("/search?q=o&limit=100", "results")]
    versions = ["latest", *(place["version"] for place in (*models, *datasets))]
    asked = {
        "nodeId": node_ids,
        "runId": [job["run"] for job in jobs],
        "from": [*node_ids, *versions],
        "to": [*node_ids, *versions],
    }
    return [{**others, **place} for place in (*jobs, *datasets, *models)], asked


@st.composite
def _cases(draw: st.DrawFn, operation: Any, service: Service) -> Case[Any]:
    case: Case[Any] = draw(operation.as_strategy(generation_mode=draw(_MODES)))
    if draw(st.booleans()):
        parts = case.path_parameters.keys()
        most = max(len(parts & place.keys()) for place in service.places)
        place = draw(st.sampled_from([place for place in service.places if len(parts & place.keys()) == most]))
        case.path_parameters = {**case.path_parameters, **{k: quote(str(place[k]), safe="") for k in parts & place.keys()}}
        asked = {k: draw(st.sampled_from(v)) for k, v in service.asked.items() if any(p.name == k for p in operation.query)}
        case.query = {**{k: v for k, v in case.query.items() if draw(st.booleans())}, **asked}
    return case


@pytest.mark.parametrize("label", _OPERATIONS)
def test_answers_are_as_documented(service: Service, label: str) -> None:
    @settings(max_examples=_EXAMPLES, derandomize=True, database=None)
    @given(_cases(_OPERATIONS[label], service))
    def check(case: Case[Any]) -> None:
        case.call_and_validate(base_url=service.url, checks=_CHECKS, timeout=60)

    check()
