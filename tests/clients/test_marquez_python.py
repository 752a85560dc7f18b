"""The unmodified marquez-python: every one of its methods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.producers.environments import run, surroundings
from tests.producers.reading import Reader

pytestmark = pytest.mark.producers


@pytest.fixture
def answers(marquez_python: Path, reader: Reader, tmp_path: Path) -> dict[str, list[Any]]:
    script = Path(__file__).with_name("call_everything.py")
    told = json.loads(run([marquez_python / "python", script, reader.url], tmp_path, surroundings()))
    assert told["not called"] == []
    found: dict[str, list[Any]] = told["answers"]
    return found


def test_every_method(answers: dict[str, list[Any]]) -> None:
    one = {method: given[0] for method, given in answers.items()}
    assert one["create_namespace"] == one["get_namespace"]
    assert (one["get_namespace"]["ownerName"], one["get_namespace"]["description"]) == ("ada", "all of it")
    assert {n["name"] for n in one["list_namespaces"]["namespaces"]} == {"default", "shop/eu"}
    assert one["create_source"] == one["get_source"] == one["list_sources"]["sources"][0]
    _check_datasets(answers)
    _check_jobs_and_runs(answers)
    assert [t["description"] for t in answers["create_tag"]] == ["personal", None]
    assert {"CORE", "GOLD", "KEY", "LATER", "PII"} <= {t["name"] for t in one["list_tags"]["tags"]}
    everywhere, here = answers["list_events"]
    assert everywhere["totalCount"] == here["totalCount"] > 0
    for method in ("get_column_lineage_by_dataset", "get_column_lineage_by_dataset_field", "get_column_lineage_by_job"):
        assert one[method] == {"graph": []}


def _check_datasets(answers: dict[str, list[Any]]) -> None:
    table, _, stream = answers["create_dataset"]
    assert answers["get_dataset"] == [table]
    assert (table["name"], table["physicalName"], table["sourceName"], table["tags"]) == ("a:in", "a:in", "pg", ["CORE"])
    assert [(f["name"], f["type"], f["tags"]) for f in table["fields"]] == [("id", "INT", []), ("email", "TEXT", ["PII"])]
    assert (stream["type"], stream["schemaLocation"]) == ("STREAM", "https://schemas/1")
    assert answers["list_datasets"][0]["totalCount"] == 3
    (version,) = answers["list_dataset_versions"][0]["versions"]
    assert answers["get_dataset_version"] == [version]
    assert answers["tag_dataset"][0]["tags"] == ["CORE", "GOLD"]
    assert answers["tag_dataset_field"][0]["fields"][0]["tags"] == ["KEY"]


def _check_jobs_and_runs(answers: dict[str, list[Any]]) -> None:
    job = answers["create_job"][0]
    assert answers["get_job"] == [job] == answers["list_jobs"][0]["jobs"]
    assert (job["location"], job["description"], [d["name"] for d in job["inputs"]]) == ("https://git/x", "loads", ["a:in"])
    created = answers["create_job_run"][0]
    assert answers["get_job_run"] == [created]
    assert (created["state"], created["args"]["k"], created["nominalStartTime"]) == ("NEW", "v", "2026-01-01T00:00:00Z")
    ended = [answers[f"mark_job_run_as_{how}"][0]["state"] for how in ("completed", "failed", "aborted")]
    assert ended == ["COMPLETED", "FAILED", "ABORTED"]
    assert {r["state"] for r in answers["list_job_runs"][0]["runs"]} == {"COMPLETED", "FAILED", "ABORTED"}
