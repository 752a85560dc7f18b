"""Events of real producers, of the specification and of its tests go in over HTTP: what the official schema allows is taken
but for what is listed here, nothing is a 5xx, and what was taken comes out again as it was sent, in any order of arrival.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import httpx
import psycopg
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from headwater.db.pool import connect
from headwater.ids import event_id
from headwater.ingest.prepare import decompress
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from tests.build import PRODUCER
from tests.conftest import Server, cloned
from tests.serving import in_process

SHARED = Path(__file__).parents[2] / "shared"
CORPORA = SHARED / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"REAL EVENTS WERE NOT TRIED: there is no {CORPORA}")

LIVE = ("live/openlineage-python", "live/dbt-duckdb", "live/spark35")
SPECIFIED = ("spec-examples", "explicit-lineage")
TEMPLATES = ("templates-filled/common", "templates-filled/flink", "templates-filled/hive")

# What the official schema, without its formats, allows and we refuse.
STRICTER = {
    "run_eventTime_garbage": ("$.eventTime", "time is what orders events: what is no time has no place"),
    "run_runId_not_uuid": ("$.run.runId", "the specification's text wants a UUID; HEADWATER_ANY_RUN_ID takes others"),
    "run_job_empty_name": ("$.job.name", "nothing can be called that, nor asked for under it"),
}
# What it refuses and we do too, as no reading makes sense of it.
SENSELESS = {
    "dataset_and_job": "$",
    "dataset_event_no_name": "$.dataset.name",
    "empty_object": "$.eventTime",
    "not_object": "$",
    "number": "$",
    "run_dataset_no_ns": "$.inputs[0].namespace",
    "run_eventTime_epoch": "$.eventTime",
    "run_eventType_unknown": "$.eventType",
    "run_inputs_object": "$.inputs",
    "run_job_no_ns": "$.job.namespace",
    "run_no_eventTime": "$.eventTime",
    "run_run_without_id": "$.run.runId",
}


class Sample(NamedTuple):
    name: str
    body: bytes


def files(folder: str, under: Path = CORPORA) -> Iterator[Path]:
    return (path for path in sorted((under / folder).glob("*.json")) if path.stem != "README")


def samples(folder: str, under: Path = CORPORA) -> list[Sample]:
    return [Sample(path.stem, path.read_bytes()) for path in files(folder, under)]


def edge_cases() -> list[Sample]:
    cases = {path.stem: json.loads(path.read_bytes())["event"] for path in files("edge-cases")}
    return [Sample(name, json.dumps(event).encode()) for name, event in cases.items() if not isinstance(event, list)]


def completed() -> list[Sample]:
    """The specification's examples with what they leave out: a time, and a UUID for ``abc-123``."""
    found = []
    for folder in SPECIFIED:
        for n, sample in enumerate(samples(folder)):
            event = {"eventTime": f"2026-03-25T10:00:{n:02}Z", **json.loads(sample.body)}
            if "run" in event:
                event["run"] = {**event["run"], "runId": str(_uuid(event["run"]["runId"]))}
            found.append(Sample(sample.name, json.dumps(event).encode()))
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid5(UUID(int=0), text)


def facets() -> list[Sample]:
    """Run events with each facet in every place that a facet can have."""
    found = []
    for n, path in enumerate(files("facet-examples")):
        facet = json.loads(path.read_bytes())
        dataset = {"namespace": "db", "name": "a", "facets": facet}
        event = {
            "eventTime": f"2026-03-01T00:00:{n:02}Z",
            "eventType": "COMPLETE",
            "producer": PRODUCER,
            "run": {"runId": str(_uuid(path.stem)), "facets": facet},
            "job": {"namespace": "facets", "name": path.stem, "facets": facet},
            "inputs": [{**dataset, "name": "b", "inputFacets": facet}],
            "outputs": [{**dataset, "outputFacets": facet}],
        }
        found.append(Sample(path.stem, json.dumps(event).encode()))
    return found


def whole() -> list[Sample]:
    """All that is taken, a few hundred of the templates' events left out that are like others."""
    found = [sample for folder in LIVE for sample in samples(folder)]
    found += [sample for folder in TEMPLATES for sample in samples(folder)[::5]]
    found += [sample for sample in edge_cases() if sample.name not in {*STRICTER, *SENSELESS}]
    return [*found, *completed(), *facets(), *samples("events", SHARED / "golden")]


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as client:
        yield client


async def send(http: httpx.AsyncClient, samples: list[Sample]) -> dict[str, httpx.Response]:
    """The answers to those that were refused, in the documented way."""
    refused = {}
    for sample in samples:
        answer = await http.post("/api/v1/lineage", content=sample.body)
        if answer.status_code != 201:
            assert answer.status_code in (400, 422), f"{sample.name}: {answer.status_code} {answer.text}"
            assert answer.json()["errors"], sample.name
            refused[sample.name] = answer
    return refused


def logged(database: str) -> dict[UUID, bytes]:
    with psycopg.connect(database) as conn:
        return {UUID(str(i)): decompress(body) for i, body in conn.execute("SELECT event_id, body FROM lineage_events")}


def official() -> Draft202012Validator:
    return Draft202012Validator(json.loads((SHARED / "spec" / "OpenLineage.json").read_bytes()))


# ---------------------------------------------------------------- taken, and kept as sent


@pytest.mark.parametrize("folder", [*LIVE, *TEMPLATES])
async def test_every_event_of_a_producer_is_taken(database: str, http: httpx.AsyncClient, folder: str) -> None:
    sent = samples(folder)
    assert sent
    assert await send(http, sent) == {}
    assert logged(database) == {event_id(sample.body): sample.body for sample in sent}


