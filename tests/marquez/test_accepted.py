from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from headwater.marquez.accepted import accepted
from tests.build import Event, dataset, dataset_event, golden_events, job_event, run_event
from tests.ingest.strategies import events

FRAME = {"_producer": "https://p", "_schemaURL": "https://s"}
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"


def mended(event: Event) -> Any:
    return json.loads(accepted(json.dumps(event).encode()))


def test_what_marquez_takes_is_as_it_was_sent() -> None:
    event = run_event("START", "08:00", run_facets={"x": FRAME}, inputs=["a"]) | {"schemaURL": SPEC + "RunEvent"}
    line = json.dumps(event).encode() + b"  \n"
    assert accepted(line) == line
    assert accepted(json.dumps(event | {"schemaURL": "https://example.com/mine"}).encode()).count(b"example.com/mine") == 1


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (dataset_event("08:00", "d"), "DatasetEvent"),
        (job_event("08:00", "j"), "JobEvent"),
        (run_event("START", "08:00") | {"schemaURL": SPEC + "JobEvent"}, "RunEvent"),
        (job_event("08:00", "j") | {"schemaURL": None}, "JobEvent"),
    ],
)
def test_its_kind_stands_at_the_end_of_schema_url(event: Event, kind: str) -> None:
    assert mended(event)["schemaURL"] == SPEC + kind


def test_a_producer_and_the_frame_of_facets_are_given() -> None:
    event = run_event("START", "08:00", run_facets={"x": {"a": 1}}, job_facets={"y": {"_producer": "https://q"}})
    told = mended({**event, "producer": None})
    assert told["producer"].startswith("urn:headwater:")
    assert told["run"]["facets"]["x"] == {"a": 1, "_producer": told["producer"], "_schemaURL": SPEC + "BaseFacet"}
    assert told["job"]["facets"]["y"]["_producer"] == "https://q"


@pytest.mark.parametrize(
    "facets",
    [
        {"documentation": {**FRAME, "_deleted": True}},
        {"documentation": FRAME},
        {"nominalTime": {**FRAME, "nominalStartTime": None}},
        {"sql": None},
        {"sql": "select"},
    ],
)
def test_facets_that_would_refuse_the_whole_event_are_left_out(facets: dict[str, Any]) -> None:
    event = run_event("START", "08:00", inputs=[dataset("a", facets)], run_facets=facets, job_facets=facets)
    told = mended(event)
    assert [told["inputs"][0]["facets"], told["run"]["facets"], told["job"]["facets"]] == [{}, {}, {}]


def test_a_job_type_is_whole() -> None:
    event = run_event("START", "08:00", job_facets={"jobType": {**FRAME, "processingType": "STREAMING"}})
    facet = mended(event)["job"]["facets"]["jobType"]
    assert facet == {**FRAME, "processingType": "STREAMING", "integration": "UNKNOWN", "jobType": "JOB"}


def test_nuls_are_replaced() -> None:
    assert b"\\u0000" not in accepted(json.dumps(run_event("START", "08:00", "a\0b")).encode())


def test_what_a_marquez_took_stays_as_it_is() -> None:
    for body in golden_events():
        assert accepted(body) == body


@given(events)
def test_what_was_mended_needs_no_mending(event: Event) -> None:
    once = accepted(json.dumps(event).encode())
    assert accepted(once) == once
    told = json.loads(once)
    assert {key: told[key] for key in ("eventTime", "job", "dataset") if key in told}.keys() == event.keys() & {
        "eventTime",
        "job",
        "dataset",
    }
