from __future__ import annotations

import random
from collections import Counter
from typing import Any

import httpx
import networkx as nx
import pytest
from pydantic import TypeAdapter

from headwater.entities.graph import ColumnImpact, RolledColumnImpact, RolledColumns
from headwater.entities.lineage import DirectedColumns
from headwater.ids import dataset_id
from tests.api.column_story import field as _field
from tests.api.column_story import story as _story
from tests.api.column_story import writes as _writes
from tests.api.sides import ask_both
from tests.build import Event, belonging, dataset, dataset_event, run_event, run_uuid, schema, store
from tests.lineage.graphs import complete, complete_explicitly
from tests.queries import recorded

DB = "dataset:db://shop:"


async def _ask(client: httpx.AsyncClient, node: str, **parameters: Any) -> dict[str, Any]:
    """``node`` is ``t.x``, or a whole node id."""
    node_id = node if ":" in node else _field(node)
    answer = await client.get("/api/v1/impact", params={"nodeId": node_id, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(ColumnImpact).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _short(node: dict[str, Any]) -> str:
    return f"{node['name']}.{node['field']}" if node["field"] else node["name"]


def _found(told: dict[str, Any]) -> dict[str, tuple[int, str]]:
    return {_short(node): (node["distance"], node["affects"]) for node in told["nodes"]}


def _node(told: dict[str, Any], name: str) -> dict[str, Any]:
    [node] = [node for node in told["nodes"] if _short(node) == name]
    return dict(node)


async def test_a_column_that_is_dropped_upstream(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, "raw.id")
    assert _found(told) == {"clean.id": (1, "VALUES"), "report": (2, "ROWS")}
    edges = {"found": 2, "returned": 2}
    assert told["counts"] == {
        "found": 2, "values": 1, "rows": 1, "both": 0, "datasets": 2, "returned": 2, "edges": edges, "cut": [],
    }  # fmt: skip
    report = _node(told, "report")
    assert (report["kind"], report["id"], report["ends"], report["resolved"]) == ("DATASET", DB + "report", True, True)
    assert report["path"] == [_field("raw.id"), _field("clean.id"), DB + "report"]
    assert report["owners"] == [{"name": "team:finance", "type": "OWNER"}]
    identifier = _node(told, "clean.id")
    assert (identifier["kind"], identifier["fieldType"], identifier["ends"]) == ("FIELD", "INT", False)
    assert told["groups"]["owners"] == [{"name": "team:finance", "nodes": 1}]
    [first, second] = told["edges"]
    assert (first["origin"], first["destination"], first["scope"]) == (_field("clean.id"), DB + "report", "DATASET")
    assert first["transformations"] == [{"type": "INDIRECT", "subtype": "JOIN", "description": None, "masking": None}]
    assert second["scope"] == "FIELD"
    run, at = str(run_uuid("clean 08:00")), "2026-03-01T08:00:00Z"
    assert second["evidence"] == [
        {"origin": "OBSERVED", "toldBy": "job:shop:clean", "at": at, "run": run, "firstAt": at, "firstRun": run}
    ]


async def test_a_column_that_is_filtered_by_affects_rows(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, "raw.closed")
    assert _found(told) == {
        "clean": (1, "ROWS"), "report.country": (2, "ROWS"), "report": (2, "ROWS"), "mailing.to": (2, "ROWS"),
        "mailing.flag": (2, "ROWS"),
    }  # fmt: skip
    assert _node(told, "report.country")["path"] == [_field("raw.closed"), DB + "clean", _field("report.country")]


async def test_values_and_rows_at_once_and_a_condition(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, "raw.address.country")
    assert _found(told) == {"clean.country": (1, "VALUES"), "report.country": (2, "BOTH"), "mailing.flag": (2, "VALUES")}
    [edge] = [e for e in told["edges"] if e["destination"] == _field("report.country")]
    assert [t["subtype"] for t in edge["transformations"]] == ["TRANSFORMATION", "GROUP_BY"]


async def test_a_masked_column_stays_masked(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [*_story(), _writes("leak", "leak", "to < mailing.to", "to < raw.mail", time="09:00")])
    told = await _ask(client, "raw.mail")
    assert {_short(node): node["masked"] for node in told["nodes"]} == {"clean.mail": True, "mailing.to": True, "leak.to": False}


async def test_upstream_of_a_column(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    assert _found(await _ask(client, "mailing.to", direction="upstream")) == {
        "clean.mail": (1, "VALUES"), "raw.mail": (2, "VALUES"), "raw.closed": (2, "ROWS"),
    }  # fmt: skip
    told = await _ask(client, "report.total", direction="upstream")
    assert _found(told) == {
        "orders.amount": (1, "VALUES"), "clean.id": (1, "ROWS"), "orders.customer": (1, "ROWS"), "raw.id": (2, "ROWS"),
        "raw.closed": (2, "ROWS"),
    }  # fmt: skip
    assert {(e["origin"], e["destination"]) for e in told["edges"]} >= {(_field("raw.id"), _field("clean.id"))}
    assert _node(told, "raw.id")["ends"] is True
    assert _node(told, "raw.id")["path"] == [_field("raw.id"), _field("clean.id"), _field("report.total")], "as data flows"


async def test_where_only_tables_are_known(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, "raw.mail")
    assert _node(told, "mailing.to")["ends"] is True, "as far as columns are known"
    [dump] = told["tableLevel"]["nodes"]
    assert (dump["id"], dump["distance"], dump["nearest"]) == (DB + "dump", 3, DB + "mailing")
    assert (told["tableLevel"]["found"], told["tableLevel"]["beyond"]) == (1, 1)
    near = await _ask(client, "raw.mail", depth=2)
    assert near["tableLevel"]["nodes"] == []
    view = dataset_event("09:00", "view", {"lineage": {"inputs": [{"type": "DATASET", "namespace": "db://shop", "name": "raw"}]}})
    await store(database, [view])
    told = await _ask(client, "raw.mail")
    assert [node["name"] for node in told["tableLevel"]["nodes"]] == ["view", "dump"]
    upstream = await _ask(client, DB + "vault", grain="column", direction="upstream")
    assert (upstream["nodes"], upstream["tableLevel"]["beyond"]) == ([], 3)
    assert [node["name"] for node in upstream["tableLevel"]["nodes"]] == ["dump"]


async def test_a_column_that_is_not_known(database: str, client: httpx.AsyncClient) -> None:
    await store(
        database,
        [_writes("fill", "b", "x < a.x"), _writes("load", "c", "y < b", "z < b.k"), _writes("last", "d", "v < c.y"),
         dataset_event("08:00", "e", schema("alone"))],
    )  # fmt: skip
    told = await _ask(client, "a.x")
    assert {_short(node): node["resolved"] for node in told["nodes"]} == {"b.x": True, "c.y": False, "d.v": False}
    assert {e["scope"] for e in told["edges"] if e["destination"] == _field("c.y")} == {"UNRESOLVED"}
    told = await _ask(client, "d.v", direction="upstream")
    assert {_short(node): (node["kind"], node["resolved"]) for node in told["nodes"]} == {
        "c.y": ("FIELD", True), "b": ("DATASET", False), "a.x": ("FIELD", False),
    }  # fmt: skip
    alone = await _ask(client, "e.alone")
    assert (alone["nodes"], alone["complete"], alone["start"][0]["field"]) == ([], True, "alone")
    assert (await _ask(client, "c.z"))["counts"]["found"] == 0, "known by what it derives from alone"


async def test_a_cycle(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes("there", "p", "x < q.x"), _writes("back", "q", "x < p.x", "x < q.x", "n < p.x SORT")])
    assert _found(await _ask(client, "q.x")) == {"p.x": (1, "VALUES"), "q.n": (2, "ROWS")}
    assert _found(await _ask(client, DB + "q", grain="column")) == {"p.x": (1, "VALUES")}
    assert _found(await _ask(client, "job:shop:there", grain="column")) == {"q.x": (1, "VALUES"), "q.n": (1, "ROWS")}


async def test_depth_ways_filters_and_pages(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw", grain="column", depth=1)
    assert (told["complete"], told["counts"]["cut"]) == (False, [{"rule": "depth", "nodes": None}])
    assert told["counts"]["found"] == 4
    avoiding = await _ask(client, DB + "raw", grain="column", avoid=[_field("clean.country"), DB + "mailing", DB + "report"])
    assert set(_found(avoiding)) == {"clean", "clean.id", "clean.mail"}
    assert _node(avoiding, "clean.id")["ends"] is None
    stopping = await _ask(client, DB + "raw", grain="column", stopAt=DB + "clean")
    assert stopping["counts"]["datasets"] == 1
    shown = await _ask(client, DB + "raw", grain="column", owner="team:finance")
    assert {node["name"] for node in shown["nodes"]} == {"report"}
    whole = (await _ask(client, DB + "raw", grain="column"))["nodes"]
    pages, cursor = [], ""
    while cursor is not None:
        part = await _ask(client, DB + "raw", grain="column", limit=3, **({"cursor": cursor} if cursor else {}))
        pages += part["nodes"]
        cursor = part["cursor"]
    assert pages == whole
    assert (await _ask(client, DB + "raw", grain="column", paths="false"))["edges"] == []


async def test_the_columns_of_a_dag_are_those_that_its_tasks_write(database: str, client: httpx.AsyncClient) -> None:
    def task(name: str, output: str, edge: str) -> Event:
        told = _writes(f"dag.{name}", output, edge)
        parent = {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": "shop", "name": "dag"}}
        return {**told, "run": {**told["run"], "facets": {"parent": parent}}}

    tasks = [task("a", "b", "x < a.x"), task("b", "c", "x < b.x")]
    await store(database, [run_event("COMPLETE", "08:00", "dag", "dag"), *tasks, _writes("d", "d", "x < c.x")])
    for time in ({}, {"asOf": "2026-03-02T00:00:00Z"}):
        assert _found(await _ask(client, "job:shop:dag", grain="column", **time)) == {"d.x": (1, "VALUES")}
        upstream = await _ask(client, "job:shop:dag", grain="column", direction="upstream", **time)
        assert _found(upstream) == {"a.x": (1, "VALUES")}
    assert _found(await _ask(client, "a.x", avoid="job:shop:dag")) == {}


async def test_only_by_way_of_columns_datasets_and_jobs(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    raw = DB + "raw"
    by_column = await _ask(client, raw, grain="column", through=_field("mailing.flag"))
    assert _found(by_column) == {"clean.country": (1, "VALUES"), "mailing.flag": (2, "BOTH"), "clean": (1, "ROWS")}
    by_dataset = await _ask(client, raw, grain="column", through=DB + "mailing")
    assert set(_found(by_dataset)) == {"clean", "clean.country", "clean.mail", "mailing.to", "mailing.flag"}
    assert _found(await _ask(client, raw, grain="column", through="job:shop:mail")) == _found(by_dataset)
    assert [node["name"] for node in by_dataset["tableLevel"]["nodes"]] == ["dump"]
    assert (await _ask(client, "raw.id", through=DB + "mailing"))["nodes"] == []
    upstream = await _ask(client, DB + "report", grain="column", direction="upstream", through=_field("clean.country"))
    assert _found(upstream).keys() == {"clean.country", "raw.address.country", "raw.closed"}
    for way in ("avoid", "stopAt"):
        told = await _ask(client, raw, grain="column", **{way: "job:shop:mail"})
        assert {node["name"] for node in told["nodes"]} == {"clean", "report"}
        told = await _ask(client, DB + "mailing", grain="column", **{way: "job:shop:archive"})
        assert ([node["name"] for node in told["tableLevel"]["nodes"]], told["tableLevel"]["beyond"]) == (["dump"], 0)
    told = await _ask(client, DB + "mailing", grain="column", avoid=DB + "dump")
    assert told["tableLevel"]["nodes"] == []


async def test_columns_by_the_state_of_the_jobs_that_make_them(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [*_story(), run_event("FAIL", "09:00", "sum", "sum 09:00")])
    told = await _ask(client, DB + "raw", grain="column", state="failed")
    assert {node["name"] for node in told["nodes"]} == {"report"}
    assert {"rule": "filter", "nodes": 6} in told["counts"]["cut"]
    before = await _ask(client, DB + "raw", grain="column", state="failed", asOf="2026-03-01T08:50:00Z")
    assert before["nodes"] == []


async def test_only_edges_of_some_kinds(database: str, client: httpx.AsyncClient) -> None:
    source = {"type": "DATASET", "namespace": "db://shop", "name": "a", "field": "x"}
    view = {"lineage": {"inputs": [], "fields": {"v": {"inputs": [source]}}}}
    entry = {**source, "name": "c", "fields": {"z": {"inputs": [source]}}}
    await store(database, [
        _writes("load", "b", "x < a.x"), dataset_event("08:10", "view", view),
        complete_explicitly("merge", ["a"], ["c"], [entry]),
    ])  # fmt: skip
    assert _found(await _ask(client, "a.x")).keys() == {"b.x", "view.v", "c.z"}
    assert _found(await _ask(client, "a.x", kinds=["input", "output"])).keys() == {"b.x"}
    assert _found(await _ask(client, "a.x", kinds="dataset_lineage")).keys() == {"view.v", "c.z"}
    upstream = {"direction": "upstream", "kinds": "dataset_lineage"}
    assert _found(await _ask(client, "c.z", **upstream, asOf="2026-03-01T12:00:00Z")).keys() == {"a.x"}
    assert (await _ask(client, "b.x", **upstream))["nodes"] == []


@pytest.mark.parametrize("asked", [
    {}, {"paths": 3}, {"depth": 1}, {"asOf": "2026-03-01T08:45:00Z"}, {"history": "all", "paths": 0}, {"state": "COMPLETED"},
    {"kinds": ["input", "output"]}, {"name": "r*"}, {"avoid": "job:shop:sum"}, {"stopAt": DB + "mailing"},
    {"through": "datasetField:db://shop:clean:country", "paths": 2},
])  # fmt: skip
async def test_both_ways_is_what_is_told_of_each(database: str, client: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    """Also where the mailing is read back into what it is made of, and where a table behind the dump is before the raw one."""
    back = [
        _writes("back", "raw", "id < mailing.to", "closed < report.total", time="08:50"),
        complete("load", "landed", "raw", "07:00"), complete("again", "vault", "landed", "08:55"),
        run_event("FAIL", "09:00", "back", "back 09:00"),
    ]  # fmt: skip
    await store(database, [*_story(), *back])
    seen = set()
    for column in ("clean.mail", "clean.country", "report.total", "raw.id", "mailing.flag"):
        told = await ask_both(client, _field(column), **asked)
        TypeAdapter(ColumnImpact).validate_python(told)
        seen |= {node["side"] for node in (*told["nodes"], *told["tableLevel"]["nodes"])}
        if not asked:
            tables = {node["name"]: node["side"] for node in told["tableLevel"]["nodes"]}
            assert tables == {"dump": "downstream", "landed": "upstream"}
    for node in (DB + "clean", "job:shop:sum"):
        await ask_both(client, node, grain="column", **asked)
    assert seen == {"downstream", "upstream", "both"} or asked


async def test_both_ways_from_a_column_that_one_way_alone_knows(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes("load", "t", "* < raw.day FILTER")])
    upstream, both = [await _ask(client, "t.any", direction=direction) for direction in ("upstream", "both")]
    assert _found(both) == _found(upstream) == {"raw.day": (1, "ROWS")}
    refused = await client.get("/api/v1/impact", params={"nodeId": _field("t.any")})
    assert refused.status_code == 404


async def test_both_ways_from_a_column(database: str, client: httpx.AsyncClient) -> None:
    """A column of what the middle is made of goes into what is made of the middle too: an edge from one side to the other."""
    await store(database, [
        _writes("one", "middle", "x < first.x", time="08:00"),
        _writes("two", "last", "x < middle.x", "x < first.x", "* < middle.x FILTER", time="08:10"),
        _writes("three", "side", "x < first.x", time="08:20"),
        complete("four", "last", "dump", "08:30"), complete("five", "source", "first", "07:50"),
    ])  # fmt: skip
    for when in ({}, {"asOf": "2026-03-02T00:00:00Z"}):
        told = await _ask(client, "middle.x", direction="both", **when)
        sides = {_short(node): (node["distance"], node["affects"], node["side"]) for node in told["nodes"]}
        assert sides == {
            "first.x": (1, "VALUES", "upstream"), "last.x": (1, "VALUES", "downstream"), "last": (1, "ROWS", "downstream"),
        }  # fmt: skip
        assert told["counts"]["edges"] == {"found": 4, "returned": 3}, "with that from `first` to `last`"
        assert _node(told, "first.x")["path"] == [_field("first.x"), _field("middle.x")]
        assert {(edge["origin"], edge["destination"]) for edge in told["edges"]} == {
            (_field("first.x"), _field("middle.x")), (_field("middle.x"), _field("last.x")), (_field("middle.x"), DB + "last"),
        }  # fmt: skip
        tables = {node["name"]: (node["distance"], node["side"], node["nearest"]) for node in told["tableLevel"]["nodes"]}
        assert tables == {"dump": (2, "downstream", DB + "last"), "source": (2, "upstream", DB + "first")}
        rolled = await client.get(
            "/api/v1/impact", params={"nodeId": _field("middle.x"), "direction": "both", "collapse": "parents", **when}
        )
        TypeAdapter(RolledColumnImpact).validate_json(rolled.content)
        heaps = rolled.json()
        assert {node["name"]: (node["columns"], node["side"]) for node in heaps["nodes"]} == {
            "first": (1, "upstream"), "last": (2, "downstream"),
        }  # fmt: skip
        assert {(edge["origin"], edge["destination"], edge["nodes"]) for edge in heaps["edges"]} == {
            (DB + "first", DB + "middle", 1), (DB + "middle", DB + "last", 2),
        }  # fmt: skip
        assert (heaps["tableLevel"], heaps["counts"]["edges"]["found"]) == (told["tableLevel"], 4)
    pages, cursor = [], ""
    while cursor is not None:
        page = await _ask(client, "middle.x", direction="both", limit=1, **({"cursor": cursor} if cursor else {}))
        pages += page["nodes"]
        cursor = page["cursor"]
    assert pages == told["nodes"]


async def test_more_ways_than_one(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        _writes("load", "b", "x < a.x", "y < a.x"), _writes("join", "c", "z < b.x", "z < b.y", "w < b.x", time="08:10"),
        _writes("back", "a", "x < c.z", time="08:20"), _writes("short", "c", "z < a.x FILTER", time="08:30"),
    ])  # fmt: skip

    def ways(told: dict[str, Any], column: str) -> list[list[str]]:
        node = _node(told, column)
        short = [[step.removeprefix("datasetField:db://shop:") for step in way] for way in (node["path"], *node["otherPaths"])]
        return sorted(short, key=lambda way: (len(way), way))

    told = await _ask(client, "a.x", paths=5)
    assert ways(told, "c.z") == [["a:x", "c:z"], ["a:x", "b:x", "c:z"], ["a:x", "b:y", "c:z"]]
    assert ways(told, "b.y") == [["a:x", "b:y"]]
    assert {(_field("b.y"), _field("c.z")), (_field("a.x"), _field("c.z"))} <= {
        (edge["origin"], edge["destination"]) for edge in told["edges"]
    }
    assert len(ways(await _ask(client, "a.x", paths=2), "c.z")) == 2
    by_join = await _ask(client, "a.x", paths=5, through="job:shop:join", avoid="job:shop:back")
    assert ways(by_join, "c.z") == [["a:x", "b:x", "c:z"], ["a:x", "b:y", "c:z"]]
    upstream = await _ask(client, DB + "a", grain="column", paths=5, direction="upstream")
    assert ways(upstream, "b.y") == [["b:y", "c:z", "dataset:db://shop:a"]]
    whole = await _ask(client, DB + "a", grain="column", paths=5)
    assert ways(whole, "c.w") == [["dataset:db://shop:a", "b:x", "c:w"]]


async def test_columns_collapsed_to_datasets_and_namespaces(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _rolled(client, "raw.closed", collapse="parents")
    assert [(n["id"], n["columns"], n["distance"], n["affects"]) for n in told["nodes"]] == [
        (DB + "clean", 1, 1, "ROWS"), *sorted([(DB + "report", 2, 2, "ROWS"), (DB + "mailing", 2, 2, "ROWS")], key=_by_id),
    ]  # fmt: skip
    assert {(e["origin"], e["destination"], e["nodes"]) for e in told["edges"]} == {
        (DB + "raw", DB + "clean", 1), (DB + "clean", DB + "report", 2), (DB + "clean", DB + "mailing", 2),
    }  # fmt: skip
    assert ([n["id"] for n in told["start"]], told["counts"]["columns"], told["counts"]["collapsed"]) == ([DB + "raw"], 5, 3)
    assert [node["name"] for node in told["tableLevel"]["nodes"]] == ["dump"]
    first = await _rolled(client, "raw.closed", collapse="parents", limit=1)
    rest = await _rolled(client, "raw.closed", collapse="parents", cursor=first["cursor"])
    assert first["nodes"] + rest["nodes"] == told["nodes"]
    country = await _rolled(client, "raw.address.country", collapse="parents", direction="downstream")
    assert {n["name"]: n["affects"] for n in country["nodes"]} == {"clean": "VALUES", "report": "BOTH", "mailing": "VALUES"}
    filtered = await _rolled(client, "raw.closed", collapse="parents", owner="team:finance")
    assert [(e["origin"], e["destination"], e["nodes"]) for e in filtered["edges"]] == [(DB + "raw", DB + "report", 2)]
    whole = await _rolled(client, "report.total", collapse="namespaces", direction="upstream")
    assert [(n["id"], n["columns"]) for n in whole["nodes"]] == [("namespace:db://shop", 5)]
    assert whole["edges"] == []


async def _rolled(client: httpx.AsyncClient, column: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/impact", params={"nodeId": _field(column), **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(RolledColumnImpact).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _by_id(told: tuple[str, int, int, str]) -> int:
    """As nodes of one distance are ordered."""
    return dataset_id("db://shop", told[0].removeprefix(DB))


@pytest.mark.parametrize("seed", range(4))
async def test_random_columns_are_reached_as_networkx_reaches_them(database: str, client: httpx.AsyncClient, seed: int) -> None:
    """Either way, so that what is upstream of a column is what it is downstream of, as far away; now, and as of a time."""
    rnd = random.Random(seed)
    fields = [f"t{table}.f{field}" for table in range(6) for field in range(3)]
    by_hour = {hour: {(rnd.choice(fields), rnd.choice(fields)) for _ in range(12)} for hour in ("08", "09")}
    for hour, edges in by_hour.items():
        by_table: dict[str, list[str]] = {}
        for source, target in sorted(edges):
            table, _, column = target.partition(".")
            by_table.setdefault(table, []).append(f"{column} < {source}")
        await store(database, [_writes(f"{t} {hour}", t, *told, time=f"{hour}:00") for t, told in by_table.items()])
    for edges, when in ((by_hour["08"], {"asOf": "2026-03-01T08:30:00Z"}), (by_hour["08"] | by_hour["09"], {})):
        graph = nx.DiGraph(sorted(edges))
        for start in graph:
            for direction, walked in (("downstream", graph), ("upstream", graph.reverse())):
                told = await _ask(client, start, direction=direction, **when)
                lengths = nx.single_source_shortest_path_length(walked, start)
                assert {name: distance for name, (distance, _) in _found(told).items()} == {n: d for n, d in lengths.items() if d}


async def test_fields_inside_of_others(database: str, client: httpx.AsyncClient) -> None:
    """They are asked for by their paths, as the producer writes these."""
    await store(database, [
        _writes("load", "b", "address.city < a.person[].city", "`odd:name` < a.person.`first.name`"),
        _writes("next", "c", "cities[] < b.address.city HASH", "* < b.address.city FILTER"),
    ])  # fmt: skip
    city = {"b.address.city": (1, "VALUES"), "c.cities[]": (2, "VALUES"), "c": (2, "ROWS")}
    assert _found(await _ask(client, "a.person[].city")) == city
    assert _found(await _ask(client, "c.cities[]", direction="upstream")).keys() >= {"b.address.city", "a.person[].city"}
    assert _found(await _ask(client, "a.person.`first.name`")) == {"b.`odd:name`": (1, "VALUES")}
    answer = await client.get("/api/v1/column-lineage", params={"nodeId": _field("b.address.city"), "direction": "both"})
    assert [node["data"]["field"] for node in answer.json()["graph"]] == ["person[].city", "address.city", "cities[]"]


def _structs() -> list[Event]:
    """A city is taken out of a person, and the article out of each line; the whole person is copied, and of the
    copy the name is taken; by the whole person is sorted."""
    return [
        _writes("load", "a", "person < raw.json", facets=schema("person:STRUCT", "person.city:TEXT", "person.name:TEXT")),
        _writes("city", "b", "city < a.person.city", "articles < a.lines[].article", time="08:10"),
        _writes("copy", "c", "who < a.person", "* < a.person SORT", time="08:20"),
        _writes("name", "d", "name < c.who.name", "all < c.who HASH", time="08:30"),
        _writes("personal", "e", "x < a.personal", time="08:40"),
    ]


async def test_a_struct_reaches_whoever_uses_what_is_inside_of_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _structs())
    told = await _ask(client, "a.person")
    assert _found(told) == {
        "b.city": (1, "VALUES"), "c.who": (1, "VALUES"), "c": (1, "ROWS"), "d.name": (2, "BOTH"), "d.all": (2, "BOTH"),
    }  # fmt: skip
    assert all(node["resolved"] for node in told["nodes"])
    scopes = {(e["origin"], e["destination"]): e["scope"] for e in told["edges"]}
    assert scopes[_field("a.person"), _field("b.city")] == "PART"
    assert scopes[_field("c.who"), _field("d.name")] == "PART"
    assert scopes[_field("a.person"), _field("c.who")] == "FIELD"
    assert set(_found(await _ask(client, "a.lines"))) == set(_found(await _ask(client, "a.lines[]"))) == {"b.articles"}
    assert _found(await _ask(client, "a.person", avoid=_field("c.who"), stopAt=DB + "c")).keys() == {"b.city", "c"}


async def test_a_field_of_a_struct_reaches_whoever_uses_the_whole(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _structs())
    told = await _ask(client, "a.person.city", stopAt=DB + "c")
    assert _found(told) == {"b.city": (1, "VALUES"), "c.who": (1, "VALUES"), "c": (1, "ROWS")}
    assert {e["scope"] for e in told["edges"] if e["destination"] == _field("c.who")} == {"WHOLE"}
    told = await _ask(client, "a.person.city", depth=2)
    sure = {_short(node): node["resolved"] for node in told["nodes"]}
    assert (sure["c.who"], sure["d.all"]) == (True, True)
    assert _node(told, "d.name")["affects"] == "ROWS", "by the order of c; whether the city is in the name nobody says"
    upstream = await _ask(client, "a.person.city", direction="upstream")
    assert _found(upstream) == {"raw.json": (1, "VALUES")}
    upstream = await _ask(client, "c.who.name", direction="upstream")
    assert _found(upstream) == {"a.person": (1, "BOTH"), "raw.json": (2, "BOTH")}
    refused = await client.get("/api/v1/impact", params={"nodeId": _field("a.person.ctiy")})
    assert refused.status_code == 404, "the schema tells what is inside"
    assert _found(await _ask(client, "c.who.street", direction="upstream")).keys() == {"a.person", "raw.json"}, "here none does"


async def test_from_one_part_by_the_whole_to_another(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes("copy", "c", "who < a.person"), _writes("name", "d", "name < c.who.name", "all < c.who")])
    sure = {_short(node): node["resolved"] for node in (await _ask(client, "a.person.city"))["nodes"]}
    assert sure == {"c.who": True, "d.all": True, "d.name": False}
    sure = {_short(node): node["resolved"] for node in (await _ask(client, "a.person"))["nodes"]}
    assert sure == {"c.who": True, "d.all": True, "d.name": True}


async def test_column_lineage_of_structs_by_our_parameters(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _structs())

    async def found(column: str, **parameters: str) -> set[str]:
        answer = await client.get("/api/v1/column-lineage", params={"nodeId": _field(column), **parameters})
        assert answer.status_code == 200, answer.text
        return {f"{node['data']['dataset']}.{node['data']['field']}" for node in answer.json()["graph"]}

    whole = {"a.person", "a.person.city", "b.city", "c.who", "c.who.name", "d.name", "d.all"}
    assert await found("a.person", direction="downstream") == whole
    assert await found("a.person.city", direction="downstream") == whole
    assert await found("d.name", direction="upstream") == {"d.name", "c.who.name", "c.who", "a.person", "raw.json"}
    assert await found("b.city", history="all") == {"b.city", "a.person.city", "a.person", "raw.json"}
    assert await found("d.name") == {"d.name", "c.who.name"}, "as Marquez has it"


async def test_as_of_a_time_a_run_or_a_version(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        _writes("load", "b", "x < a.k"), _writes("next", "c", "z < b.x", time="08:10"),
        complete("copy", "b", "d", "08:20"),
        _writes("load", "b", "y < a.l", time="09:00"), complete("next", "b", "e", "09:10"),
    ])  # fmt: skip
    version = (await client.get("/api/v1/namespaces/db%3A%2F%2Fshop/datasets/c/versions")).json()["versions"][0]["version"]
    assert _found(await _ask(client, "a.l")) == {"b.y": (1, "VALUES")}
    for as_of in ("2026-03-01T08:30:00Z", str(run_uuid("copy 08:20")), version):
        told = await _ask(client, "a.k", asOf=as_of)
        assert _found(told) == {"b.x": (1, "VALUES"), "c.z": (2, "VALUES")}, as_of
        runs = [str(run_uuid(run)) for run in ("load 08:00", "next 08:10")]
        assert [edge["evidence"][0]["run"] for edge in told["edges"]] == runs
        assert [node["name"] for node in told["tableLevel"]["nodes"]] == (["d"] if as_of != version else [])
    told = await _ask(client, "a.k", asOf="2026-03-01T08:30:00Z", direction="upstream")
    assert (told["asOf"], told["nodes"]) == ("2026-03-01T08:30:00Z", [])
    assert _found(await _ask(client, DB + "a", grain="column", history="all")).keys() == {"b.x", "b.y", "c.z"}
    told = await _ask(client, "job:shop:next", grain="column", direction="upstream", asOf="2026-03-01T08:30:00Z")
    assert _found(told).keys() == {"b.x", "a.k"}
    refused = await client.get("/api/v1/impact", params={"nodeId": _field("a.l"), "asOf": "2026-03-01T08:30:00Z"})
    assert refused.status_code == 404, "nobody had told of the column then"


async def test_column_lineage_as_of_a_time(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes("load", "b", "x < a.k"), _writes("load", "b", "x < a.l", time="09:00")])

    async def sources(**parameters: str) -> list[str]:
        answer = await client.get("/api/v1/column-lineage", params={"nodeId": _field("b.x"), **parameters})
        assert answer.status_code == 200, answer.text
        return [source["field"] for node in answer.json()["graph"] for source in node["data"]["inputFields"]]

    assert await sources() == ["l"]
    assert await sources(asOf="2026-03-01T08:30:00Z") == ["k"]
    assert await sources(history="all") == ["l", "k"]
    version = {"nodeId": _field("b.x#12345678-1234-8234-9234-123456789abc"), "asOf": "2026-03-01T08:30:00Z"}
    for wrong in (version, {"nodeId": _field("b.x"), "asOf": "yesterday"}):
        assert (await client.get("/api/v1/column-lineage", params=wrong)).status_code == 400


async def _graph(client: httpx.AsyncClient, node_id: str, **parameters: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer, and its nodes by short names."""
    answer = await client.get("/api/v1/column-lineage", params={"nodeId": node_id, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(DirectedColumns).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told, {f"{node['data']['dataset']}.{node['data']['field']}": node for node in told["graph"]}


async def test_column_lineage_by_ways_filters_and_kinds(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [*_story(), run_event("FAIL", "09:00", "mail", "mail 09:00")])
    told, nodes = await _graph(client, _field("clean.country"), direction="both", kinds=["input", "output"])
    assert nodes.keys() == {"clean.country", "raw.address.country", "raw.closed", "report.country", "mailing.flag"}
    assert (told["direction"], told["complete"], told["counts"]["found"], told["counts"]["cut"]) == ("both", True, 4, [])
    assert [source["field"] for source in nodes["clean.country"]["data"]["inputFields"]] == ["address.country"]
    assert nodes["clean.country"]["data"]["datasetInfluences"][0]["field"] == "closed"
    assert [edge["destination"] for edge in nodes["clean.country"]["outEdges"]] == [
        _field("mailing.flag"),
        _field("report.country"),
    ]
    _, nodes = await _graph(client, _field("clean.country"), direction="downstream", state="failed")
    assert nodes.keys() == {"clean.country", "mailing.flag"}
    _, nodes = await _graph(client, DB + "mailing", through="job:shop:clean", avoid=_field("clean.mail"))
    assert nodes.keys() == {"mailing.flag", "clean.country", "raw.address.country", "raw.closed"}
    told, nodes = await _graph(client, DB + "mailing", limit=1)
    assert (told["counts"]["returned"], {"rule": "limit", "nodes": 4} in told["counts"]["cut"]) == (1, True)
    _, nodes = await _graph(client, _field("raw.closed"), direction="downstream", name="mailing")
    assert nodes.keys() == {"raw.closed", "mailing.to", "mailing.flag"}
    _, past = await _graph(client, _field("clean.country"), direction="downstream", asOf="2026-03-01T08:15:00Z", limit=10)
    assert past.keys() == {"clean.country", "report.country"}
    assert past["report.country"]["data"]["datasetVersion"] is None
    refused = await client.get("/api/v1/column-lineage", params={"nodeId": _field("clean.country"), "kinds": "job_lineage"})
    assert refused.status_code == 400


async def test_the_columns_of_a_job_are_those_of_all_that_belongs_to_it(database: str, client: httpx.AsyncClient) -> None:
    load, clean = _writes("load", "b", "x < a.x"), _writes("clean", "c", "y < b.x", time="08:05")
    await store(database, [belonging(load, "dag"), belonging(clean, "dag"), _writes("alone", "d", "z < b.x", time="08:10")])
    plain = await client.get("/api/v1/column-lineage", params={"nodeId": "job:shop:dag"})
    fields = {_field("a.x"), _field("b.x"), _field("c.y")}
    assert {node["id"] for node in plain.json()["graph"]} == fields
    past = await client.get("/api/v1/column-lineage", params={"nodeId": "job:shop:dag", "asOf": "2026-03-01T08:01:00Z"})
    assert {node["id"] for node in past.json()["graph"]} == {_field("a.x"), _field("b.x")}
    told = await client.get("/api/v1/impact", params={"nodeId": _field("a.x"), "grain": "column", "avoid": "job:shop:dag"})
    assert told.json()["nodes"] == []
    reached = await client.get("/api/v1/impact", params={"nodeId": "job:shop:dag", "grain": "column"})
    assert [node["id"] for node in reached.json()["nodes"]] == [_field("d.z")]


def _column_edges(told: dict[str, Any]) -> set[tuple[str, str]]:
    """Sources and targets, either of which may be a dataset as a whole."""
    found = set()
    for node in told["graph"]:
        data, own = node["data"], node["id"]
        whole = DB + data["dataset"]
        found |= {(edge["destination"], own) for edge in node["inEdges"]}
        found |= {(own, edge["destination"]) for edge in node["outEdges"]}
        found |= {(_end(source), own) for source in data["inputDatasets"]}
        found |= {(_end(source), whole) for source in data["datasetInfluences"]}
        found |= {(own, _end(target)) for target in data["influencedDatasets"]}
    return found


def _end(told: dict[str, Any]) -> str:
    return _field(f"{told['dataset']}.{told['field']}") if told["field"] else DB + str(told["dataset"])


@pytest.mark.parametrize("direction", ["upstream", "downstream", "both"])
async def test_pages_of_column_lineage_together_are_the_whole(database: str, client: httpx.AsyncClient, direction: str) -> None:
    await store(database, _story())
    for start in (DB + "clean", _field("clean.country")):
        asked = {"direction": direction, "limit": 100}
        whole, _ = await _graph(client, start, **asked)
        edges, returned, cursor, pages = set[tuple[str, str]](), 0, "", 0
        while cursor is not None:
            page, _ = await _graph(client, start, **{**asked, "limit": 2, **({"cursor": cursor} if cursor else {})})
            returned += page["counts"]["returned"]
            edges |= _column_edges(page)
            cursor, pages = page["cursor"], pages + 1
        assert edges == _column_edges(whole)
        assert (returned, whole["cursor"]) == (whole["counts"]["found"], None)
        assert pages == max(1, -(-returned // 2))


async def test_column_lineage_tells_of_the_nearest_10_000(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes("widen", "wide", *(f"f{n} < narrow.x" for n in range(10_005)))])
    told, _ = await _graph(client, _field("narrow.x"), direction="downstream", limit=3)
    counts = told["counts"]
    assert (counts["found"], counts["returned"]) == (10_005, 3)
    assert counts["cut"] == [{"rule": "size", "nodes": 5}, {"rule": "limit", "nodes": 9_997}]


async def _collapsed(client: httpx.AsyncClient, node_id: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/column-lineage", params={"nodeId": node_id, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(RolledColumns).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _counted_edges(told: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(edge["origin"], edge["destination"]): edge["columns"] for edge in told["edges"]}


async def test_column_lineage_collapsed(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _collapsed(client, DB + "mailing", collapse="parents")
    assert [(n["id"], n["columns"], n["distance"], n["affects"]) for n in told["nodes"]] == [
        (DB + "clean", 2, 1, "VALUES"), (DB + "raw", 3, 2, "BOTH"),
    ]  # fmt: skip
    assert _counted_edges(told) == {(DB + "clean", DB + "mailing"): 2, (DB + "raw", DB + "clean"): 3}
    assert ([node["id"] for node in told["start"]], told["direction"], told["complete"]) == ([DB + "mailing"], "upstream", True)
    counts = told["counts"]
    assert (counts["found"], counts["columns"], counts["collapsed"], counts["returned"], counts["cut"]) == (5, 5, 2, 5, [])
    first = await _collapsed(client, DB + "mailing", collapse="parents", limit=1)
    assert (first["counts"]["returned"], first["counts"]["cut"]) == (2, [{"rule": "limit", "nodes": 3}])
    rest = await _collapsed(client, DB + "mailing", collapse="parents", cursor=first["cursor"])
    assert (first["nodes"] + rest["nodes"], rest["cursor"]) == (told["nodes"], None)
    spaces = await _collapsed(client, _field("clean.country"), collapse="namespaces", direction="both")
    assert [(n["id"], n["columns"]) for n in spaces["nodes"]] == [("namespace:db://shop", 4)]
    assert (spaces["direction"], spaces["edges"]) == ("both", [])
    past = await _collapsed(client, _field("clean.country"), collapse="parents", direction="both", asOf="2026-03-01T08:15:00Z")
    assert _counted_edges(past) == {(DB + "raw", DB + "clean"): 2, (DB + "clean", DB + "report"): 1}
    asked = {"nodeId": DB + "mailing", "collapse": "parents"}
    drawn = await client.get("/api/v1/column-lineage", params={**asked, "format": "graphml"})
    assert set(nx.parse_graphml(drawn.text).edges) == _counted_edges(told).keys()
    for wrong in ({"collapse": "all"}, {"format": "openlineage"}, {"nodeId": DB + "mailing#latest"}):
        assert (await client.get("/api/v1/column-lineage", params={**asked, **wrong})).status_code == 400


@pytest.mark.parametrize("direction", ["upstream", "downstream", "both"])
async def test_collapsed_column_lineage_counts_the_edges_that_are_told_without(
    database: str, client: httpx.AsyncClient, direction: str
) -> None:
    unresolved = _writes("sums", "sums", "x < report.total", "y < report", "z < clean.id", time="09:00")
    await store(database, [*_story(), unresolved, *_structs()])
    columns = [_field(column) for column in ("clean.country", "raw.closed", "a.person", "a.person.city", "d.name")]
    for start in (*columns, DB + "clean", DB + "sums", "job:shop:sum"):
        plain, _ = await _graph(client, start, direction=direction, limit=100)
        ends = [(_dataset_of(source), _dataset_of(target)) for source, target in _column_edges(plain)]
        expected = Counter(pair for pair in ends if pair[0] != pair[1])
        told = await _collapsed(client, start, direction=direction, collapse="parents")
        assert _counted_edges(told) == expected
        assert sum(node["columns"] for node in told["nodes"]) == told["counts"]["found"] == plain["counts"]["found"]
        if direction != "both":
            reached = await client.get(
                "/api/v1/impact", params={"nodeId": start, "grain": "column", "direction": direction, "collapse": "parents"}
            )
            assert told["nodes"] == reached.json()["nodes"]


def _dataset_of(node_id: str) -> str:
    return node_id if node_id.startswith(DB) else DB + node_id.removeprefix(_field("")[:-1]).partition(":")[0]


async def test_column_lineage_asked_either_way_is_the_same(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes("load", "b", "x < a.x", "y < a.y HASH"), _writes("join", "c", "z < b.x", "z < b.y")])
    plain = await client.get("/api/v1/column-lineage", params={"nodeId": DB + "c"})
    told, _ = await _graph(client, DB + "c", limit=100)
    assert told["graph"] == plain.json()["graph"]


async def test_a_hop_is_a_statement(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [_writes(f"j{i}", f"t{i}", f"x < t{i - 1}.x") for i in range(1, 30)])
    await _ask(client, "t0.x")
    costs = []
    for depth in (5, 10, 20):
        with recorded() as statements:
            await _ask(client, "t0.x", depth=depth)
        costs.append(len([statement for statement in statements if statement]) - depth)
    # A transaction that is open anywhere on the server makes the present be looked at anew, in 3 statements more.
    assert max(costs) - min(costs) <= 3
    assert max(costs) <= 23


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({"nodeId": _field("clean.nope")}, 404, "Field 'nope' not found."),
        ({"nodeId": _field("clean.iid")}, 404, "Field 'iid' not found. Near names: id"),
        ({"nodeId": _field("nope.id")}, 404, "Field 'id' not found."),
        ({"nodeId": _field("claen.id")}, 404, "Field 'id' not found. Near names: dataset:db://shop:clean"),
        ({"nodeId": _field("clean.id"), "grain": "job"}, 400, "query param grain must be COLUMN"),
        ({"nodeId": _field("clean.id"), "asOf": "yesterday"}, 400, "query param asOf"),
        ({"nodeId": DB + "clean", "grain": "column", "kinds": "INPUT"}, 400, "query param kinds must have INPUT and OUTPUT"),
        ({"nodeId": _field("clean.id"), "kinds": "job_dependency"}, 400, "the others are of jobs and datasets"),
        ({"nodeId": _field("clean.id") + "#12345678-1234-8234-9234-123456789abc"}, 400, "asOf the version"),
        ({"nodeId": DB + "clean#latest", "grain": "column"}, 400, "asOf the version"),
        ({"nodeId": _field("clean.id"), "through": "job:shop:nope"}, 404, "Job 'nope' not found."),
        ({"nodeId": _field("clean.id"), "stopAt": _field("nope.id")}, 404, "Field 'id' not found."),
        ({"nodeId": _field("clean.id"), "cursor": "page2"}, 400, "The cursor is not one"),
        ({"nodeId": "datasetField:db:clean"}, 400, "too few parts"),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, _story())
    answer = await client.get("/api/v1/impact", params=parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]


async def test_column_lineage_as_a_graph(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [*_story(), _writes("load", "last", "x < report.total", "y < unknown", time="09:00")])
    asked = {"nodeId": _field("report.total"), "direction": "both", "format": "graphml"}
    graph = nx.parse_graphml((await client.get("/api/v1/column-lineage", params=asked)).text)
    assert set(graph.edges) == {
        (_field("orders.amount"), _field("report.total")),
        (_field("report.total"), _field("last.x")),
        (_field("clean.id"), DB + "report"),
        (_field("orders.customer"), DB + "report"),
    }
    assert graph.nodes[_field("last.x")] == {"kind": "FIELD", "namespace": "db://shop", "name": "last"}
    asked = {"nodeId": _field("last.y")}
    answer = await client.get("/api/v1/column-lineage", params=asked, headers={"accept": "text/vnd.mermaid"})
    assert '[("last.y")]' in answer.text
    refused = await client.get("/api/v1/column-lineage", params={**asked, "format": "openlineage"})
    assert (refused.status_code, "cannot be OPENLINEAGE" in refused.text) == (400, True)


async def test_a_dropped_column_that_nothing_derives_from(database: str, client: httpx.AsyncClient) -> None:
    """It is found as of a time when a schema had it, and no other."""
    calls: list[tuple[str, dict[str, Any]]] = [("impact", {}), ("impact", {"direction": "upstream"}), ("column-lineage", {})]

    async def asked(column: str, **when: str) -> set[tuple[int, str]]:
        answers = [await client.get(f"/api/v1/{call}", params={"nodeId": _field(column), **more, **when}) for call, more in calls]
        return {(answer.status_code, answer.json().get("message", "").partition(". ")[2]) for answer in answers}

    def loaded(hour: str, *fields: str, **more: Any) -> Event:
        told = dataset("t", {**schema(*fields), **more})
        return run_event("COMPLETE", f"{hour}:00", "load", f"load {hour}", outputs=[told], inputs=[dataset("u", schema("k"))])

    await store(database, [
        loaded("08", "id", "old"), loaded("09", "id", "old", "s", "s.x"), loaded("10", "id"), loaded("11", "id"),
        dataset_event("08:00", "declared", schema("a", "b")), dataset_event("09:00", "declared", schema("a")),
        _writes("first", "w", "x < v.gone", time="08:00"), _writes("first", "w", "x < v.here", time="09:00"),
    ])  # fmt: skip
    gone = f"until 2026-03-01T10:00:00Z, when run {run_uuid('load 10')} told of the dataset without it"
    told = (404, f"It was there {gone}; asOf= an earlier time finds it.")
    for column in ("t.old", "t.s", "t.s.x"):
        assert await asked(column) == {told}
        assert await asked(column, asOf="2026-03-01T10:00:00Z") == {told}
        assert await asked(column, asOf="2026-03-01T09:59:59Z") == {(200, "")}
        assert await asked(column, history="all") == {(200, "")}
    assert await asked("t.s", asOf="2026-03-01T08:30:00Z") == {told}, "it was not there yet"
    [(status, message)] = await asked("declared.b")
    assert (status, message.partition(";")[0]) == (
        404, "It was there until 2026-03-01T09:00:00Z, when an event told of the dataset without it",
    )  # fmt: skip
    assert await asked("declared.b", asOf="2026-03-01T08:30:00Z") == {(200, "")}
    assert await asked("v.gone") == {(404, "It was last told of at 2026-03-01T08:00:00Z; asOf= an earlier time finds it.")}
    assert await asked("t.never") == {(404, "")}