async def test_the_recorded_marquez_events_are_taken(database: str, http: httpx.AsyncClient) -> None:
    sent = samples("events", SHARED / "golden")
    assert await send(http, sent) == {}
    assert set(logged(database).values()) == {sample.body for sample in sent}


async def test_edge_cases(database: str, http: httpx.AsyncClient) -> None:
    cases = edge_cases()
    refused = await send(http, cases)
    places = {name: answer.json()["errors"][0]["path"] for name, answer in refused.items()}
    assert places == {**{name: place for name, (place, _) in STRICTER.items()}, **SENSELESS}
    assert set(logged(database).values()) == {case.body for case in cases if case.name not in refused}


async def test_the_list_of_what_we_refuse_is_right(http: httpx.AsyncClient) -> None:
    schema = official()
    for case in edge_cases():
        if case.name in STRICTER or case.name in SENSELESS:
            assert schema.is_valid(json.loads(case.body)) == (case.name in STRICTER), case.name


async def test_nothing_that_the_schema_allows_is_refused(http: httpx.AsyncClient) -> None:
    schema = official()
    everything = [*edge_cases(), *(s for folder in (*LIVE, *SPECIFIED, *TEMPLATES) for s in samples(folder))]
    valid = [sample for sample in everything if schema.is_valid(json.loads(sample.body))]
    assert len(valid) > 1000
    refused: dict[str, str] = {}
    for start in range(0, len(valid), 400):
        batch = valid[start : start + 400]
        answer = await http.post("/api/v1/lineage/batch", content=b"[" + b",".join(s.body for s in batch) + b"]")
        assert answer.status_code in (200, 204), answer.text
        failed = answer.json()["failed_events"] if answer.status_code == 200 else []
        refused |= {batch[f["index"]].name: f["reason"].partition(":")[0] for f in failed}
    assert refused == {name: place for name, (place, _) in STRICTER.items()}


@pytest.mark.parametrize("folder", SPECIFIED)
async def test_what_the_examples_of_the_specification_leave_out(http: httpx.AsyncClient, folder: str) -> None:
    """They are shown in part: those without a time or with ``abc-123`` for a run are told so."""
    for sample in samples(folder):
        event = json.loads(sample.body)
        refused = await send(http, [sample])
        if "eventTime" not in event:
            assert refused[sample.name].json()["errors"][0]["path"] == "$.eventTime"
        elif "run" in event and len(event["run"]["runId"].replace("-", "")) != 32:
            assert refused[sample.name].json()["errors"] == [{"path": "$.run.runId", "message": "is no UUID"}]
        else:
            assert not refused


async def test_with_that_they_are_taken(database: str, http: httpx.AsyncClient) -> None:
    sent = completed()
    assert await send(http, sent) == {}
    assert set(logged(database).values()) == {sample.body for sample in sent}


async def test_every_facet_is_taken_in_every_place_and_shown(http: httpx.AsyncClient) -> None:
    sent = facets()
    assert await send(http, sent) == {}
    for sample in sent:
        event = json.loads(sample.body)
        run = (await http.get(f"/api/v1/jobs/runs/{event['run']['runId']}")).json()
        for key, facet in event["run"]["facets"].items():
            assert run["facets"][key] == facet, sample.name


async def test_run_events_come_out_as_they_went_in(http: httpx.AsyncClient) -> None:
    sent = [sample for folder in LIVE for sample in samples(folder)]
    await send(http, sent)
    found: list[Any] = []
    while page := (await http.get("/api/v1/events/lineage", params={"limit": 100, "offset": len(found)})).json()["events"]:
        found += page
    wanted = [event for sample in sent if "run" in (event := json.loads(sample.body))]
    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, wanted))


# ---------------------------------------------------------------- one state, whatever came first


async def _state(database: str) -> dict[str, str]:
    conn = await connect(database)
    try:
        return await table_hashes(conn)
    finally:
        await conn.close()


async def _differences(database: str, other: str) -> list[str]:
    one, two = await _state(database), await _state(other)
    return [f"{table}: {one[table]} ≠ {two[table]}" for table in one if one[table] != two[table]]


async def _in_batches(database: str, sent: list[Sample], size: int) -> None:
    async with in_process(database, commit_events=size) as http:
        for start in range(0, len(sent), 97):
            body = b"[" + b",".join(sample.body for sample in sent[start : start + 97]) + b"]"
            answer = await http.post("/api/v1/lineage/batch", content=body)
            assert answer.status_code == 204, answer.text


@pytest.mark.parametrize("order", ["backwards", "shuffled"])
async def test_any_order_gives_one_state(database: str, server: Server, order: str) -> None:
    sent = whole()
    await _in_batches(database, sent, 500)
    other = sent[::-1]
    if order == "shuffled":
        random.Random(7).shuffle(other)
    with cloned(server.url, server.template) as second:
        await _in_batches(second, other, 13)
        assert await _differences(database, second) == []


async def test_replay_gives_the_same_state(database: str, server: Server) -> None:
    sent = whole()
    with cloned(server.url, server.template) as second:
        for url in (database, second):
            await _in_batches(url, sent, 50)
        progress: list[tuple[int, int]] = []
        await replay(database, lambda done, total: progress.append((done, total)))
        assert progress[-1] == (len(logged(database)), len(logged(database)))
        assert await _differences(database, second) == []
