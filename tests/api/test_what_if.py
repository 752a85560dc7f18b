from __future__ import annotations

import json
import random
from typing import Any

import httpx
import networkx as nx
import pytest
from pydantic import TypeAdapter

from headwater.db.pool import Pool
from headwater.entities.graph import WhatIf
from tests.build import Event, dataset, dataset_event, job_event, run_event, schema, store
from tests.lineage.graphs import complete, complete_explicitly, derived, random_event

DB = "dataset:db://shop:"


async def _suppose(client: httpx.AsyncClient, *events: Event, **parameters: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/impact", content=json.dumps(events), params=parameters)
    assert answer.status_code == 200, answer.text
    TypeAdapter(WhatIf).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _changes(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(c["kind"], c["node"], c["column"], c["before"], c["after"], c["reached"]) for c in told["changes"]]


def _reached(told: dict[str, Any]) -> dict[str, tuple[int, list[int]]]:
    return {node["name"]: (node["distance"], node["changes"]) for node in told["nodes"]}


def _orders(*fields: str) -> Event:
    out = dataset("orders", schema(*fields))
    return run_event("COMPLETE", "08:00", "clean", "clean", inputs=["raw"], outputs=[out])


async def test_a_dropped_and_a_retyped_column_reach_all_downstream(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_orders("id:int", "total:int", "note"), complete("report", "orders", "report")])
    supposed = dataset_event("09:00", "orders", schema("id:int", "total:decimal", "tax:int"))
    told = await _suppose(client, supposed)
    assert _changes(told) == [
        ("COLUMN_RETYPED", DB + "orders", "total", "int", "decimal", 2),
        ("COLUMN_DROPPED", DB + "orders", "note", None, None, 2),
        ("COLUMN_ADDED", DB + "orders", "tax", None, "int", 0),
    ]
    assert _reached(told) == {"report": (2, [0, 1])}
    assert {node["id"] for node in told["nodes"]} == {"job:shop:report", DB + "report"}


async def test_a_type_that_one_side_does_not_tell_is_no_other_type(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_orders("id:int", "note"), complete("report", "orders", "report")])
    assert _changes(await _suppose(client, dataset_event("09:00", "orders", schema("id", "note:text")))) == []


async def test_a_column_reaches_what_comes_of_it_as_far_as_that_is_told(database: str, client: httpx.AsyncClient) -> None:
    """One report is made of the totals, one of the notes; of a third nobody tells the columns."""
    await store(
        database,
        [
            _orders("id:int", "total:int", "note"),
            _made_of("sums", "total"),
            _made_of("remarks", "note"),
            complete("untold", "orders", "untold"),
            complete("further", "untold", "further"),
            complete("beyond", "sums remarks", "beyond"),
        ],
    )
    told = await _suppose(client, dataset_event("09:00", "orders", schema("id:int", "total:int")))
    assert [change[:3] for change in _changes(told)] == [("COLUMN_DROPPED", DB + "orders", "note")]
    datasets = {node["name"] for node in told["nodes"] if node["kind"] == "DATASET"}
    assert datasets == {"remarks", "untold", "further", "beyond"}
    assert {node["name"] for node in told["nodes"] if node["kind"] == "JOB"} == datasets


async def test_the_way_of_a_column_is_over_what_it_reaches_alone(database: str, client: httpx.AsyncClient) -> None:
    """The board is made of totals that are one step away, and of notes that are two."""
    fields = {"x": {"inputFields": [{"namespace": "db://shop", "name": "remarks", "field": "x"}]}}
    board = dataset("board", {"columnLineage": {"fields": fields}})
    show = run_event("COMPLETE", "08:30", "show", "show", inputs=["sums", "remarks"], outputs=[board])
    events = [
        _orders("id:int", "total:int", "note"),
        _made_of("sums", "total"),
        _made_of("notes", "note"),
        _made_of("remarks", "x", "notes"),
        show,
        complete("mail", "remarks"),
        complete("count", "sums"),
    ]
    await store(database, events)
    told = await _suppose(client, dataset_event("09:00", "orders", schema("id:int", "total:int")))
    expected = {"notes", "remarks", "board", "show", "mail"}
    assert {node["name"] for node in told["nodes"]} == expected, "who writes nothing tells no columns"
    [way] = [node["path"] for node in told["nodes"] if node["id"] == DB + "board"]
    jobs, tables = ["notes", "remarks", "show"], ["orders", "notes", "remarks", "board"]
    assert way[1::2] == [f"job:shop:{job}" for job in jobs]
    assert way[::2] == [DB + table for table in tables]
    assert told["counts"]["edges"] == {"found": 7, "returned": 7}


