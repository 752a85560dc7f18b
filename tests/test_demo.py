from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from headwater import demo
from headwater.demo.shop import DAGS, LOADS, MODELS, SCORE, TABLES, TRAIN
from headwater.openlineage.validate import findings, kind_of

END = datetime(2026, 3, 4, 14, 40, tzinfo=UTC)
EVENTS = demo.events(1, END)
RUNS = [event for event in EVENTS if "run" in event]


def of_job(name: str) -> list[dict[str, Any]]:
    return [event for event in RUNS if event["job"]["name"] == name]


def test_the_schemas_find_nothing() -> None:
    assert [f for event in EVENTS for f in findings(json.dumps(event).encode(), kind_of(event))] == []


def test_the_same_seed_and_end_give_the_same_events() -> None:
    assert demo.events(1, END) == EVENTS
    assert demo.events(2, END) != EVENTS


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_a_few_hundred_events_of_two_days_in_order(hour: int) -> None:
    end = END.replace(hour=hour, minute=hour)
    times = [datetime.fromisoformat(event["eventTime"]) for event in demo.events(1, end)]
    assert 400 <= len(times) <= 600
    assert times == sorted(times)
    assert end - timedelta(hours=49) <= times[0]
    assert times[-1] <= end


def test_run_ids_carry_the_time_at_which_the_run_began() -> None:
    for event in RUNS:
        if event["eventType"] == "START":
            run = UUID(event["run"]["runId"])
            assert run.version == 7
            assert run.int >> 80 == round(datetime.fromisoformat(event["eventTime"]).timestamp() * 1000)


def test_every_run_ends_but_those_of_now_and_the_stream() -> None:
    last = {event["run"]["runId"]: event for event in RUNS}
    open_jobs = Counter(e["job"]["name"] for e in last.values() if e["eventType"] in ("START", "RUNNING"))
    assert open_jobs == {"click_ingest.load_clicks": 1, "payment_alerts": 1}


def test_what_fails_is_told_and_tried_again() -> None:
    failed = [event for event in RUNS if event["eventType"] == "FAIL"]
    assert {e["job"]["name"] for e in failed} == {"shop_ingest.load_orders", "stg_orders", "warehouse"}
    for event in failed:
        assert event["run"]["facets"]["errorMessage"]["message"]
        assert of_job(event["job"]["name"])[-1]["eventType"] == "COMPLETE"


def test_children_name_runs_of_their_dag() -> None:
    dags = {event["run"]["runId"]: event["job"]["name"] for event in RUNS if event["job"]["name"] in DAGS}
    for job in (*LOADS.values(), *MODELS.values(), TRAIN):
        for event in of_job(job.name):
            parent = event["run"]["facets"]["parent"]
            assert dags[parent["run"]["runId"]] == parent["job"]["name"] == job.parent


def test_the_model_has_two_versions_each_with_its_metrics() -> None:
    ended = [event for event in of_job(TRAIN.name) if event["eventType"] == "COMPLETE"]
    versions = [event["outputs"][0]["facets"]["version"]["datasetVersion"] for event in ended]
    assert versions == ["1", "1.1"]
    for event in ended:
        assert event["run"]["facets"]["headwater_metrics"]["metrics"]["auc"] > 0.8
        assert event["run"]["facets"]["executionParameters"]["parameters"]


def test_predictions_are_made_with_the_version_of_the_time() -> None:
    used = [event["inputs"][1]["facets"]["version"]["datasetVersion"] for event in of_job(SCORE.name)]
    assert used == sorted(used)
    assert set(used) == {"1", "1.1"}


def test_a_column_appears_on_the_second_day() -> None:
    schemas = [[f["name"] for f in e["outputs"][0]["facets"]["schema"]["fields"]] for e in of_job("stg_orders")]
    assert "coupon" not in schemas[0]
    assert "coupon" in schemas[-1]
    source = [event["dataset"] for event in EVENTS if "dataset" in event and event["dataset"]["name"] == "shop.public.orders"]
    assert ["coupon" in [f["name"] for f in told["facets"]["schema"]["fields"]] for told in source] == [False, True]


def test_column_lineage_names_columns_that_exist() -> None:
    for table in TABLES.values():
        for column in table.columns:
            for source, name in column.sources:
                assert name in {c.name for c in TABLES[source].columns}, (table.name, column.name)


def test_one_check_fails() -> None:
    results = Counter(
        check["success"]
        for event in of_job("test")
        for dataset in event["inputs"]
        for check in dataset["inputFacets"].get("dataQualityAssertions", {}).get("assertions", [])
    )
    assert results[False] == 1
    assert results[True] > 10
