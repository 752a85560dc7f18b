"""The commands about models, of the story that ``tests.api.model_story`` tells."""

from __future__ import annotations

import json

import pytest
from tests.api.model_story import EVENTS, FEATURES, LAKE, REGISTRY, run_id, story
from tests.cli.conftest import Command

SENT = [json.loads(event) for event in story()]
pytestmark = pytest.mark.usefixtures("on_told_service")


def test_models(headwater: Command) -> None:
    done = headwater("models", "--limit", 2)
    assert [line.split()[0] for line in done.out.splitlines()] == ["VERSION", "v1.2", "f1"]
    assert done.err == "2 of 3 models; --limit shows more\n"
    assert headwater("models", "--json").json["totalCount"] == 3


def test_trace(headwater: Command) -> None:
    done = headwater("trace", REGISTRY, "churn", "v1.2")
    assert done.status == 0
    for told in (
        "trained by   job:ml:train",
        "learning_rate = 0.05",
        f"  ├ dataset:{LAKE}:features/customers  #11  150 rows  by features",
        f"  │ └ dataset:{LAKE}:clean/events  #c-2  1,490 rows  by clean",
        f"  │   └ dataset:{LAKE}:{EVENTS}  #e2  1,500 rows  a source",
        "dataset:https://serving:churn-endpoint",
        "Can it be made again? 90%: 18 of 20 things are known",
    ):
        assert told in done.out
    assert headwater("trace", REGISTRY, "churn", "--json").json["version"]["externalVersion"] == "v1.2"
    assert headwater("trace", REGISTRY, "churn", "--depth", 1).err == "more left out by depth\n"


def _words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line]


def test_compare(headwater: Command) -> None:
    told = _words(headwater("compare", REGISTRY, "churn", "v1.1").out)
    assert told[:2] == [f"dataset:{REGISTRY}:churn v1.1 → v1.2", "changed: data, schema, features, metrics"]
    for line in (
        f"CHANGED 10 11 +50 dataset:{LAKE}:features/customers",
        "ADDED - DOUBLE tenure",
        f"- a source dataset:{LAKE}:{EVENTS}#e2",
        "tenure - yes",
        "auc 0.82 0.85 +0.03",
    ):
        assert line in told
    assert "Code" not in told
    parameters = _words(headwater("compare", REGISTRY, "churn", "v1", "v1.1").out)
    assert ("learning_rate 0.1 0.05" in parameters, "Training data" in parameters) == (True, True)
    assert headwater("compare", REGISTRY, "churn", "v1", "v1").out.splitlines()[1] == "changed: nothing that is known"
    assert headwater("compare", REGISTRY, "churn", "v1", "--json").json["after"]["externalVersion"] == "v1.2"
    assert headwater("compare", REGISTRY, "churn", "v7").status == 1


def test_affected(headwater: Command) -> None:
    done = headwater("affected", f"dataset:{LAKE}:{EVENTS}#e1")
    assert [line.split(maxsplit=1)[1] for line in done.out.splitlines() if "versions" in line] == ["v1.1, v1", "s1"]
    assert "past" in done.out
    assert "versions     v1.1, v1\n" in headwater("affected", "raw/events", "--as-of", "2026-03-02T12:00:00Z").out
    assert f"by way of    clean 2026-03-01 01:00 (run:{run_id('clean 1')}) → features 2026-03-01 02:00 (run:" in done.out
    declared = headwater("affected", f"dataset:{LAKE}:{EVENTS}", "--kind", "dataset_lineage")
    assert declared.out == "No model is reached.\n"
    assert headwater("affected", f"dataset:{LAKE}:nobody-reads-this").status == 1
    assert headwater("affected", f"dataset:{LAKE}:scores/churn").out == "No model is reached.\n"


def test_affected_by_filters_ways_and_pages(headwater: Command) -> None:
    def names(*options: object) -> list[str]:
        done = headwater("affected", f"dataset:{LAKE}:{EVENTS}", "--json", *options)
        return [model["name"] for model in done.json["models"]]

    assert names() == names("--depth", 6) == names("--namespace", REGISTRY, "--type", "model") == ["churn", "spend"]
    assert names("--depth", 5) == names("--owner", "nobody") == names("--tag", "nothing") == names("--state", "failed") == []
    assert names("--name", "ch*") == names("--limit", 1) == names("--avoid", "job:ml:train_spend") == ["churn"]
    assert names("--through", "job:ml:train_spend") == ["spend"]
    assert names("--stop-at", FEATURES) == []
    done = headwater("affected", f"dataset:{LAKE}:{EVENTS}", "--limit", 1)
    assert (done.out.splitlines()[0], done.err) == (f"dataset:{REGISTRY}:churn", "2 nodes left out by limit\n")
    assert "No model" not in headwater("affected", f"dataset:{LAKE}:{EVENTS}", "--limit", 0).out


@pytest.mark.parametrize(
    "command",
    [
        ["models"],
        ["trace", REGISTRY, "churn"],
        ["compare", REGISTRY, "churn", "v1"],
        ["affected", f"dataset:{LAKE}:{EVENTS}"],
        ["columns", "clean/events"],
    ],
)
def test_forms_of_other_programs(headwater: Command, command: list[str]) -> None:
    assert headwater(*command, "--format", "dot").out.startswith("digraph")
