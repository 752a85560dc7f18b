"""Moving from a Marquez. No Marquez is at hand: over the API a second headwater is read, which speaks as Marquez does; what only
Marquez does is in tests/marquez. The database is one with Marquez's tables, as far as they are read."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import psycopg
import pytest
from tests.build import dataset, dataset_event, job_event, run_event, run_uuid, schema, store
from tests.cli.conftest import Command
from tests.conftest import Server, cloned, served
from tests.marquez.tables import Tables

from headwater.db.pool import connect
from headwater.ingest.state import state_hash

TABLE = {"type": "DB_TABLE", "physicalName": "public.t", "sourceName": "pg"}
FIELDS = [{"name": "id", "type": "INT", "description": "key"}, {"name": "email", "type": "TEXT", "tags": ["PII"]}]
PARENT: dict[str, Any] = {"run": {"runId": "019c1337-f8a0-7000-8000-000000000001"}, "job": {"namespace": "shop", "name": "dag"}}
EVENTS = [
    run_event("START", "08:00", "load", "one", inputs=["raw"], outputs=["orders"], run_facets={"parent": PARENT}),
    run_event("COMPLETE", "08:01", "load", "one", inputs=["raw"], outputs=[dataset("orders", schema("id:bigint", "email"))]),
    run_event("FAIL", "09:00", "report", "two", inputs=["orders"]),
]
BUS = {"dataSource": {"name": "bus", "uri": "kafka://bus"}}
SENT = run_event("COMPLETE", "09:00", "send", "three", outputs=[dataset("sent", BUS)])


@pytest.fixture
def theirs(server: Server) -> Iterator[str]:
    """URL of a database for the other side."""
    with cloned(server.url, server.template) as url:
        yield url


@pytest.fixture
def marquez(theirs: str) -> Iterator[str]:
    """URL of a service that holds events, and what people wrote."""
    with served(theirs) as url:
        asyncio.run(store(theirs, [*EVENTS, SENT]))
        _write(url)
        yield url


def _write(url: str) -> None:
    with httpx.Client(base_url=f"{url}/api/v1") as http:

        def put(path: str, content: dict[str, Any]) -> None:
            assert http.put(path, json=content).status_code == 200, path

        def post(path: str, content: dict[str, Any] | None = None) -> Any:
            answer = http.post(path, json=content)
            assert answer.status_code in (200, 201), f"{path} {answer.text}"
            return answer.json()

        put("/namespaces/finance", {"ownerName": "ada", "description": "money"})
        put("/sources/pg", {"type": "POSTGRESQL", "connectionUrl": "jdbc:postgresql://db:5432/x", "description": "the old one"})
        put("/sources/bus", {"type": "CONFLUENT", "connectionUrl": "kafka://bus", "description": "what is sent"})
        put("/tags/GOLD", {"description": "checked"})
        put("/namespaces/finance/datasets/ledger", {**TABLE, "fields": FIELDS, "tags": ["GOLD"], "description": "all bookings"})
        put("/namespaces/finance/datasets/sums", {**TABLE, "fields": FIELDS})
        job = {"inputs": [{"namespace": "finance", "name": "ledger"}], "outputs": [{"namespace": "finance", "name": "sums"}]}
        put("/namespaces/finance/jobs/close", {"type": "BATCH", **job, "description": "by month", "location": "https://git/x"})
        post("/namespaces/finance/jobs/close/tags/monthly")
        post(f"/namespaces/{quote('db://shop', safe='')}/datasets/orders/tags/GOLD")
        post(f"/namespaces/{quote('db://shop', safe='')}/datasets/orders/fields/email/tags/PII")
        post("/namespaces/shop/jobs/report/tags/nightly")
        run = post("/namespaces/finance/jobs/close/runs", {"args": {"month": "2026-02"}})["id"]
        post(f"/jobs/runs/{run}/start?at=2026-03-01T10:00:00Z")
        post(f"/jobs/runs/{run}/complete?at=2026-03-01T10:05:00Z")


def shown(url: str) -> dict[str, Any]:
    """What people see of it, without the ids of versions and what other times make of it."""
    found: dict[str, Any] = {}
    with httpx.Client(base_url=f"{url}/api/v1") as http:

        def get(path: str) -> Any:
            return http.get(path).raise_for_status().json()

        found["namespaces"] = [
            (n["name"], n["ownerName"], n["description"], n["isHidden"]) for n in get("/namespaces")["namespaces"]
        ]
        found["sources"] = [(s["name"], s["type"], s["connectionUrl"], s["description"]) for s in get("/sources")["sources"]]
        found["tags"] = get("/tags")["tags"]
        for namespace, *_ in found["namespaces"]:
            at = f"/namespaces/{quote(namespace, safe='')}"
            for d in get(f"{at}/datasets")["datasets"]:
                kept = ("type", "physicalName", "sourceName", "fields", "tags", "description", "facets")
                found[f"dataset {namespace} {d['name']}"] = {key: d[key] for key in kept}
            for j in get(f"{at}/jobs")["jobs"]:
                kept = ("type", "inputs", "outputs", "location", "description", "tags", "parentJobName")
                found[f"job {namespace} {j['name']}"] = {key: j[key] for key in kept}
                runs = get(f"{at}/jobs/{quote(j['name'], safe='')}/runs")["runs"]
                found[f"runs {namespace} {j['name']}"] = [
                    (r["id"], r["state"], r["startedAt"], r["endedAt"], r["args"], len(r["inputDatasetVersions"])) for r in runs
                ]
    return found


def state(database: str) -> str:
    """What follows from the events, and how many there are."""

    async def read() -> str:
        conn = await connect(database)
        try:
            row = await (
                await conn.execute("SELECT (SELECT count(*) FROM lineage_events), (SELECT count(*) FROM dead_letters)")
            ).fetchone()
            return f"{row} {await state_hash(conn)}"
        finally:
            await conn.close()

    return asyncio.run(read())


def counts(told: Any) -> dict[str, tuple[int, int]]:
    return {line["noun"]: (line["marquez"], line["headwater"]) for line in told["counts"]}


# ---------------------------------------------------------------- over the API


def test_all_of_it_comes_over_and_a_second_time_nothing_changes(headwater: Command, on_database: str, marquez: str) -> None:
    first = headwater("import", "marquez", "--url", marquez, "--json")
    assert (first.status, first.err) == (0, "")
    assert set(counts(first.json)) == {"namespaces", "jobs", "datasets", "runs", "dataset versions", "tags"}
    unlike = {noun: told for noun, told in counts(first.json).items() if told[0] != told[1]}
    assert unlike == {"dataset versions": (6, 5)}, "that of a PUT, where a run wrote another"
    with served(on_database) as url:
        assert shown(url) == shown(marquez)
    after = state(on_database)
    again = headwater("import", "marquez", "--url", marquez, "--json").json
    assert (again["accepted"], again["dead"], again["duplicate"] >= len([*EVENTS, SENT])) == (0, 0, True)
    assert state(on_database) == after
    assert headwater("events", "replay").status == 0
    assert state(on_database) == after


def test_what_only_dataset_and_job_events_told_comes_as_nouns(
    headwater: Command, on_database: str, marquez: str, theirs: str
) -> None:
    """The API lists run events only."""
    declared = [dataset_event("07:00", "declared", schema("x:int")), job_event("07:00", "planned", inputs=["declared"])]
    asyncio.run(store(theirs, declared))
    assert headwater("import", "marquez", "--url", marquez).status == 0
    with served(on_database) as url:
        found = shown(url)
    assert [f["name"] for f in found["dataset db://shop declared"]["fields"]] == ["x"]
    assert found["job shop planned"]["inputs"] == [{"namespace": "db://shop", "name": "declared"}]


def test_nothing_is_overridden(headwater: Command, on_database: str, marquez: str) -> None:
    with served(on_database) as url:
        httpx.put(f"{url}/api/v1/namespaces/finance", json={"ownerName": "bob", "description": "ours"}).raise_for_status()
        httpx.put(f"{url}/api/v1/tags/GOLD", json={"description": "our word"}).raise_for_status()
        assert headwater("import", "marquez", "--url", marquez).status == 0
        found = shown(url)
        assert ("finance", "bob", "ours", False) in found["namespaces"]
        assert {"name": "GOLD", "description": "our word"} in found["tags"]
        httpx.delete(f"{url}/api/v1/namespaces/shop/jobs/report").raise_for_status()
        assert headwater("import", "marquez", "--url", marquez).status == 0
        assert "job shop report" not in shown(url), "what is deleted here stays so"


def test_what_is_deleted_for_good_here_does_not_come_back(headwater: Command, on_database: str, marquez: str) -> None:
    assert headwater("import", "marquez", "--url", marquez).status == 0
    for what in (("job", "shop", "report"), ("dataset", "db://shop", "orders"), ("namespace", "finance")):
        assert headwater("erase", *what, "--yes").status == 0
    after = state(on_database)
    assert headwater("import", "marquez", "--url", marquez, "--json").json["accepted"] == 0
    assert state(on_database) == after


def test_a_namespace_that_is_deleted_there_is_deleted_here(headwater: Command, on_database: str, marquez: str) -> None:
    httpx.delete(f"{marquez}/api/v1/namespaces/shop").raise_for_status()
    assert headwater("import", "marquez", "--url", marquez).status == 0
    with served(on_database) as url:
        assert ("shop", "anonymous", None, True) in shown(url)["namespaces"]
        httpx.post(f"{url}/api/v1/namespaces/shop/undelete").raise_for_status()
        assert headwater("import", "marquez", "--url", marquez).status == 0
        assert ("shop", "anonymous", None, False) in shown(url)["namespaces"], "shown again here: not deleted a second time"


def test_refused_events_are_dead_letters_once(
    headwater: Command, on_database: str, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(store(theirs, [run_event("START", "08:00", "a-name-of-more-than-100-characters" * 4), *EVENTS]))
    with served(theirs) as url:
        monkeypatch.setenv("HEADWATER_MAX_NAME_LENGTH", "100")
        done = headwater("import", "marquez", "--url", url)
        assert done.status == 3
        assert "Refused (dead letters): 1." in done.out
        assert headwater("import", "marquez", "--url", url).status == 0
    assert headwater("dead-letters", "list", "--json").json["totalCount"] == 1


def test_counts_that_differ_are_explained(headwater: Command, on_database: str, marquez: str) -> None:
    asyncio.run(store(on_database, [run_event("COMPLETE", "08:00", namespace="elsewhere", outputs=["other"])]))
    done = headwater("import", "marquez", "--url", marquez)
    told = " ".join(done.out.split())
    assert "headwater also counts what did not come from there." in told
    assert "runs: A run UUID that several jobs use" in told
    assert "tags:" not in done.out


def test_a_killed_import_goes_on_where_it_was(on_database: str, theirs: str) -> None:
    events = [
        run_event("RUNNING", f"{n // 3600 + 8:02}:{n // 60 % 60:02}:{n % 60:02}", f"job{n % 5}", f"r{n}") for n in range(3000)
    ]
    asyncio.run(store(theirs, events))
    with served(theirs) as url, psycopg.connect(on_database, autocommit=True) as conn:

        def logged() -> int:
            row = conn.execute("SELECT count(*) FROM lineage_events").fetchone()
            assert row
            return int(row[0])

        command = [sys.executable, "-c", "from headwater.cli import main; main()", "import", "marquez", "--url", url, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
            while not conn.execute("SELECT 1 FROM imports WHERE reached IS NOT NULL").fetchone():
                assert first.poll() is None
            first.send_signal(signal.SIGKILL)
        before = logged()
        assert 0 < before < len(events)
        done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        assert done["accepted"] == len(events) - before
        assert done["duplicate"] < before, "what was in before is not read again"
        assert logged() == len(events)


# ---------------------------------------------------------------- from its database


@pytest.fixture
def tables(empty_database: str) -> Iterator[Tables]:
    """A Marquez with events, with what people wrote, and with things that were deleted."""
    made = Tables(empty_database)
    for event in (
        *EVENTS,
        dataset_event("07:00", "declared", schema("x:int")),
        run_event("COMPLETE", "10:00", "gone", "three", outputs=["old"]),
    ):
        made.event(event)
    for namespace in ("default", "db://shop", "shop"):
        made.namespace(namespace)
    made.namespace("finance", current_owner_name="ada", description="money")
    made.source("pg", connection_url="jdbc:postgresql://db:5432/x")
    gold = made.tag("GOLD", description="checked")
    for name in ("raw", "orders", "declared"):
        made.dataset("db://shop", name)
    made.dataset("db://shop", "old", is_hidden=True)
    ledger, version = made.dataset("finance", "ledger", {"id": "INT"}, source_name="pg", physical_name="public.ledger")
    made.dataset("finance", "never told", is_hidden=True)
    made.add("datasets_tag_mapping", dataset_uuid=ledger, tag_uuid=gold)
    for name, run in (("dag", PARENT["run"]["runId"]), ("dag.load", run_uuid("one")), ("report", run_uuid("two"))):
        made.run(run, made.job("shop", name), external_id=str(run))
    made.run(run_uuid("three"), made.job("shop", "gone", is_hidden=True), external_id="x")
    declared = json.dumps([{"namespace": "finance", "name": "ledger"}])
    close = made.job("finance", "close", current_inputs=declared, description="by month")
    times = {"started_at": "2026-03-01T10:00:00", "ended_at": "2026-03-01T10:05:00"}
    made.run(run_uuid("closing"), close, current_run_state="FAILED", **times)
    made.add("runs_input_mapping", run_uuid=run_uuid("closing"), dataset_version_uuid=version)
    yield made
    made.close()


def test_from_its_database_all_kinds_of_events_and_what_was_deleted(headwater: Command, on_database: str, tables: Tables) -> None:
    first = headwater("import", "marquez", "--database", tables.url, "--json")
    assert (first.status, first.err) == (0, "")
    assert {noun: told for noun, told in counts(first.json).items() if noun not in ("runs", "dataset versions")} == {
        "namespaces": (4, 4),
        "jobs": (4, 4),
        "datasets": (4, 4),
        "tags": (1, 1),
    }
    with served(on_database) as url:
        found = shown(url)
    assert ("finance", "ada", "money", False) in found["namespaces"]
    assert "dataset db://shop old" not in found
    assert "job shop gone" not in found
    assert [f["name"] for f in found["dataset db://shop declared"]["fields"]] == ["x"]
    ledger = found["dataset finance ledger"]
    assert (ledger["physicalName"], ledger["sourceName"], ledger["tags"]) == ("public.ledger", "pg", ["GOLD"])
    close = found["job finance close"]
    assert (close["inputs"], close["description"]) == ([{"namespace": "finance", "name": "ledger"}], "by month")
    assert found["runs finance close"] == [
        (str(run_uuid("closing")), "FAILED", "2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z", {}, 1)
    ]
    after = state(on_database)
    again = headwater("import", "marquez", "--database", tables.url, "--json").json
    assert (again["accepted"], again["dead"]) == (0, 0)
    assert state(on_database) == after
    assert headwater("events", "replay").status == 0
    assert state(on_database) == after


def test_who_reads_it_both_ways_has_each_event_once(headwater: Command, on_database: str, marquez: str, tables: Tables) -> None:
    assert headwater("import", "marquez", "--url", marquez).status == 0
    again = headwater("import", "marquez", "--database", tables.url, "--json").json
    assert again["duplicate"] >= len(EVENTS)
    with served(on_database) as url:
        listed = httpx.get(f"{url}/api/v1/events/shop", params={"before": "2026-03-01T09:30:00Z"}).json()
    assert listed["totalCount"] == len([*EVENTS, SENT])


def test_what_came_meanwhile_is_taken_the_next_time(headwater: Command, on_database: str, tables: Tables) -> None:
    assert headwater("import", "marquez", "--database", tables.url).status == 0
    tables.event(run_event("COMPLETE", "06:00", "late", "late", outputs=["orders"]))  # earlier than what was read
    assert headwater("import", "marquez", "--database", tables.url, "--json").json["accepted"] == 1


def test_runs_are_not_taken_for_the_same_because_they_are_as_many(headwater: Command, on_database: str, tables: Tables) -> None:
    asyncio.run(store(on_database, [run_event("COMPLETE", "12:00", "close", "ours", namespace="finance")]))
    assert headwater("import", "marquez", "--database", tables.url).status == 0
    with served(on_database) as url:
        assert {run[0] for run in shown(url)["runs finance close"]} == {str(run_uuid("ours")), str(run_uuid("closing"))}


def test_a_run_id_that_is_no_uuid_is_what_marquez_made_of_it(headwater: Command, on_database: str, tables: Tables) -> None:
    event = run_event("COMPLETE", "08:00", "old", namespace="airflow")
    event["run"]["runId"] = "manual__2026-03-01"
    made = UUID(bytes=hashlib.md5(b"manual__2026-03-01", usedforsecurity=False).digest(), version=3)
    tables.event(event, made)
    assert headwater("import", "marquez", "--database", tables.url).status == 0
    with served(on_database) as url:
        assert [run[0] for run in shown(url)["runs airflow old"]] == [str(made)]


def test_a_job_that_marquez_calls_otherwise_is_not_made_twice(headwater: Command, on_database: str, tables: Tables) -> None:
    """It puts a parent into its child's namespace, and writes _ for some characters of namespaces."""
    child = run_event("START", "08:00", "task", "task", namespace="a;b", run_facets={"parent": PARENT})
    tables.event(child)
    tables.namespace("a_b")
    tables.run(run_uuid("task"), tables.job("a_b", "dag.task"), external_id="x")
    assert headwater("import", "marquez", "--database", tables.url).status == 0
    with served(on_database) as url:
        assert [key for key in shown(url) if "dag.task" in key] == ["job a;b dag.task", "runs a;b dag.task"]


