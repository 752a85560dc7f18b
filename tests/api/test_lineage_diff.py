from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import networkx as nx
import pytest
from pydantic import TypeAdapter

from headwater.entities.diff import GraphDiff, RunDiff, VersionDiff
from tests.build import Event, belonging, dataset, dataset_event, job_event, run_event, run_uuid, schema, store
from tests.lineage.graphs import complete
from tests.queries import counts, recorded

DB = "dataset:db://shop:"
JOB = "job:shop:"
MORNING, NOON, EVENING = (f"2026-03-01T{hour}:00:00Z" for hour in ("09", "12", "18"))
ANSWER: TypeAdapter[Any] = TypeAdapter(GraphDiff | VersionDiff | RunDiff)


async def _ask(client: httpx.AsyncClient, node: str, before: str, after: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/lineage/diff", params={"nodeId": node, "from": before, "to": after, **parameters})
    assert answer.status_code == 200, answer.text
    ANSWER.validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _columns(output: str, *sources: str, kind: str = "DIRECT") -> dict[str, Any]:
    fields = [
        {"namespace": "db://shop", "name": table, "field": field, "transformations": [{"type": kind, "subtype": "IDENTITY"}]}
        for table, field in (source.split(".") for source in sources)
    ]
    return {"columnLineage": {"fields": {output: {"inputFields": fields}}}}


def _owned(owner: str) -> dict[str, Any]:
    return {"ownership": {"owners": [{"name": owner, "type": "OWNER"}]}}


def _wrote(time: str, run: str, *outputs: Event, inputs: list[Event | str] | None = None, **more: Any) -> Event:
    return run_event("COMPLETE", time, "sum", run, inputs=inputs or ["orders"], outputs=list(outputs), **more)


def _story() -> list[Event]:
    """In the morning revenue is summed from orders. At 10 the currency rates come in, the total becomes a decimal and the
    comment goes; at 11 a board is made of it, in place of the report; at 13 another team takes it over."""
    old = {**schema("day:DATE", "total:INT", "comment:TEXT"), **_columns("total", "orders.amount"), **_owned("team:sales")}
    new = {**schema("day:DATE", "total:DECIMAL", "rate:FLOAT"), **_columns("total", "orders.amount", "rates.rate")}
    return [
        complete("load", "", "orders", "07:00"),
        _wrote("08:00", "s8", dataset("revenue", old)),
        complete("show", "revenue", "report", "08:30"),
        _wrote("10:00", "s10", dataset("revenue", {**new, **_owned("team:sales")}), inputs=["orders", "rates"]),
        complete("show", "revenue", "board", "11:00"),
        _wrote("13:00", "s13", dataset("revenue", {**new, **_owned("team:finance")}), inputs=["orders", "rates"]),
    ]


def _turns(told: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {(c["what"], c["name"], c["turn"], c["before"], c["after"]) for c in told}


async def test_around_a_job_with_all_that_belongs_to_it(database: str, client: httpx.AsyncClient) -> None:
    early, late = complete("load", "raw", "orders", "08:00"), complete("sum", "orders", "sums", "10:00")
    await store(database, [belonging(early, "dag"), belonging(late, "dag")])
    told = await _ask(client, "job:shop:dag", MORNING, NOON)
    assert {node["id"] for node in told["nodes"]["added"]} == {"job:shop:dag.sum", "dataset:db://shop:sums"}
    assert (told["node"]["id"], told["nodes"]["removed"]) == ("job:shop:dag", [])
    drawn = await client.get(
        "/api/v1/lineage/diff", params={"nodeId": "job:shop:dag", "from": MORNING, "to": NOON, "format": "dot"}
    )
    assert "dag.load" in drawn.text


async def test_what_came_and_went_between_two_times(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "revenue", MORNING, NOON)
    assert told["freshness"]["eventTime"] == "2026-03-01T13:00:00Z"
    assert [(node["id"], node["run"]) for node in told["nodes"]["added"]] == [
        (DB + "board", str(run_uuid("show 11:00"))), (DB + "rates", str(run_uuid("s10"))),
    ]  # fmt: skip
    assert [(node["id"], node["at"], node["run"]) for node in told["nodes"]["removed"]] == [
        (DB + "report", "2026-03-01T11:00:00Z", str(run_uuid("show 11:00")))
    ]
    added = {(edge["origin"], edge["destination"]): (edge["at"], edge["run"]) for edge in told["edges"]["added"]}
    assert added == {
        (DB + "rates", JOB + "sum"): ("2026-03-01T10:00:00Z", str(run_uuid("s10"))),
        (JOB + "show", DB + "board"): ("2026-03-01T11:00:00Z", str(run_uuid("show 11:00"))),
    }
    [removed] = told["edges"]["removed"]
    assert (removed["origin"], removed["destination"], removed["run"]) == (
        JOB + "show", DB + "report", str(run_uuid("show 11:00")),
    )  # fmt: skip
    assert (told["complete"], told["asOf"], told["before"], told["after"]) == (True, NOON, MORNING, NOON)
    found = counts(4, datasets=4, edges=(3, 3))  # revenue's columns changed, too
    assert told["counts"] == {**found, "changes": {"found": 4, "returned": 4}}


async def test_schemas_columns_and_owners_with_the_run_that_did_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "revenue", MORNING, NOON)
    assert {change["node"] for change in told["changes"]} == {DB + "revenue"}
    assert _turns(told["changes"]) == {
        ("FIELD", "total", "CHANGED", "INT", "DECIMAL"),
        ("FIELD", "comment", "REMOVED", "TEXT", None),
        ("FIELD", "rate", "ADDED", None, "FLOAT"),
        ("COLUMN", "total", "ADDED", None, "DIRECT IDENTITY"),
    }
    [column] = [change for change in told["changes"] if change["what"] == "COLUMN"]
    assert column["source"] == "datasetField:db://shop:rates:rate"
    assert {(change["at"], change["run"]) for change in told["changes"]} == {("2026-03-01T10:00:00Z", str(run_uuid("s10")))}
    later = await _ask(client, DB + "revenue", NOON, EVENING)
    assert [(c["what"], c["name"], c["turn"], c["run"]) for c in later["changes"]] == [
        ("OWNER", "team:sales", "REMOVED", str(run_uuid("s13"))), ("OWNER", "team:finance", "ADDED", str(run_uuid("s13"))),
    ]  # fmt: skip
    assert later["edges"] == {"added": [], "removed": []}


async def test_one_way_and_not_far(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    upstream = await _ask(client, DB + "revenue", MORNING, NOON, direction="upstream")
    assert [node["id"] for node in upstream["nodes"]["added"]] == [DB + "rates"]
    downstream = await _ask(client, DB + "revenue", MORNING, NOON, direction="downstream")
    assert [node["id"] for node in downstream["nodes"]["added"]] == [DB + "board"]
    near = await _ask(client, DB + "revenue", MORNING, NOON, depth=0)
    assert near["nodes"] == {"added": [], "removed": []}
    assert (near["complete"], near["counts"]["cut"]) == (False, [{"rule": "depth", "nodes": None}])
    assert len(near["changes"]) == 4
    short = await _ask(client, DB + "revenue", MORNING, NOON, limit=1)
    assert (short["complete"], len(short["changes"])) == (True, 1)
    cut = counts(4, datasets=4, returned=3, edges=(3, 2), cut=[{"rule": "limit", "nodes": 1}])
    assert short["counts"] == {**cut, "changes": {"found": 4, "returned": 1}}


async def test_two_writers_of_one_table_both_count(database: str, client: httpx.AsyncClient) -> None:
    """That another job wrote last does not take away what the first one's columns derive from."""
    first = dataset("t", {**schema("a"), **_columns("a", "x.a")})
    second = dataset("t", {**schema("a"), **_columns("a", "y.b")})
    await store(database, [
        run_event("COMPLETE", "08:00", "one", "1", inputs=["x"], outputs=[first]),
        run_event("COMPLETE", "10:00", "two", "2", inputs=["y"], outputs=[second]),
    ])  # fmt: skip
    told = await _ask(client, DB + "t", MORNING, NOON)
    assert [(c["what"], c["turn"], c["source"]) for c in told["changes"]] == [("COLUMN", "ADDED", "datasetField:db://shop:y:b")]


async def test_columns_that_are_told_explicitly_and_of_another_name(database: str, client: httpx.AsyncClient) -> None:
    """``b`` is made of ``u``, then explicitly of ``v``, then, by a facet again, of ``w``, which is another name of ``u``."""

    def explicit(time: str, run: str, source: str) -> Event:
        inputs = [{"type": "DATASET", "namespace": "db://shop", "name": source, "field": "x"}]
        entry = {"type": "DATASET", "namespace": "db://shop", "name": "b", "fields": {"a": {"inputs": inputs}}}
        return _wrote(time, run, dataset("b"), inputs=[source], job_facets={"lineage": {"entries": [entry]}})

    alias = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": "w", "type": "TABLE"}]}}
    await store(database, [
        complete("load", "", "u v", "07:00"), run_event("COMPLETE", "07:10", "link", "link", outputs=[dataset("u", alias)]),
        _wrote("08:00", "facet", dataset("b", _columns("a", "u.x"))),
        explicit("10:00", "explicit", "v"),
        _wrote("13:00", "again", dataset("b", _columns("a", "w.x"))),
    ])  # fmt: skip
    of_u, of_v = (("a", f"datasetField:db://shop:{source}:x") for source in "uv")

    async def columns(before: str, after: str) -> set[tuple[Any, ...]]:
        told = (await _ask(client, DB + "b", before, after, depth=0))["changes"]
        return {((c["name"], c["source"]), c["turn"], c["run"]) for c in told if c["what"] == "COLUMN"}

    by, again = str(run_uuid("explicit")), str(run_uuid("again"))
    assert await columns(MORNING, NOON) == {(of_u, "REMOVED", by), (of_v, "ADDED", by)}
    assert await columns(NOON, EVENING) == {(of_v, "REMOVED", again), (of_u, "ADDED", again)}
    assert await columns(MORNING, EVENING) == set()


async def test_what_events_without_a_run_told(database: str, client: httpx.AsyncClient) -> None:
    def view(time: str, kind: str, text: str, source: str, *fields: str) -> Event:
        inputs = [{"type": "DATASET", "namespace": "db://shop", "name": source}]
        facets = {"datasetType": {"datasetType": kind}, "documentation": {"description": text}, "lineage": {"inputs": inputs}}
        return dataset_event(time, "v", {**facets, **schema(*fields)})

    code = {"sourceCodeLocation": {"url": "https://git/etl", "version": "abc"}}
    await store(database, [
        view("08:00", "VIEW", "Old words", "a", "x:INT"),
        view("10:00", "MATERIALIZED_VIEW", "New words", "b", "x:INT", "y:INT"),
        job_event("08:00", "j", inputs=["v"]), job_event("10:30", "j", inputs=["v"], facets=code),
    ])  # fmt: skip
    told = await _ask(client, DB + "v", MORNING, NOON)
    # What a JobEvent tells replaces what the one before told; of a DatasetEvent it is kept with the version.
    assert {(*turn, change["at"][11:13], change["run"]) for change in told["changes"] for turn in _turns([change])} == {
        ("TYPE", "", "CHANGED", "VIEW", "MATERIALIZED_VIEW", "10", None),
        ("DESCRIPTION", "", "CHANGED", "Old words", "New words", "10", None),
        ("FIELD", "y", "ADDED", None, "INT", "10", None),
        ("CODE", "", "CHANGED", None, "https://git/etl abc", "10", None),
    }
    assert [(e["origin"], e["at"], e["run"]) for e in told["edges"]["removed"]] == [(DB + "a", "2026-03-01T10:00:00Z", None)]
    assert [(e["origin"], e["at"], e["run"]) for e in told["edges"]["added"]] == [(DB + "b", "2026-03-01T10:00:00Z", None)]


async def test_a_cycle_and_an_edge_that_came_back(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        complete("there", "a", "b", "07:00"), complete("back", "b", "a", "07:10"),
        complete("back", "c", "a", "08:00"), complete("back", "b", "a", "10:00"),
    ])  # fmt: skip
    told = await _ask(client, DB + "a", MORNING, NOON)
    assert [(e["origin"], e["destination"], e["run"]) for e in told["edges"]["added"]] == [
        (DB + "b", JOB + "back", str(run_uuid("back 10:00")))
    ]
    assert [node["id"] for node in told["nodes"]["removed"]] == [DB + "c"]


@pytest.mark.parametrize("by_run", [True, False])
async def test_a_dataset_that_is_dropped_and_made_again(database: str, client: httpx.AsyncClient, by_run: bool) -> None:
    dropped = dataset("t", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    drop = _wrote("10:00", "drop", dropped) if by_run else dataset_event("10:00", "t", dropped["facets"])
    await store(database, [_wrote("08:00", "one", dataset("t", schema("a"))), drop, _wrote("13:00", "again", dataset("t"))])

    async def changes(before: str, after: str) -> set[tuple[Any, ...]]:
        return _turns((await _ask(client, DB + "t", before, after))["changes"])

    assert await changes(MORNING, NOON) == {("LIFECYCLE", "", "ADDED" if by_run else "CHANGED", None, "DROP")}
    assert await changes(NOON, EVENING) == {("LIFECYCLE", "", "REMOVED", "DROP", None)}
    assert await changes(MORNING, EVENING) == set()


async def test_until_now(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    answer = await client.get("/api/v1/lineage/diff", params={"nodeId": DB + "revenue", "from": EVENING})
    told = answer.json()
    assert (told["changes"], told["edges"], told["complete"]) == ([], {"added": [], "removed": []}, True)


async def test_a_dag_is_compared_with_its_tasks(database: str, client: httpx.AsyncClient) -> None:
    def task(name: str, time: str, inputs: str, outputs: str) -> Event:
        parent = {"parent": {"run": {"runId": str(run_uuid(f"dag {time[:2]}"))}, "job": {"namespace": "shop", "name": "dag"}}}
        told = complete(f"dag.{name}", inputs, outputs, time)
        return {**told, "run": {**told["run"], "facets": parent}}

    dags = [run_event("COMPLETE", time, "dag", f"dag {time[:2]}") for time in ("08:00", "09:00")]
    first, second = task("clean", "08:10", "raw", "clean"), task("clean", "09:10", "raw", "clean")
    await store(database, [*dags, first, second, task("sum", "09:20", "clean", "sums")])
    told = await _ask(client, JOB + "dag", "2026-03-01T08:30:00Z", "2026-03-01T09:30:00Z")
    assert told["node"]["id"] == JOB + "dag"
    assert [node["id"] for node in told["nodes"]["added"]] == [DB + "sums", JOB + "dag.sum"]
    added = {(edge["origin"], edge["destination"]) for edge in told["edges"]["added"]}
    assert added == {(DB + "clean", JOB + "dag.sum"), (JOB + "dag.sum", DB + "sums")}
    assert not told["nodes"]["removed"] + told["edges"]["removed"] + told["changes"]


def _training(time: str, run: str, rows: int, depth: int, code: str, kind: str = "COMPLETE") -> list[Event]:
    parameters = {"parameters": [{"key": "depth", "name": "depth", "value": depth}, {"key": "seed", "name": "seed", "value": 7}]}
    told = dataset("model", schema("w:FLOAT"), outputFacets={"outputStatistics": {"rowCount": rows, "size": 10}})
    begun = time.replace(":30", ":00")
    return [
        run_event("START", begun, "train", run, inputs=["features"]),
        run_event(kind, time, "train", run, inputs=["features"], outputs=[told], run_facets={"executionParameters": parameters},
                  job_facets={"sourceCodeLocation": {"url": "https://git/ml", "version": code, "_producer": time}}),
    ]  # fmt: skip


async def test_two_runs_of_a_job(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        complete("make", "", "features", "07:00"), *_training("08:30", "first", 100, 3, "aaa"),
        complete("make", "", "features", "09:00"), *_training("10:30", "second", 90, 5, "bbb", "FAIL"),
    ])  # fmt: skip
    first, second = (str(run_uuid(name)) for name in ("first", "second"))
    told = await _ask(client, JOB + "train", first, second)
    assert (told["of"], told["before"]["run"], told["after"]["state"]) == ("RUNS", first, "FAILED")
    assert told["before"]["durationMs"] == told["after"]["durationMs"] == 30 * 60 * 1000
    [features] = told["inputs"]
    assert (features["dataset"], features["turn"]) == (DB + "features", "CHANGED")
    assert [v["writtenBy"] for side in ("before", "after") for v in features[side]] == [
        str(run_uuid("make 07:00")), str(run_uuid("make 09:00")),
    ]  # fmt: skip
    [model] = told["outputs"]
    assert model["statistics"] == [{"name": "rowCount", "before": 100, "after": 90}]
    assert [(f["of"], f["facet"], f["path"], f["before"], f["after"]) for f in told["facets"]] == [
        ("RUN", "executionParameters", "parameters[depth].value", "3", "5"),
        ("JOB", "sourceCodeLocation", "version", "aaa", "bbb"),
    ]


def _dag(hour: str, *tasks: Event) -> list[Event]:
    return [run_event("COMPLETE", f"{hour}:00", "dag", f"dag {hour}"), *(belonging(task, "dag", f"dag {hour}") for task in tasks)]


async def test_two_runs_of_a_dag_are_those_of_its_tasks(database: str, client: httpx.AsyncClient) -> None:
    """What one task reads of another is no input of the DAG; a task that ran once only, or failed, is told."""

    def sums(time: str, kind: str, inputs: str, rows: int) -> Event:
        wrote = dataset("sums", outputFacets={"outputStatistics": {"rowCount": rows}})
        facets = {"executionParameters": {"parameters": [{"key": "rows", "name": "rows", "value": rows}]}}
        return run_event(kind, time, "sum", f"sum {time}", inputs=inputs.split(), outputs=[wrote], run_facets=facets)

    await store(database, [
        complete("load", "", "raw", "07:00"),
        *_dag("08", complete("clean", "raw", "clean", "08:10"), sums("08:20", "COMPLETE", "clean", 5)),
        *_dag("09", complete("clean", "raw", "clean", "09:10"), sums("09:20", "FAIL", "clean rates", 7),
              complete("mail", "clean", "", "09:30")),
    ])  # fmt: skip
    told = await _ask(client, JOB + "dag", str(run_uuid("dag 08")), str(run_uuid("dag 09")))
    assert [(io["dataset"], io["turn"]) for io in told["inputs"]] == [(DB + "rates", "ADDED")]
    [output] = told["outputs"]
    assert (output["dataset"], output["statistics"]) == (DB + "sums", [{"name": "rowCount", "before": 5, "after": 7}])
    tasks = [
        (task["job"], task["turn"], task["before"] and task["before"]["state"], task["after"]["state"]) for task in told["tasks"]
    ]
    assert tasks == [(JOB + "dag.mail", "ADDED", None, "COMPLETED"), (JOB + "dag.sum", "CHANGED", "COMPLETED", "FAILED")]
    facets = [(f["job"], f["facet"], f["before"], f["after"]) for f in told["facets"]]
    assert (JOB + "dag.sum", "executionParameters", "5", "7") in facets
    found = counts(4, datasets=2, jobs=2, edges=(2, 2))
    changes = 1 + len(facets)
    assert told["counts"] == {**found, "changes": {"found": changes, "returned": changes}}
    assert (told["complete"], told["freshness"]["eventTime"]) == (True, "2026-03-01T09:30:00Z")
    table = list(csv.DictReader(io.StringIO(await _form(
        client, "csv", JOB + "dag", str(run_uuid("dag 08")), str(run_uuid("dag 09"))
    ))))  # fmt: skip
    assert [(row["turn"], row["node"]) for row in table if row["what"] == "STATE"] == [
        ("ADDED", JOB + "dag.mail"), ("CHANGED", JOB + "dag.sum"),
    ]  # fmt: skip


async def test_more_values_of_facets_than_are_told(database: str, client: httpx.AsyncClient) -> None:
    def run(name: str, value: int) -> Event:
        many = {f"k{n}": value for n in range(1_001)}
        return run_event("COMPLETE", "08:00", "j", name, inputs=["a"], run_facets={"many": many})

    await store(database, [run("one", 1), run("two", 2)])
    told = await _ask(client, JOB + "j", str(run_uuid("one")), str(run_uuid("two")))
    assert (told["complete"], len(told["facets"])) == (False, 1_000)
    assert told["counts"]["changes"] == {"found": None, "returned": 1_000}
    assert told["counts"]["cut"] == [{"rule": "size", "nodes": None}]


async def test_inputs_that_vary_by_run(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("j", "a b", "x", "08:00", "one"), complete("j", "b c", "x y", "09:00", "two")])
    told = await _ask(client, JOB + "j", str(run_uuid("one")), str(run_uuid("two")))
    assert [(io["dataset"], io["turn"]) for io in told["inputs"]] == [(DB + "a", "REMOVED"), (DB + "c", "ADDED")]
    assert [(io["dataset"], io["turn"]) for io in told["outputs"]] == [(DB + "y", "ADDED")]


async def _versions(client: httpx.AsyncClient, name: str) -> list[str]:
    answer = await client.get(f"/api/v1/namespaces/db%3A%2F%2Fshop/datasets/{name}/versions")
    return [version["version"] for version in reversed(answer.json()["versions"])]


async def test_two_versions_of_a_dataset(database: str, client: httpx.AsyncClient) -> None:
    rows = [{"outputStatistics": {"rowCount": n}} for n in (10, 20)]
    old = dataset("revenue", {**schema("total:INT"), **_columns("total", "orders.amount")}, outputFacets=rows[0])
    new = dataset("revenue", {**schema("total:DECIMAL"), **_columns("total", "rates.rate")}, outputFacets=rows[1])
    await store(database, [
        complete("load", "", "orders", "07:00"), _wrote("08:00", "s8", old), _wrote("10:00", "s10", new, inputs=["rates"]),
    ])  # fmt: skip
    before, after = await _versions(client, "revenue")
    told = await _ask(client, DB + "revenue", before, after)
    assert (told["of"], told["before"]["run"], told["after"]["run"]) == ("VERSIONS", str(run_uuid("s8")), str(run_uuid("s10")))
    assert _turns(told["changes"]) == {
        ("FIELD", "total", "CHANGED", "INT", "DECIMAL"),
        ("COLUMN", "total", "REMOVED", "DIRECT IDENTITY", None),
        ("COLUMN", "total", "ADDED", None, "DIRECT IDENTITY"),
    }
    assert told["statistics"] == [{"name": "rowCount", "before": 10, "after": 20}]
    assert told["counts"] == {**counts(1, datasets=1), "changes": {"found": 4, "returned": 4}}
    assert (told["complete"], told["freshness"]["eventTime"]) == (True, "2026-03-01T10:00:00Z")
    assert [(io["dataset"], io["turn"]) for io in told["runs"]["inputs"]] == [(DB + "orders", "REMOVED"), (DB + "rates", "ADDED")]


async def test_two_versions_whose_columns_are_told_explicitly(database: str, client: httpx.AsyncClient) -> None:
    def told(time: str, source: str) -> Event:
        inputs = [{"type": "DATASET", "namespace": "db://shop", "name": source, "field": "x"}]
        entry = {"type": "DATASET", "namespace": "db://shop", "name": "t", "fields": {"a": {"inputs": inputs}}}
        output = dataset("t", _columns("a", "elsewhere.x"))
        return _wrote(time, time, output, inputs=["raw", "rates"], job_facets={"lineage": {"entries": [entry]}})

    await store(database, [told("08:00", "raw"), told("10:00", "rates")])
    changes = (await _ask(client, DB + "t", *await _versions(client, "t")))["changes"]
    assert [(c["what"], c["name"], c["source"], c["turn"]) for c in changes] == [
        ("COLUMN", "a", "datasetField:db://shop:raw:x", "REMOVED"), ("COLUMN", "a", "datasetField:db://shop:rates:x", "ADDED"),
    ]  # fmt: skip


async def test_two_versions_by_the_names_that_the_storage_gives_them(database: str, client: httpx.AsyncClient) -> None:
    told = [dataset("t", {"version": {"datasetVersion": version}}) for version in ("v1", "v2")]
    await store(database, [_wrote("08:00", "one", told[0]), _wrote("10:00", "two", told[1])])
    for before, after in (("v1", "v2"), ("v1", "latest")):
        sides = await _ask(client, DB + "t", before, after)
        assert [sides[side]["run"] for side in ("before", "after")] == [str(run_uuid("one")), str(run_uuid("two"))]
    since = (await client.get("/api/v1/lineage/diff", params={"nodeId": DB + "t", "from": "v1"})).json()
    assert (since["of"], since["after"]["run"]) == ("VERSIONS", str(run_uuid("two"))), "the current one"


async def test_markdown_on_demand(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    asked = {"nodeId": DB + "revenue", "from": MORNING, "to": NOON}
    preferred = await client.get("/api/v1/lineage/diff", params=asked, headers={"accept": "text/markdown, */*"})
    assert preferred.headers["content-type"] == "text/markdown; charset=utf-8"
    named = await client.get("/api/v1/lineage/diff", params={**asked, "format": "markdown"})
    assert named.text == preferred.text
    assert (
        f"- field `total` changed: `INT` → `DECIMAL` (2026-03-01T10:00:00Z, run `{run_uuid('s10')}`)" in named.text.splitlines()
    )
    for headers in ({"accept": "application/json, text/markdown"}, {"accept": "*/*"}):
        assert (await client.get("/api/v1/lineage/diff", params=asked, headers=headers)).json()["of"] == "TIMES"
    forced = await client.get("/api/v1/lineage/diff", params={**asked, "format": "json"}, headers={"accept": "text/markdown"})
    assert forced.json()["of"] == "TIMES"


async def _form(client: httpx.AsyncClient, form: str, node: str = DB + "revenue", *sides: str) -> str:
    before, after = sides or (MORNING, NOON)
    asked = {"nodeId": node, "from": before, "to": after, "format": form}
    answer = await client.get("/api/v1/lineage/diff", params=asked)
    assert answer.status_code == 200, answer.text
    accepted = await client.get(
        "/api/v1/lineage/diff", params={**asked, "format": []}, headers={"accept": answer.headers["content-type"]}
    )
    assert accepted.text == answer.text
    return answer.text


async def test_as_a_graph_with_what_changed_marked(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    graph = nx.parse_graphml(await _form(client, "graphml"))
    assert {node: told.get("turn") for node, told in graph.nodes(data=True)} == {
        DB + "orders": None, DB + "rates": "ADDED", JOB + "load": None, JOB + "sum": None, JOB + "show": None,
        DB + "revenue": "CHANGED", DB + "board": "ADDED", DB + "report": "REMOVED",
    }  # fmt: skip
    assert {edge: graph.edges[edge]["turn"] for edge in graph.edges if "turn" in graph.edges[edge]} == {
        (DB + "rates", JOB + "sum"): "ADDED", (JOB + "show", DB + "board"): "ADDED", (JOB + "show", DB + "report"): "REMOVED",
    }  # fmt: skip
    dot = await _form(client, "dot")
    assert f'"{DB}report" [label="report", shape=cylinder, color=crimson, style=dashed];' in dot
    assert "-.->" in await _form(client, "mermaid")


async def test_as_a_table(database: str, client: httpx.AsyncClient) -> None:
    await store(
        database, [*_story(), *_training("08:30", "first", 100, 3, "a"), *_training("10:30", "second", 90, 3, "b", "FAIL")]
    )
    rows = list(csv.DictReader(io.StringIO(await _form(client, "csv"))))
    assert ("CHANGED", "FIELD", "total", "INT", "DECIMAL", str(run_uuid("s10"))) in {
        (row["turn"], row["what"], row["name"], row["before"], row["after"], row["run"]) for row in rows
    }
    assert {(row["turn"], row["source"], row["node"]) for row in rows if row["what"] == "EDGE"} == {
        ("ADDED", DB + "rates", JOB + "sum"), ("ADDED", JOB + "show", DB + "board"), ("REMOVED", JOB + "show", DB + "report"),
    }  # fmt: skip
    runs = str(run_uuid("first")), str(run_uuid("second"))
    rows = list(csv.DictReader(io.StringIO(await _form(client, "csv", JOB + "train", *runs))))
    assert [(row["what"], row["name"], row["before"], row["after"]) for row in rows] == [
        ("STATE", "", "COMPLETED", "FAILED"), ("OUTPUT", "", rows[1]["before"], rows[1]["after"]),
        ("STATISTIC", "rowCount", "100", "90"), ("JOB_FACET", "sourceCodeLocation version", "a", "b"),
    ]  # fmt: skip
    assert f'"{JOB}train" -> "{DB}model" [color=darkorange];' in await _form(client, "dot", JOB + "train", *runs)
    versions = await _versions(client, "revenue")
    rows = list(csv.DictReader(io.StringIO(await _form(client, "csv", DB + "revenue", *versions[:2]))))
    assert {("FIELD", "rate"), ("INPUT", "")} <= {(row["what"], row["name"]) for row in rows}
    assert f'"{DB}revenue" [label="revenue", shape=cylinder, color=darkorange];' in await _form(
        client, "dot", DB + "revenue", *versions[:2]
    )


async def test_as_events_of_the_later_time(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    events = [json.loads(line) for line in (await _form(client, "openlineage")).splitlines()]
    jobs = {event["job"]["name"]: event for event in events if "job" in event}
    assert {d["name"] for d in jobs["sum"]["inputs"]} == {"orders", "rates"}
    assert {d["name"] for d in jobs["show"]["outputs"]} == {"board"}
    assert {event["eventTime"] for event in events} == {NOON}


async def test_statements_do_not_grow(database: str, client: httpx.AsyncClient) -> None:
    """With what stands about a node, within the same distance."""
    costs = []
    for n in (3, 40):
        await store(database, [complete(f"r{i}", f"s{i}", "hub", f"08:00:{i:02}") for i in range(n)])
        await store(database, [complete(f"r{i}", f"t{i}", "hub", f"10:00:{i:02}") for i in range(n)])
        with recorded() as statements:
            told = await _ask(client, DB + "hub", MORNING, NOON, depth=2)
        assert len(told["nodes"]["added"]) == n
        costs.append(len([s for s in statements if s]))
    assert costs[0] == costs[1]
    assert costs[1] <= 60


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({}, 400, "query param nodeId must not be null"),
        ({"nodeId": DB + "orders"}, 400, "query param from must not be null"),
        ({"nodeId": DB + "ordesr", "from": NOON}, 404, f"Dataset 'ordesr' not found. Near names: {DB}orders"),
        ({"nodeId": DB + "orders", "from": "yesterday"}, 400, "query param from must be a time"),
        ({"nodeId": DB + "orders", "from": "v1", "to": "v2"}, 400, "query param from must be a time"),
        ({"nodeId": DB + "x", "from": "v1", "to": "latest"}, 404, "Dataset version 'v1' not found."),
        ({"nodeId": DB + "x", "from": "latest", "to": "v2"}, 404, "Dataset version 'v2' not found."),
        ({"nodeId": DB + "orders", "from": NOON, "to": "now"}, 400, "query param to must be a time"),
        ({"nodeId": DB + "orders", "from": NOON, "to": MORNING}, 400, "from must not be later than to"),
        ({"nodeId": DB + "orders", "from": NOON, "to": str(run_uuid("x"))}, 400, "must be two times, or two UUIDs"),
        ({"nodeId": DB + "orders", "from": str(run_uuid("x"))}, 400, "must be two times, or two UUIDs"),
        ({"nodeId": DB + "orders", "from": "\0", "to": "v2"}, 400, "query param from must be a time"),
        ({"nodeId": DB + "orders", "from": str(run_uuid("x")), "to": str(run_uuid("y"))}, 404, "Dataset version"),
        ({"nodeId": JOB + "j", "from": str(run_uuid("x")), "to": str(run_uuid("y"))}, 404, "Run of this job"),
        ({"nodeId": JOB + "j", "from": str(run_uuid("j 08:00")), "to": str(run_uuid("k 08:00"))}, 404, "Run of this job"),
        ({"nodeId": DB + "orders", "from": NOON, "format": "pdf"}, 400, "must be one of [JSON, MARKDOWN, DOT"),
        (
            {"nodeId": JOB + "j", "from": str(run_uuid("j")), "to": str(run_uuid("j")), "format": "openlineage"},
            400,
            "query param format cannot be OPENLINEAGE here",
        ),
        ({"nodeId": DB + "orders", "from": NOON, "direction": "sideways"}, 400, "must be one of"),
        ({"nodeId": DB + "orders", "from": NOON, "depth": -1}, 400, "query param depth"),
        ({"nodeId": DB + "orders", "from": NOON, "limit": 10_001}, 400, "query param limit"),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, [complete("j", "orders", "x", run="j"), complete("k", "orders", "x")])
    answer = await client.get("/api/v1/lineage/diff", params=parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_times_at_the_end_of_the_calendar(database: str, client: httpx.AsyncClient, time: str) -> None:
    await store(database, [complete("j", "orders", "x")])
    told = await _ask(client, DB + "orders", *sorted([NOON, time]))
    assert told["complete"] is True
