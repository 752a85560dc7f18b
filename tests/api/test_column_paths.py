"""Paths from column to column."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import httpx
import networkx as nx
import psycopg
import pytest
from pydantic import TypeAdapter

from headwater.entities.paths import ColumnPaths
from tests.api.column_story import field, story, writes
from tests.build import Event, dataset_event, run_event, run_uuid, schema, store
from tests.lineage.graphs import complete
from tests.queries import counts, recorded

DB = "dataset:db://shop:"


async def _ask(client: httpx.AsyncClient, source: str, target: str, **parameters: Any) -> dict[str, Any]:
    """``source`` and ``target`` are ``t.x``, or whole node ids."""
    answer = await _get(client, source, target, **parameters)
    assert answer.status_code == 200, answer.text
    TypeAdapter(ColumnPaths).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    named = {node["id"] for node in told["nodes"]}
    why = told["noPath"] or {}
    paths = [*told["paths"], *filter(None, (why.get("otherWay"), why.get("former"), why.get("tableLevel")))]
    assert {node for path in paths for node in path["nodes"]} <= named
    edges = {(edge["origin"], edge["destination"]) for edge in told["edges"]}
    assert edges == {pair for path in told["paths"] or paths[: bool(why.get("otherWay"))] for pair in pairwise(path["nodes"])}
    return told


async def _get(client: httpx.AsyncClient, source: str, target: str, **parameters: Any) -> httpx.Response:
    ends = {key: node if ":" in node else field(node) for key, node in (("from", source), ("to", target))}
    return await client.get("/api/v1/paths", params={**ends, **parameters})


def _short(node_id: str) -> str:
    parts = node_id.split(":")
    return ".".join(parts[-2:]) if parts[0] == "datasetField" else parts[-1]


def _nodes(path: dict[str, Any]) -> str:
    return " ".join(map(_short, path["nodes"]))


def _paths(told: dict[str, Any]) -> list[str]:
    return [_nodes(path) for path in told["paths"]]


async def test_the_shortest_path_and_what_proves_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, story())
    told = await _ask(client, "raw.mail", "mailing.to")
    assert _paths(told) == ["raw.mail clean.mail mailing.to"]
    [path] = told["paths"]
    assert (path["length"], path["affects"], path["masked"], path["resolved"]) == (2, "VALUES", True, True)
    [first] = [edge for edge in told["edges"] if edge["origin"] == field("raw.mail")]
    assert first["scope"] == "FIELD"
    assert first["transformations"] == [{"type": "DIRECT", "subtype": "TRANSFORMATION", "description": None, "masking": True}]
    run, at = str(run_uuid("clean 08:00")), "2026-03-01T08:00:00Z"
    assert first["evidence"] == [
        {"origin": "OBSERVED", "toldBy": "job:shop:clean", "at": at, "run": run, "firstAt": at, "firstRun": run}
    ]
    assert (told["reachable"], told["complete"], told["noPath"]) == (True, True, None)
    assert told["counts"] == counts(1, columns=1, edges=(2, 2))
    assert told["freshness"]["eventTime"] == "2026-03-01T08:40:00Z"
    assert [(node["field"], node["fieldType"]) for node in told["nodes"]][-1] == ("mail", "TEXT")
    assert [node["id"] for node in (*told["origins"], *told["destinations"])] == [field("raw.mail"), field("mailing.to")]


async def test_what_bears_on_all_rows_is_a_path_to_each_column(database: str, client: httpx.AsyncClient) -> None:
    await store(database, story())
    told = await _ask(client, "raw.closed", "clean.mail")
    assert [(edge["destination"], edge["scope"]) for edge in told["edges"]] == [(field("clean.mail"), "DATASET")]
    assert [path["affects"] for path in told["paths"]] == ["ROWS"]
    told = await _ask(client, "raw.closed", "mailing.to", k=3)
    assert (_paths(told), told["complete"]) == (["raw.closed clean mailing.to"], True)
    both = await _ask(client, "raw.address.country", "report.country")
    assert [path["affects"] for path in both["paths"]] == ["BOTH"]


async def test_a_dataset_stands_for_all_of_its_columns(database: str, client: httpx.AsyncClient) -> None:
    await store(database, story())
    told = await _ask(client, DB + "raw", DB + "report", grain="column", all=True)
    assert sorted(_paths(told)) == [
        "raw.address.country clean.country report.country", "raw.closed clean report", "raw.closed clean report.country",
        "raw.id clean.id report",
    ]  # fmt: skip
    assert [node["id"] for node in (*told["origins"], *told["destinations"])] == [DB + "raw", DB + "report"]
    assert told["counts"] == counts(3, columns=3, edges=(7, 7))
    mixed = await _ask(client, DB + "raw", "report.country", all=True)
    assert sorted(_paths(mixed)) == [
        "raw.address.country clean.country report.country", "raw.closed clean report.country",
        "raw.id clean.id report.country",
    ]  # fmt: skip
    assert _paths(await _ask(client, "raw.id", DB + "report")) == ["raw.id clean.id report"]
    answer = await client.get(
        "/api/v1/paths", params={"from": [field("raw.id"), field("raw.mail")], "to": [DB + "mailing", DB + "report"], "k": 5}
    )
    told = answer.json()
    assert sorted(_paths(told)) == ["raw.id clean.id report", "raw.mail clean.mail mailing.to"]


async def test_depth_number_and_whether(database: str, client: httpx.AsyncClient) -> None:
    long = [writes("l1", "m", "x < a.x"), writes("l2", "n", "x < m.x"), writes("both", "z", "x < n.x", "x < a.x")]
    await store(database, long)
    assert _paths(await _ask(client, "a.x", "z.x", all=True)) == ["a.x z.x", "a.x m.x n.x z.x"]
    first = await _ask(client, "a.x", "z.x")
    assert (_paths(first), first["complete"], first["counts"]["cut"]) == (["a.x z.x"], False, [{"rule": "k", "nodes": None}])
    near = await _ask(client, "a.x", "z.x", k=5, depth=2)
    assert (_paths(near), near["counts"]["cut"]) == (["a.x z.x"], [{"rule": "depth", "nodes": None}])
    far = await _ask(client, "a.x", "n.x", depth=1)
    assert (far["reachable"], far["paths"], far["noPath"]) == (True, [], None)
    for source, target, reachable in (("a.x", "z.x", True), ("z.x", "a.x", False)):
        told = await _ask(client, source, target, k=0)
        assert (told["reachable"], told["paths"], told["noPath"]) == (reachable, [], None)


async def test_paths_by_what_some_jobs_tell_and_not_by_others(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        writes("fill", "b", "x < a.x"), writes("refill", "b", "y < a.x", time="08:05"), writes("sum", "c", "z < b.x", "z < b.y"),
    ])  # fmt: skip
    await store(database, [writes("fill", "b", "x < a.x", "y < a.x", time="08:10")])
    every = ["a.x b.x c.z", "a.x b.y c.z"]
    assert sorted(_paths(await _ask(client, "a.x", "c.z", all=True))) == every
    assert sorted(_paths(await _ask(client, "a.x", "c.z", all=True, through="job:shop:fill"))) == every
    assert _paths(await _ask(client, "a.x", "c.z", all=True, through="job:shop:refill")) == ["a.x b.y c.z"]
    assert _paths(await _ask(client, "a.x", "c.z", all=True, avoid="job:shop:fill")) == ["a.x b.y c.z"]
    assert _paths(await _ask(client, "a.x", "c.z", all=True, stopAt=DB + "b")) == []
    assert _paths(await _ask(client, "a.x", "b.y", all=True, stopAt=DB + "b")) == ["a.x b.y"]


async def test_only_what_is_declared_or_what_jobs_tell(database: str, client: httpx.AsyncClient) -> None:
    lineage = {"columnLineage": {"fields": {"x": {"inputFields": [{"namespace": "db://shop", "name": "a", "field": "x"}]}}}}
    await store(database, [dataset_event("08:00", "v", lineage), writes("j", "w", "x < v.x")])
    assert _paths(await _ask(client, "a.x", "w.x")) == ["a.x v.x w.x"]
    assert _paths(await _ask(client, "a.x", "v.x", kinds="dataset_lineage")) == ["a.x v.x"]
    assert (await _ask(client, "a.x", "w.x", kinds=["input", "output"]))["reachable"] is False
    refused = await _get(client, "a.x", "w.x", kinds="input")
    assert (refused.status_code, "must have INPUT and OUTPUT" in refused.text) == (400, True)


async def test_what_is_inside_of_a_column(database: str, client: httpx.AsyncClient) -> None:
    """Who is asked about a part is told what is told of the whole, and the other way about; from part to part it is not sure."""
    await store(
        database,
        [
            writes("copy", "b", "person < a.person", facets=schema("person:STRUCT", "person.city:TEXT")),
            writes("take", "c", "city < b.person.city", "who < b.person"),
        ],
    )
    for source, target, scopes, sure in (
        ("a.person.city", "b.person", ["WHOLE"], True),
        ("a.person", "b.person.city", ["WHOLE"], True),
        ("a.person.city", "b.person.city", ["UNRESOLVED"], False),
        ("b.person", "c.city", ["PART"], True),
        ("b.person.city", "c.who", ["WHOLE"], True),
    ):
        told = await _ask(client, source, target)
        assert ([edge["scope"] for edge in told["edges"]], told["paths"][0]["resolved"]) == (scopes, sure), (source, target)
    told = await _ask(client, "a.person", "c.city")
    assert (_paths(told), [path["resolved"] for path in told["paths"]]) == (["a.person b.person c.city"], [True])
    part = await _ask(client, "a.person.name", "c.city")
    assert [path["resolved"] for path in part["paths"]] == [False]


async def test_a_source_without_its_column(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [writes("fill", "b", "x < a.x"), writes("load", "c", "y < b", "z < b.k")])
    told = await _ask(client, "a.x", "c.y")
    assert (_paths(told), told["paths"][0]["resolved"]) == (["a.x b.x c.y"], False)
    assert {edge["scope"] for edge in told["edges"]} == {"FIELD", "UNRESOLVED"}
    assert sorted(_paths(await _ask(client, DB + "b", DB + "c", grain="column", all=True))) == ["b c.y", "b.k c.z"]


async def test_a_cycle_has_a_way_in_both_directions(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [writes("there", "p", "x < q.x", "y < p.x"), writes("back", "q", "x < p.x", "n < q.x")])
    assert _paths(await _ask(client, "q.x", "p.x", all=True)) == ["q.x p.x"]
    assert _paths(await _ask(client, "p.x", "q.x", all=True)) == ["p.x q.x"]
    assert _paths(await _ask(client, "p.x", "p.y", all=True)) == ["p.x p.y"]
    assert _paths(await _ask(client, "p.x", "q.n")) == ["p.x q.x q.n"]
    assert _paths(await _ask(client, DB + "p", DB + "q", grain="column", all=True)) == ["p.x q.x"]


async def test_no_path_because_it_leads_the_other_way(database: str, client: httpx.AsyncClient) -> None:
    await store(database, story())
    told = await _ask(client, "mailing.to", "raw.closed")
    way = told["noPath"]["otherWay"]
    assert (_nodes(way), way["affects"]) == ("raw.closed clean.mail mailing.to", "ROWS")
    assert (told["noPath"]["former"], told["noPath"]["tableLevel"]) == (None, None)
    assert _nodes((await _ask(client, DB + "mailing", DB + "raw", grain="column"))["noPath"]["otherWay"]).startswith("raw.")


async def test_no_path_but_a_common_ancestor(database: str, client: httpx.AsyncClient) -> None:
    await store(
        database, [writes("one", "b", "x < a.x"), writes("two", "c", "y < a.x", "z < b.x"), writes("three", "d", "v < c.y")]
    )
    why = (await _ask(client, "b.x", "d.v"))["noPath"]
    [common] = why["commonAncestors"]
    assert (common["id"], common["field"], common["toOrigin"], common["toDestination"]) == (field("a.x"), "x", 1, 2)
    assert why["otherWay"] is None
    [common] = (await _ask(client, DB + "b", "d.v"))["noPath"]["commonAncestors"]
    assert (common["id"], common["toOrigin"]) == (field("a.x"), 1)


async def test_where_nobody_tells_columns_though_data_flows_on(database: str, client: httpx.AsyncClient) -> None:
    await store(database, story())
    told = await _ask(client, "raw.mail", DB + "vault")
    way = told["noPath"]["tableLevel"]
    assert (way["untold"], " ".join(map(_short, way["columns"]))) == (True, "raw.mail clean.mail mailing.to")
    assert (_nodes(way), way["length"]) == ("mailing export dump archive vault", 4)
    edges = {(edge["origin"], edge["destination"]): edge["evidence"] for edge in way["edges"]}
    assert edges.keys() == {*pairwise(way["nodes"])}
    assert all(edges.values())
    assert told["counts"] == counts(6, columns=2, datasets=2, jobs=2)
    [kind] = {node["kind"] for node in told["nodes"] if node["id"] == "job:shop:archive"}
    assert kind == "JOB"
    then = (await _ask(client, "raw.mail", DB + "vault", asOf="2026-03-01T08:45:00Z"))["noPath"]["tableLevel"]
    assert (then["columns"], then["nodes"]) == (way["columns"], way["nodes"])
    early = (await _ask(client, "raw.mail", DB + "vault", asOf="2026-03-01T08:35:00Z"))["noPath"]
    assert early["tableLevel"] is None
    own = (await _ask(client, DB + "mailing", DB + "dump", grain="column"))["noPath"]["tableLevel"]
    assert (own["untold"], own["columns"], _nodes(own)) == (True, [DB + "mailing"], "mailing export dump")


async def test_where_columns_are_told_but_of_others(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [writes("j", "b", "y < a.y", "* < a.z FILTER"), dataset_event("07:00", "a", schema("x", "y", "z"))])
    way = (await _ask(client, "a.x", "b.y"))["noPath"]["tableLevel"]
    assert (way["untold"], way["columns"], _nodes(way)) == (False, [], "a j b")
    await store(database, [complete("dump", "a", "d"), complete("again", "d", "b")])
    way = (await _ask(client, "a.x", "b.y"))["noPath"]["tableLevel"]
    assert (way["untold"], way["columns"], _nodes(way)) == (True, [field("a.x")], "a dump d again b")
    await store(database, [dataset_event("07:00", "lone", schema("x"))])
    assert (await _ask(client, "a.x", "lone.x"))["noPath"]["tableLevel"] is None


def _replaced() -> list[Event]:
    """``b.x`` came of ``a.x``, until the job took ``a.y`` in its place."""
    source = dataset_event("07:00", "a", schema("x", "y"))
    return [
        source,
        writes("fill", "b", "x < a.x", time="08:00"),
        writes("fill", "b", "x < a.x", time="08:30"),
        writes("next", "c", "z < b.x", time="08:10"),
        writes("fill", "b", "x < a.y", time="09:00"),
        writes("next", "c", "z < b.x", time="09:10"),
        writes("fill", "b", "x < a.y", time="10:00"),
    ]


async def test_the_edge_that_used_to_be(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _replaced())
    told = await _ask(client, "a.x", "c.z")
    former = told["noPath"]["former"]
    assert (_nodes(former), former["atOneTime"], former["affects"]) == ("a.x b.x c.z", True, "VALUES")
    assert former["ended"] == [
        {
            "origin": field("a.x"), "destination": field("b.x"), "toldBy": "job:shop:fill",
            "lastAt": "2026-03-01T08:30:00Z", "lastRun": str(run_uuid("fill 08:30")),
            "endedAt": "2026-03-01T09:00:00Z", "endedBy": str(run_uuid("fill 09:00")),
        }
    ]  # fmt: skip
    first, second = former["edges"]
    assert (first["scope"], first["evidence"][0]["firstRun"]) == ("FIELD", str(run_uuid("fill 08:00")))
    assert first["evidence"][0]["run"] == str(run_uuid("fill 08:30"))
    assert (second["evidence"][0]["firstAt"], second["evidence"][0]["at"]) == ("2026-03-01T08:10:00Z", "2026-03-01T09:10:00Z")
    then = await _ask(client, "a.x", "c.z", asOf="2026-03-01T08:45:00Z")
    assert (_paths(then), then["asOf"]) == (["a.x b.x c.z"], "2026-03-01T08:45:00Z")
    assert _paths(await _ask(client, "a.x", "c.z", history="all")) == ["a.x b.x c.z"]
    later = await _ask(client, "a.x", "c.z", asOf="2026-03-01T09:30:00Z")
    assert later["noPath"]["former"]["ended"] == former["ended"]
    assert (await _ask(client, "a.x", "c.z", history="since=2026-03-01T08:50:00Z"))["noPath"]["former"] is not None
    whole = (await _ask(client, DB + "a", "c.z", asOf="2026-03-01T08:45:00Z"))["paths"]
    assert [_nodes(path) for path in whole] == ["a.x b.x c.z"]


async def test_the_edge_of_a_job_that_writes_the_dataset_no_more(database: str, client: httpx.AsyncClient) -> None:
    source = dataset_event("07:00", "a", schema("x"))
    await store(database, [source, writes("fill", "b", "x < a.x"), complete("fill", "a", "elsewhere", "09:00")])
    await store(database, [writes("keep", "b", "y < a.k", time="08:30", facets=schema("x", "y"))])
    former = (await _ask(client, "a.x", "b.x"))["noPath"]["former"]
    assert [(e["toldBy"], e["endedAt"], e["endedBy"]) for e in former["ended"]] == [
        ("job:shop:fill", "2026-03-01T09:00:00Z", str(run_uuid("fill 09:00")))
    ]


async def test_an_edge_that_comes_and_goes_ended_nobody_knows_when(database: str, client: httpx.AsyncClient) -> None:
    """Of what is told in turns only the first and last time are kept."""
    source = dataset_event("07:00", "a", schema("x", "y"))
    turns = [("y", "08:00"), ("x", "09:00"), ("y", "10:00")]
    await store(database, [source, *(writes("fill", "b", f"z < a.{name}", time=time) for name, time in turns)])
    [ended] = (await _ask(client, "a.x", "b.z"))["noPath"]["former"]["ended"]
    assert (ended["lastAt"], ended["endedAt"], ended["endedBy"]) == ("2026-03-01T09:00:00Z", None, None)


async def test_edges_that_never_were_at_one_time(database: str, client: httpx.AsyncClient) -> None:
    source = dataset_event("07:00", "a", schema("x", "y"))
    first, then = writes("fill", "b", "x < a.x"), writes("fill", "b", "x < a.y", time="09:00")
    await store(database, [source, first, then, writes("next", "c", "z < b.x", time="10:00")])
    assert (await _ask(client, "a.x", "c.z"))["noPath"]["former"]["atOneTime"] is False


async def test_declared_columns_that_were_declared_otherwise(database: str, client: httpx.AsyncClient) -> None:
    def view(time: str, column: str) -> Event:
        told = [{"namespace": "db://shop", "name": "a", "field": column}]
        return dataset_event(time, "v", {"columnLineage": {"fields": {"x": {"inputFields": told}}}})

    await store(database, [dataset_event("07:00", "a", schema("x", "y")), view("08:00", "x"), view("09:00", "y")])
    [ended] = (await _ask(client, "a.x", "v.x"))["noPath"]["former"]["ended"]
    assert (ended["toldBy"], ended["lastRun"], ended["endedAt"], ended["endedBy"]) == (
        DB + "v", None, "2026-03-01T09:00:00Z", None,
    )  # fmt: skip


async def test_what_one_run_tells_explicitly_in_several_events_adds_up(database: str, client: httpx.AsyncClient) -> None:
    def entry(column: str) -> dict[str, Any]:
        source = [{"type": "DATASET", "namespace": "db://shop", "name": "a", "field": column}]
        fields = {"x": {"inputs": source}}
        return {"type": "DATASET", "namespace": "db://shop", "name": "b", "inputs": source, "fields": fields}

    def explicit(kind: str, time: str, run: str, column: str) -> Event:
        facets = {"lineage": {"entries": [entry(column)]}}
        return run_event(kind, time, "j", run, inputs=["a"], outputs=["b"], job_facets=facets)

    await store(database, [dataset_event("07:00", "a", schema("x", "y", "z"))])
    await store(database, [explicit("RUNNING", "08:00", "one", "x"), explicit("COMPLETE", "08:10", "one", "y")])
    assert _paths(await _ask(client, "a.x", "b.x")) == ["a.x b.x"]
    await store(database, [explicit("START", "09:00", "two", "z"), explicit("COMPLETE", "09:10", "two", "z")])
    [ended] = (await _ask(client, "a.x", "b.x"))["noPath"]["former"]["ended"]
    assert (ended["endedAt"], ended["endedBy"]) == ("2026-03-01T09:00:00Z", str(run_uuid("two")))


async def test_hidden_datasets_are_passed_over(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [writes("fill", "b", "x < a.x"), writes("next", "c", "z < b.x")])
    async with await psycopg.AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE datasets SET is_hidden = true WHERE name = 'c'")
    assert (await _get(client, "a.x", "c.z")).status_code == 404
    assert _paths(await _ask(client, "a.x", "b.x")) == ["a.x b.x"]


@pytest.mark.parametrize("seed", range(2))
async def test_random_paths_are_those_of_networkx(database: str, client: httpx.AsyncClient, seed: int) -> None:
    """Now, and as of a time; and a path the other way where there is none."""
    rnd = random.Random(seed)
    fields = [f"t{table}.f{column}" for table in range(5) for column in range(3)]
    by_hour = {hour: {(rnd.choice(fields), rnd.choice(fields)) for _ in range(10)} for hour in ("08", "09")}
    for hour, edges in by_hour.items():
        by_table: dict[str, list[str]] = {}
        for source, target in sorted(edges):
            table, _, column = target.partition(".")
            by_table.setdefault(table, []).append(f"{column} < {source}")
        await store(database, [writes(f"{t} {hour}", t, *told, time=f"{hour}:00") for t, told in by_table.items()])
    for edges, when in ((by_hour["08"], {"asOf": "2026-03-01T08:30:00Z"}), (by_hour["08"] | by_hour["09"], {})):
        graph = nx.DiGraph(sorted(edges))
        for source, target in rnd.sample([(a, b) for a in graph for b in graph if a != b], 25):
            told = await _ask(client, source, target, all=True, **when)
            expected = {" ".join(path) for path in nx.all_simple_paths(graph, source, target)}
            assert set(_paths(told)) == expected
            assert told["reachable"] is bool(expected)
            lengths = [path["length"] for path in told["paths"]]
            assert lengths == sorted(lengths)
            some = rnd.choice(fields)
            by = await _get(client, source, target, all=True, through=field(some), **when)
            assert set(_paths(by.json())) == {path for path in expected if some in path.split()}
            past = await _get(client, source, target, all=True, avoid=field(some), **when)
            assert set(_paths(past.json())) == {path for path in expected if some not in path.split()}
            if not expected:
                back = told["noPath"]["otherWay"]
                way = nx.shortest_path_length(graph, target, source) if nx.has_path(graph, target, source) else None
                assert (back["length"] if back else None) == way


async def test_statements_grow_with_the_hops_alone(database: str, client: httpx.AsyncClient) -> None:
    """Of one hop, with any number of columns about; where there is a path, and where there is none."""
    costs: dict[str, list[int]] = {"path": [], "no path": []}
    for n in (3, 40):
        await store(database, [writes(f"w{n} {i}", f"out{n} {i}", "x < hub.x", "y < hub.y") for i in range(n)])
        await _ask(client, "hub.x", f"out{n} 0.x")
        for name, source, target in (("path", "hub.x", f"out{n} 0.x"), ("no path", f"out{n} 0.x", "hub.y")):
            with recorded() as statements:
                await _ask(client, source, target, k=3)
            costs[name].append(len([statement for statement in statements if statement]))
    assert all(abs(cost[0] - cost[1]) <= 3 for cost in costs.values()), costs
    assert max(costs["path"]) <= 15, costs
    assert max(costs["no path"]) <= 20, costs


async def test_in_forms_of_other_programs(database: str, client: httpx.AsyncClient) -> None:
    await store(database, story())
    told = await _ask(client, "raw.mail", "mailing.to")
    drawn = await _get(client, "raw.mail", "mailing.to", format="graphml")
    assert set(nx.parse_graphml(drawn.text).edges) == {(e["origin"], e["destination"]) for e in told["edges"]}
    assert (
        f'"{field("raw.mail")}" -> "{field("clean.mail")}"' in (await _get(client, "raw.mail", "mailing.to", format="dot")).text
    )
    assert "clean.mail" in (await _get(client, "raw.mail", "mailing.to", format="mermaid")).text
    table = (await _get(client, "raw.mail", "mailing.to", format="csv")).text.splitlines()
    assert (len(table), "fieldType" in table[0]) == (4, True)
    for source, target, more in (("raw.mail", "mailing.to", {}), (DB + "raw", DB + "vault", {"grain": "column", "k": 0})):
        refused = await _get(client, source, target, format="openlineage", **more)
        assert (refused.status_code, "cannot be OPENLINEAGE here" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("source", "target", "parameters", "status", "message"),
    [
        ("raw.nail", "clean.mail", {}, 404, "Field 'nail' not found. Near names: mail"),
        ("mailing.to", "raw.nail", {}, 404, "Field 'nail' not found. Near names: mail"),
        ("raw.mail", "claen.mail", {}, 404, "Near names: dataset:db://shop:clean"),
        ("raw.mail", "raw.mail", {}, 400, "is both an origin and a destination"),
        ("raw.mail", DB + "raw", {}, 400, f"'{field('raw.mail')}' is both an origin and a destination"),
        (DB + "raw", DB + "raw", {"grain": "column"}, 400, "is both an origin and a destination"),
        ("raw.mail", "job:shop:sum", {}, 400, "at datasets for all of theirs, not at job 'sum'"),
        ("job:shop:sum", DB + "report", {"grain": "column"}, 400, "not at job 'sum'"),
        ("raw.mail", f"run:{run_uuid('sum 08:10')}", {}, 400, "not of runs"),
        ("raw.mail", DB + "clean#latest", {}, 400, "Of the columns of a version /column-lineage tells"),
        ("raw.mail", "clean.mail", {"grain": "dataset"}, 400, "grain must be COLUMN for a column, not DATASET"),
        ("raw.mail", "clean.mail", {"grain": "atom"}, 400, "must be one of [ALL, DATASET, JOB, COLUMN, RUN, VERSION]"),
        ("raw.mail", "clean.mail", {"kinds": "job_dependency"}, 400, "query param kinds"),
        ("raw.mail", "clean.mail", {"asOf": "yesterday"}, 400, "query param asOf must be a time"),
        ("datasetField:db://shop", DB + "clean", {}, 400, "has too few parts"),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, source: str, target: str, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, [*story(), dataset_event("07:00", "raw", schema("id", "mail", "closed"))])
    answer = await _get(client, source, target, **parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]