# ---------------------------------------------------------------- wrong use, and those who are away


@pytest.mark.parametrize("options", [[], ["--url", "http://a", "--database", "postgresql://b/c"]])
def test_one_of_both(headwater: Command, on_database: str, options: list[str]) -> None:
    done = headwater("import", "marquez", *options)
    assert done.status == 2
    assert "Give --url or --database" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--url", "http://me:secret@127.0.0.1:1"], "No Marquez answers at http://127.0.0.1:1: Connection refused"),
        (["--database", "postgresql://me:secret@127.0.0.1:1/marquez"], "Marquez's database does not answer"),
        (["--database", "postgresql://me:secret@/x?connect_timeout=nonsense"], "bad value for connect_timeout"),
        (["--database", "secret=secret"], "--database is no URL of PostgreSQL"),
    ],
)
def test_a_marquez_that_is_away_is_one_line_without_its_password(
    headwater: Command, on_database: str, options: list[str], message: str
) -> None:
    done = headwater("import", "marquez", *options)
    assert done.status == 1
    assert message in done.err
    assert "secret" not in done.err
    assert len(done.err.splitlines()) == 1


def test_its_own_database_is_no_marquez(headwater: Command, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    done = headwater("import", "marquez", "--database", empty_database)
    assert (done.status, "is where headwater keeps its own data" in done.err) == (1, True)
    with psycopg.connect(empty_database) as conn:
        assert conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_marquez_database_that_goes_away_is_one_line(headwater: Command, on_database: str, tables: Tables) -> None:
    """It ends the connection at the first of its events that is read."""
    tables.ends_connections()
    done = headwater("import", "marquez", "--database", tables.url)
    assert done.status == 1
    assert "0 events were taken in before; the same command goes on from there" in done.err
    assert len(done.err.splitlines()) == 1


def test_another_database_without_marquezs_tables(headwater: Command, on_database: str, empty_database: str) -> None:
    done = headwater("import", "marquez", "--database", empty_database)
    assert (done.status, "has no tables of Marquez" in done.err) == (1, True)
