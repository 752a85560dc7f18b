from __future__ import annotations

import csv
import io
import json
import random
from itertools import pairwise
from operator import itemgetter
from typing import Any

import httpx
import networkx as nx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from headwater.entities.graph import Impact, RolledImpact
from headwater.ids import dataset_id
from tests.api.sides import ask_both
from tests.build import Event, belonging, dataset, dataset_event, run_event, run_uuid, store
from tests.conftest import Server, cloned
from tests.lineage.graphs import complete, complete_explicitly, derived, random_event
from tests.queries import counts, recorded
from tests.serving import in_process

DB = "dataset:db://shop:"


async def _ask(client: httpx.AsyncClient, node: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/impact", params={"nodeId": node, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(Impact).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _found(told: dict[str, Any]) -> dict[str, int]:
    return {node["name"]: node["distance"] for node in told["nodes"]}


def _typed(name: str, kind: str, owner: str = "", *tags: str) -> Event:
    owners = {"ownership": {"owners": [{"name": owner, "type": "OWNER"}]}} if owner else {}
    labels = {"tags": {"tags": [{"key": tag, "value": "true"} for tag in tags]}} if tags else {}
    return dataset_event("06:00", name, {"datasetType": {"datasetType": kind}, **owners, **labels})


def _story() -> list[Event]:
    """Raw orders are cleaned; a report and a feature table stand on them; a model is trained on features and labels, and
    a service writes predictions with it. A view is made of the report without a job. The labels come from people."""
    return [
        complete("clean", "raw_orders", "orders", "08:00"),
        complete("report", "orders", "report", "08:10"),
        complete("features", "orders customers", "features", "08:20"),
        complete("train", "features labels", "model", "08:30"),
        complete("predict", "model features", "predictions", "08:40"),
        dataset_event("08:50", "report_view", {"lineage": {"inputs": [
            {"type": "DATASET", "namespace": "db://shop", "name": "report"}]}}),
        _typed("report_view", "VIEW", "team:finance"),
        _typed("model", "MODEL", "team:ml", "critical"),
        _typed("predictions", "TABLE", "team:ml"),
    ]  # fmt: skip


async def test_everything_downstream_with_its_distance(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw_orders")
    assert _found(told) == {
        "clean": 1, "orders": 2, "report": 4, "features": 4, "report_view": 5, "train": 5, "predict": 5, "model": 6,
        "predictions": 6,
    }  # fmt: skip
    assert told["complete"] is True
    assert told["cursor"] is None


async def test_a_step_of_a_grain_is_from_one_to_the_next_of_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    datasets = await _ask(client, DB + "raw_orders", grain="dataset")
    assert _found(datasets) == {"orders": 1, "report": 2, "features": 2, "report_view": 3, "model": 3, "predictions": 3}
    jobs = await _ask(client, "job:shop:clean", grain="job")
    assert _found(jobs) == {"report": 1, "features": 1, "train": 2, "predict": 2}
    upstream = await _ask(client, DB + "predictions", grain="dataset", direction="upstream")
    assert _found(upstream) == {"model": 1, "features": 1, "orders": 2, "customers": 2, "labels": 2, "raw_orders": 3}


@pytest.mark.parametrize("seed", range(3))
async def test_distances_are_those_of_networkx_either_way(database: str, client: httpx.AsyncClient, seed: int) -> None:
    """So that what is upstream of a node is what it is downstream of, as far away; now, and as of a time."""
    rnd = random.Random(seed)
    jobs = [(f"j{i}", *(f"t{rnd.randrange(8)}" for _ in range(3)), f"{8 + i:02}:00") for i in range(12)]
    await store(database, [complete(job, f"{one} {other}", output, time) for job, one, other, output, time in jobs])
    for hour in (23, 13):
        told = [edges for *edges, time in jobs if time <= f"{hour}:00"]
        graph = nx.DiGraph([(DB + source, f"job:shop:{job}") for job, *sources, _ in told for source in sources])
        graph.add_edges_from((f"job:shop:{job}", DB + output) for job, *_, output in told)
        when = {} if hour == 23 else {"asOf": f"2026-03-01T{hour}:00:00Z"}
        for start in graph:
            for direction, walked in (("downstream", graph), ("upstream", graph.reverse())):
                found = await _ask(client, start, direction=direction, **when)
                distances = {start: 0} | {node["id"]: node["distance"] for node in found["nodes"]}
                assert distances == nx.single_source_shortest_path_length(walked, start)
                assert all(nx.is_path(graph, node["path"]) for node in found["nodes"])


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_told_upstream_is_downstream_from_the_other_end(
    database: str, client: httpx.AsyncClient, seed: int
) -> None:
    """With explicit lineage, control flow, datasets that come of others and such as have several names."""
    rnd = random.Random(seed)
    await store(database, [random_event(rnd, i) for i in range(30)])
    named = [f"{DB}t{i}" for i in range(8)] + [f"job:shop:j{i}" for i in range(4)] + ["job:shop:linker"]
    nodes = [node for node in named if (await client.get("/api/v1/impact", params={"nodeId": node})).status_code == 200]

    async def pairs(direction: str, **when: str) -> dict[tuple[str, str], int]:
        told = [await _ask(client, node, direction=direction, limit=1_000, **when) for node in nodes]
        return {(one["start"][0]["id"], node["id"]): node["distance"] for one in told for node in one["nodes"]}

    for when in ({}, {"asOf": "2026-03-01T14:00:00Z"}, {"history": "all"}):
        downstream = await pairs("downstream", **when)
        assert len(downstream) > 10
        assert {(far, near): distance for (near, far), distance in (await pairs("upstream", **when)).items()} == downstream


@pytest.mark.parametrize("seed", range(3))
async def test_both_ways_is_what_is_told_of_each(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    await store(database, [random_event(rnd, i) for i in range(30)])
    named = [f"{DB}t{i}" for i in range(8)] + [f"job:shop:j{i}" for i in range(4)]
    nodes = [node for node in named if (await client.get("/api/v1/impact", params={"nodeId": node})).status_code == 200]
    then, other = "2026-03-01T14:00:00Z", nodes[-1]
    seen = set()
    for asked in (
        {}, {"paths": 4}, {"paths": 0}, {"depth": 1}, {"depth": 2, "asOf": then, "paths": 2}, {"asOf": then}, {"history": "all"},
        {"grain": "dataset"}, {"grain": "job", "asOf": then}, {"kinds": ["input", "output"]}, {"through": other, "paths": 2},
        {"avoid": other}, {"stopAt": other, "asOf": then}, {"name": "t*", "type": ""},
    ):  # fmt: skip
        for node in rnd.sample(nodes, 4):
            told = await ask_both(client, node, **asked)
            TypeAdapter(Impact).validate_python(told)
            seen |= {one["side"] for one in told["nodes"]}
    assert seen == {"downstream", "upstream", "both"}


@pytest.mark.parametrize("seed", range(3))
async def test_of_another_time_memory_tells_what_the_rows_tell(
    database: str, app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rnd, kept = random.Random(seed), app.state.present
    await store(database, [random_event(rnd, i) for i in range(40)])
    named = [f"{DB}t{i}" for i in range(8)] + [f"job:shop:j{i}" for i in range(4)]
    asked: list[tuple[str, dict[str, Any]]] = []
    for hour in ("10:00", "13:30", "17:00", "21:00"):
        when = {"asOf": f"2026-03-01T{hour}:00Z"}
        for node in rnd.sample(named, 6):
            direction = rnd.choice(["downstream", "upstream", "both"])
            asked += [
                ("impact", {"nodeId": node, "direction": direction, "paths": 0, **when}),
                ("impact", {"nodeId": node, "depth": 2, "paths": 0, "grain": rnd.choice(["all", "dataset", "job"]), **when}),
                ("lineage", {"nodeId": node, "depth": 3, "direction": direction, **when}),
                ("paths", {"from": node, "to": rnd.choice(named), "k": 50, **when}),
                ("models/affected", {"nodeId": node, **when}),
            ]

    async def answers() -> list[Any]:
        """Of ways that are as long any may be the first."""
        told = [(await client.get(f"/api/v1/{path}", params=params)).json() for path, params in asked]
        for one in (one for one in told if "paths" in one):
            one["paths"].sort(key=lambda path: (path["length"], path["nodes"]))
            one["nodes"].sort(key=itemgetter("id"))
        return told

    with monkeypatch.context() as patched:
        patched.setattr(kept, "prepare", lambda _: None)
        from_rows = await answers()
    assert (await client.get("/api/v1/impact", params=asked[0][1])).json() == from_rows[0]
    await kept.prepare(app.state.pool)
    assert kept._past.ready
    assert await answers() == from_rows
    assert sum("nodes" in told for told in from_rows) > len(asked) // 4


def _around() -> list[Event]:
    """What the middle is made of is read beside it too: ``first`` by ``side``, which is a sibling, and by ``last``, which is
    downstream."""
    return [
        complete("one", "first", "middle", "08:00"), complete("two", "middle first", "last", "08:10"),
        complete("three", "first", "side", "08:20"),
    ]  # fmt: skip


@pytest.mark.parametrize("when", [{}, {"asOf": "2026-03-02T00:00:00Z"}, {"kinds": ["input", "output"]}])
async def test_both_ways_without_siblings(database: str, client: httpx.AsyncClient, when: dict[str, Any]) -> None:
    await store(database, _around())
    told = await _ask(client, DB + "middle", direction="both", **when)
    sides = {node["name"]: (node["distance"], node["side"]) for node in told["nodes"]}
    assert sides == {
        "one": (1, "upstream"), "two": (1, "downstream"), "first": (2, "upstream"), "last": (2, "downstream"),
    }  # fmt: skip
    paths = {node["name"]: [step.rpartition(":")[2] for step in node["path"]] for node in told["nodes"]}
    assert (paths["first"], paths["last"]) == (["first", "one", "middle"], ["middle", "two", "last"])
    assert told["counts"] == counts(4, datasets=2, jobs=2, edges=(5, 4)), "with that from `first` to `two`"
    assert {group["name"]: group["nodes"] for group in told["groups"]["namespaces"]} == {"db://shop": 2, "shop": 2}


async def test_pages_of_both_ways_are_the_whole(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    whole = await _ask(client, DB + "features", direction="both")
    pages, cursor = [], ""
    while cursor is not None:
        told = await _ask(client, DB + "features", direction="both", limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(told["nodes"]) <= 2
        assert (told["counts"]["found"], told["groups"]) == (whole["counts"]["found"], whole["groups"])
        pages += told["nodes"]
        cursor = told["cursor"]
    assert pages == whole["nodes"]
    assert {node["side"] for node in pages} == {"downstream", "upstream"}


async def test_a_cycle_lies_on_both_sides(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        complete("one", "a", "b", "08:00"), complete("two", "b", "c", "08:10"), complete("three", "c", "a", "08:20"),
    ])  # fmt: skip
    told = await _ask(client, DB + "a", direction="both", grain="dataset")
    assert [(node["name"], node["distance"], node["side"]) for node in told["nodes"]] == [
        *sorted([("b", 1, "both"), ("c", 1, "both")], key=lambda node: dataset_id("db://shop", node[0]))
    ]
    paths = {node["name"]: [step.rpartition(":")[2] for step in node["path"]] for node in told["nodes"]}
    assert paths == {"b": ["a", "one", "b"], "c": ["c", "three", "a"]}
    jobs = await _ask(client, DB + "a", direction="both", name="two")
    assert jobs["nodes"][0]["path"][0] == DB + "a", "downstream, as both ways are as long"


async def test_the_way_to_each_and_what_proves_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "orders", type="VIEW")
    [view] = told["nodes"]
    path = [DB + "orders", "job:shop:report", DB + "report", DB + "report_view"]
    assert view["path"] == path
    assert view["owners"] == [{"name": "team:finance", "type": "OWNER"}]
    edges = {(edge["origin"], edge["destination"]): edge["evidence"] for edge in told["edges"]}
    assert edges.keys() == set(pairwise(path))
    run = str(run_uuid("report 08:10"))
    assert edges[DB + "orders", "job:shop:report"] == [
        {
            "kind": "INPUT", "origin": "OBSERVED", "toldBy": "job:shop:report", "firstAt": "2026-03-01T08:10:00Z",
            "lastAt": "2026-03-01T08:10:00Z", "firstRun": run, "lastRun": run, "runs": 1, "ofRuns": 1,
        }
    ]  # fmt: skip
    [declared] = edges[DB + "report", DB + "report_view"]
    assert (declared["kind"], declared["origin"], declared["toldBy"]) == ("DATASET_LINEAGE", "DECLARED", DB + "report_view")
    assert (declared["lastRun"], declared["runs"], declared["ofRuns"]) == (None, None, None)
    upstream = await _ask(client, DB + "report_view", direction="upstream", name="orders")
    assert [node["path"] for node in upstream["nodes"]] == [path], "as data flows"
    assert {(edge["origin"], edge["destination"]): edge["evidence"] for edge in upstream["edges"]} == edges


async def test_more_ways_than_one(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "orders", name="predict*", paths=3)
    [job, predictions] = told["nodes"]
    ways = [[step.rpartition(":")[2] for step in way] for way in (predictions["path"], *predictions["otherPaths"])]
    assert ways == [
        ["orders", "features", "features", "predict", "predictions"],
        ["orders", "features", "features", "train", "model", "predict", "predictions"],
    ]
    assert [len(way) for way in (job["path"], *job["otherPaths"])] == [4, 6]
    assert {(DB + "features", "job:shop:train"), (DB + "model", "job:shop:predict")} <= {
        (edge["origin"], edge["destination"]) for edge in told["edges"]
    }
    [_, one] = (await _ask(client, DB + "orders", name="predict*", paths=2, avoid="job:shop:train"))["nodes"]
    assert one["otherPaths"] == []
    upstream = await _ask(client, DB + "predictions", name="orders", direction="upstream", grain="dataset", paths=2)
    [[other]] = [node["otherPaths"] for node in upstream["nodes"]]
    assert [other[0], other[-1]] == [DB + "orders", DB + "predictions"]
    [_, without] = (await _ask(client, DB + "orders", name="predict*", paths="false"))["nodes"]
    assert (without["path"], without["otherPaths"]) == ([DB + "predictions"], [])


async def test_groups_and_counts(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw_orders", limit=0)
    cut = [{"rule": "limit", "nodes": 11}]
    assert told["counts"] == counts(11, datasets=6, jobs=5, returned=0, edges=(12, 0), cut=cut)
    types = {group["name"]: group["nodes"] for group in told["groups"]["types"]}
    assert types["MODEL"] == 1
    assert told["groups"]["owners"] == [{"name": "team:ml", "nodes": 2}, {"name": "team:finance", "nodes": 1}]
    assert told["freshness"]["eventTime"] == "2026-03-01T08:50:00Z"
    assert (await _ask(client, DB + "raw_orders"))["groups"] == told["groups"]
    near = await _ask(client, DB + "raw_orders", depth=2)
    assert (near["complete"], near["counts"]["cut"]) == (False, [{"rule": "depth", "nodes": None}])


async def test_pages_are_the_whole(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    whole = (await _ask(client, DB + "raw_orders"))["nodes"]
    pages, cursor = [], ""
    while cursor is not None:
        told = await _ask(client, DB + "raw_orders", limit=3, **({"cursor": cursor} if cursor else {}))
        assert len(told["nodes"]) <= 3
        pages += told["nodes"]
        cursor = told["cursor"]
    assert pages == whole


async def test_ways_that_are_asked_for(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw_orders", grain="dataset", avoid="job:shop:features")
    assert _found(told) == {"orders": 1, "report": 2, "report_view": 3}
    told = await _ask(client, DB + "raw_orders", grain="dataset", stopAt=[DB + "report", DB + "model"])
    assert _found(told) == {"orders": 1, "report": 2, "features": 2, "model": 3, "predictions": 3}
    told = await _ask(client, DB + "raw_orders", grain="dataset", through=DB + "model")
    assert _found(told) == {"orders": 1, "features": 2, "model": 3, "predictions": 4}
    [predictions] = [node for node in told["nodes"] if node["name"] == "predictions"]
    assert DB + "model" in predictions["path"]
    assert _found(await _ask(client, DB + "raw_orders", through=DB + "customers", grain="dataset")) == {}


async def test_the_way_by_a_node_is_told_where_a_cycle_offers_one_without_it(database: str, client: httpx.AsyncClient) -> None:
    """``b`` leads to ``gate``, which leads back to ``b``; on from ``b`` it goes to ``end`` as well."""
    await store(database, [
        complete("one", "a", "b", "08:00"), complete("two", "b", "gate", "08:00"), complete("three", "gate", "b", "08:00"),
        complete("four", "b", "end", "08:00"),
    ])  # fmt: skip
    told = await _ask(client, DB + "a", grain="dataset", through=DB + "gate")
    assert _found(told) == {"b": 1, "gate": 2, "end": 4}
    [end] = [node for node in told["nodes"] if node["name"] == "end"]
    assert [name.rpartition(":")[2] for name in end["path"]] == ["a", "one", "b", "two", "gate", "three", "b", "four", "end"]
    near = await _ask(client, DB + "a", grain="dataset", through=DB + "gate", depth=3)
    assert (_found(near), near["complete"]) == ({"b": 1, "gate": 2}, False)
    assert _found(await _ask(client, DB + "gate", grain="dataset", through=DB + "gate")) == {"b": 1, "end": 2}


async def test_of_several_nodes_to_come_by_the_nearest_way_counts(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        complete("one", "a", "near x", "08:00"), complete("six", "x", "y", "08:00"), complete("two", "y", "far", "08:00"),
        complete("three", "far", "end", "08:00"),
        complete("four", "near", "step", "08:00"), complete("five", "step", "end", "08:00"),
    ])  # fmt: skip
    told = await _ask(client, DB + "a", grain="dataset", through=[DB + "far", DB + "near"])
    assert _found(told) == {"near": 1, "x": 1, "step": 2, "y": 2, "far": 3, "end": 3}


async def test_nothing_comes_by_a_node_where_ways_stop(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw_orders", grain="dataset", through=DB + "model", stopAt=DB + "features")
    assert _found(told) == {}
    told = await _ask(client, DB + "raw_orders", grain="dataset", through=DB + "features", stopAt=DB + "features")
    assert _found(told) == {"orders": 1, "features": 2}


async def test_filters_show_less_and_walk_as_far(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    for asked, expected in (
        ({"type": "model"}, {"model"}), ({"owner": "team:ml"}, {"model", "predictions"}), ({"tag": "critical"}, {"model"}),
        ({"name": "REPORT*"}, {"report", "report_view"}),
        ({"namespace": "shop"}, {"clean", "report", "features", "train", "predict"}),
        ({"type": ["MODEL", "VIEW"], "owner": "team:finance"}, {"report_view"}),
    ):  # fmt: skip
        told = await _ask(client, DB + "raw_orders", **asked)
        assert _found(told).keys() == expected
        [cut] = told["counts"]["cut"]
        assert cut == {"rule": "filter", "nodes": 11 - len(told["nodes"])}


async def test_in_names_only_the_asterisk_stands_for_others(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("split", "raw", "part[1] part1 part? partx", "08:00")])
    assert _found(await _ask(client, DB + "raw", name="part[1]")).keys() == {"part[1]"}
    assert _found(await _ask(client, DB + "raw", name="*t?")).keys() == {"part?"}


async def test_what_an_explicit_job_says_is_all_that_it_passes_on(database: str, client: httpx.AsyncClient) -> None:
    entries = [
        {"type": "DATASET", "namespace": "db://shop", "name": out,
         "inputs": [{"type": "DATASET", "namespace": "db://shop", "name": source}]}
        for out, source in (("c", "a"), ("d", "b"))
    ]  # fmt: skip
    etl = run_event(
        "COMPLETE", "08:00", "etl", "e", inputs=["a", "b"], outputs=["c", "d"], job_facets={"lineage": {"entries": entries}}
    )
    await store(database, [etl, complete("reader", "d", "e")])
    assert _found(await _ask(client, DB + "a")) == {"c": 1, "etl": 1}
    assert _found(await _ask(client, DB + "e", direction="upstream")) == {"reader": 1, "d": 2, "b": 3, "etl": 3}
    assert _found(await _ask(client, "job:shop:etl", grain="dataset")) == {"c": 1, "d": 1, "e": 2}
    assert _found(await _ask(client, "job:shop:etl", grain="dataset", direction="upstream")) == {"a": 1, "b": 1}


def _control(job: str, time: str, *upstream: str, inputs: str = "", outputs: str = "") -> Event:
    facet = {"jobDependencies": {"upstream": [{"job": {"namespace": "shop", "name": name}} for name in upstream]}}
    told = {"inputs": inputs.split(), "outputs": outputs.split(), "run_facets": facet}
    return run_event("COMPLETE", time, job, f"{job} {time}", **told)  # type: ignore[arg-type]


async def test_kinds_of_edges(database: str, client: httpx.AsyncClient) -> None:
    """A view is declared, and what has no data in common only runs after another."""
    await store(
        database,
        [
            *_story(),
            _control("mail", "09:00", "report"),
            _control("archive", "09:10", "mail", outputs="archived"),
            complete_explicitly("copy", ["report"], [], []),
            _control("copied", "09:20", "copy"),
        ],
    )
    every = ["input", "output", "dataset_lineage", "job_lineage", "job_dependency"]
    controlled = _found(await _ask(client, DB + "orders", kinds=every))
    without = _found(await _ask(client, DB + "orders"))
    assert {"mail": 2, "archive": 3, "archived": 4, "copied": 4}.items() <= controlled.items()
    assert {node: controlled[node] for node in controlled.keys() & without.keys()} == without
    assert controlled.keys() - without.keys() == {"mail", "archive", "archived", "copied"}
    assert _found(await _ask(client, DB + "orders", kinds=every[:4])) == without
    assert _found(await _ask(client, DB + "report", kinds="dataset_lineage")) == {"report_view": 1}
    told = await _ask(client, "job:shop:report", kinds="JOB_DEPENDENCY")
    assert _found(told) == {"mail": 1, "archive": 2}
    assert [e["kind"] for edge in told["edges"] for e in edge["evidence"]] == ["JOB_DEPENDENCY", "JOB_DEPENDENCY"]
    past = await _ask(client, "job:shop:report", kinds="job_dependency", asOf="2026-03-01T09:05:00Z")
    assert _found(past) == {"mail": 1}


async def test_jobs_by_the_state_of_their_latest_run(database: str, client: httpx.AsyncClient) -> None:
    failed = [
        run_event("START", "10:00", "train", "bad", inputs=["features"], outputs=["model"]),
        run_event("FAIL", "10:01", "train", "bad"),
        run_event("START", "10:00", "report", "going", inputs=["orders"]),
    ]
    await store(database, [*_story(), *failed])
    assert _found(await _ask(client, DB + "orders", state="failed")).keys() == {"train"}
    assert _found(await _ask(client, DB + "orders", state=["FAILED", "running"])).keys() == {"train", "report"}
    assert _found(await _ask(client, DB + "orders", state="FAILED", asOf="2026-03-01T09:00:00Z")) == {}


def _task(dag: str, task: str, inputs: str, outputs: str) -> Event:
    name = f"{dag}.{task}"
    return belonging(run_event("COMPLETE", "08:00", name, name, inputs=inputs.split(), outputs=outputs.split()), dag)


def _dags() -> list[Event]:
    return [
        _task("load", "extract", "raw", "orders"),
        _task("load", "clean", "orders", "clean"),
        _task("report", "sums", "clean", "sums"),
        _task("report", "mail", "sums clean", ""),
        complete("alone", "sums", "copy"),
        *(run_event("COMPLETE", "08:00", dag, dag) for dag in ("load", "report")),
    ]


async def _rolled(client: httpx.AsyncClient, node: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/impact", params={"nodeId": node, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(RolledImpact).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def _heaps(told: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {node["name"]: (node["distance"], node["jobs"], node["datasets"]) for node in told["nodes"]}


async def test_tasks_collapse_to_their_dag(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dags())
    told = await _rolled(client, DB + "raw", collapse="parents")
    assert _heaps(told) == {
        "load": (1, 2, 0), "orders": (2, 0, 1), "clean": (4, 0, 1), "report": (5, 2, 0), "sums": (6, 0, 1), "alone": (7, 1, 0),
        "copy": (8, 0, 1),
    }  # fmt: skip
    edges = {(edge["origin"], edge["destination"]): edge["nodes"] for edge in told["edges"]}
    assert edges[DB + "clean", "job:shop:report"] == 2
    assert edges[DB + "raw", "job:shop:load"] == 1
    assert (told["counts"]["found"], told["counts"]["collapsed"], told["counts"]["returned"]) == (9, 7, 9)
    jobs = await _rolled(client, "job:shop:load.extract", collapse="parents", grain="job")
    assert [node["id"] for node in jobs["start"]] == ["job:shop:load"]
    assert _heaps(jobs) == {"load": (1, 1, 0), "report": (2, 2, 0), "alone": (3, 1, 0)}
    edges = {(edge["origin"], edge["destination"]): edge["nodes"] for edge in jobs["edges"]}
    assert edges == {("job:shop:load", "job:shop:report"): 2, ("job:shop:report", "job:shop:alone"): 1}


async def test_a_dag_is_asked_about_with_its_tasks(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dags())
    told = await _ask(client, "job:shop:load")
    assert {node["id"] for node in told["start"]} == {"job:shop:load", "job:shop:load.extract", "job:shop:load.clean"}
    assert _found(told) == {"orders": 1, "clean": 1, "report.sums": 2, "report.mail": 2, "sums": 3, "alone": 4, "copy": 5}
    [sums] = [node for node in told["nodes"] if node["name"] == "report.sums"]
    assert sums["path"] == ["job:shop:load.clean", DB + "clean", "job:shop:report.sums"]
    assert _found(await _ask(client, "job:shop:load", direction="upstream")) == {"raw": 1, "orders": 1}
    assert _found(await _ask(client, DB + "raw", stopAt="job:shop:load")) == {"load.extract": 1}
    rolled = await _rolled(client, "job:shop:load", collapse="parents", grain="job")
    assert [node["id"] for node in rolled["start"]] == ["job:shop:load"]
    assert _heaps(rolled) == {"report": (1, 2, 0), "alone": (2, 1, 0)}
    assert _found(await _ask(client, DB + "raw", avoid="job:shop:report")) == {
        "load.extract": 1, "orders": 2, "load.clean": 3, "clean": 4,
    }  # fmt: skip
    assert _found(await _ask(client, DB + "orders", through="job:shop:report", grain="job")) == {
        "load.clean": 1, "report.sums": 2, "report.mail": 2, "alone": 3,
    }  # fmt: skip


async def test_a_dataset_by_its_namespace_and_name(database: str, client: httpx.AsyncClient) -> None:
    odd = [complete("j", "", "a:b#c"), complete("k", "a:b#c", "orders"), complete("l", "orders", "", "09:00")]
    await store(database, odd)
    for name in ("a:b#c", "orders"):
        asked = {"namespace": "db://shop", "name": name}
        for call, nodes in (("impact", "nodes"), ("lineage", "graph"), ("column-lineage", "graph")):
            told = (await client.get(f"/api/v1/{call}", params=asked)).json()
            same = (await client.get(f"/api/v1/{call}", params={"nodeId": DB + name, "history": "current", "limit": 100})).json()
            assert told[nodes] == same[nodes]
            assert call == "column-lineage" or told[nodes]


async def test_as_of_a_run_or_a_version_by_node_ids(database: str, client: httpx.AsyncClient) -> None:
    version = dataset("orders", {"version": {"datasetVersion": "v1"}})
    load = run_event("COMPLETE", "08:00", "load", "load", inputs=["raw"], outputs=[version])
    await store(database, [load, complete("sum", "orders", "sums", "09:00")])
    for as_of in (DB + "orders#v1", f"run:{run_uuid('load')}"):
        told = await _ask(client, DB + "raw", asOf=as_of)
        assert (told["asOf"], set(_found(told))) == ("2026-03-01T08:00:00Z", {"load", "orders"})


async def test_paths_and_lineage_of_a_dag_are_those_of_its_tasks(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dags())
    [path] = (await client.get("/api/v1/paths", params={"from": "job:shop:load", "to": "job:shop:report"})).json()["paths"]
    assert path["nodes"] in (["job:shop:load.clean", DB + "clean", f"job:shop:report.{task}"] for task in ("mail", "sums"))
    asked = {"nodeId": "job:shop:load", "direction": "downstream", "depth": "1"}
    graph = (await client.get("/api/v1/lineage", params=asked)).json()["graph"]
    tasks = ["job:shop:load", "job:shop:load.clean", "job:shop:load.extract"]
    assert [node["id"] for node in graph] == [DB + "clean", DB + "orders", *tasks]


async def test_both_ways_collapsed(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dags())
    told = await _rolled(client, DB + "clean", collapse="parents", direction="both")
    sides = {node["name"]: (node["distance"], node["side"]) for node in told["nodes"]}
    assert sides == {
        "load": (1, "upstream"), "report": (1, "downstream"), "orders": (2, "upstream"), "sums": (2, "downstream"),
        "alone": (3, "downstream"), "raw": (4, "upstream"), "copy": (4, "downstream"),
    }  # fmt: skip
    edges = {(edge["origin"], edge["destination"]): edge["nodes"] for edge in told["edges"]}
    assert edges == {
        ("job:shop:load", DB + "clean"): 1, (DB + "orders", "job:shop:load"): 1, ("job:shop:load", DB + "orders"): 1,
        (DB + "raw", "job:shop:load"): 1, (DB + "clean", "job:shop:report"): 2, ("job:shop:report", DB + "sums"): 1,
        (DB + "sums", "job:shop:alone"): 1, ("job:shop:alone", DB + "copy"): 1,
    }  # fmt: skip
    spaces = await _rolled(client, DB + "clean", collapse="namespaces", direction="both")
    assert {node["name"]: node["side"] for node in spaces["nodes"]} == {"shop": "both", "db://shop": "both"}
    past = await _rolled(client, DB + "clean", collapse="parents", direction="both", asOf="2026-03-02T00:00:00Z")
    assert (past["nodes"], past["edges"], past["counts"]) == (told["nodes"], told["edges"], told["counts"])
    first = await _rolled(client, DB + "clean", collapse="parents", direction="both", limit=3)
    rest = await _rolled(client, DB + "clean", collapse="parents", direction="both", cursor=first["cursor"])
    assert first["nodes"] + rest["nodes"] == told["nodes"]


async def test_everything_collapses_to_its_namespace(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _dags())
    told = await _rolled(client, DB + "copy", collapse="namespaces", direction="upstream")
    assert _heaps(told) == {"shop": (1, 4, 0), "db://shop": (2, 0, 4)}
    assert {node["kind"] for node in told["nodes"]} == {"NAMESPACE"}
    edges = {(edge["origin"], edge["destination"]): edge["nodes"] for edge in told["edges"]}
    assert edges.keys() == {("namespace:shop", "namespace:db://shop"), ("namespace:db://shop", "namespace:shop")}
    first = await _rolled(client, DB + "copy", collapse="namespaces", direction="upstream", limit=1)
    assert first["counts"]["cut"] == [{"rule": "limit", "nodes": 4}]
    rest = await _rolled(client, DB + "copy", collapse="namespaces", direction="upstream", limit=1, cursor=first["cursor"])
    assert [*_heaps(first), *_heaps(rest)] == ["shop", "db://shop"]
    assert rest["cursor"] is None


@pytest.mark.parametrize(
    ("form", "media_type", "told"),
    [
        ("dot", "text/vnd.graphviz", "digraph"),
        ("mermaid", "text/vnd.mermaid", "flowchart LR"),
        ("GraphML", "application/graphml+xml", "<graphml"),
        ("csv", "text/csv", "id,kind,type"),
        ("ndjson", "application/x-ndjson", '"eventTime"'),
    ],
)
async def test_other_forms(database: str, client: httpx.AsyncClient, form: str, media_type: str, told: str) -> None:
    await store(database, _story())
    answer = await client.get("/api/v1/impact", params={"nodeId": DB + "raw_orders", "format": form})
    assert answer.headers["content-type"].startswith(media_type)
    assert told in answer.text
    assert "predictions" in answer.text


async def test_other_forms_of_both_ways(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _around())

    async def told(form: str) -> str:
        answer = await client.get("/api/v1/impact", params={"nodeId": DB + "middle", "direction": "both", "format": form})
        assert answer.status_code == 200, answer.text
        return answer.text

    rows = list(csv.DictReader(io.StringIO(await told("csv"))))
    sides = {"one": "upstream", "two": "downstream", "first": "upstream", "last": "downstream"}
    assert {row["name"]: row["side"] for row in rows} == sides
    graph = nx.parse_graphml(await told("graphml"))
    assert {node["name"]: node.get("side") for _, node in graph.nodes(data=True)} == {**sides, "middle": None}
    assert nx.is_path(graph, [DB + "first", "job:shop:one", DB + "middle", "job:shop:two", DB + "last"])
    for form, arrow in (("dot", "->"), ("mermaid", "-->")):
        assert (await told(form)).count(arrow) == 4
    events = [json.loads(line) for line in (await told("ndjson")).splitlines()]
    read_and_written = {
        event["job"]["name"]: [[one["name"] for one in event[side]] for side in ("inputs", "outputs")]
        for event in events
        if "job" in event
    }
    assert read_and_written == {"one": [["first"], ["middle"]], "two": [["middle"], ["last"]]}


async def test_a_form_by_the_accept_header(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    for accept, media_type in (
        ("text/csv;q=0.9, application/json", "text/csv"), ("application/json, text/csv", "application/json"),
        ("text/html, */*", "application/json"), ("text/vnd.mermaid", "text/vnd.mermaid"),
    ):  # fmt: skip
        answer = await client.get("/api/v1/impact", params={"nodeId": DB + "raw_orders"}, headers={"accept": accept})
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["vary"] == "Accept"


def _entries() -> list[Event]:
    """Explicit lineage of a job and of a dataset, a hand-over between jobs, control flow, owners."""
    handed = {"type": "JOB", "namespace": "shop", "name": "archive", "inputs": [{"type": "JOB"}]}
    return [
        *_story(),
        complete_explicitly("etl", ["report", "rates"], ["c", "d"], [derived("c", "report"), derived("d", "rates"), handed]),
        _control("archive", "09:10", "report", outputs="archived"),
    ]


@pytest.mark.parametrize("call", ["impact", "lineage", "paths"])
async def test_events_that_make_the_same_graph_elsewhere(
    server: Server, client: httpx.AsyncClient, database: str, call: str
) -> None:
    await store(database, _entries())
    every = ["input", "output", "dataset_lineage", "job_lineage", "job_dependency"]
    asked: dict[str, Any] = {"nodeId": DB + "raw_orders", "kinds": every, "depth": 50}
    if call == "paths":
        asked = {"from": DB + "raw_orders", "to": DB + "predictions", "all": "true"}
    answer = await client.get(f"/api/v1/{call}", params={**asked, "format": "openlineage"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    with cloned(server.url, server.template) as other:
        await store(other, [line.encode() for line in answer.text.splitlines()])
        async with in_process(other) as elsewhere:
            here, there = [_edges_of(await c.get(f"/api/v1/{call}", params=asked)) for c in (client, elsewhere)]
    assert here == there
    assert len(here) >= 8


def _edges_of(answer: httpx.Response) -> set[tuple[str, str]]:
    told = answer.json()
    edges = told["edges"] if "edges" in told else [edge for node in told["graph"] for edge in node["outEdges"]]
    return {(edge["origin"], edge["destination"]) for edge in edges}


@pytest.mark.parametrize("direction", ["downstream", "both"])
async def test_statements_do_not_grow(database: str, client: httpx.AsyncClient, direction: str) -> None:
    costs = []
    for n in (3, 60):
        await store(database, [complete(f"c{i}", f"d{i}", f"d{i + 1}") for i in range(n)])
        await _ask(client, DB + "d0", direction=direction)
        with recorded() as statements:
            await _ask(client, DB + "d0", direction=direction)
        costs.append(len([statement for statement in statements if statement]))
    # A transaction that is open anywhere on the server makes the present be looked at anew, in 3 statements more.
    assert abs(costs[0] - costs[1]) <= 3
    assert max(costs) <= 13


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({}, 400, "query param nodeId must not be null"),
        ({"nodeId": "nonsense"}, 400, "Expected dataset:"),
        ({"nodeId": DB + "nope"}, 404, "Dataset 'nope' not found."),
        ({"nodeId": DB + "orders", "avoid": "job:shop:nope"}, 404, "Job 'nope' not found."),
        ({"nodeId": DB + "orders", "avoid": "datasetField:db://shop:orders:x"}, 400, "not of their fields"),
        ({"nodeId": DB + "orders", "depth": -1}, 400, "query param depth must be greater than or equal to 0"),
        ({"nodeId": DB + "orders", "depth": "far"}, 400, "query param depth must be a whole number"),
        ({"nodeId": DB + "orders", "direction": "sideways"}, 400, "must be one of [DOWNSTREAM, UPSTREAM, BOTH]"),
        ({"nodeId": DB + "orders", "direction": "both", "cursor": "page2"}, 400, "The cursor is not one"),
        ({"nodeId": DB + "nope", "direction": "both"}, 404, "Dataset 'nope' not found."),
        ({"nodeId": "datasetField:db://shop:orders:nope", "direction": "both"}, 404, "Field 'nope'"),
        ({"nodeId": DB + "orders", "direction": "both", "grain": "column", "kinds": "input"}, 400, "must have INPUT and OUTPUT"),
        (
            {"nodeId": DB + "orders#latest", "direction": "both", "format": "openlineage"},
            400,
            "format cannot be OPENLINEAGE here",
        ),
        ({"nodeId": DB + "orders", "grain": "atom"}, 400, "must be one of [ALL, DATASET, JOB, COLUMN, RUN, VERSION]"),
        ({"nodeId": DB + "orders", "kinds": "wire"}, 400, "query param kinds must be one of [INPUT, OUTPUT, DATASET_LINEAGE,"),
        ({"nodeId": DB + "orders", "state": "sad"}, 400, "query param state must be one of [NEW, RUNNING, COMPLETED,"),
        ({"nodeId": DB + "orders", "asOf": DB + "orders"}, 400, "query param asOf must be a time with its offset"),
        ({"nodeId": DB + "orders", "asOf": DB + "orders#v7"}, 404, "Dataset version 'v7' not found."),
        ({"namespace": "db://shop"}, 400, "unless namespace and name tell a dataset"),
        ({"nodeId": DB + "orders", "history": "since=noon"}, 400, "query param history must be a time with its offset"),
        ({"nodeId": DB + "orders", "grain": "column", "kinds": "input"}, 400, "query param kinds must have INPUT and OUTPUT"),
        ({"nodeId": DB + "orders", "collapse": "all"}, 400, "query param collapse must be one of [PARENTS, NAMESPACES]"),
        ({"nodeId": DB + "orders", "paths": 21}, 400, "query param paths"),
        ({"nodeId": DB + "orders", "collapse": "parents", "format": "openlineage"}, 400, "format cannot be OPENLINEAGE here"),
        ({"nodeId": DB + "orders#latest", "format": "openlineage"}, 400, "format cannot be OPENLINEAGE here"),
        ({"nodeId": DB + "orders", "limit": 10_001}, 400, "query param limit"),
        ({"nodeId": DB + "orders", "cursor": "page2"}, 400, "The cursor is not one"),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, [complete("j", "orders", "x")])
    answer = await client.get("/api/v1/impact", params=parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]
