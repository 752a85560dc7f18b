"""What all answers about the graph, and about models, have in common."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from headwater.entities.graph import ColumnCounts, Counts, Freshness
from tests.api.model_story import CLEAN, EVENTS, FEATURES, LAKE, run_id, story
from tests.build import dataset_event, store

_RAW, _CLEAN, _FEATURES = (f"dataset:{LAKE}:{name}" for name in (EVENTS, CLEAN, FEATURES))
_FIELD = f"datasetField:{LAKE}:{EVENTS}:page"
_CHURN = "models/mlflow%3A%2F%2Fmodels/churn"
_NOON = "2026-03-02T12:00:00Z"
_RUNS = {"from": str(run_id("clean 1")), "to": str(run_id("clean 3"))}
_ASKED: list[tuple[str, dict[str, Any]]] = [
    ("impact", {"nodeId": _RAW}),
    ("impact", {"nodeId": _RAW, "limit": 2, "asOf": _NOON}),
    ("impact", {"nodeId": _RAW, "collapse": "namespaces"}),
    ("impact", {"nodeId": _FIELD}),
    ("impact", {"nodeId": _FIELD, "collapse": "parents"}),
    ("impact", {"nodeId": _CLEAN, "direction": "both", "depth": 2}),
    ("impact", {"nodeId": _CLEAN, "direction": "both", "grain": "column", "limit": 1}),
    ("impact", {"nodeId": f"run:{run_id('clean 1')}", "direction": "both", "collapse": "namespaces"}),
    ("impact", {"nodeId": f"run:{run_id('clean 1')}"}),
    ("impact", {"nodeId": f"{_RAW}#e1", "collapse": "namespaces"}),
    ("lineage", {"nodeId": _CLEAN, "direction": "both"}),
    ("lineage", {"nodeId": _CLEAN, "asOf": _NOON, "limit": 1}),
    ("column-lineage", {"nodeId": _FEATURES, "direction": "upstream"}),
    ("column-lineage", {"nodeId": _FEATURES, "asOf": _NOON}),
    ("column-lineage", {"nodeId": f"{_FEATURES}#10", "direction": "upstream"}),
    ("column-lineage", {"nodeId": _FEATURES, "limit": 1}),
    ("column-lineage", {"nodeId": _FEATURES, "collapse": "parents", "direction": "both"}),
    ("column-lineage", {"nodeId": _FEATURES, "collapse": "parents", "name": "raw*"}),
    ("paths", {"from": _RAW, "to": _FEATURES}),
    ("paths", {"from": _FEATURES, "to": _RAW}),
    ("runlineage/upstream", {"runId": str(run_id("train v1"))}),
    ("runlineage/upstream", {"runId": str(run_id("train v1")), "depth": 1, "asOf": _NOON}),
    ("runlineage/downstream", {"runId": str(run_id("clean 1")), "depth": 1}),
    ("lineage/diff", {"nodeId": _FEATURES, "from": _NOON}),
    ("lineage/diff", {"nodeId": _FEATURES, "from": "10", "to": "11"}),
    ("lineage/diff", {"nodeId": "job:ml:clean", **_RUNS}),
    ("models", {"limit": 1}),
    (_CHURN, {}),
    (f"{_CHURN}/versions", {"limit": 1, "offset": 1}),
    (f"{_CHURN}/versions/v1", {}),
    (f"{_CHURN}/versions/v1/trace", {"depth": 1}),
    (f"{_CHURN}/compare", {"from": "v1", "to": "v1.2"}),
    ("models/affected", {"nodeId": _RAW}),
    ("models/affected", {"nodeId": _FIELD, "asOf": _NOON}),
    ("models/affected", {"nodeId": f"{_RAW}#e1", "asOf": _NOON}),
]
_NOT_COUNTED = ("depth", "size", "k")  # what of it there is, nobody knows


@pytest.fixture
async def told(database: str, client: httpx.AsyncClient) -> httpx.AsyncClient:
    await store(database, story())
    return client


async def test_every_answer_says_of_when_how_much_and_how_fresh_it_is(told: httpx.AsyncClient) -> None:
    for path, parameters in _ASKED:
        answer = await told.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        _check(answer.json(), f"{path} {parameters}")
        assert answer.json()["asOf"] == parameters.get("asOf", answer.json()["asOf"])


@pytest.mark.parametrize("node_id", [_RAW, f"{_RAW}#e1", f"run:{run_id('clean 1')}", _FIELD, "job:ml:clean"])
@pytest.mark.parametrize("collapse", ["parents", "namespaces"])
async def test_collapsed_answers_find_the_edges_of_what_they_stand_for(
    told: httpx.AsyncClient, node_id: str, collapse: str
) -> None:
    for parameters in ({}, {"name": "*e*", "limit": 1}, {"depth": 2}, {"direction": "both"}):
        asked: dict[str, Any] = {"nodeId": node_id, **parameters}
        whole, rolled = [
            (await told.get("/api/v1/impact", params=asked | more)).json()["counts"] for more in ({}, {"collapse": collapse})
        ]
        assert rolled["edges"]["found"] == whole["edges"]["found"] > 0
        assert rolled["edges"]["returned"] <= rolled["edges"]["found"]


async def test_edges_are_not_counted_where_that_costs_too_much(told: httpx.AsyncClient) -> None:
    asked = {"nodeId": _RAW, "collapse": "namespaces", "grain": "dataset"}
    assert (await told.get("/api/v1/impact", params=asked)).json()["counts"]["edges"]["found"] is None


async def test_so_does_the_answer_to_what_has_not_happened(told: httpx.AsyncClient) -> None:
    event = dataset_event("2026-03-09T08:00:00Z", EVENTS, {"schema": {"fields": [{"name": "amount"}]}}, namespace=LAKE)
    answer = (await told.post("/api/v1/impact", params={"limit": 1}, content=json.dumps(event))).json()
    _check(answer, "what if")
    assert (answer["complete"], answer["counts"]["returned"], answer["nodes"][0]["name"]) == (True, 1, "clean")


async def test_marquez_s_calls_without_a_parameter_of_ours_say_nothing_of_it(told: httpx.AsyncClient) -> None:
    for path in ("lineage", "column-lineage"):
        assert (await told.get(f"/api/v1/{path}", params={"nodeId": _CLEAN, "depth": 2})).json().keys() == {"graph"}


def _check(answer: dict[str, Any], asked: str) -> None:
    TypeAdapter(Freshness).validate_python(answer["freshness"])
    assert answer["freshness"]["eventTime"] == "2026-03-03T10:00:00Z", asked
    counts, cut = answer["counts"], {one["rule"]: one["nodes"] for one in answer["counts"]["cut"]}
    if "values" in counts:
        TypeAdapter(ColumnCounts).validate_python(counts)
        assert counts["found"] == counts["values"] + counts["rows"] + counts["both"], asked
    else:
        TypeAdapter(Counts).validate_python(counts)
        assert counts["found"] == sum(counts[k] for k in ("datasets", "jobs", "columns", "runs", "versions")), asked
    assert answer["complete"] is not any(rule in cut for rule in _NOT_COUNTED), asked
    assert all((nodes is None) == (rule in _NOT_COUNTED) for rule, nodes in cut.items()), asked
    if "compare" not in asked:  # which tells of what differs alone
        assert counts["found"] == counts["returned"] + sum(nodes for nodes in cut.values() if nodes), asked
    assert counts["edges"]["found"] is None or counts["edges"]["returned"] <= counts["edges"]["found"], asked
