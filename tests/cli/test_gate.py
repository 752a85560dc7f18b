from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.build import Event, dataset, dataset_event, run_event, schema
from tests.cli.conftest import Command
from tests.conftest import Server, cloned, served
from tests.lineage.graphs import complete

from headwater.cli.client import Client
from headwater.cli.gate import is_refused, report

POLICY = """
[[protect]]
name = "models"
types = ["model"]

[[protect]]
owners = ["team:finance"]
tags = ["critical"]
changes = ["DATASET_DROPPED"]
"""


@pytest.fixture(scope="module")
def url(server: Server) -> Iterator[str]:
    out = dataset("features", schema("id:int", "age:int"))
    events: list[Event] = [
        run_event("COMPLETE", "08:00", "build", "b", inputs=["raw"], outputs=[out]),
        complete("train", "features", "churn"),
        run_event("START", "08:20", "train", "dbt", job_facets={"jobType": {"jobType": "MODEL"}}),  # as dbt calls its jobs
        dataset_event("08:30", "churn", {"datasetType": {"datasetType": "MODEL"}}),
        complete("report", "raw", "report"),
        dataset_event("08:30", "report", {"ownership": {"owners": [{"name": "team:finance"}]}}),
    ]
    with cloned(server.url, server.template) as database, served(database) as opened:
        Client(opened).post("lineage", "batch", body=json.dumps(events).encode(), content_type="application/json")
        yield opened


@pytest.fixture
def gate(headwater: Command, url: str, tmp_path: Path) -> Any:
    policy, change = tmp_path / "policy.toml", tmp_path / "change.json"

    def run(*events: Event, text: str = POLICY, lines: bool = False, more: tuple[str, ...] = ()) -> Any:
        policy.write_text(text)
        bodies = [json.dumps(event) for event in events]
        change.write_text("\n".join(bodies) if lines else json.dumps(events))
        return headwater("gate", change, "--policy", policy, "--url", url, *more)

    return run


def test_a_dropped_column_that_reaches_a_model_is_refused(gate: Any) -> None:
    done = gate(dataset_event("09:00", "features", schema("id:int")))
    assert done.status == 1
    assert "## Refused: 1 changes reach 2 nodes" in done.out
    assert "| COLUMN_DROPPED | dataset:db://shop:features | age | int |" in done.out
    assert "| models | dataset:db://shop:churn | COLUMN_DROPPED |" in done.out
    assert "dataset:db://shop:features → job:shop:train → dataset:db://shop:churn" in done.out


@pytest.mark.parametrize("lines", [False, True])
def test_what_breaks_nothing_is_allowed(gate: Any, lines: bool) -> None:
    added = dataset_event("09:00", "features", schema("id:int", "age:int", "city"))
    done = gate(added, complete("other", "elsewhere", "beyond", "09:00"), lines=lines)
    assert done.status == 0
    assert done.out.startswith("## Allowed: 3 changes")


def test_what_changes_may_itself_be_protected(gate: Any) -> None:
    drop = dataset_event("09:00", "churn", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    done = gate(drop)
    assert done.status == 1
    assert "## Refused: 1 changes reach 0 nodes" in done.out
    assert "| models | dataset:db://shop:churn | DATASET_DROPPED |  | dataset:db://shop:churn |" in done.out


def test_what_could_not_all_be_looked_at_is_refused(gate: Any) -> None:
    told = gate(dataset_event("09:00", "raw", {}), more=("--json",)).json
    assert not is_refused(told, [])
    cut = {**told, "counts": {**told["counts"], "found": 10_001, "returned": 10_000}}
    assert is_refused(cut, [])
    assert is_refused({**told, "complete": False}, [])
    first, *_, last = report(cut, [])
    assert (first, last) == ("## Refused: 0 changes reach 10001 nodes", "Only the nearest 10000 nodes could be looked at.")


def test_one_of_each_that_a_rule_gives(gate: Any) -> None:
    drop = dataset_event("09:00", "raw", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    assert gate(drop, text=POLICY.replace('tags = ["critical"]\n', "").replace("models", "ml")).status == 1
    only = '[[protect]]\nowners = ["team:finance"]\ntags = ["critical"]\n'
    assert gate(drop, text=only).status == 0
    told = gate(drop, more=("--json",)).json
    assert told["violations"] == [{"rule": "models", "node": "dataset:db://shop:churn", "change": 0}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("protect = 1", "must have [[protect]] tables"),
        ("", "must have [[protect]] tables"),
        ("[[protect]]\nkinds = []", "protect 1: expected name, types"),
        ('[[protect]]\ntypes = "MODEL"', "types must be a list of texts"),
        ("[[", "is no TOML"),
    ],
)
def test_a_policy_that_says_nothing_clear(gate: Any, text: str, message: str) -> None:
    done = gate(complete("j"), text=text)
    assert done.status == 1
    assert message in done.err


def test_events_that_are_none(headwater: Command, url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    done = headwater("gate", "-", "--policy", policy, "--url", url, stdin=b'{"eventTime": "soon"}')
    assert done.status == 1
    assert "$.job: is required" in done.err
    assert headwater("gate", tmp_path / "none", "--policy", policy, "--url", url).status == 1
