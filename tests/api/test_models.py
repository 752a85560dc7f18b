"""The questions that are asked about models, of the story in ``model_story``, with answers written by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import networkx as nx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from headwater.entities.model import Affected, Comparison, Models, ModelVersions, Trace
from headwater.lineage.models import trained
from tests.api.model_story import (
    CLEAN,
    CUSTOMERS,
    EVENTS,
    FEATURES,
    LABELS,
    LAKE,
    REGISTRY,
    SHOP,
    run_id,
    story,
)
from tests.build import dataset, dataset_event, run_event, run_uuid, schema, store
from tests.queries import counts, recorded

CHURN = "mlflow%3A%2F%2Fmodels/churn"


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://headwater/api/v1/models") as opened:
        yield opened


@pytest.fixture
async def told(database: str, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The service, once the story is told."""
    await store(database, story())
    return client


async def _get(client: httpx.AsyncClient, path: str, entity: Any, **parameters: Any) -> dict[str, Any]:
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    TypeAdapter(entity).validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


# ---------------------------------------------------------------- the models


async def _graph(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(path, params={**parameters, "format": "graphml"})
    assert answer.status_code == 200, answer.text
    return nx.parse_graphml(answer.text)


async def _table(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[dict[str, str]]:
    answer = await client.get(path, params=parameters, headers={"accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_models(told: httpx.AsyncClient) -> None:
    found = await _get(told, "", Models)
    assert [(m["id"]["name"], m["externalVersion"]) for m in found["models"]] == [
        ("churn", "v1.2"),
        ("forecast", "f1"),
        ("spend", "s1"),
    ]
    page = await _get(told, "", Models, limit=1, offset=1)
    assert (page["totalCount"], [m["id"]["name"] for m in page["models"]]) == (3, ["forecast"])
    assert page["counts"] == counts(
        3, datasets=3, returned=1, cut=[{"rule": "offset", "nodes": 1}, {"rule": "limit", "nodes": 1}]
    )  # fmt: skip
    assert (await _get(told, "", Models, namespace="nobody's"))["totalCount"] == 0


async def test_what_is_called_a_table_later_is_no_model(database: str, told: httpx.AsyncClient) -> None:
    facet = {"datasetType": {"datasetType": "TABLE"}}
    await store(database, [dataset_event("2026-03-04T08:00:00Z", "spend", facet, namespace=REGISTRY)])
    assert [m["id"]["name"] for m in (await _get(told, "", Models))["models"]] == ["churn", "forecast"]
    assert (await told.get("/mlflow%3A%2F%2Fmodels/spend")).status_code == 404


async def test_versions_with_what_trained_them(told: httpx.AsyncClient) -> None:
    found = await _get(told, f"/{CHURN}/versions", ModelVersions)
    assert found["totalCount"] == 3
    rows = [
        (v["externalVersion"], v["trainedBy"]["id"], v["trainedBy"]["metrics"][0]["value"], [f["name"] for f in v["features"]])
        for v in found["versions"]
    ]
    assert rows == [
        ("v1.2", str(run_id("train v1.2")), 0.85, ["visits", "spend", "tenure"]),
        ("v1.1", str(run_id("train v1.1")), 0.82, ["visits", "spend"]),
        ("v1", str(run_id("train v1")), 0.8, ["visits", "spend"]),
    ]


async def test_a_version_by_any_of_its_names(told: httpx.AsyncClient) -> None:
    by_name = (await told.get(f"/{CHURN}/versions/v1.2")).json()
    assert by_name["externalVersion"] == "v1.2"
    assert by_name.pop("counts") == counts(1, versions=1)
    at = by_name.pop("asOf")
    for name in ("latest", by_name["version"]):
        again = (await told.get(f"/{CHURN}/versions/{name}")).json()
        assert again.pop("asOf") > at
        assert {key: value for key, value in again.items() if key != "counts"} == by_name


async def test_the_models_in_other_forms(told: httpx.AsyncClient) -> None:
    rows = await _table(told, "")
    assert [(row["name"], row["externalVersion"]) for row in rows] == [("churn", "v1.2"), ("forecast", "f1"), ("spend", "s1")]
    events = (await told.get("", params={"format": "openlineage"})).text.splitlines()
    assert [json.loads(event)["dataset"]["name"] for event in events] == ["churn", "forecast", "spend"]
    assert (await told.get("", params={"namespace": "nobody's", "format": "openlineage"})).text == ""


async def test_versions_in_other_forms(told: httpx.AsyncClient) -> None:
    path = f"/{CHURN}/versions"
    rows = await _table(told, path)
    assert [(row["externalVersion"], row["trainedBy"], row["state"], row["features"], row["metrics"]) for row in rows] == [
        ("v1.2", str(run_id("train v1.2")), "COMPLETED", "visits spend tenure", "auc=0.85"),
        ("v1.1", str(run_id("train v1.1")), "COMPLETED", "visits spend", "auc=0.82"),
        ("v1", str(run_id("train v1")), "COMPLETED", "visits spend", "auc=0.8"),
    ]
    graph = await _graph(told, path, limit=1)
    newest = (await told.get(path)).json()["versions"][0]
    assert list(graph.edges()) == [(f"run:{run_id('train v1.2')}", f"dataset:{REGISTRY}:churn#{newest['version']}")]
    refused = await told.get(path, params={"format": "openlineage"})
    assert refused.status_code == 400
    assert "only of jobs and datasets" in refused.json()["message"]


# ---------------------------------------------------------------- backward


async def test_the_full_way_from_raw_events_to_the_production_model(told: httpx.AsyncClient) -> None:
    trace = await _get(told, f"/{CHURN}/versions/latest/trace", Trace)
    assert [(r["job"]["name"], r["code"]["version"]) for r in trace["runs"]] == [
        ("train", "t1"),
        ("features", "f1"),
        ("clean", "c1"),
    ]
    assert [(p["key"], p["value"]) for p in trace["runs"][0]["parameters"]] == [("depth", "6"), ("learning_rate", "0.05")]
    rows = [(d["distance"], d["id"]["name"], d["externalVersion"], d["rowCount"], d["producedBy"]) for d in trace["data"]]
    assert rows == [
        (1, FEATURES, "11", 150, str(run_id("features 3"))),
        (1, LABELS, None, None, None),
        (2, CUSTOMERS, None, None, None),
        (2, CLEAN, "c-2", 1490, str(run_id("clean 3"))),
        (3, EVENTS, "e2", 1500, None),
    ]
    assert [f["name"] for f in trace["data"][0]["fields"]] == ["id", "visits", "spend", "tenure"]
    assert trace["data"][1]["checksum"] == {"algorithm": "md5", "value": "9e107d9d372bb682"}
    assert trace["data"][4]["readBy"] == [str(run_id("clean 3"))]
    assert trace["complete"]


async def test_what_a_trace_counts(told: httpx.AsyncClient) -> None:
    trace = await _get(told, f"/{CHURN}/versions/latest/trace", Trace)
    graph = await _graph(told, f"/{CHURN}/versions/latest/trace")
    # Runs: train, features, clean; deploy, score. Versions: five that were read, the endpoint, the scores.
    assert trace["counts"] == counts(12, runs=5, versions=7, edges=(graph.number_of_edges(),) * 2)
    assert graph.number_of_nodes() == 13
    near = await _get(told, f"/{CHURN}/versions/latest/trace", Trace, depth=1)
    assert (near["complete"], near["counts"]["cut"]) == (False, [{"rule": "depth", "nodes": None}])
    assert (near["counts"]["runs"], near["counts"]["versions"]) == (4, 6)


async def test_what_is_missing_to_train_it_again(told: httpx.AsyncClient) -> None:
    found = (await _get(told, f"/{CHURN}/versions/v1.2/trace", Trace))["reproducibility"]
    customers = f"dataset:{SHOP}:{CUSTOMERS}#"
    assert [m["what"] for m in found["missing"]] == ["UNVERSIONED_INPUT", "UNKNOWN_PRODUCER"]
    assert all(m["nodeId"].startswith(customers) for m in found["missing"])
    # The run, its parameters, the code of three runs; of five inputs that they are there, pinned, and made or pinned.
    assert (found["needed"], found["known"], found["score"]) == (20, 18, 0.9)


async def test_a_training_that_says_little(told: httpx.AsyncClient) -> None:
    found = (await _get(told, "/mlflow%3A%2F%2Fmodels/forecast/versions/f1/trace", Trace))["reproducibility"]
    assert {m["what"] for m in found["missing"]} == {"PARAMETERS", "CODE_VERSION", "UNVERSIONED_INPUT", "UNKNOWN_PRODUCER"}
    assert (found["needed"], found["known"], found["score"]) == (6, 2, 0.33)


async def test_an_input_that_was_dropped(database: str, told: httpx.AsyncClient) -> None:
    drop = {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}}
    await store(database, [dataset_event("2026-03-05T08:00:00Z", FEATURES, drop, namespace=LAKE)])
    trace = await _get(told, f"/{CHURN}/versions/v1.2/trace", Trace)
    assert [d["id"]["name"] for d in trace["data"] if d["gone"]] == [FEATURES]
    assert trace["reproducibility"]["missing"][0]["what"] == "EXPIRED_INPUT"


async def test_a_model_that_no_run_is_known_to_have_trained(database: str, client: httpx.AsyncClient) -> None:
    facets = {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": "7"}}
    await store(database, [dataset_event("08:00", "bought", facets)])
    trace = await _get(client, "/db%3A%2F%2Fshop/bought/versions/7/trace", Trace)
    assert (trace["version"]["trainedBy"], trace["runs"], trace["data"]) == (None, [], [])
    assert trace["reproducibility"]["score"] == 0
    assert [m["what"] for m in trace["reproducibility"]["missing"]] == ["TRAINING_RUN"]


async def test_depth_cuts_and_says_so(told: httpx.AsyncClient) -> None:
    trace = await _get(told, f"/{CHURN}/versions/v1.2/trace", Trace, depth=1)
    assert [r["job"]["name"] for r in trace["runs"]] == ["train", "features"]
    assert not trace["complete"]
    assert (await _get(told, f"/{CHURN}/versions/v1.2/trace", Trace, depth=2))["complete"]


# ---------------------------------------------------------------- forward


async def test_where_a_version_is_in_use(told: httpx.AsyncClient) -> None:
    for version, day, active in (("v1", 1, False), ("v1.2", 3, True)):
        trace = await _get(told, f"/{CHURN}/versions/{version}/trace", Trace)
        [deployment] = trace["deployments"]
        assert (deployment["id"], deployment["active"]) == ("dataset:https://serving:churn-endpoint", active)
        assert deployment["modelVersion"] == trace["version"]["version"]
        assert [r["id"] for r in trace["servingRuns"]] == [str(run_id(f"score {day}")), str(run_id(f"deploy {version}"))]
        assert [(p["id"]["name"], p["run"]) for p in trace["predictions"]] == [("scores/churn", str(run_id(f"score {day}")))]
    assert (await _get(told, f"/{CHURN}/versions/v1.1/trace", Trace))["deployments"] == []


async def test_a_service_that_goes_on_is_a_deployment(database: str, client: httpx.AsyncClient) -> None:
    model = dataset("m", {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": "1"}})
    tuned = dataset("tuned", {"datasetType": {"datasetType": "MODEL"}})
    service = {"jobType": {"processingType": "SERVICE", "integration": "own"}}
    await store(
        database,
        [
            run_event("COMPLETE", "08:00", "train", "t", outputs=[model]),
            run_event("START", "09:00", "answer", "s", inputs=["m"], outputs=["answers"], job_facets=service),
            run_event("COMPLETE", "10:00", "tune", "u", inputs=["m"], outputs=[tuned]),
        ],
    )
    trace = await _get(client, "/db%3A%2F%2Fshop/m/versions/1/trace", Trace)
    [deployment] = trace["deployments"]
    assert (deployment["id"], deployment["run"], deployment["active"]) == ("job:shop:answer", str(run_uuid("s")), True)
    assert [p["id"]["name"] for p in trace["predictions"]] == ["answers"]
    assert [p["id"]["name"] for p in trace["derivedModels"]] == ["tuned"]


# ---------------------------------------------------------------- compare


async def test_changed_hyperparameters(told: httpx.AsyncClient) -> None:
    found = await _get(told, f"/{CHURN}/compare", Comparison, **{"from": "v1", "to": "v1.1"})
    assert (found["asOf"] > found["freshness"]["eventTime"], found["freshness"]["eventId"] is None) == (True, False)
    assert found["changed"] == ["PARAMETERS", "METRICS"]
    assert found["parameters"] == [{"name": "learning_rate", "before": "0.1", "after": "0.05"}]
    assert [d["change"] for d in found["trainingData"]] == ["SAME", "SAME"]
    assert (found["firstDifference"], found["origins"]) == (None, [])
    [auc] = found["metrics"]
    assert (auc["before"], auc["after"], auc["difference"]) == (0.8, 0.82, 0.02)
    assert found["code"]["changed"] is False


async def test_changed_data(told: httpx.AsyncClient) -> None:
    found = await _get(told, f"/{CHURN}/compare", Comparison, **{"from": "v1.1", "to": "latest"})
    assert found["changed"] == ["DATA", "SCHEMA", "FEATURES", "METRICS"]
    features, labels = found["trainingData"]
    assert (features["id"]["name"], features["change"], features["rowDifference"]) == (FEATURES, "CHANGED", 50)
    assert [(v["externalVersion"]) for v in (*features["before"], *features["after"])] == ["10", "11"]
    assert [(f["name"], f["change"]) for f in features["fields"]] == [("tenure", "ADDED")]
    assert labels["change"] == "SAME"
    first = found["firstDifference"]
    assert (first["id"]["name"], first["before"]["externalVersion"], first["after"]["externalVersion"]) == (EVENTS, "e1", "e2")
    assert first["run"] is None
    assert [f["name"] for f in found["features"]["added"]] == ["tenure"]
    # Three runs of each version; two versions of three datasets, and one of two. Told: the trainings, what they read, the events.
    assert found["counts"] == counts(14, runs=6, versions=8, returned=7, edges=(16, 6))


async def test_the_run_behind_the_first_difference(database: str, client: httpx.AsyncClient) -> None:
    """The same raw data; the step in the middle ran other code."""

    def train(time: str, version: str) -> Any:
        model = dataset("m", {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": version}})
        return run_event("COMPLETE", time, "train", version, inputs=["features"], outputs=[model])

    def prepare(time: str, run: str, code: str) -> Any:
        location = {"sourceCodeLocation": {"url": "https://git/p", "version": code}}
        return run_event("COMPLETE", time, "prepare", run, inputs=["clean"], outputs=["features"], job_facets=location)

    await store(
        database,
        [
            run_event("COMPLETE", "07:00", "clean", "c", inputs=["raw"], outputs=["clean"]),
            prepare("08:00", "one", "sha1"), train("09:00", "v1"), prepare("10:00", "two", "sha2"), train("11:00", "v2"),
        ],
    )  # fmt: skip
    found = await _get(client, "/db%3A%2F%2Fshop/m/compare", Comparison, **{"from": "v1", "to": "v2"})
    assert found["changed"] == ["DATA"]
    first = found["firstDifference"]
    assert (first["id"]["name"], first["run"]["id"], first["codeChanged"]) == ("features", str(run_uuid("two")), True)
    assert len(found["origins"]) == 1


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({}, {}, "UNKNOWN"),
        ({"value": "a1"}, {"value": "a1"}, "SAME"),
        ({"value": "a1"}, {"value": "b2"}, "CHANGED"),
    ],
)
async def test_a_source_without_a_version(
    database: str, client: httpx.AsyncClient, before: dict[str, str], after: dict[str, str], change: str
) -> None:
    events = []
    for hour, checksum in ((8, before), (9, after)):
        facets = {"headwater_checksum": {"algorithm": "md5", **checksum}} if checksum else {}
        model = {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": f"v{hour}"}}
        events.append(
            run_event(
                "COMPLETE", f"{hour:02}:00", "train", f"{hour}", inputs=[dataset("t", facets)], outputs=[dataset("m", model)]
            )
        )
    await store(database, events)
    found = await _get(client, "/db%3A%2F%2Fshop/m/compare", Comparison, **{"from": "v8", "to": "v9"})
    assert [d["change"] for d in found["trainingData"]] == [change]
    assert ("DATA" in found["changed"], [o["id"]["name"] for o in found["origins"]]) == (
        (True, ["t"]) if change == "CHANGED" else (False, [])
    )


async def test_the_same_content_made_again_is_the_same_data(database: str, client: httpx.AsyncClient) -> None:
    """Of other raw data, which has no bearing on it."""
    events = []
    for hour in ("08", "09"):
        content = {"headwater_checksum": {"algorithm": "md5", "value": "a1"}}
        model = {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": f"v{hour}"}}
        raw = dataset("raw", {"version": {"datasetVersion": hour}})
        events += [
            run_event("COMPLETE", f"{hour}:00", "make", f"make {hour}", inputs=[raw], outputs=[dataset("t", content)]),
            run_event("COMPLETE", f"{hour}:30", "train", f"train {hour}", inputs=["t"], outputs=[dataset("m", model)]),
        ]
    await store(database, events)
    found = await _get(client, "/db%3A%2F%2Fshop/m/compare", Comparison, **{"from": "v08", "to": "v09"})
    assert ([d["change"] for d in found["trainingData"]], found["origins"], found["changed"]) == (["SAME"], [], [])


async def test_a_type_that_one_training_does_not_tell_is_no_other_type(database: str, client: httpx.AsyncClient) -> None:
    events = []
    for hour, fields in ((8, ("a:INT", "b:INT", "c", "d:INT", "e:INT")), (9, ("a", "b:TEXT", "c:INT", "d:int", "f"))):
        model = {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": f"v{hour}"}}
        source = dataset("t", schema(*fields), inputFacets={"inputStatistics": {"rowCount": 5}} if hour == 8 else {})
        events.append(run_event("COMPLETE", f"{hour:02}:00", "train", str(hour), inputs=[source], outputs=[dataset("m", model)]))
    await store(database, events)
    compare = "/db%3A%2F%2Fshop/m/compare"
    [data] = (await _get(client, compare, Comparison, **{"from": "v8", "to": "v9"}))["trainingData"]
    assert [(f["name"], f["change"], f["before"], f["after"]) for f in data["fields"]] == [
        ("b", "RETYPED", "INT", "TEXT"),
        ("e", "REMOVED", "INT", None),
        ("f", "ADDED", None, None),
    ]


async def test_a_number_of_rows_that_one_training_does_not_tell_is_no_difference(
    database: str, client: httpx.AsyncClient
) -> None:
    events = []
    for hour, rows in ((8, 5), (9, None), (10, 6)):
        model = {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": f"v{hour}"}}
        source = dataset("t", schema("a:INT"), inputFacets={"inputStatistics": {"rowCount": rows}} if rows else {})
        events.append(run_event("COMPLETE", f"{hour:02}:00", "train", str(hour), inputs=[source], outputs=[dataset("m", model)]))
    await store(database, events)
    for before, after, change in (("v8", "v9", "UNKNOWN"), ("v9", "v10", "UNKNOWN"), ("v8", "v10", "CHANGED")):
        found = await _get(client, "/db%3A%2F%2Fshop/m/compare", Comparison, **{"from": before, "to": after})
        assert [d["change"] for d in found["trainingData"]] == [change]


# ---------------------------------------------------------------- affected


def _affected(found: dict[str, Any]) -> dict[str, list[str]]:
    return {m["name"]: [v["externalVersion"] for v in m["versions"]] for m in found["models"]}


ALL = ["v1.2", "v1.1", "v1"]


@pytest.mark.parametrize(
    ("node_id", "models", "deployed"),
    [
        (f"dataset:{LAKE}:{EVENTS}", {"churn": ALL, "spend": ["s1"]}, ["of v1.2", "of v1"]),
        (f"dataset:{LAKE}:sales", {"forecast": ["f1"]}, []),
        ("job:ml:clean", {"churn": ALL, "spend": ["s1"]}, ["of v1.2", "of v1"]),
        ("job:ml:train", {"churn": ALL}, ["of v1.2", "of v1"]),
        (f"dataset:{REGISTRY}:churn", {}, ["of v1.2", "of v1"]),
        (f"datasetField:{LAKE}:{EVENTS}:page", {"churn": ALL}, ["of v1.2", "of v1"]),
        (f"datasetField:{LAKE}:{EVENTS}:amount", {"churn": ALL, "spend": ["s1"]}, ["of v1.2", "of v1"]),
        (f"datasetField:{SHOP}:{CUSTOMERS}:since", {"churn": ["v1.2"]}, ["of v1.2"]),
        (f"datasetField:{LAKE}:{FEATURES}:id", {}, []),
        (f"dataset:{LAKE}:{EVENTS}#e1", {"churn": ["v1.1", "v1"], "spend": ["s1"]}, ["of v1"]),
        (f"dataset:{LAKE}:{EVENTS}#e2", {"churn": ["v1.2"]}, ["of v1.2"]),
        (f"dataset:{LAKE}:{FEATURES}#latest", {"churn": ["v1.2"]}, ["of v1.2"]),
        (f"run:{run_id('clean 3')}", {"churn": ["v1.2"]}, ["of v1.2"]),
        (f"run:{run_id('train v1')}", {"churn": ["v1"]}, ["of v1"]),
    ],
)
async def test_affected(told: httpx.AsyncClient, node_id: str, models: dict[str, list[str]], deployed: list[str]) -> None:
    found = await _get(told, "/affected", Affected, nodeId=node_id)
    assert _affected(found) == models
    versions = {v["version"]: v["externalVersion"] for v in (await _get(told, f"/{CHURN}/versions", ModelVersions))["versions"]}
    assert [f"of {versions[d['modelVersion']]}" for d in found["deployments"]] == deployed
    assert found["complete"]


async def test_the_way_to_an_affected_model(told: httpx.AsyncClient) -> None:
    asked = f"dataset:{LAKE}:{CLEAN}", f"datasetField:{LAKE}:{EVENTS}:page", f"dataset:{LAKE}:{EVENTS}#e2"
    table, column, version = [await _get(told, "/affected", Affected, nodeId=node_id) for node_id in asked]
    features, churn = f"dataset:{LAKE}:{FEATURES}", f"dataset:{REGISTRY}:churn"
    assert table["models"][0]["path"] == [f"dataset:{LAKE}:{CLEAN}", "job:ml:features", features, "job:ml:train", churn]
    assert table["models"][0]["distance"] == 4
    assert column["models"][0]["path"] == [
        f"datasetField:{LAKE}:{EVENTS}:page",
        f"datasetField:{LAKE}:{CLEAN}:page",
        f"datasetField:{LAKE}:{FEATURES}:visits",
        "job:ml:train",
        churn,
    ]
    assert {v["by"] for v in column["models"][0]["versions"]} == {"FEATURE"}
    runs = [f"run:{run_id(name)}" for name in ("clean 3", "features 3", "train v1.2")]
    assert version["models"][0]["path"] == [f"dataset:{LAKE}:{EVENTS}#e2", *runs, churn]
    assert [v["current"] for v in table["models"][0]["versions"]] == [True, False, False]
    passed = {run["id"]: (run["job"]["name"], run["startedAt"]) for run in version["runs"]}
    assert passed == {
        runs[0]: ("clean", "2026-03-03T01:00:00Z"),
        runs[1]: ("features", "2026-03-03T02:00:00Z"),
        runs[2]: ("train", "2026-03-03T04:00:00Z"),
    }
    assert (table["runs"], column["runs"]) == ([], [])


async def test_trainings_that_say_less_of_columns(database: str, client: httpx.AsyncClient) -> None:
    """By the column lineage of the model; else, by the dataset. What is made with an affected model follows."""
    model = {"datasetType": {"datasetType": "MODEL"}}
    sources = [{"namespace": "db://shop", "name": "t", "field": "a"}]
    lineage = {"columnLineage": {"fields": {}, "dataset": sources}}
    await store(
        database,
        [
            dataset_event("07:00", "t", {"schema": {"fields": [{"name": "a"}, {"name": "b"}]}}),
            run_event("COMPLETE", "08:00", "one", "1", inputs=["t"], outputs=[dataset("exact", {**model, **lineage})]),
            run_event("COMPLETE", "08:10", "two", "2", inputs=["t"], outputs=[dataset("vague", model)]),
            run_event("COMPLETE", "08:20", "three", "3", inputs=["exact"], outputs=[dataset("further", model)]),
        ],
    )
    by_column = {
        column: {
            m["name"]: [v["by"] for v in m["versions"]]
            for m in (await _get(client, "/affected", Affected, nodeId=f"datasetField:db://shop:t:{column}"))["models"]
        }
        for column in ("a", "b")
    }
    assert by_column == {
        "a": {"exact": ["COLUMN_LINEAGE"], "vague": ["DATASET"], "further": ["DATASET"]},
        "b": {"vague": ["DATASET"]},
    }


async def test_features_of_a_model_whose_job_tells_its_lineage_explicitly(database: str, client: httpx.AsyncClient) -> None:
    """Whatever its facet says; each version has what its own run told."""

    def train(time: str, version: str, *learnt: str) -> Any:
        sources = [{"type": "DATASET", "namespace": "db://shop", "name": "t", "field": field} for field in learnt]
        entry = {"type": "DATASET", "namespace": "db://shop", "name": "m", "inputs": sources}
        facet = {"fields": {}, "dataset": [{"namespace": "db://shop", "name": "t", "field": "c"}]}
        told = {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": version}, "columnLineage": facet}
        lineage = {"lineage": {"entries": [entry]}}
        table = dataset("t", schema("a", "b", "c"))
        return run_event("COMPLETE", time, "train", version, inputs=[table], outputs=[dataset("m", told)], job_facets=lineage)

    await store(database, [train("08:00", "v1", "a"), train("09:00", "v2", "a", "b")])
    versions = await _get(client, "/db%3A%2F%2Fshop/m/versions", ModelVersions)
    learnt = {v["externalVersion"]: [feature["field"] for feature in v["features"]] for v in versions["versions"]}
    assert learnt == {"v1": ["a"], "v2": ["a", "b"]}
    found = await _get(client, "/db%3A%2F%2Fshop/m/compare", Comparison, **{"from": "v1", "to": "v2"})
    assert [feature["field"] for feature in found["features"]["added"]] == ["b"]
    affected = await _get(client, "/affected", Affected, nodeId="datasetField:db://shop:t:b", history="all")
    assert [(v["externalVersion"], v["by"]) for v in affected["models"][0]["versions"]] == [("v2", "COLUMN_LINEAGE")]


async def test_what_was_trained_on_a_table_that_is_not_read_any_more(database: str, client: httpx.AsyncClient) -> None:
    def train(time: str, version: str, table: str) -> Any:
        model = dataset("m", {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": version}})
        return run_event("COMPLETE", time, "train", version, inputs=[dataset(table, schema("a"))], outputs=[model])

    await store(database, [train("08:00", "v1", "t"), train("09:00", "v2", "u")])
    for node_id in ("dataset:db://shop:t", "datasetField:db://shop:t:a"):
        assert _affected(await _get(client, "/affected", Affected, nodeId=node_id)) == {}
        assert _affected(await _get(client, "/affected", Affected, nodeId=node_id, history="all")) == {"m": ["v1"]}


async def test_as_of_a_time_there_were_no_later_versions(told: httpx.AsyncClient) -> None:
    then = await _get(told, "/affected", Affected, nodeId=f"dataset:{LAKE}:{EVENTS}", asOf="2026-03-02T12:00:00Z")
    assert _affected(then) == {"churn": ["v1.1", "v1"], "spend": ["s1"]}
    assert then["asOf"] == "2026-03-02T12:00:00Z"
    assert [d["since"] for d in then["deployments"]] == ["2026-03-01T07:00:00Z"]


@pytest.mark.parametrize(
    ("node_id", "at", "models", "deployed"),
    [
        (f"dataset:{LAKE}:{EVENTS}#e1", "2026-03-02T04:30:00Z", {"churn": ["v1"], "spend": ["s1"]}, [True]),
        (f"dataset:{LAKE}:{EVENTS}#e1", "2026-03-01T05:30:00Z", {"churn": ["v1"]}, []),
        (f"dataset:{LAKE}:{FEATURES}#latest", "2026-03-02T12:00:00Z", {"churn": ["v1.1", "v1"], "spend": ["s1"]}, [True]),
        (f"run:{run_id('clean 1')}", "2026-03-01T05:00:00Z", {"churn": ["v1"]}, []),
        (f"dataset:{LAKE}:{EVENTS}#e1", "2026-03-03T23:00:00Z", {"churn": ["v1.1", "v1"], "spend": ["s1"]}, [False]),
    ],
)
async def test_as_of_a_time_a_version_had_reached_less(
    told: httpx.AsyncClient, node_id: str, at: str, models: dict[str, list[str]], deployed: list[bool]
) -> None:
    """Whether a version is current, or a deployment active, is told of then, too."""
    found = await _get(told, "/affected", Affected, nodeId=node_id, asOf=at)
    assert (_affected(found), [d["active"] for d in found["deployments"]]) == (models, deployed)
    assert (found["grain"], found["asOf"]) == ("VERSION", at)
    newest = {m["name"]: [v["current"] for v in m["versions"]] for m in found["models"]}["churn"]
    assert newest == [at < "2026-03-03" and n == 0 for n in range(len(newest))]


async def test_a_version_that_was_not_there_yet(told: httpx.AsyncClient) -> None:
    for node_id in (f"dataset:{LAKE}:{FEATURES}#11", f"run:{run_id('clean 3')}"):
        answer = await told.get("/affected", params={"nodeId": node_id, "asOf": "2026-03-02T12:00:00Z"})
        assert (answer.status_code, "not found" in answer.json()["message"]) == (404, True)


async def test_of_what_was_read_since(told: httpx.AsyncClient) -> None:
    asked = {"nodeId": f"dataset:{LAKE}:{FEATURES}#10", "history": "since=2026-03-02T00:00:00Z"}
    assert _affected(await _get(told, "/affected", Affected, **asked)) == {"churn": ["v1.1"]}


async def test_a_model_with_more_versions_than_are_looked_at(
    database: str, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained, "_MOST", 2)
    model = {"datasetType": {"datasetType": "MODEL"}}
    events = [
        run_event("COMPLETE", f"{9 + n:02}:00", "train", str(n), inputs=["t"], outputs=[dataset("m", model)]) for n in range(3)
    ]
    await store(database, events[:2])
    whole = await _get(client, "/affected", Affected, nodeId="dataset:db://shop:t")
    assert (whole["complete"], whole["counts"]) == (True, counts(3, datasets=1, versions=2, edges=(2, 2)))
    await store(database, events[2:])
    found = await _get(client, "/affected", Affected, nodeId="dataset:db://shop:t")
    assert (found["complete"], found["counts"]["cut"]) == (False, [{"rule": "size", "nodes": None}])
    assert [v["trainedBy"] for v in found["models"][0]["versions"]] == [str(run_uuid(n)) for n in ("2", "1")]


async def test_what_is_affected_is_counted(told: httpx.AsyncClient) -> None:
    version = await _get(told, "/affected", Affected, nodeId=f"dataset:{LAKE}:{EVENTS}#e2")
    # The model; its version and the endpoint's; the runs on the way. Steps: to the runs, to the model, to the endpoint.
    assert version["counts"] == counts(6, datasets=1, versions=2, runs=3, edges=(5, 5))


async def test_of_a_struct_and_of_what_is_inside(database: str, client: httpx.AsyncClient) -> None:
    def source(table: str, field: str) -> dict[str, str]:
        return {"namespace": "db://shop", "name": table, "field": field}

    model = {"datasetType": {"datasetType": "MODEL"}}
    fields = {"p": {"inputFields": [source("raw", "person.city")]}, "all": {"inputFields": [source("raw", "person")]}}
    person = {"name": "person", "type": "struct", "fields": [{"name": "city"}, {"name": "age"}]}
    clean = dataset("clean", {"columnLineage": {"fields": fields}})
    events = [
        dataset_event("07:00", "raw", {"schema": {"fields": [person, {"name": "id"}]}}),
        run_event("COMPLETE", "08:00", "clean", "clean", inputs=["raw"], outputs=[clean]),
    ]
    for name, learnt in (
        ("city", source("clean", "p")),
        ("whole", source("clean", "all")),
        ("part", source("raw", "person.age")),
    ):
        lineage = {"columnLineage": {"fields": {}, "dataset": [learnt]}}
        trained = dataset(name, {**model, **lineage})
        events.append(run_event("COMPLETE", "09:00", name, name, inputs=[learnt["name"]], outputs=[trained]))
    await store(database, events)
    found = {
        column: set(_affected(await _get(client, "/affected", Affected, nodeId=f"datasetField:db://shop:raw:{column}")))
        for column in ("person", "person.city", "person.age", "id")
    }
    assert found == {
        "person": {"city", "whole", "part"},
        "person.city": {"city", "whole"},
        "person.age": {"whole", "part"},
        "id": set(),
    }


async def test_of_a_column_as_of_a_time(database: str, client: httpx.AsyncClient) -> None:
    """``a`` is made of ``x`` for v1, and of ``y`` for v2; ``z`` always chooses the rows, and ``u`` is not used."""

    def make(time: str, source: str) -> Any:
        x, z = ({"namespace": "db://shop", "name": "raw", "field": field} for field in (source, "z"))
        columns = {"columnLineage": {"fields": {"a": {"inputFields": [x]}}, "dataset": [z]}}
        raw, features = dataset("raw", schema("x", "y", "z", "u")), dataset("features", columns)
        return run_event("COMPLETE", time, "make", f"make {time}", inputs=[raw], outputs=[features])

    def train(time: str, version: str) -> Any:
        model = dataset("m", {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": version}})
        learnt = {"headwater_features": {"features": ["a"]}}
        return run_event("COMPLETE", time, "train", version, inputs=["features"], outputs=[model], run_facets=learnt)

    await store(database, [make("08:00", "x"), train("09:00", "v1"), make("10:00", "y"), train("11:00", "v2")])

    async def ask(column: str, **when: str) -> list[str]:
        found = await _get(client, "/affected", Affected, nodeId=f"datasetField:db://shop:raw:{column}", **when)
        return [v["externalVersion"] for model in found["models"] for v in model["versions"]]

    at = "2026-03-01T09:30:00Z"
    assert [await ask(column, asOf=at) for column in "xyzu"] == [["v1"], [], ["v1"], []]
    assert [await ask(column) for column in "xyzu"] == [[], ["v2", "v1"], ["v2", "v1"], []]
    assert [await ask(column, history="all") for column in "xyzu"] == [["v2", "v1"]] * 3 + [[]]


async def test_of_a_feature_that_is_gone(database: str, client: httpx.AsyncClient) -> None:
    def make(time: str, *fields: str) -> Any:
        return run_event("COMPLETE", time, "make", f"make {time}", outputs=[dataset("features", schema(*fields))])

    model = dataset("m", {"datasetType": {"datasetType": "MODEL"}, "version": {"datasetVersion": "v1"}})
    learnt = {"headwater_features": {"features": ["visits", "tenure"]}}
    train = run_event("COMPLETE", "09:00", "train", "v1", inputs=["features"], outputs=[model], run_facets=learnt)
    await store(database, [make("08:00", "visits", "tenure", "age"), train, make("10:00", "visits")])
    for when in ({}, {"asOf": "2026-03-01T09:30:00Z"}):
        found = await _get(client, "/affected", Affected, nodeId="datasetField:db://shop:features:tenure", **when)
        assert _affected(found) == {"m": ["v1"]}
    age = "datasetField:db://shop:features:age"
    assert _affected(await _get(client, "/affected", Affected, nodeId=age, asOf="2026-03-01T09:30:00Z")) == {}
    gone = await client.get("/affected", params={"nodeId": age})
    assert (gone.status_code, "It was there until 2026-03-01T10:00:00Z" in gone.json()["message"]) == (404, True)


async def test_of_a_feature_that_only_a_training_names(database: str, client: httpx.AsyncClient) -> None:
    def train(name: str, features: list[Any]) -> Any:
        model = dataset(name, {"datasetType": {"datasetType": "MODEL"}})
        learnt = {"headwater_features": {"features": features}} if features else {}
        return run_event("COMPLETE", "09:00", name, name, inputs=["labels"], outputs=[model], run_facets=learnt)

    told = {"name": "question", "namespace": "db://shop", "dataset": "labels", "field": "q"}
    await store(database, [train("m", [told, "z"]), train("silent", [])])
    for column in "qz":
        found = await _get(client, "/affected", Affected, nodeId=f"datasetField:db://shop:labels:{column}")
        assert _affected(found).keys() == {"m", "silent"}
    assert (await client.get("/affected", params={"nodeId": "datasetField:db://shop:labels:nope"})).status_code == 404


IN_AND_OUT = ["input", "output"]


@pytest.mark.parametrize(
    ("node_id", "kinds", "models", "deployed"),
    [
        (f"dataset:{LAKE}:{EVENTS}", IN_AND_OUT, {"churn": ALL, "spend": ["s1"]}, 2),
        (f"dataset:{LAKE}:{EVENTS}", ["dataset_lineage"], {}, 0),
        (f"dataset:{REGISTRY}:churn", IN_AND_OUT, {}, 2),
        (f"dataset:{REGISTRY}:churn", ["input"], {}, 0),
        (f"datasetField:{LAKE}:{EVENTS}:page", IN_AND_OUT, {"churn": ALL}, 2),
        (f"datasetField:{LAKE}:{EVENTS}:page", [*IN_AND_OUT, "dataset_lineage"], {"churn": ALL}, 2),
        (f"datasetField:{LAKE}:{EVENTS}:page", ["dataset_lineage"], {}, 0),
        (f"dataset:{LAKE}:{EVENTS}#e2", IN_AND_OUT, {"churn": ["v1.2"]}, 1),
        (f"dataset:{LAKE}:{EVENTS}#e2", ["input", "job_lineage"], {}, 0),
        (f"dataset:{LAKE}:{EVENTS}#e2", ["output"], {}, 0),
        (f"run:{run_id('clean 3')}", IN_AND_OUT, {"churn": ["v1.2"]}, 1),
        (f"run:{run_id('clean 3')}", ["output"], {}, 0),
        (f"run:{run_id('train v1')}", ["output"], {"churn": ["v1"]}, 0),
        (f"run:{run_id('train v1')}", ["input"], {}, 0),
    ],
)
async def test_by_some_kinds_of_edges(
    told: httpx.AsyncClient, node_id: str, kinds: list[str], models: dict[str, list[str]], deployed: int
) -> None:
    """What only reads, or only writes, brings in no other run."""
    found = await _get(told, "/affected", Affected, nodeId=node_id, kinds=kinds)
    assert (_affected(found), len(found["deployments"])) == (models, deployed)


async def test_of_a_column_by_kinds_of_edges(database: str, client: httpx.AsyncClient) -> None:
    """Of ``a`` a job makes the features of one model; of it, too, a view is declared, and of that another model."""

    def source(table: str, field: str) -> dict[str, str]:
        return {"namespace": "db://shop", "name": table, "field": field}

    model = {"datasetType": {"datasetType": "MODEL"}}
    made = {"columnLineage": {"fields": {"x": {"inputFields": [source("raw", "a")]}}}}
    declared = {"lineage": {"fields": {"v": {"inputs": [{"type": "DATASET", **source("raw", "a")}]}}}}
    learnt = {"lineage": {"inputs": [{"type": "DATASET", **source("view", "v")}]}}
    await store(
        database,
        [
            run_event("COMPLETE", "08:00", "make", "make", inputs=["raw"], outputs=[dataset("features", made)]),
            run_event("COMPLETE", "09:00", "train", "train", inputs=["features"], outputs=[dataset("one", model)]),
            dataset_event("08:00", "view", declared),
            dataset_event("09:00", "two", {**model, **learnt}),
            run_event("COMPLETE", "10:00", "fit", "fit", inputs=["view"], outputs=[dataset("two", model)]),
        ],
    )

    async def ask(*kinds: str) -> list[str]:
        found = await _get(client, "/affected", Affected, nodeId="datasetField:db://shop:raw:a", kinds=kinds)
        return sorted(_affected(found))

    assert await ask() == ["one", "two"]
    assert await ask("input", "output") == ["one"]
    assert await ask("dataset_lineage") == ["two"]


async def test_streams_that_read_each_other(database: str, client: httpx.AsyncClient) -> None:
    model, stream = {"datasetType": {"datasetType": "MODEL"}}, {"jobType": {"processingType": "STREAMING"}}
    await store(
        database,
        [
            run_event("START", "08:00", "one", "1", inputs=["b"], outputs=["a"], job_facets=stream),
            run_event("START", "08:10", "two", "2", inputs=["a"], outputs=["b", dataset("m", model)], job_facets=stream),
            run_event("RUNNING", "08:20", "one", "1", inputs=["b"], outputs=["a"], job_facets=stream),
        ],
    )
    found = await _get(client, "/affected", Affected, nodeId=f"run:{run_uuid('1')}")
    assert [m["path"] for m in found["models"]] == [[f"run:{run_uuid('1')}", f"run:{run_uuid('2')}", "dataset:db://shop:m"]]


# ---------------------------------------------------------------- other forms, costs, faults


async def test_a_trace_as_a_graph(told: httpx.AsyncClient) -> None:
    path = f"/{CHURN}/versions/v1/trace"
    graph = await _graph(told, path)
    trace = (await told.get(path)).json()
    model = f"dataset:{REGISTRY}:churn#{trace['version']['version']}"
    sources = {graph.nodes[node]["name"] for node in graph if not graph.in_degree(node)}
    assert sources == {EVENTS, CUSTOMERS, LABELS}
    assert {graph.nodes[node]["name"] for node in nx.ancestors(graph, model)} == {
        "train", "features", "clean", EVENTS, CLEAN, FEATURES, CUSTOMERS, LABELS,
    }  # fmt: skip
    assert [graph.nodes[node]["name"] for node in graph if not graph.out_degree(node)] == ["scores/churn"]
    rows = await _table(told, path)
    assert ("VERSION", FEATURES, "10", "1") in {
        (row["kind"], row["name"], row["externalVersion"], row["distance"]) for row in rows
    }
    assert 'label="churn #v1"' in (await told.get(path, headers={"accept": "text/vnd.graphviz"})).text


async def test_what_is_affected_as_a_graph(told: httpx.AsyncClient) -> None:
    for node in (f"dataset:{LAKE}:{CLEAN}", f"dataset:{LAKE}:{EVENTS}#e1", f"datasetField:{LAKE}:{CLEAN}:page"):
        graph = await _graph(told, "/affected", nodeId=node)
        assert f"dataset:{REGISTRY}:churn" in nx.descendants(graph, node)
        assert any(end.startswith("dataset:https://serving:") for end in graph.successors(f"dataset:{REGISTRY}:churn"))
    rows = await _table(told, "/affected", nodeId=f"dataset:{LAKE}:{CLEAN}")
    assert [row["name"] for row in rows if row["type"] == "MODEL"] == ["churn", "spend"]


async def test_a_comparison_as_a_graph_and_as_a_table(told: httpx.AsyncClient) -> None:
    asked = {"from": "v1", "to": "v1.2"}
    graph = await _graph(told, f"/{CHURN}/compare", **asked)
    edge = graph.edges[f"dataset:{LAKE}:{FEATURES}", f"dataset:{REGISTRY}:churn"]
    assert edge["turn"] == "CHANGED"
    rows = await _table(told, f"/{CHURN}/compare", **asked)
    assert [(row["turn"], row["what"], row["name"], row["before"], row["after"]) for row in rows] == [
        ("CHANGED", "DATA", "", "10", "11"),
        ("ADDED", "FIELD", "tenure", "", "DOUBLE"),
        ("CHANGED", "ROWS", "", "100", "150"),
        ("ADDED", "FEATURE", "tenure", "", ""),
        ("CHANGED", "PARAMETER", "learning_rate", "0.1", "0.05"),
        ("CHANGED", "METRIC", "auc", "0.8", "0.85"),
    ]


async def test_prov(told: httpx.AsyncClient) -> None:
    path = f"/{CHURN}/versions/v1.2/trace"
    answer = await told.get(path, headers={"accept": "application/prov+json"})
    assert answer.headers["content-type"] == "application/prov+json"
    assert answer.json() == (await told.get(path, params={"format": "prov"})).json()
    document, trace = answer.json(), (await told.get(path)).json()
    model, train = f"version:{trace['version']['version']}", f"run:{run_id('train v1.2')}"
    assert document["entity"][model]["headwater:externalVersion"] == "v1.2"
    assert document["activity"][train]["headwater:codeVersion"] == "t1"
    made = {(r["prov:entity"], r["prov:activity"]) for r in document["wasGeneratedBy"].values()}
    used = {(r["prov:activity"], r["prov:entity"]) for r in document["used"].values()}
    assert (model, train) in made
    assert {entity for run, entity in used if run == train} == {f"version:{d['version']}" for d in trace["data"][:2]}
    assert (f"run:{run_id('deploy v1.2')}", model) in used
    endpoint = f"version:{trace['deployments'][0]['version']}"
    assert (f"run:{run_id('score 3')}", endpoint) in used
    assert {entity for pair in (*made, *used) for entity in pair if entity.startswith("version:")} == set(document["entity"])


async def test_statements_do_not_grow(database: str, client: httpx.AsyncClient) -> None:
    model = {"datasetType": {"datasetType": "MODEL"}}
    costs = []
    for n in (2, 40):
        tables = [f"{n}t{i}" for i in range(n)]
        makers = [run_event("COMPLETE", "08:00", f"make {t}", t, inputs=[f"raw {t}"], outputs=[t]) for t in tables]
        train = run_event("COMPLETE", "09:00", f"train {n}", f"train {n}", inputs=tables, outputs=[dataset(f"m{n}", model)])
        users = [run_event("COMPLETE", "10:00", f"use {t}", f"use {t}", inputs=[f"m{n}"], outputs=[f"p{t}"]) for t in tables]
        await store(database, [*makers, train, *users])
        asked: tuple[tuple[str, dict[str, str]], ...] = (
            (f"/db%3A%2F%2Fshop/m{n}/versions/latest/trace", {}),
            (f"/db%3A%2F%2Fshop/m{n}/compare", {"from": "latest", "to": "latest"}),
            ("/affected", {"nodeId": f"dataset:db://shop:raw {n}t0"}),
            ("/affected", {"nodeId": f"run:{run_uuid(f'{n}t0')}"}),
            ("", {}),
        )
        for path, parameters in asked:
            await client.get(path, params=parameters)
            with recorded() as statements:
                assert (await client.get(path, params=parameters)).status_code == 200
            costs.append(len([statement for statement in statements if statement]))
    # The graph in memory may be made fresh again, by two statements, while any other transaction of the server is open.
    assert all(abs(many - few) <= 2 for few, many in zip(costs[:5], costs[5:], strict=True))
    assert max(costs) <= 35


@pytest.mark.parametrize(
    ("path", "parameters", "status", "message"),
    [
        ("/mlflow%3A%2F%2Fmodels/nope", {}, 404, "Model 'nope' not found."),
        ("/s3%3A%2F%2Flake/features%2Fcustomers/versions", {}, 404, "Model 'features/customers' not found."),
        (f"/{CHURN}/versions/v9", {}, 404, "Model version 'v9' not found."),
        (f"/{CHURN}/versions/v9/trace", {}, 404, "Model version 'v9' not found."),
        (f"/{CHURN}/versions/v1/trace", {"depth": -1}, 400, "query param depth must be greater than or equal to 0"),
        (f"/{CHURN}/versions/v1/trace", {"format": "xml"}, 400, "must be one of [JSON, PROV, DOT"),
        (f"/{CHURN}/compare", {"from": "v1"}, 400, "query param to must not be null"),
        (f"/{CHURN}/compare", {"from": "v1", "to": "\0"}, 404, "Model version '\ufffd' not found."),
        (f"/{CHURN}/compare", {"from": "v1", "to": "v9"}, 404, "Model version 'v9' not found."),
        ("", {"limit": -1}, 400, "query param limit must be greater than or equal to 0"),
        ("/affected", {}, 400, "query param nodeId must not be null"),
        ("/affected", {"nodeId": "nonsense"}, 400, "Expected dataset:"),
        ("/affected", {"nodeId": f"dataset:{LAKE}:nope"}, 404, "Dataset 'nope' not found"),
        ("/affected", {"nodeId": f"dataset:{LAKE}:{EVENTS}#e9"}, 404, "Dataset version 'e9' not found."),
        ("/affected", {"nodeId": f"datasetField:{LAKE}:{EVENTS}:nope"}, 404, "Field 'nope' not found."),
        ("/affected", {"nodeId": "run:nope"}, 404, "Run 'nope' not found."),
        ("/affected", {"nodeId": f"run:{run_id('clean 3')}", "kinds": "job_lineage"}, 400, "must have INPUT or OUTPUT for runs"),
        ("/affected", {"nodeId": f"dataset:{LAKE}:{EVENTS}#e2", "kinds": "dataset_lineage"}, 400, "must have INPUT or OUTPUT"),
        ("/affected", {"nodeId": f"datasetField:{LAKE}:{EVENTS}:page", "kinds": "input"}, 400, "must have INPUT and OUTPUT (an"),
        ("/affected", {"nodeId": f"run:{run_uuid('nope')}"}, 404, "not found."),
        ("/affected", {"nodeId": f"dataset:{LAKE}:{EVENTS}", "history": "some"}, 400, "query param history must be"),
    ],
)  # fmt: skip
async def test_what_is_refused(told: httpx.AsyncClient, path: str, parameters: dict[str, Any], status: int, message: str) -> None:
    answer = await told.get(path, params=parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]
