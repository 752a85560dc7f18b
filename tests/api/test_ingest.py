"""POST /api/v1/lineage: where it is, what it answers, and what is kept of what it refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client import REGISTRY

from tests.api.ingesting import LINEAGE, Service, encoded, events, fault, kept, letters
from tests.build import dataset_event, job_event, run_event
from tests.conftest import Server, cloned
from tests.serving import in_process

Event = dict[str, Any]
START = run_event("START", "08:00:00", outputs=["a"])
ENDPOINTS = ["/api/v1/lineage", "/api/v1/api/v1/lineage", "/api/v1/lineage/api/v1/lineage"]


@pytest.fixture(scope="module")
async def shared(server: Server) -> AsyncIterator[Service]:
    with cloned(server.url, server.template) as database:
        async with in_process(database) as http:
            yield Service(http, database)


@pytest.fixture
def event(request: pytest.FixtureRequest) -> Event:
    """One that no other test sends."""
    return run_event("START", "08:00:00", run=request.node.nodeid, outputs=["a"])


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as client:
        yield client


# ---------------------------------------------------------------- where


@pytest.mark.parametrize("end", ["", "/", "//", "?", "?api_key=x&unknown=1&limit=nonsense", "/?a=%00"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_every_spelling_of_the_url_is_one(shared: Service, event: Event, endpoint: str, end: str) -> None:
    answer = await shared.http.post(endpoint + end, content=encoded(event))
    assert (answer.status_code, answer.content) == (201, b"")
    assert kept(shared.database, encoded(event)) == 1


@pytest.mark.parametrize("end", ["", "/", "?unknown=1"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_batches_are_beside_each(shared: Service, event: Event, endpoint: str, end: str) -> None:
    answer = await shared.http.post(f"{endpoint}/batch{end}", content=b"[" + encoded(event) + b"]")
    assert (answer.status_code, answer.content) == (204, b"")
    assert kept(shared.database, encoded(event)) == 1


@pytest.mark.parametrize("path", [*ENDPOINTS, *(f"{endpoint}/batch" for endpoint in ENDPOINTS)])
async def test_other_methods(shared: Service, path: str) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        answer = await shared.http.request(method, path, json=START)
        fault(answer, 405)
        assert answer.headers["allow"] == ("GET, POST" if path == "/api/v1/lineage" else "POST")


async def test_elsewhere_is_nothing(shared: Service, event: Event) -> None:
    for path in ("/lineage", "/api/lineage", "/api/v2/lineage", "/api/v1/lineages", "/api/v1/lineage/one"):
        fault(await shared.http.post(path, content=encoded(event)), 404, 405)
    assert kept(shared.database, encoded(event)) == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json", "application/json; charset=UTF-8", "APPLICATION/JSON", "text/plain", "text/plain;charset=utf-8",
        "application/octet-stream", "application/x-www-form-urlencoded", "application/vnd.openlineage+json", "nonsense", "",
        "multipart/form-data; boundary=x", "application/x-ndjson",
    ],
)  # fmt: skip
async def test_any_content_type_is_taken_for_json(shared: Service, event: Event, content_type: str) -> None:
    answer = await shared.http.post(LINEAGE, content=encoded(event), headers={"content-type": content_type})
    assert answer.status_code == 201
    assert kept(shared.database, encoded(event)) == 1


# ---------------------------------------------------------------- what is stored


async def test_every_kind(database: str, http: httpx.AsyncClient) -> None:
    sent = [encoded(e) for e in (START, job_event("08:01:00", "load", inputs=["a"]), dataset_event("08:02:00", "a"))]
    for body in sent:
        assert (await http.post(LINEAGE, content=body)).status_code == 201
    assert events(database) == sent
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT kind, event_type, name FROM lineage_events ORDER BY kind").fetchall() == [
            (1, "START", "load"), (2, None, "load"), (3, None, "a"),
        ]  # fmt: skip


async def test_an_event_is_visible_when_it_is_answered(http: httpx.AsyncClient) -> None:
    for n in range(5):
        assert (await http.post(LINEAGE, json=run_event("COMPLETE", "08:00:00", f"job{n}"))).status_code == 201
        assert (await http.get(f"/api/v1/namespaces/shop/jobs/job{n}")).json()["latestRun"]["state"] == "COMPLETED"
        assert (await http.get("/api/v1/events/lineage")).json()["totalCount"] == n + 1


async def test_the_bytes_are_kept_as_they_were_sent(database: str, http: httpx.AsyncClient) -> None:
    spaced = json.dumps({**START, "é": "\U0001f600", "n": [1.10, 1e5]}, indent=3, ensure_ascii=False).encode() + b"\r\n "
    assert (await http.post(LINEAGE, content=spaced)).status_code == 201
    assert events(database) == [spaced]


async def test_a_byte_order_mark_is_passed_over(database: str, http: httpx.AsyncClient) -> None:
    assert (await http.post(LINEAGE, content=b"\xef\xbb\xbf" + encoded(START))).status_code == 201
    assert events(database) == [encoded(START)]


async def test_the_same_event_again_is_one(database: str, http: httpx.AsyncClient) -> None:
    for _ in range(3):
        assert (await http.post(LINEAGE, json=START)).status_code == 201
    answers = await asyncio.gather(*(http.post(LINEAGE, json=START) for _ in range(20)))
    assert {a.status_code for a in answers} == {201}
    assert len(events(database)) == 1
    assert (await http.get("/api/v1/namespaces/shop/jobs/load/runs")).json()["totalCount"] == 1


async def test_another_time_makes_it_another_event(database: str, http: httpx.AsyncClient) -> None:
    for time in ("08:00:00", "08:01:00"):
        assert (await http.post(LINEAGE, json=run_event("RUNNING", time))).status_code == 201
    assert len(events(database)) == 2
    assert (await http.get("/api/v1/namespaces/shop/jobs/load/runs")).json()["totalCount"] == 1


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"{", 400, "$"),
        (b"nonsense", 400, "$"),
        (encoded(START)[:-1], 400, "$"),
        (encoded(START) + b"}", 400, "$"),
        (b"null", 400, "$"),
        (b"17", 400, "$"),
        (b'"event"', 400, "$"),
        (b"true", 400, "$"),
        (b"[" + encoded(START) + b"]", 400, "$"),
        (b"[]", 400, "$"),
        (b"\xff\xfe", 400, "$"),
        (encoded(START).replace(b"shop", b"\xe9"), 400, "$"),
        (encoded(START).decode().encode("utf-16"), 400, "$"),
        (b"[" * 10_000, 400, "$"),
        (b'{"a":' * 10_000, 400, "$"),
        (encoded(START).replace(b'"facets": {}', b'"facets": {"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"), 400, "$"),
        (encoded(START).replace(b'"facets": {}', b'"facets": {"x": {"a": NaN}}'), 400, "$"),
        (b"{}", 422, "$.eventTime"),
        (encoded({**START, "job": None}), 422, "$.job"),
        (encoded({**START, "run": {}}), 422, "$.run.runId"),
        (encoded({**START, "run": {"runId": "run_id"}}), 422, "$.run.runId"),
        (encoded({**START, "eventTime": "garbage"}), 422, "$.eventTime"),
        (encoded({**START, "eventTime": "0001-01-01T00:00:00+01:00"}), 422, "$.eventTime"),
        (encoded({**START, "eventType": "DONE"}), 422, "$.eventType"),
        (encoded({**START, "job": {"namespace": "shop", "name": ""}}), 422, "$.job.name"),
        (encoded({**START, "inputs": [{"name": "a"}]}), 422, "$.inputs[0].namespace"),
        (encoded({**START, "inputs": [None]}), 422, "$.inputs[0]"),
        (encoded({**START, "outputs": {"a": 1}}), 422, "$.outputs"),
        (encoded({**START, "job": {"namespace": "shop", "name": "x" * 1_000_000}}), 422, "$.job.name"),
    ],
)
async def test_a_refusal_says_where_and_is_kept(shared: Service, body: bytes, status: int, path: str) -> None:
    answer = await shared.http.post(LINEAGE, content=body)
    errors = fault(answer, status)
    assert [e["path"] for e in errors] == [path]
    assert answer.json()["message"] == f"{path}: {errors[0]['message']}"
    assert kept(shared.database, body) == 0
    assert letters(shared.database)[-1] == (LINEAGE, status, answer.json()["message"], errors, body)


async def test_an_array_is_shown_the_way(shared: Service) -> None:
    (error,) = fault(await shared.http.post(LINEAGE, content=b"  [" + encoded(START) + b"]"), 400)
    assert "/api/v1/lineage/batch" in error["message"]


async def test_of_nothing_nothing_is_kept(database: str, http: httpx.AsyncClient) -> None:
    for body in (b"", b"\xef\xbb\xbf"):
        (error,) = fault(await http.post(LINEAGE, content=body), 400)
        assert error["path"] == "$"
    assert letters(database) == []


async def test_a_refusal_takes_nothing_of_the_event_in(http: httpx.AsyncClient) -> None:
    fault(await http.post(LINEAGE, json={**START, "outputs": [{"namespace": "db", "name": "a"}, {"namespace": "db"}]}), 422)
    assert (await http.get("/api/v1/jobs")).json()["totalCount"] == 0
    assert (await http.get("/api/v1/events/lineage")).json()["totalCount"] == 0


# ---------------------------------------------------------------- settings

STRANGE = {**START, "producer": "me", "inputs": [{"namespace": "db", "name": "a", "facets": {"schema": {"fields": [{}]}}}]}


async def test_strict_refuses_what_the_schema_refuses(database: str) -> None:
    async with in_process(database, validation="strict") as http:
        errors = fault(await http.post(LINEAGE, json=STRANGE), 422)
        assert {e["path"] for e in errors} >= {"$.producer", "$.inputs[0].facets.schema.fields[0].name"}
        assert (await http.post(LINEAGE, json=START)).status_code == 201
    assert [letter.errors for letter in letters(database)] == [errors]


@pytest.mark.parametrize("odd", ["x", 3, [], {"namespace": "db"}])
async def test_strict_takes_any_content_of_what_the_schema_does_not_name(database: str, odd: object) -> None:
    when = {key: START[key] for key in ("eventTime", "producer", "schemaURL")}
    sent: list[dict[str, Any]] = [
        {"dataset": odd, **START},
        {**when, "job": START["job"], "eventType": odd},
        {**when, "dataset": {"namespace": "shop", "name": "a"}, "run": odd, "inputs": odd, "outputs": odd, "eventType": odd},
    ]
    async with in_process(database, validation="strict") as http:
        for event in sent:
            answer = await http.post(LINEAGE, json=event)
            assert answer.status_code == 201, answer.text
        assert (await http.get("/api/v1/events/lineage")).json()["events"] == sent[:1]
    assert [json.loads(event) for event in events(database)] == sent


async def test_lenient_takes_it_and_says_so(database: str, http: httpx.AsyncClient) -> None:
    assert (await http.post(LINEAGE, json=STRANGE)).status_code == 201
    (me,) = (await http.get("/api/v1/conformance")).json()["producers"]
    assert me["producer"] == "me"
    assert {f["path"] for f in me["findings"]} >= {"$.producer", "$.inputs[*].facets.schema.fields[*].name"}


@pytest.mark.parametrize("text", ["\U0001f600", "\\u0000", "C:\\users", "\\ud800"])
async def test_escapes_are_no_finding(database: str, text: str) -> None:
    """Many encoders escape what is not ASCII, and a backslash before ``u0000`` is no NUL."""
    event = {**START, "job": {"namespace": "shop", "name": text}}
    async with in_process(database, validation="strict") as http:
        for ascii_only in (True, False):
            answer = await http.post(LINEAGE, content=json.dumps(event, ensure_ascii=ascii_only).encode())
            assert answer.status_code == 201, answer.text


async def test_any_run_id_where_it_is_wanted(database: str) -> None:
    async with in_process(database, any_run_id=True) as http:
        for kind in ("START", "COMPLETE"):
            assert (
                await http.post(LINEAGE, json={**START, "eventType": kind, "run": {"runId": "2026-01-01"}})
            ).status_code == 201
        runs = (await http.get("/api/v1/namespaces/shop/jobs/load/runs")).json()
    assert [run["state"] for run in runs["runs"]] == ["COMPLETED"]


@pytest.mark.parametrize(("levels", "taken"), [(15, True), (25, False)])
async def test_nesting_has_a_limit(database: str, levels: int, taken: bool) -> None:
    """Levels of the whole event: $.run.facets.x is the fourth."""
    body = encoded(START).replace(
        b'"facets": {}', b'"facets": {"x": ' + b'{"a":' * (levels - 3) + b"1" + b"}" * (levels - 3) + b"}", 1
    )
    async with in_process(database, max_nesting=20) as http:
        answer = await http.post(LINEAGE, content=body)
    if taken:
        assert answer.status_code == 201
    else:
        (error,) = fault(answer, 400, 422)
        assert error["path"] == "$"
        assert "nested" in error["message"]


async def test_brackets_in_texts_are_no_levels(database: str) -> None:
    facets = {"x": {"sql": '[{"' * 100 + "\\"}}
    async with in_process(database, max_nesting=20) as http:
        assert (await http.post(LINEAGE, json=run_event("START", "08:00:00", run_facets=facets))).status_code == 201


async def test_names_have_a_limit(database: str) -> None:
    async with in_process(database, max_name_length=100) as http:
        assert (await http.post(LINEAGE, json=run_event("START", "08:00:00", "x" * 100))).status_code == 201
        (error,) = fault(await http.post(LINEAGE, json=run_event("START", "08:00:00", "x" * 101)), 422)
    assert error == {"path": "$.job.name", "message": "has 101 characters; the limit is 100"}


# ---------------------------------------------------------------- a full queue


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def _lock_is_awaited(database: str) -> bool:
    with psycopg.connect(database) as conn:
        return conn.execute("SELECT FROM pg_locks WHERE NOT granted AND relation = 'lineage_events'::regclass").rowcount > 0


def _queued() -> int:
    return int(REGISTRY.get_sample_value("headwater_queue_events") or 0)


async def test_a_full_queue_asks_to_come_back(database: str) -> None:
    """The first event is being written, the second one of its run waits for it, and there is no room for a third."""
    async with in_process(database, queue_events=1, commit_events=1) as http:
        with psycopg.connect(database) as conn:
            conn.execute("LOCK TABLE lineage_events IN EXCLUSIVE MODE")
            first = asyncio.create_task(http.post(LINEAGE, json=run_event("START", "08:00:00", run="1")))
            await _until(lambda: _lock_is_awaited(database))
            second = asyncio.create_task(http.post(LINEAGE, json=run_event("COMPLETE", "08:00:00", run="1")))
            await _until(lambda: _queued() == 1)
            third = await http.post(LINEAGE, json=run_event("START", "08:00:00", run="3"))
            batch = await http.post(f"{LINEAGE}/batch", json=[run_event("START", "08:00:00", run="4"), {}])
            conn.rollback()
        fault(third, 503)
        assert int(third.headers["retry-after"]) >= 1
        assert batch.status_code == 200
        assert [(e["index"], e["retriable"]) for e in batch.json()["failed_events"]] == [(0, True), (1, False)]
        assert batch.json()["summary"] == {"received": 2, "successful": 0, "failed": 2, "retriable": 1, "non_retriable": 1}
        assert [(await first).status_code, (await second).status_code] == [201, 201]
        assert (await http.post(LINEAGE, json=run_event("START", "08:00:00", run="3"))).status_code == 201
    assert len(events(database)) == 3
    assert [letter.body for letter in letters(database)] == [b"{}"]  # what may be sent again is not dead


async def test_an_event_larger_than_the_queue_still_goes_in(database: str) -> None:
    facets = {"x": {"noise": "".join(chr(0x4E00 + (n * n * 7919) % 20_000) for n in range(3000))}}
    async with in_process(database, queue_bytes=1024) as http:
        assert (await http.post(LINEAGE, json=run_event("START", "08:00:00", run_facets=facets))).status_code == 201


async def test_without_a_database(database: str) -> None:
    """Nothing is lost silently: the sender is told to come back, and the service serves again by itself."""
    async with in_process(database) as http:
        assert (await http.post(LINEAGE, json=START)).status_code == 201
        name = database.partition("?")[0].rpartition("/")[2]
        away = database.replace(name, "postgres")
        with psycopg.connect(away, autocommit=True) as conn:
            conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            answer = await http.post(LINEAGE, json=run_event("COMPLETE", "08:30:00"))
            fault(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1
            conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert (await http.post(LINEAGE, json=run_event("COMPLETE", "08:30:00"))).status_code == 201
        assert (await http.get("/api/v1/namespaces/shop/jobs/load")).json()["latestRun"]["state"] == "COMPLETED"


async def test_a_database_that_only_reads(database: str) -> None:
    """As a standby does after a failover, or one whose disk is full: it is not the event's fault, so it may come back."""
    name = database.partition("?")[0].rpartition("/")[2]
    async with in_process(database) as http:
        with psycopg.connect(database, autocommit=True) as conn:
            for read_only in ("on", "off"):
                conn.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {read_only}')
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s",
                    [name],
                )
                answer = await http.post(LINEAGE, json=START)
                if read_only == "on":
                    fault(answer, 503)
                    assert int(answer.headers["retry-after"]) >= 1
        assert answer.status_code == 201
