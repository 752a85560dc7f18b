"""The model of ``tests.api.model_story``: from raw events to features, training, deployment and predictions.

v1 is trained on the 1st; v1.1 on the 2nd, with another learning rate; v1.2 on the 3rd, on new events and a feature more.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.api.model_story import CLEAN, CUSTOMERS, EVENTS, FEATURES, LABELS, LAKE, REGISTRY, SHOP, events, run_id
from tests.stories.telling import Service, distances, runs

CHURN = f"models/{quote(REGISTRY, safe='')}/churn"
RAW, FEATURE_TABLE, MODEL = f"dataset:{LAKE}:{EVENTS}", f"dataset:{LAKE}:{FEATURES}", f"dataset:{REGISTRY}:churn"
EVENING_OF_1ST, EVENING_OF_3RD = "2026-03-01T20:00:00Z", "2026-03-03T20:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    service.tell(events())


# ---------------------------------------------------------------- forward


def test_what_breaks_if_the_raw_events_change(service: Service) -> None:
    told = service.ask("impact", nodeId=RAW, grain="dataset")
    assert distances(told) == {
        CLEAN: 1, FEATURES: 2, "churn": 3, "spend": 3, "scores/churn": 3, "churn-endpoint": 4,
    }  # fmt: skip
    assert {group["name"]: group["nodes"] for group in told["groups"]["types"]}["MODEL"] == 2


def test_what_stands_on_a_column(service: Service) -> None:
    told = service.ask("impact", nodeId=f"datasetField:{LAKE}:{EVENTS}:page")
    assert {(node["name"], node["field"]): node["distance"] for node in told["nodes"]} == {
        (CLEAN, "page"): 1,
        (FEATURES, "visits"): 2,
    }
    on_from_there = {node["name"] for node in told["tableLevel"]["nodes"]}
    assert on_from_there == {"churn", "spend", "scores/churn"}


def test_which_models_stand_on_a_column(service: Service) -> None:
    told = service.ask("models/affected", nodeId=f"datasetField:{LAKE}:{EVENTS}:page")
    assert [model["name"] for model in told["models"]] == ["churn"]
    told = service.ask("models/affected", nodeId=f"datasetField:{SHOP}:{CUSTOMERS}:since")
    assert [[version["externalVersion"] for version in model["versions"]] for model in told["models"]] == [["v1.2"]]


def test_which_versions_stand_on_the_events_of_the_1st(service: Service) -> None:
    told = service.ask("models/affected", nodeId=f"{RAW}#e1")
    assert {model["name"]: [v["externalVersion"] for v in model["versions"]] for model in told["models"]} == {
        "churn": ["v1.1", "v1"],
        "spend": ["s1"],
    }


def test_which_models_a_bad_training_made(service: Service) -> None:
    told = service.ask("models/affected", nodeId=f"run:{run_id('train v1.1')}")
    [model] = told["models"]
    assert (model["distance"], model["path"]) == (0, [f"run:{run_id('train v1.1')}", MODEL])
    assert [version["externalVersion"] for version in model["versions"]] == ["v1.1"]
    assert told["deployments"] == []


def test_every_run_that_the_first_cleaning_reached(service: Service) -> None:
    told = service.ask("runlineage/downstream", runId=run_id("clean 1"))
    assert {(job, start[8:10]) for job, start, _ in runs(told)} == {
        ("clean", "01"), ("features", "01"), ("train", "01"), ("train_spend", "01"), ("deploy", "01"), ("score", "01"),
        ("train", "02"),
    }  # fmt: skip


# ---------------------------------------------------------------- backward


def test_every_run_behind_v1_1(service: Service) -> None:
    told = service.ask("runlineage/upstream", runId=run_id("train v1.1"))
    assert runs(told) == [
        ("train", "2026-03-02T04:00:00Z", [FEATURES, LABELS]),
        ("features", "2026-03-01T02:00:00Z", [CLEAN, CUSTOMERS]),
        ("clean", "2026-03-01T01:00:00Z", [EVENTS]),
    ]


@pytest.mark.parametrize(("version", "data"), [("v1", "e1"), ("v1.1", "e1"), ("v1.2", "e2")])
def test_exactly_what_data_made_it(service: Service, version: str, data: str) -> None:
    told = service.ask(f"{CHURN}/versions/{version}/trace")
    assert told["data"][-1]["id"]["name"] == EVENTS
    assert told["data"][-1]["externalVersion"] == data
    assert told["complete"] is True


def test_the_way_from_the_events_to_the_model(service: Service) -> None:
    told = service.ask("paths", grain="dataset", **{"from": RAW, "to": MODEL})
    assert [[node.rpartition("//")[2] for node in path["nodes"]] for path in told["paths"]] == [
        ["lake:raw/events", "lake:clean/events", "lake:features/customers", "models:churn"]
    ]
    assert service.ask("paths", **{"from": MODEL, "to": RAW})["noPath"]["otherWay"]["length"] == 6


# ---------------------------------------------------------------- what changed


def test_v1_1_differs_by_its_learning_rate(service: Service) -> None:
    told = service.ask(f"{CHURN}/compare", **{"from": "v1", "to": "v1.1"})
    assert told["changed"] == ["PARAMETERS", "METRICS"]
    assert told["parameters"] == [{"name": "learning_rate", "before": "0.1", "after": "0.05"}]
    assert told["metrics"] == [{"name": "auc", "before": 0.8, "after": 0.82, "difference": 0.02}]


def test_v1_2_differs_by_its_data(service: Service) -> None:
    told = service.ask(f"{CHURN}/compare", **{"from": "v1.1", "to": "v1.2"})
    assert told["changed"] == ["DATA", "SCHEMA", "FEATURES", "METRICS"]
    assert [(data["id"]["name"], data["change"], data["rowDifference"]) for data in told["trainingData"]] == [
        (FEATURES, "CHANGED", 50),
        (LABELS, "SAME", None),
    ]
    assert [feature["name"] for feature in told["features"]["added"]] == ["tenure"]
    first = told["firstDifference"]
    assert (first["id"]["name"], first["before"]["externalVersion"], first["after"]["externalVersion"]) == (EVENTS, "e1", "e2")


def test_what_became_of_the_features_between_the_1st_and_the_3rd(service: Service) -> None:
    told = service.ask("lineage/diff", nodeId=FEATURE_TABLE, depth=1, **{"from": EVENING_OF_1ST, "to": EVENING_OF_3RD})
    since = f"datasetField:{SHOP}:{CUSTOMERS}:since"
    assert {(change["what"], change["name"], change["source"], change["turn"], change["run"]) for change in told["changes"]} == {
        ("FIELD", "tenure", None, "ADDED", str(run_id("features 3"))),
        ("COLUMN", "tenure", since, "ADDED", str(run_id("features 3"))),
    }
    assert (told["nodes"], told["edges"]) == ({"added": [], "removed": []}, {"added": [], "removed": []})


def test_as_of_the_1st_no_forecast_was_there(service: Service) -> None:
    sales = f"dataset:{LAKE}:sales"
    assert distances(service.ask("impact", nodeId=sales)) == {"train_forecast": 1, "forecast": 2}
    assert distances(service.ask("impact", nodeId=sales, asOf=EVENING_OF_1ST)) == {}
