"""Paths from run to run, by what runs really read and wrote."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import httpx
import networkx as nx
import psycopg
import pytest
from pydantic import TypeAdapter

from headwater.entities.paths import RunPaths
from headwater.lineage.runs import graph as run_graph
from tests.api.run_story import DB
from tests.api.run_story import chain as _chain
from tests.api.run_story import run as _run
from tests.api.run_story import version as _version
from tests.build import Event, belonging, dataset, run_event, store
from tests.lineage.graphs import complete, random_event
from tests.queries import counts, recorded

JOB = "job:shop:"


async def _ask(client: httpx.AsyncClient, source: str, target: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/paths", params={"from": source, "to": target, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(RunPaths).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    named = {node["id"] for node in told["nodes"]}
    assert {node for path in told["paths"] for node in path["nodes"]} <= named
    return told


def _paths(told: dict[str, Any]) -> list[list[str]]:
    return [path["nodes"] for path in told["paths"]]


async def test_from_run_to_run(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders, report = await _version(client, "bad", "orders"), await _version(client, "bad report", "report")
    told = await _ask(client, _run("bad"), _run("bad mail"))
    whole = [_run("bad"), orders, _run("bad report"), report, _run("bad mail")]
    assert (_paths(told), told["paths"][0]["length"]) == ([whole], 4)
    edges = {(edge["origin"], edge["destination"]): edge["kind"] for edge in told["edges"]}
    assert edges == {pair: ("WROTE", "READ")[i % 2] for i, pair in enumerate(pairwise(whole))}
    assert (told["reachable"], told["complete"], told["noPath"]) == (True, True, None)
    assert told["counts"] == counts(3, runs=1, versions=2, edges=(4, 4))
    assert told["freshness"]["eventTime"] == "2026-03-01T09:10:00Z"
    [first] = told["origins"]
    assert (first["kind"], first["name"], first["state"]) == ("RUN", "load", "COMPLETED")
    assert _paths(await _ask(client, _run("bad"), _run("bad mail"), grain="run")) == [whole[::2]]
    assert _paths(await _ask(client, _run("bad"), _run("bad mail"), grain="version")) == [[whole[0], *whole[1::2], whole[-1]]]
    assert _paths(await _ask(client, orders, report)) == [whole[1:4]]
    assert _paths(await _ask(client, orders, report, grain="version")) == [[orders, report]]


async def test_of_a_job_the_latest_run_and_of_a_dataset_the_current_version(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders, report = await _version(client, "good", "orders"), await _version(client, "good report", "report")
    whole = [orders, _run("good report"), report]
    assert _paths(await _ask(client, DB + "orders", DB + "report", grain="version")) == [[orders, report]]
    assert _paths(await _ask(client, DB + "orders#latest", DB + "report")) == [whole]
    assert _paths(await _ask(client, DB + "orders", JOB + "report", grain="run")) == [[orders, _run("good report")]]
    assert _paths(await _ask(client, JOB + "load", report)) == [[_run("good"), *whole]]
    early = await _ask(client, JOB + "load", DB + "report", grain="run", asOf="2026-03-01T08:30:00Z")
    assert [path[0] for path in _paths(early)] == [_run("bad")]
    assert early["asOf"] == "2026-03-01T08:30:00Z"


async def test_versions_by_their_names_outside(database: str, client: httpx.AsyncClient) -> None:
    def table(name: str, version: str) -> Event:
        return dataset(name, {"version": {"datasetVersion": version}})

    await store(database, [
        run_event("COMPLETE", "08:00", "load", "one", inputs=[table("raw", "7")], outputs=[table("orders", "v1")]),
        run_event("COMPLETE", "08:10", "sum", "two", inputs=[table("orders", "v1")], outputs=["revenue"]),
    ])  # fmt: skip
    told = await _ask(client, DB + "raw#7", DB + "revenue#latest", grain="run")
    assert [path[1:-1] for path in _paths(told)] == [[_run("one"), _run("two")]]
    assert told["origins"][0]["externalVersion"] == "7"
    assert _paths(await _ask(client, DB + "orders#v1", _run("two")))[0][0].startswith(DB + "orders#")


async def test_several_ends_and_runs_that_belong_to_one(database: str, client: httpx.AsyncClient) -> None:
    tasks = [complete("dag.load", "raw", "orders", "08:00", "load"), complete("dag.sum", "orders", "revenue", "08:10", "sum")]
    dag = run_event("COMPLETE", "08:30", "dag", "dag")
    await store(database, [dag, *(belonging(task, "dag") for task in tasks), complete("mail", "revenue", "", "09:00", "mail")])
    revenue = await _version(client, "sum", "revenue")
    assert _paths(await _ask(client, _run("dag"), _run("mail"), k=1)) == [[_run("sum"), revenue, _run("mail")]]
    assert [path[-1] for path in _paths(await _ask(client, _run("dag"), _run("sum")))] == [_run("sum")]
    both = await client.get(
        "/api/v1/paths", params={"from": [_run("load"), _run("sum")], "to": _run("mail"), "k": 9, "grain": "run"}
    )
    assert _paths(both.json()) == [[_run("sum"), _run("mail")], [_run("load"), _run("sum"), _run("mail")]]
    same = await client.get("/api/v1/paths", params={"from": _run("dag"), "to": _run("dag")})
    assert same.status_code == 400


async def test_no_path_and_why(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    told = await _ask(client, _run("bad mail"), _run("bad"), grain="run")
    assert (told["reachable"], told["paths"]) == (False, [])
    assert told["noPath"]["otherWay"]["nodes"] == [_run("bad"), _run("bad report"), _run("bad mail")]
    assert {edge["origin"] for edge in told["edges"]} >= {_run("bad"), _run("bad report")}
    why = (await _ask(client, _run("bad"), _run("good report")))["noPath"]
    assert (why["otherWay"], [(a["name"], a["toOrigin"], a["toDestination"]) for a in why["commonAncestors"]]) == (
        None, [("raw", 1, 3)],
    )  # fmt: skip
    await store(database, [complete("copy", "orders", "copy", "09:20", "copy")])
    [common] = (await _ask(client, _run("copy"), _run("good report"), grain="run"))["noPath"]["commonAncestors"]
    assert (common["id"], common["state"], common["toOrigin"], common["toDestination"]) == (_run("good"), "COMPLETED", 1, 1)


async def test_depth_number_kinds_and_whether(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [*_chain(), complete("mail", "report orders", "", "08:25", "both")])
    told = await _ask(client, _run("bad"), _run("both"), all=True, grain="run")
    assert [len(path) for path in _paths(told)] == [2, 3]
    one = await _ask(client, _run("bad"), _run("both"), grain="run")
    assert (one["complete"], one["counts"]["cut"]) == (False, [{"rule": "k", "nodes": None}])
    near = await _ask(client, _run("bad"), _run("both"), all=True, depth=2)
    assert ([len(path) for path in _paths(near)], near["counts"]["cut"]) == ([3], [{"rule": "depth", "nodes": None}])
    orders = await _version(client, "bad", "orders")
    assert (await _ask(client, _run("bad"), orders, kinds="output"))["reachable"] is True
    assert (await _ask(client, _run("bad"), _run("both"), kinds="output"))["reachable"] is False
    assert (await _ask(client, orders, _run("both"), kinds="input"))["reachable"] is True
    for source, target, reachable in (("bad", "both", True), ("both", "bad", False)):
        told = await _ask(client, _run(source), _run(target), k=0)
        assert (told["reachable"], told["noPath"], len(told["destinations"])) == (reachable, None, 1)


async def test_paths_by_runs_of_some_jobs_and_not_by_others(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    told = await _ask(client, _run("bad"), _run("bad mail"), grain="run")
    for via in ({"through": JOB + "report"}, {"through": DB + "report"}, {"stopAt": _run("bad mail")}, {"avoid": _run("good")}):
        assert _paths(await _ask(client, _run("bad"), _run("bad mail"), grain="run", **via)) == _paths(told)
    for via in ({"through": _run("good")}, {"avoid": DB + "report"}, {"stopAt": JOB + "report"}):
        none = await _ask(client, _run("bad"), _run("bad mail"), grain="run", **via)
        assert (none["reachable"], none["paths"]) == (False, [])


async def test_as_of_a_time_and_since_one(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    asked = (_run("bad"), _run("bad mail"))
    assert (await _ask(client, *asked, asOf="2026-03-01T08:30:00Z"))["reachable"] is True
    unknown = await client.get("/api/v1/paths", params={"from": asked[0], "to": asked[1], "asOf": "2026-03-01T08:15:00Z"})
    assert unknown.status_code == 404
    assert (await _ask(client, *asked, history="since=2026-03-01T08:15:00Z"))["reachable"] is False
    assert (await _ask(client, *asked, history="all"))["reachable"] is True


async def test_where_too_many_runs_follow_the_destination_is_asked_where_it_comes_from(
    database: str, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [complete(f"r{i}", "orders", f"o{i}", "08:05") for i in range(8)]
    await store(database, [*_chain(), *many])
    monkeypatch.setattr(run_graph, "_MOST", 4)
    told = await _ask(client, _run("bad"), _run("bad mail"), grain="run")
    assert (_paths(told), told["complete"]) == ([[_run("bad"), _run("bad report"), _run("bad mail")]], True)
    monkeypatch.setattr(run_graph, "_MOST", 1)
    told = await _ask(client, _run("bad"), _run("bad mail"), grain="run")
    assert (told["reachable"], told["complete"], told["counts"]["cut"]) == (False, False, [{"rule": "size", "nodes": None}])


async def test_hidden_versions_are_passed_over(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    async with await psycopg.AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE datasets SET is_hidden = true WHERE name = 'orders'")
    [path] = (await _ask(client, _run("bad"), _run("bad report")))["paths"]
    assert (path["length"], path["nodes"]) == (2, [_run("bad"), _run("bad report")])


@pytest.mark.parametrize("seed", range(2))
async def test_random_paths_are_those_of_networkx(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    events = [random_event(rnd, i) for i in range(40)]
    await store(database, events)
    graph: nx.DiGraph[str] = nx.DiGraph()
    for run in sorted({f"run:{event['run']['runId']}" for event in events if "run" in event}):
        asked = {"runId": run.removeprefix("run:"), "depth": "0"}
        [told] = (await client.get("/api/v1/runlineage/downstream", params=asked)).json()["runs"]
        graph.add_node(run)
        graph.add_edges_from((run, _node(output)) for output in told["outputs"])
        graph.add_edges_from((_node(read), run) for read in told["inputs"] if read["version"])
    by_run = nx.DiGraph([(a, c) for a in graph if _is_run(a) for b in graph[a] for c in graph[b]])
    pairs = [(a, b) for a in sorted(graph) for b in sorted(graph) if a != b]
    for source, target in [*rnd.sample(pairs, 15), *rnd.sample([p for p in pairs if nx.has_path(graph, *p)], 15)]:
        told = await _ask(client, source, target, all=True)
        expected = {tuple(path) for path in nx.all_simple_paths(graph, source, target)}
        assert {tuple(path) for path in _paths(told)} == expected
        assert told["reachable"] is bool(expected)
        lengths = [path["length"] for path in told["paths"]]
        assert lengths == sorted(lengths)
        some = rnd.choice(sorted(graph))
        by = await _ask(client, source, target, all=True, through=some)
        assert {tuple(path) for path in _paths(by)} == {path for path in expected if some in path}
        past = await _ask(client, source, target, all=True, avoid=some)
        assert {tuple(path) for path in _paths(past)} == {path for path in expected if some not in path}
        if not expected:
            back = told["noPath"]["otherWay"]
            way = nx.shortest_path_length(graph, target, source) if nx.has_path(graph, target, source) else None
            assert (back["length"] if back else None) == way
        if _is_run(source) and _is_run(target) and {source, target} <= by_run.nodes:
            told = await _ask(client, source, target, all=True, grain="run")
            assert {tuple(p) for p in _paths(told)} == {tuple(p) for p in nx.all_simple_paths(by_run, source, target)}


def _is_run(node: str) -> bool:
    return node.startswith("run:")


def _node(version: dict[str, Any]) -> str:
    return f"dataset:{version['namespace']}:{version['name']}#{version['version']}"


async def test_statements_grow_with_the_steps_alone(database: str, client: httpx.AsyncClient) -> None:
    costs: dict[str, list[int]] = {"path": [], "no path": []}
    for n in (3, 40):
        await store(database, [complete("hub", "raw", f"hub{n}", "08:00", f"hub{n}")])
        await store(database, [complete(f"r{n} {i}", f"hub{n}", f"out{n} {i}", "09:00", f"r{n} {i}") for i in range(n)])
        for name, ends in (("path", (f"hub{n}", f"r{n} 0")), ("no path", (f"r{n} 0", f"r{n} 1"))):
            with recorded() as statements:
                await _ask(client, _run(ends[0]), _run(ends[1]))
            costs[name].append(len([statement for statement in statements if statement]))
    assert all(cost[0] == cost[1] for cost in costs.values()), costs
    assert max(costs["path"]) <= 20, costs
    assert max(costs["no path"]) <= 22, costs


async def test_in_forms_of_other_programs(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    asked = {"from": _run("bad"), "to": _run("bad mail")}
    told = await _ask(client, asked["from"], asked["to"])
    drawn = await client.get("/api/v1/paths", params={**asked, "format": "graphml"})
    assert set(nx.parse_graphml(drawn.text).edges) == {(e["origin"], e["destination"]) for e in told["edges"]}
    for form, sign in (("dot", "digraph"), ("mermaid", "flowchart"), ("csv", "startedAt")):
        assert sign in (await client.get("/api/v1/paths", params={**asked, "format": form})).text
    refused = await client.get("/api/v1/paths", params={**asked, "format": "openlineage"})
    assert (refused.status_code, "cannot be OPENLINEAGE here" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("source", "target", "parameters", "status", "message"),
    [
        ("run:nonsense", DB + "orders", {}, 404, "Run 'nonsense' not found"),
        (_run("bad"), _run("never"), {}, 404, "Run"),
        (DB + "orders#v9", DB + "report", {}, 404, "Dataset version 'v9' not found"),
        (DB + "ordesr#latest", DB + "report", {}, 404, f"Near names: {DB}orders"),
        (JOB + "laod", _run("bad"), {}, 404, f"Near names: {JOB}load"),
        (_run("bad"), _run("bad"), {}, 400, f"'{_run('bad')}' is both an origin and a destination"),
        (_run("bad"), DB + "orders", {"grain": "dataset"}, 400, "grain must be one of ALL, RUN, VERSION for a run or a version"),
        (DB + "orders#latest", DB + "report", {"grain": "job"}, 400, "grain must be one of ALL, RUN, VERSION"),
        (_run("bad"), "datasetField:db://shop:orders:x", {}, 400, "not of runs"),
        (JOB + "load#latest", DB + "report", {"grain": "run"}, 404, "not found"),
        (_run("bad"), DB + "orders", {"kinds": "job_lineage"}, 400, "query param kinds must have INPUT or OUTPUT"),
        (_run("bad"), DB + "orders", {"asOf": "yesterday"}, 400, "query param asOf must be a time"),
        (DB + "raw", JOB + "mail", {"grain": "version", "asOf": "2026-03-01T07:00:00Z"}, 404, "not found"),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, source: str, target: str, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, _chain())
    answer = await client.get("/api/v1/paths", params={"from": source, "to": target, **parameters})
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]


async def test_names_that_hold_a_hash_are_of_datasets_all_the_same(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("j", "a#1", "b")])
    told = (await client.get("/api/v1/paths", params={"from": DB + "a#1", "to": DB + "b"})).json()
    assert [path["nodes"] for path in told["paths"]] == [[DB + "a#1", JOB + "j", DB + "b"]]