async def test_what_is_handed_over_from_job_to_job_is_reached(database: str, client: httpx.AsyncClient) -> None:
    sources = [{"type": "JOB", "namespace": "shop", "name": "read"}]
    handed = {"lineage": {"entries": [{"type": "JOB", "namespace": "shop", "name": "write", "inputs": sources}]}}
    write = run_event("COMPLETE", "08:20", "write", "write", outputs=["report"], job_facets=handed)
    await store(database, [_orders("id:int", "note"), complete("read", "orders"), write])
    told = await _suppose(client, dataset_event("09:00", "orders", schema("id:int")))
    assert {node["id"]: node["distance"] for node in told["nodes"]} == {
        "job:shop:read": 1, "job:shop:write": 2, DB + "report": 3,
    }  # fmt: skip
    column = {"nodeId": "datasetField:db://shop:orders:note"}
    tables = [(await client.get("/api/v1/impact", params=column | avoided)).json()["tableLevel"]["nodes"] for avoided in _AVOIDED]
    assert [[node["id"] for node in told] for told in tables] == [[DB + "report"], [], []]
    up = (await client.get("/api/v1/impact", params={"nodeId": DB + "report", "grain": "column", "direction": "upstream"})).json()
    assert [node["id"] for node in up["tableLevel"]["nodes"]] == [DB + "orders"]


_AVOIDED: list[dict[str, str]] = [{}, {"avoid": "job:shop:read"}, {"stopAt": "job:shop:write"}]


