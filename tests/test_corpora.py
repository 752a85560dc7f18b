"""Events of real producers, and strange ones: nothing valid is refused, nothing causes a 5xx, and each can be read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headwater.ids import event_id
from headwater.ingest.prepare import decompress
from tests.serving import in_process

SHARED = Path(__file__).parents[1] / "../shared"
CORPORA = SHARED / "corpora"
LINEAGE = "/api/v1/lineage"

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="NOT CHECKED: the recorded events are not beside the checkout")

# What the schemas allow, or do not speak of, and no reading makes sense of.
REFUSED_THOUGH_VALID = {
    "run_job_empty_name": "a job without a name cannot be found again",
}
# What cannot be placed: no job, no run id, no time, no names, no JSON object.
REFUSED = {
    "array_single": "an array belongs to the batch endpoint",
    "dataset_and_job": "neither a JobEvent nor a DatasetEvent",
    "dataset_event_no_name": "no name",
    "empty_object": "no job and no time",
    "not_object": "no object",
    "number": "no object",
    "run_dataset_no_ns": "an input without a namespace",
    "run_eventTime_epoch": "a number is no time",
    "run_eventTime_garbage": "no time",
    "run_eventType_unknown": "no event type of the specification",
    "run_inputs_object": "inputs are no list",
    "run_job_no_ns": "no namespace",
    "run_no_eventTime": "no time",
    "run_runId_not_uuid": "no UUID",
    "run_run_without_id": "no run id",
}


def _events(*folders: str) -> Iterator[tuple[str, Any]]:
    for folder in folders:
        for file in sorted((SHARED / folder).rglob("*.json")):
            yield str(file.relative_to(SHARED)), json.loads(file.read_bytes())


async def _post(client: Any, event: Any) -> tuple[int, bytes]:
    body = json.dumps(event).encode()
    answer = await client.post(LINEAGE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code < 500, answer.text
    return answer.status_code, body


def _read_back(database: str, body: bytes) -> bytes | None:
    with psycopg.connect(database) as conn:
        row = conn.execute("SELECT body FROM lineage_events WHERE event_id = %s", [event_id(body)]).fetchone()
    return None if row is None else decompress(row[0])


async def test_every_event_of_a_real_producer_goes_in(database: str) -> None:
    async with in_process(database) as client:
        for name, event in _events("corpora/live", "corpora/templates-filled", "golden/events"):
            status, body = await _post(client, event)
            known = event.get("run", {}).get("runId") == "run_id"  # a producer's own negative test
            assert status == (422 if known else 201), name
            assert known or _read_back(database, body) == body, name
        listed = (await client.get("/api/v1/events/lineage", params={"limit": 5})).json()
    assert len(listed["events"]) == 5


async def test_strange_events_are_taken_or_refused_with_a_reason(database: str) -> None:
    async with in_process(database) as client:
        for name, case in _events("corpora/edge-cases"):
            status, body = await _post(client, case["event"])
            refused = case["name"] in REFUSED or case["name"] in REFUSED_THOUGH_VALID
            assert (status in (400, 422)) == refused, f"{name}: {status}"
            if not refused:
                assert status == 201, name
                assert _read_back(database, body) == body, name
            if case["schema_valid"] and refused:
                assert case["name"] in REFUSED_THOUGH_VALID, name


async def test_examples_of_the_specification_cause_no_fault(database: str) -> None:
    """Most are fragments; those that are whole events go in."""
    async with in_process(database) as client:
        for name, event in _events("corpora/spec-examples", "corpora/explicit-lineage"):
            status, _ = await _post(client, event)
            assert status in (201, 400, 422), name


async def test_every_example_of_a_facet_goes_in(database: str) -> None:
    async with in_process(database) as client:
        for n, (name, facet) in enumerate(_events("corpora/facet-examples")):
            event = {
                "eventType": "COMPLETE",
                "eventTime": "2026-01-31T08:30:00Z",
                "producer": "https://example.com/p",
                "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
                "run": {"runId": f"019c1337-f8a0-7000-8000-{n:012}", "facets": facet},
                "job": {"namespace": "n", "name": "j", "facets": facet},
                "inputs": [{"namespace": "d", "name": "i", "facets": facet, "inputFacets": facet}],
                "outputs": [{"namespace": "d", "name": "o", "facets": facet, "outputFacets": facet}],
            }
            status, body = await _post(client, event)
            assert status == 201, name
            assert _read_back(database, body) == body, name
