"""Impact of runs and of versions of datasets: by what runs really read and wrote."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import httpx
import networkx as nx
import psycopg
import pytest
from pydantic import TypeAdapter

from headwater.entities.graph import RolledImpact
from headwater.entities.run_graph import RunImpact
from tests.api.model_story import CLEAN, EVENTS, FEATURES, LAKE, run_id, story
from tests.api.run_story import DB
from tests.api.run_story import chain as _chain
from tests.api.run_story import run as _run
from tests.api.run_story import version as _version
from tests.api.sides import ask_both
from tests.build import Event, dataset, run_event, run_uuid, store
from tests.lineage.graphs import complete, random_event
from tests.queries import counts, recorded


async def _ask(client: httpx.AsyncClient, node: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/impact", params={"nodeId": node, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(RunImpact).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _distances(told: dict[str, Any]) -> dict[str, int]:
    return {node["id"]: node["distance"] for node in told["nodes"]}


async def test_every_run_and_version_that_a_run_reaches(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders, report = await _version(client, "bad", "orders"), await _version(client, "bad report", "report")
    told = await _ask(client, _run("bad"))
    assert _distances(told) == {orders: 1, _run("bad report"): 2, report: 3, _run("bad mail"): 4}
    assert told["complete"]
    assert (told["counts"]["runs"], told["counts"]["versions"]) == (2, 2)
    assert (told["start"][0]["id"], told["introducedBy"]) == (_run("bad"), None)
    last = told["nodes"][-1]
    assert last["path"] == [_run("bad"), orders, _run("bad report"), report, _run("bad mail")]
    assert (last["kind"], last["name"], last["state"]) == ("RUN", "mail", "COMPLETED")
    edges = {(edge["origin"], edge["destination"]): edge["kind"] for edge in told["edges"]}
    assert edges == {pair: ("WROTE", "READ")[i % 2] for i, pair in enumerate(pairwise(last["path"]))}


async def test_a_version_and_the_run_that_brought_it_in(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders, report = await _version(client, "bad", "orders"), await _version(client, "bad report", "report")
    told = await _ask(client, orders, grain="run")
    assert _distances(told) == {_run("bad report"): 1, _run("bad mail"): 2}
    assert told["introducedBy"]["id"] == _run("bad")
    assert (told["start"][0]["id"], told["start"][0]["createdAt"]) == (orders, "2026-03-01T08:00:00Z")
    assert _distances(await _ask(client, orders, grain="version")) == {report: 1}
    assert _distances(await _ask(client, _run("bad"), grain="version", depth=1)) == {orders: 1}


async def test_a_version_that_no_run_wrote_came_in_with_the_first_that_read_it(database: str, client: httpx.AsyncClient) -> None:
    def raw(version: str) -> Event:
        return dataset("raw", {"version": {"datasetVersion": version}})

    await store(
        database,
        [
            run_event("COMPLETE", "09:00", "later", "second", inputs=[raw("7")]),
            run_event("COMPLETE", "08:00", "load", "first", inputs=[raw("7")]),
            run_event("COMPLETE", "07:00", "load", "other", inputs=[raw("6")]),
        ],
    )
    for direction, expected in (("downstream", {_run("first"): 1, _run("second"): 1}), ("upstream", {})):
        told = await _ask(client, DB + "raw#7", direction=direction)
        assert told["introducedBy"]["id"] == _run("first")
        assert told["start"][0]["externalVersion"] == "7"
        assert _distances(told) == expected


async def test_upstream_of_a_run_and_a_version(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders, report = await _version(client, "good", "orders"), await _version(client, "good report", "report")
    told = await _ask(client, _run("good report"), direction="upstream")
    assert {orders: 1, _run("good"): 2}.items() <= _distances(told).items()
    [first] = [node for node in told["nodes"] if node["id"] == _run("good")]
    assert first["path"] == [_run("good"), orders, _run("good report")], "as data flows"
    assert {(e["origin"], e["destination"]) for e in told["edges"]} >= {*pairwise(first["path"])}
    assert _run("bad") not in _distances(told)
    assert _distances(await _ask(client, report, direction="upstream", grain="run")) == {_run("good report"): 1, _run("good"): 2}


async def test_of_a_job_the_latest_run_and_of_a_dataset_the_current_version(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    assert _distances(await _ask(client, "job:shop:load", grain="run")) == {_run("good report"): 1}
    assert _distances(await _ask(client, DB + "orders", grain="run")) == {_run("good report"): 1}
    assert _distances(await _ask(client, DB + "orders#latest", grain="run")) == {_run("good report"): 1}


async def test_ways_filters_and_pages(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    assert _distances(await _ask(client, _run("bad"), grain="run", stopAt="job:shop:report")) == {_run("bad report"): 1}
    assert _distances(await _ask(client, _run("bad"), grain="run", avoid=_run("bad report"))) == {}
    assert _distances(await _ask(client, _run("bad"), grain="run", through=DB + "report")) == {
        _run("bad report"): 1,
        _run("bad mail"): 2,
    }
    # No run of it is reached, so nothing is by way of one.
    await store(database, [complete("aside", "", "elsewhere", "07:00", "aside")])
    for elsewhere in ("job:shop:aside", DB + "elsewhere"):
        assert _distances(await _ask(client, _run("bad"), through=elsewhere)) == {}
    assert _distances(await _ask(client, _run("bad"), state="failed")) == {}
    assert _distances(await _ask(client, _run("bad"), grain="run", state="COMPLETED", depth=1)) == {_run("bad report"): 1}
    named = await _ask(client, _run("bad"), name="mail")
    assert _distances(named).keys() == {_run("bad mail")}
    assert named["counts"]["cut"] == [{"rule": "filter", "nodes": 3}]
    first = await _ask(client, _run("bad"), limit=3)
    assert first["counts"]["cut"] == [{"rule": "limit", "nodes": 1}]
    assert _distances(await _ask(client, _run("bad"), limit=3, cursor=first["cursor"])) == {_run("bad mail"): 4}
    near = await _ask(client, _run("bad"), depth=3)
    assert (len(near["nodes"]), near["complete"], near["counts"]["cut"]) == (3, False, [{"rule": "depth", "nodes": None}])


async def test_more_ways_than_one(database: str, client: httpx.AsyncClient) -> None:
    await store(
        database, [complete("w", "", "a", "08:00"), complete("r", "a", "b", "08:10"), complete("end", "a b", "", "08:20")]
    )
    told = await _ask(client, "job:shop:w", grain="run", name="end", paths=5)
    [end] = told["nodes"]
    assert [len(way) for way in (end["path"], *end["otherPaths"])] == [3, 5]


async def test_what_the_events_of_a_model_reached(database: str, client: httpx.AsyncClient) -> None:
    """Across renamed datasets, external versions and models, as a data scientist would ask."""
    await store(database, story())
    told = await _ask(client, f"dataset:{LAKE}:{EVENTS}#e1", grain="run")
    assert {n["id"] for n in told["nodes"]} >= {
        f"run:{run_id(run)}" for run in ("clean 1", "features 1", "train v1", "train v1.1", "deploy v1", "score 1")
    }
    assert f"run:{run_id('train v1.2')}" not in _distances(told)
    assert told["introducedBy"]["id"] == f"run:{run_id('clean 1')}"
    versions = await _ask(client, f"dataset:{LAKE}:{CLEAN}#c-1", grain="version", name="features*")
    assert [(n["name"], n["externalVersion"]) for n in versions["nodes"]] == [(FEATURES, "10")]


@pytest.mark.parametrize("seed", range(3))
async def test_distances_are_those_of_networkx(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    events = [random_event(rnd, i) for i in range(40)]
    await store(database, events)
    graph: nx.DiGraph[str] = nx.DiGraph()
    runs = sorted({f"run:{event['run']['runId']}" for event in events if "run" in event})
    for run in runs:
        asked = {"runId": run.removeprefix("run:"), "depth": "0"}
        [told] = (await client.get("/api/v1/runlineage/downstream", params=asked)).json()["runs"]
        graph.add_node(run)
        graph.add_edges_from((run, _node(output)) for output in told["outputs"])
        graph.add_edges_from((_node(read), run) for read in told["inputs"] if read["version"])
    assert graph.number_of_edges() > 20
    for start in rnd.sample(sorted(graph), 12):
        for direction, walked in (("downstream", graph), ("upstream", graph.reverse())):
            expected = nx.single_source_shortest_path_length(walked, start)
            told = await _ask(client, start, direction=direction, limit=1_000)
            assert {**_distances(told), start: 0} == expected


@pytest.mark.parametrize("seed", range(3))
async def test_both_ways_is_what_is_told_of_each(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    events = [random_event(rnd, i) for i in range(40)]
    await store(database, events)
    runs = sorted({f"run:{event['run']['runId']}" for event in events if "run" in event})
    seen = set()
    questions: list[dict[str, Any]] = [
        {}, {"paths": 3}, {"depth": 2}, {"grain": "run"}, {"grain": "version"}, {"asOf": "2026-03-01T16:00:00Z", "paths": 0},
        {"kinds": "input"}, {"name": "t*"}, {"avoid": DB + "t1"}, {"through": runs[7]},
    ]  # fmt: skip
    for asked in questions:
        for run in rnd.sample(runs, 4):
            if (await client.get("/api/v1/impact", params={"nodeId": run, **asked})).status_code == 200:
                told = await ask_both(client, run, **asked)
                TypeAdapter(RunImpact).validate_python(told)
                seen |= {node["side"] for node in told["nodes"]}
    assert seen >= {"downstream", "upstream"}


async def test_both_ways_from_a_version_with_what_is_read_beside_it(database: str, client: httpx.AsyncClient) -> None:
    """``mail`` reads what ``load`` read too: an edge between the sides. The copy that is made of it is a sibling."""
    await store(database, [
        complete("land", "", "raw", "07:00", "land"), complete("load", "raw", "orders", "08:00", "load"),
        complete("copy", "raw", "copied", "08:05", "copy"), complete("mail", "orders raw", "", "08:10", "mail"),
    ])  # fmt: skip
    orders, raw = await _version(client, "load", "orders"), await _version(client, "land", "raw")
    told = await _ask(client, orders, direction="both")
    assert {node["id"]: (node["distance"], node["side"]) for node in told["nodes"]} == {
        _run("mail"): (1, "downstream"), _run("load"): (1, "upstream"), raw: (2, "upstream"), _run("land"): (3, "upstream"),
    }  # fmt: skip
    assert told["introducedBy"]["id"] == _run("load")
    assert told["counts"] == counts(4, runs=3, versions=1, edges=(5, 4))
    [land] = [node for node in told["nodes"] if node["id"] == _run("land")]
    assert land["path"] == [_run("land"), raw, _run("load"), orders]
    rolled = await client.get("/api/v1/impact", params={"nodeId": orders, "direction": "both", "collapse": "namespaces"})
    TypeAdapter(RolledImpact).validate_json(rolled.content)
    assert {node["name"]: node["side"] for node in rolled.json()["nodes"]} == {"shop": "both", "db://shop": "upstream"}
    assert {(edge["origin"], edge["destination"], edge["nodes"]) for edge in rolled.json()["edges"]} == {
        ("namespace:db://shop", "namespace:shop", 2), ("namespace:shop", "namespace:db://shop", 2),
    }  # fmt: skip


def _node(version: dict[str, Any]) -> str:
    return f"dataset:{version['namespace']}:{version['name']}#{version['version']}"


async def test_as_of_a_time_and_since_one(database: str, client: httpx.AsyncClient) -> None:
    late = run_event("START", "08:25", "late", "late", inputs=["report"])
    done = run_event("COMPLETE", "10:00", "late", "late", outputs=["copy"])
    await store(database, [*_chain(), late, done])
    orders, report = await _version(client, "bad", "orders"), await _version(client, "bad report", "report")
    known = {orders: 1, _run("bad report"): 2, report: 3, _run("bad mail"): 4}
    told = await _ask(client, _run("bad"), asOf="2026-03-01T08:30:00Z")
    assert (_distances(told), told["asOf"]) == ({**known, _run("late"): 4}, "2026-03-01T08:30:00Z")
    [going] = [node for node in told["nodes"] if node["id"] == _run("late")]
    assert (going["state"], going["endedAt"]) == ("RUNNING", None)
    assert _distances(await _ask(client, _run("bad"), asOf=str(run_uuid("bad mail")))) == known
    assert _distances(await _ask(client, _run("bad"), asOf="2026-03-01T08:05:00Z")) == {orders: 1}
    assert len(_distances(await _ask(client, _run("bad"), history="all"))) == 6
    assert _distances(await _ask(client, report, history="since=2026-03-01T08:22:00Z")).keys() >= {_run("late")}
    assert _run("bad mail") not in _distances(await _ask(client, report, history="since=2026-03-01T08:22:00Z"))
    for way, run, expected in (
        ("downstream", "bad", {"bad", "bad report", "late"}), ("upstream", "late", {"late", "bad report", "bad"}),
    ):  # fmt: skip
        asked = {"runId": str(run_uuid(run)), "asOf": "2026-03-01T08:27:00Z", "history": "since=2026-03-01T07:00:00Z"}
        runs = (await client.get(f"/api/v1/runlineage/{way}", params=asked)).json()["runs"]
        assert {run["run"]["id"] for run in runs} - {str(run_uuid("bad mail"))} == {str(run_uuid(one)) for one in expected}
    for start in ("job:shop:load", DB + "orders", DB + "orders#latest"):
        told = await _ask(client, start, grain="run", asOf="2026-03-01T08:45:00Z")
        assert _run("bad report") in _distances(told), start


async def test_only_what_runs_read_or_wrote(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders = await _version(client, "bad", "orders")
    assert _distances(await _ask(client, orders, kinds="input")) == {_run("bad report"): 1}
    assert _distances(await _ask(client, _run("bad"), kinds="output")) == {orders: 1}
    assert len(_distances(await _ask(client, _run("bad"), kinds=["input", "output", "job_lineage"]))) == 4
    assert _distances(await _ask(client, orders, kinds="output", direction="upstream")) == {_run("bad"): 1}


def _dag() -> list[Event]:
    """Two tasks of a DAG; a job before them, and one after."""

    def task(job: str, inputs: str, outputs: str, time: str) -> Event:
        parent = {"parent": {"run": {"runId": str(run_uuid("dag run"))}, "job": {"namespace": "shop", "name": "dag"}}}
        return {**complete(f"dag.{job}", inputs, outputs, time, job), "run": {"runId": str(run_uuid(job)), "facets": parent}}

    return [
        run_event("START", "08:00", "dag", "dag run"),
        complete("load", "", "raw", "07:00", "load"),
        complete("mail", "sums", "", "09:00", "mail"),
        task("clean", "raw", "clean", "08:10"),
        task("sum", "clean", "sums", "08:20"),
    ]


async def test_a_dag_run_is_asked_about_with_those_of_its_tasks(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dag())
    told = await _ask(client, _run("dag run"))
    assert {node["id"] for node in told["start"]} == {_run("dag run"), _run("clean"), _run("sum")}
    assert [(node["name"], node["distance"]) for node in told["nodes"] if node["kind"] == "RUN"] == [("mail", 2)]
    assert _distances(await _ask(client, _run("dag run"), grain="run", direction="upstream")) == {_run("load"): 1}
    assert _distances(await _ask(client, "job:shop:dag", grain="run")) == {_run("mail"): 1}
    assert _distances(await _ask(client, _run("load"), grain="run", stopAt=_run("dag run"))) == {_run("clean"): 1}
    early = await _ask(client, _run("dag run"), asOf="2026-03-01T08:15:00Z")
    assert [node["id"] for node in early["start"]] == [_run("dag run"), _run("clean")]
    for direction, others in (("upstream", ["dag.clean", "dag.sum", "load"]), ("downstream", ["dag.clean", "dag.sum", "mail"])):
        runs = await client.get(f"/api/v1/runlineage/{direction}", params={"runId": str(run_uuid("dag run"))})
        assert direction == "upstream" or runs.json()["freshness"]["eventTime"] == "2026-03-01T09:00:00Z"
        assert [run["job"]["name"] for run in runs.json()["runs"]] == ["dag", *others]


async def test_runs_collapsed_to_those_that_started_them(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dag())

    async def ask(**parameters: Any) -> dict[str, Any]:
        answer = await client.get("/api/v1/impact", params={"nodeId": _run("load"), **parameters})
        TypeAdapter(RolledImpact).validate_json(answer.content)
        told: dict[str, Any] = answer.json()
        return told

    told = await ask(collapse="parents", grain="run")
    assert [(n["id"], n["runs"], n["distance"]) for n in told["nodes"]] == [(_run("dag run"), 2, 1), (_run("mail"), 1, 3)]
    assert [(e["origin"], e["destination"], e["nodes"]) for e in told["edges"]] == sorted(
        [(_run("load"), _run("dag run"), 1), (_run("dag run"), _run("mail"), 1)]
    )
    assert (told["counts"]["runs"], told["counts"]["collapsed"]) == (3, 2)
    assert [n["versions"] for n in (await ask(collapse="parents", name="clean"))["nodes"]] == [1]
    spaces = await ask(collapse="namespaces")
    assert [(n["id"], n["runs"], n["versions"]) for n in spaces["nodes"]] == [
        ("namespace:db://shop", 0, 3), ("namespace:shop", 3, 0),
    ]  # fmt: skip


async def test_run_lineage_as_a_graph(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders, report = await _version(client, "bad", "orders"), await _version(client, "bad report", "report")
    for direction, run in (("downstream", "bad report"), ("upstream", "bad mail")):
        asked = {"runId": str(run_uuid(run)), "format": "graphml"}
        graph = nx.parse_graphml((await client.get(f"/api/v1/runlineage/{direction}", params=asked)).text)
        ways = {(orders, _run("bad report")), (_run("bad report"), report), (report, _run("bad mail"))}
        assert ways <= set(graph.edges)
        assert graph.nodes[_run("bad mail")]["name"] == "mail"
    refused = await client.get("/api/v1/runlineage/upstream", params={"runId": str(run_uuid("bad")), "format": "openlineage"})
    assert refused.status_code == 400


async def test_what_is_hidden_is_walked_through_and_not_counted(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _chain())
    orders = await _version(client, "bad", "orders")
    async with await psycopg.AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE datasets SET is_hidden = true WHERE name = 'orders'")
    told = await _ask(client, _run("bad"))
    assert orders not in _distances(told)
    assert (told["counts"]["found"], told["counts"]["returned"], told["counts"]["cut"]) == (3, 3, [])


@pytest.mark.parametrize("seed", range(3))
async def test_as_of_a_time_is_the_answer_of_the_history_cut_then(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    events = sorted((random_event(rnd, i, links=False) for i in range(30)), key=lambda event: str(event["eventTime"]))
    cut = events[15]["eventTime"]
    early = [event for event in events if event["eventTime"] <= cut]
    starts = [f"run:{event['run']['runId']}" for event in early if "run" in event]
    starts += [f"job:shop:j{i}" for i in range(4)] + [f"{DB}t{i}" for i in range(8)]

    async def answers(**parameters: str) -> list[Any]:
        asked = [
            {"nodeId": start, "grain": "run", "direction": way, **parameters}
            for start in starts
            for way in ("upstream", "downstream")
        ]
        told = [await client.get("/api/v1/impact", params=one) for one in asked]
        return [_distances(one.json()) if one.status_code == 200 else one.status_code for one in told]

    await store(database, early)
    expected = await answers()
    assert any(expected)
    await store(database, [event for event in events if event["eventTime"] > cut])
    assert await answers(asOf=cut) == expected


async def test_statements_grow_with_the_steps_only(database: str, client: httpx.AsyncClient) -> None:
    wide = [complete(f"r{i}", "all", f"o{i}", "09:00") for i in range(40)]
    await store(database, [complete("all", "", "all", "08:00", "all"), *wide])
    await store(database, [complete("one", "", "one", "08:00", "one"), complete("r", "one", "o", "09:00")])
    costs = []
    for run in ("one", "all"):
        with recorded() as statements:
            await _ask(client, _run(run))
        costs.append(len([statement for statement in statements if statement]))
    assert costs[0] == costs[1] <= 30


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({"nodeId": "run:nonsense"}, 404, "Run 'nonsense' not found."),
        ({"nodeId": _run("nope")}, 404, "not found."),
        ({"nodeId": DB + "orders#nope"}, 404, "Dataset version 'nope' not found."),
        ({"nodeId": DB + "order#1"}, 404, "Dataset 'order' not found."),
        ({"nodeId": "job:shop:load#" + str(run_uuid("x"))}, 400, "only those of datasets"),
        ({"nodeId": _run("bad"), "grain": "dataset"}, 400, "query param grain must be one of ALL, RUN, VERSION"),
        ({"nodeId": _run("bad"), "asOf": "yesterday"}, 400, "query param asOf"),
        ({"nodeId": _run("bad"), "asOf": "2026-03-01T07:59:59Z"}, 404, "not found."),
        ({"nodeId": DB + "orders#latest", "asOf": "2026-02-28T09:00:00-22:00"}, 404, "Dataset version 'latest' not found."),
        ({"nodeId": _run("bad"), "asOf": "0001-01-01T00:00:00+14:00"}, 404, "not found."),
        ({"nodeId": _run("bad"), "avoid": DB + "orders#\0"}, 404, "Dataset version '\ufffd' not found."),
        ({"nodeId": _run("bad"), "kinds": "job_dependency"}, 400, "query param kinds must have INPUT or OUTPUT"),
        ({"nodeId": "job:shop:load", "grain": "run", "asOf": "2026-01-01T00:00:00Z"}, 404, "Run of job 'load' not found."),
        ({"nodeId": DB + "orders", "grain": "run", "asOf": "2026-01-01T00:00:00Z"}, 404, "Dataset version 'latest' not found."),
        ({"nodeId": _run("bad"), "avoid": "job:shop:nope"}, 404, "Job 'nope' not found."),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, [complete("load", "", "orders", run="bad")])
    answer = await client.get("/api/v1/impact", params=parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]