async def test_what_was_deleted_is_no_change(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw old", "orders")])
    async with Pool(database, open=False) as pool, pool.connection() as conn:
        await conn.execute("UPDATE datasets SET is_hidden = true WHERE name = 'old'")
    assert _changes(await _suppose(client, job_event("09:00", "clean", inputs=["raw"], outputs=["orders"]))) == []
    async with Pool(database, open=False) as pool, pool.connection() as conn:
        await conn.execute("UPDATE jobs SET is_hidden = true")
    told = await _suppose(client, job_event("09:00", "clean", inputs=["raw", "old"], outputs=["orders", "new"]))
    assert [node["id"] for node in told["start"]] == ["job:shop:clean"]
    assert (DB + "new") in {node["id"] for node in told["nodes"]}


async def test_what_merely_leads_to_the_same_is_not_reached(database: str, client: httpx.AsyncClient) -> None:
    """The view is declared to come of the notes, and also of a table that is made of the totals."""

    def declared(name: str, *sources: tuple[str, str]) -> Event:
        inputs = [{"type": "DATASET", "namespace": "db://shop", "name": table, "field": field} for table, field in sources]
        return dataset_event("08:20", name, {**schema("x"), "lineage": {"fields": {"x": {"inputs": inputs}}}})

    sums, view = declared("sums", ("orders", "total")), declared("view", ("orders", "note"), ("sums", "x"))
    await store(database, [_orders("id:int", "total:int", "note"), sums, view])
    told = await _suppose(client, dataset_event("09:00", "orders", schema("id:int", "total:int")))
    assert _reached(told) == {"view": (1, [0])}


def _made_of(job: str, column: str, table: str = "orders") -> Event:
    source = {"namespace": "db://shop", "name": table, "field": column}
    facets = {**schema("x"), "columnLineage": {"fields": {"x": {"inputFields": [source]}}}}
    return run_event("COMPLETE", "08:10", job, job, inputs=[table], outputs=[dataset(job, facets)])


async def test_a_job_that_reads_something_else(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw", "orders"), complete("report", "orders", "report")])
    told = await _suppose(client, job_event("09:00", "clean", inputs=["raw2"], outputs=["orders", "audit"]))
    assert _changes(told) == [
        ("INPUT_ADDED", "job:shop:clean", None, None, DB + "raw2", 4),
        ("OUTPUT_ADDED", "job:shop:clean", None, None, DB + "audit", 1),
        ("INPUT_REMOVED", "job:shop:clean", None, DB + "raw", None, 4),
    ]
    assert _reached(told)["audit"] == (0, [0, 1, 2])
    [report] = [node for node in told["nodes"] if node["id"] == DB + "report"]
    assert report["path"] == ["job:shop:clean", DB + "orders", "job:shop:report", DB + "report"]


async def test_what_is_supposed_is_not_stored(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw", "orders"), complete("report", "orders", "report")])
    before = (await client.get("/api/v1/impact", params={"nodeId": DB + "raw"})).json()
    supposed = complete("clean", "elsewhere", "nowhere", "09:00")
    first, second = await _suppose(client, supposed), await _suppose(client, supposed)
    assert first["changes"] == second["changes"]
    after = (await client.get("/api/v1/impact", params={"nodeId": DB + "raw"})).json()
    assert after["nodes"] == before["nodes"]
    async with Pool(database, open=False) as pool, pool.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM lineage_events")).fetchone()
    assert row == (2,)


async def test_the_same_again_is_no_change(database: str, client: httpx.AsyncClient) -> None:
    entries = [derived("c", "a")]
    await store(database, [_orders("id:int"), complete_explicitly("etl", ["a", "b"], ["c"], entries)])
    again = complete_explicitly("etl", ["a", "b"], ["c"], entries)
    told = await _suppose(client, _orders("id:INT"), again, run_event("START", "10:00", "clean", "next"))
    assert (told["changes"], told["nodes"]) == ([], [])


async def test_of_several_runs_of_a_job_the_latest_counts(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw", "orders"), complete("report", "orders", "report")])
    first = run_event("COMPLETE", "09:00", "clean", "1", inputs=["raw", "tmp"], outputs=[dataset("orders", schema("a"))])
    latest = run_event("START", "10:00", "clean", "2", inputs=["raw2"], outputs=[dataset("orders", schema("b"))])
    after = run_event("COMPLETE", "11:00", "clean", "3")
    told = await _suppose(client, latest, after, first)
    assert [change[:5] for change in _changes(told)] == [
        ("INPUT_ADDED", "job:shop:clean", None, None, DB + "raw2"),
        ("INPUT_REMOVED", "job:shop:clean", None, DB + "raw", None),
    ]
    await store(database, [dataset_event("08:30", "orders", schema("a"))])
    assert [change[:3] for change in _changes(await _suppose(client, latest, after, first))][2:] == [
        ("COLUMN_DROPPED", DB + "orders", "a"),
        ("COLUMN_ADDED", DB + "orders", "b"),
    ]


@pytest.mark.parametrize("seed", range(6))
async def test_what_has_happened_is_no_change(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    events = [e for i in range(30) if (e := random_event(rnd, i)).get("eventType") != "START"]
    await store(database, events)
    rnd.shuffle(events)
    assert _changes(await _suppose(client, *events)) == []


async def test_what_is_dropped_and_made_again_is_there(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw", "orders")])
    drop = dataset("orders", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    dropping = [run_event("START", "09:00", "clean", "1", outputs=[drop]), complete("clean", "raw", "orders", "09:30", "1")]
    assert [change[0] for change in _changes(await _suppose(client, *dropping))] == ["DATASET_DROPPED"]
    assert _changes(await _suppose(client, complete("clean", "raw", "orders", "10:00", "2"), *dropping)) == []


async def test_an_explicit_job_passes_on_only_what_it_says(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("etl", "a b", "c d"), complete("reader", "d", "e")])
    told = await _suppose(client, complete_explicitly("etl", ["a", "b", "x"], ["c", "d"], [derived("c", "x"), derived("d", "b")]))
    assert [(change[0], change[4], change[5]) for change in _changes(told)] == [
        ("INPUT_ADDED", DB + "x", 0), ("LINEAGE_ADDED", DB + "c", 1), ("LINEAGE_ADDED", DB + "d", 3),
    ]  # fmt: skip
    assert _reached(told).keys() == {"c", "d", "reader", "e"}


async def test_what_does_not_exist_yet(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("report", "orders", "report")])
    told = await _suppose(client, complete("new", "orders", "brand_new"))
    assert [change[0] for change in _changes(told)] == ["INPUT_ADDED", "OUTPUT_ADDED"]
    assert "brand_new" in _reached(told)


async def test_a_dropped_dataset(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw", "orders"), complete("report", "orders", "report")])
    dropped = dataset_event("09:00", "orders", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    told = await _suppose(client, dropped)
    assert _changes(told) == [("DATASET_DROPPED", DB + "orders", None, None, None, 2)]


async def test_in_other_forms(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("clean", "raw", "orders"), complete("report", "orders", "report")])
    dropped = dataset_event("09:00", "orders", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    told = await client.post("/api/v1/impact", json=[dropped], headers={"accept": "application/graphml+xml"})
    graph = nx.parse_graphml(told.text)
    assert set(graph.edges) == {(DB + "orders", "job:shop:report"), ("job:shop:report", DB + "report")}
    assert [node for node in graph.nodes if graph.nodes[node].get("turn") == "CHANGED"] == [DB + "orders"]
    rows = (await client.post("/api/v1/impact", json=[dropped], params={"format": "csv"})).text.splitlines()
    assert [row.partition(",")[0] for row in rows] == ["id", "job:shop:report", DB + "report"]
    refused = await client.post("/api/v1/impact", json=[dropped], params={"format": "openlineage"})
    assert (refused.status_code, "format cannot be OPENLINEAGE here" in refused.json()["message"]) == (400, True)


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"[1]", b'{"eventTime": "soon"}', b"\xff"])
async def test_what_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/impact", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]
