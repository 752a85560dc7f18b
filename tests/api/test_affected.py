"""``/models/affected`` by depth, filters, ways and pages, held against ``/impact`` of the same node."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from headwater.entities.model import Affected
from tests.api.model_story import CLEAN, EVENTS, FEATURES, LABELS, LAKE, REGISTRY, run_id, story
from tests.build import Event, dataset, dataset_event, run_event, run_uuid, schema, store
from tests.lineage.graphs import complete, random_event

DB = "dataset:db://shop:"
MODEL = {"datasetType": {"datasetType": "MODEL"}}
RAW, COLUMN, VERSION, RUN = (
    f"dataset:{LAKE}:{EVENTS}",
    f"datasetField:{LAKE}:{EVENTS}:amount",
    f"dataset:{LAKE}:{EVENTS}#e1",
    f"run:{run_id('clean 1')}",
)


async def _ask(client: httpx.AsyncClient, node_id: str | None = None, **parameters: Any) -> dict[str, Any]:
    asked = {**parameters, **({"nodeId": node_id} if node_id else {})}
    answer = await client.get("/api/v1/models/affected", params=asked)
    assert answer.status_code == 200, answer.text
    TypeAdapter(Affected).validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    counts = found["counts"]
    assert found["complete"] == all(cut["nodes"] is not None for cut in counts["cut"])
    assert counts["returned"] == counts["found"] - sum(cut["nodes"] or 0 for cut in counts["cut"])
    return found


def _distances(found: dict[str, Any]) -> dict[str, int]:
    return {model["name"]: model["distance"] for model in found["models"]}


def _versions(found: dict[str, Any]) -> dict[str, list[str]]:
    return {model["name"]: [version["externalVersion"] for version in model["versions"]] for model in found["models"]}


@pytest.fixture
async def told(database: str, client: httpx.AsyncClient) -> httpx.AsyncClient:
    await store(database, story())
    return client


# ---------------------------------------------------------------- depth


@pytest.mark.parametrize(
    ("node_id", "distance"),
    [
        (RAW, 6),  # clean, its table, features, its table, train, the model
        (COLUMN, 4),  # two columns, train, the model
        (VERSION, 3),  # the runs
        (RUN, 2),
        (f"run:{run_id('train v1')}", 0),
    ],
)
async def test_depth_is_in_the_steps_of_the_distance(told: httpx.AsyncClient, node_id: str, distance: int) -> None:
    whole = await _ask(told, node_id)
    assert (_distances(whole)["churn"], whole["complete"]) == (distance, True)
    near = await _ask(told, node_id, depth=distance)
    assert (near["models"], near["complete"]) == (whole["models"], near["counts"]["cut"] == [])
    if distance:
        short = await _ask(told, node_id, depth=distance - 1)
        assert (short["models"], short["counts"]["cut"]) == ([], [{"rule": "depth", "nodes": None}])


async def test_depth_of_what_stands_on_a_model_that_used_a_column(database: str, client: httpx.AsyncClient) -> None:
    """One by a model of the column itself, and not by way of one that is further away."""
    await store(
        database,
        [
            run_event("COMPLETE", "08:00", "near", "1", inputs=[dataset("t", schema("a"))], outputs=[dataset("near", MODEL)]),
            run_event("COMPLETE", "08:10", "tune", "2", inputs=["near"], outputs=[dataset("tuned", MODEL)]),
        ],
    )
    column = "datasetField:db://shop:t:a"
    whole = await _ask(client, column)
    assert _distances(whole) == {"near": 2, "tuned": 4}
    assert whole["models"][1]["path"] == [column, "job:shop:near", DB + "near", "job:shop:tune", DB + "tuned"]
    for depth, found, whole_is_told in ((0, {}, False), (2, {"near": 2}, False), (4, {"near": 2, "tuned": 4}, True)):
        near = await _ask(client, column, depth=depth)
        assert (_distances(near), near["complete"]) == (found, whole_is_told)


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize("node_id", [RAW, COLUMN, VERSION, RUN])
async def test_filters_choose_models(database: str, told: httpx.AsyncClient, node_id: str) -> None:
    owned = {"ownership": {"owners": [{"name": "ann"}]}, "tags": {"tags": [{"key": "pii", "value": "true"}]}}
    again = {"datasetType": {"datasetType": "MODEL"}}
    await store(
        database,
        [
            dataset_event("2026-03-06T08:00:00Z", "churn", {**again, **owned}, namespace=REGISTRY),
            run_event("FAIL", "2026-03-06T09:00:00Z", "train_spend", "failed", namespace="ml"),
        ],
    )
    whole = await _ask(told, node_id)
    assert _versions(whole).keys() == {"churn", "spend"}
    [tag] = whole["models"][0]["tags"]

    async def ask(**by: Any) -> set[str]:
        found = await _ask(told, node_id, **by)
        left = [cut["nodes"] for cut in found["counts"]["cut"]]
        assert found["counts"]["found"] == whole["counts"]["found"]
        assert (found["complete"], len(left)) == (True, 1)
        models = {f"dataset:{REGISTRY}:{name}" for name in _versions(found)}
        assert {f"dataset:{d['model']['namespace']}:{d['model']['name']}" for d in found["deployments"]} <= models
        assert {run["id"] for run in found["runs"]} == {
            step for model in found["models"] for step in model["path"][1:] if step.startswith("run:")
        }
        return {*_versions(found)}

    assert await ask(name="ch*") == await ask(owner="ann") == await ask(tag=tag) == {"churn"}
    assert await ask(state="failed") == {"spend"}
    assert await ask(state="COMPLETED", namespace=REGISTRY, type="model") == {"churn"}
    assert await ask(namespace=REGISTRY) == {"churn", "spend"}
    assert await ask(namespace=LAKE) == await ask(type="table") == set()


async def test_the_state_at_another_time(database: str, told: httpx.AsyncClient) -> None:
    await store(database, [run_event("FAIL", "2026-03-06T09:00:00Z", "train_spend", "failed", namespace="ml")])
    then = {"asOf": "2026-03-05T00:00:00Z"}
    for node_id in (RAW, VERSION):
        assert _versions(await _ask(told, node_id, state="COMPLETED")).keys() == {"churn"}
        assert _versions(await _ask(told, node_id, state="COMPLETED", **then)).keys() == {"churn", "spend"}


async def test_a_dataset_by_its_name(told: httpx.AsyncClient) -> None:
    found = await _ask(told, namespace=LAKE, name=EVENTS)
    assert found["nodeId"] == RAW.replace("://", "%3A%2F%2F").replace("raw/", "raw%2F")
    assert _versions(found) == _versions(await _ask(told, RAW))


# ---------------------------------------------------------------- ways


@pytest.mark.parametrize(
    ("node_id", "via", "models", "deployments"),
    [
        (RAW, {"avoid": "job:ml:train"}, {"spend": ["s1"]}, 0),
        (RAW, {"through": "job:ml:train"}, {"churn": ["v1.2", "v1.1", "v1"]}, 2),
        (RAW, {"through": f"dataset:{LAKE}:{LABELS}"}, {}, 0),
        (RAW, {"through": f"dataset:{LAKE}:{CLEAN}"}, {"churn": ["v1.2", "v1.1", "v1"], "spend": ["s1"]}, 2),
        (RAW, {"stopAt": f"dataset:{LAKE}:{FEATURES}"}, {}, 0),
        (RAW, {"stopAt": f"dataset:{REGISTRY}:churn", "name": "churn"}, {"churn": ["v1.2", "v1.1", "v1"]}, 0),
        (RAW, {"stopAt": "job:ml:deploy", "name": "churn"}, {"churn": ["v1.2", "v1.1", "v1"]}, 0),
        (RAW, {"avoid": "dataset:https://serving:churn-endpoint", "name": "churn"}, {"churn": ["v1.2", "v1.1", "v1"]}, 0),
        (COLUMN, {"avoid": "job:ml:train"}, {"spend": ["s1"]}, 0),
        (COLUMN, {"avoid": f"dataset:{REGISTRY}:churn"}, {"spend": ["s1"]}, 0),
        (COLUMN, {"avoid": f"datasetField:{LAKE}:{FEATURES}:spend"}, {}, 0),
        (COLUMN, {"stopAt": f"datasetField:{LAKE}:{FEATURES}:spend"}, {}, 0),
        (COLUMN, {"stopAt": f"dataset:{REGISTRY}:churn"}, {"churn": ["v1.2", "v1.1", "v1"], "spend": ["s1"]}, 0),
        (COLUMN, {"through": "job:ml:train"}, {"churn": ["v1.2", "v1.1", "v1"]}, 2),
        (COLUMN, {"through": "job:ml:features"}, {"churn": ["v1.2", "v1.1", "v1"], "spend": ["s1"]}, 2),
        (COLUMN, {"through": f"datasetField:{LAKE}:{FEATURES}:visits"}, {}, 0),
        (COLUMN, {"through": f"dataset:{REGISTRY}:spend"}, {"spend": ["s1"]}, 0),
        (VERSION, {"avoid": "job:ml:train"}, {"spend": ["s1"]}, 0),
        (VERSION, {"avoid": f"run:{run_id('train v1')}"}, {"spend": ["s1"], "churn": ["v1.1"]}, 0),
        (VERSION, {"through": f"run:{run_id('train v1')}"}, {"churn": ["v1"]}, 1),
        (VERSION, {"through": f"run:{run_id('features 3')}"}, {}, 0),
        (VERSION, {"stopAt": f"run:{run_id('deploy v1')}", "name": "churn"}, {"churn": ["v1.1", "v1"]}, 0),
        (VERSION, {"stopAt": f"dataset:{REGISTRY}:churn#v1", "name": "churn"}, {"churn": ["v1.1", "v1"]}, 0),
        (RUN, {"avoid": f"dataset:{LAKE}:{FEATURES}#10"}, {}, 0),
        (RUN, {"through": f"dataset:{REGISTRY}:spend"}, {"spend": ["s1"]}, 0),
        (f"dataset:{REGISTRY}:churn", {}, {}, 2),
        (f"dataset:{REGISTRY}:churn", {"through": "job:ml:score"}, {}, 0),
        (f"dataset:{REGISTRY}:churn", {"through": f"dataset:{REGISTRY}:churn"}, {}, 2),
        (f"dataset:{REGISTRY}:churn#v1", {"through": f"dataset:{REGISTRY}:churn#v1"}, {}, 1),
        (f"dataset:{REGISTRY}:churn#v1", {"avoid": f"run:{run_id('deploy v1')}"}, {}, 0),
    ],
)
async def test_by_some_ways(
    told: httpx.AsyncClient, node_id: str, via: dict[str, str], models: dict[str, list[str]], deployments: int
) -> None:
    found = await _ask(told, node_id, **via)
    assert (_versions(found), len(found["deployments"])) == (models, deployments)


@pytest.mark.parametrize("seed", range(3))
async def test_of_nodes_models_are_those_of_impact(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    models = [dataset_event("21:00", f"t{n}", MODEL) for n in rnd.sample(range(8), 3)]
    await store(database, [*(random_event(rnd, i) for i in range(25)), *models])
    nodes = [*(f"{DB}t{n}" for n in range(8)), *(f"job:shop:j{n}" for n in range(4))]
    held = 0
    for _ in range(40):
        asked: dict[str, Any] = {"nodeId": rnd.choice(nodes), **_some_ways(rnd, nodes)}
        answer = await client.get("/api/v1/impact", params={**asked, "type": "MODEL"})
        if answer.status_code == 404:  # not every table came up
            continue
        expected = {(node["id"], node["distance"]) for node in answer.json()["nodes"]}
        held += len(expected)
        found = await _ask(client, **asked)
        assert {(model["id"], model["distance"]) for model in found["models"]} == expected
        assert found["complete"] == answer.json()["complete"]
        assert all(len(model["path"]) == model["distance"] + 1 for model in found["models"])
    assert held


def _some_ways(rnd: random.Random, nodes: list[str]) -> dict[str, Any]:
    sets = {key: rnd.sample(nodes, rnd.randrange(1, 3)) for key in ("through", "avoid", "stopAt") if rnd.random() < 0.3}
    return {**sets, **({"depth": rnd.randrange(6)} if rnd.random() < 0.5 else {})}


@pytest.mark.parametrize("seed", range(3))
async def test_of_runs_models_are_those_of_impact(database: str, client: httpx.AsyncClient, seed: int) -> None:
    rnd = random.Random(seed)
    events, runs = list[Event](), list[str]()
    for i in range(25):
        reads, writes = rnd.sample(range(6), 2), rnd.randrange(6)
        output = dataset(f"t{writes}", MODEL if writes < 2 else {})
        inputs = [f"t{n}" for n in reads if n != writes]
        events.append(run_event("COMPLETE", f"{8 + i // 6:02}:{i % 6}0", f"j{i % 4}", f"r{i}", inputs=inputs, outputs=[output]))
        runs.append(f"run:{run_uuid(f'r{i}')}")
    await store(database, events)
    nodes = [*runs, *(f"{DB}t{n}" for n in range(6)), *(f"job:shop:j{n}" for n in range(4))]
    held = 0
    for _ in range(40):
        node_id, ways = rnd.choice([*runs, f"{DB}t{rnd.randrange(6)}#latest"]), _some_ways(rnd, nodes)
        depth = ways.pop("depth", None)
        further = {} if depth is None else {"depth": 2 * depth + (1 if node_id.startswith("run:") else 0)}
        answer = await client.get("/api/v1/impact", params={"nodeId": node_id, **ways, **further, "type": "MODEL"})
        if answer.status_code == 404:
            continue
        expected: dict[str, int] = {}
        versions = [node for node in answer.json()["nodes"] if node["kind"] == "VERSION"]
        for node in versions:
            expected.setdefault(node["name"], node["distance"] // 2)
        held += len(expected)
        found = await _ask(client, node_id, **ways, **({} if depth is None else {"depth": depth}))
        assert (_distances(found), found["complete"]) == (expected, answer.json()["complete"])
        assert {v["version"] for m in found["models"] for v in m["versions"]} == {node["version"] for node in versions}
    assert held


def _columns(rnd: random.Random, tables: Iterable[str]) -> list[dict[str, Any]]:
    every = [{"namespace": "db://shop", "name": table, "field": field} for table in tables for field in "ab"]
    return rnd.sample(every, rnd.randrange(1, 3))


@pytest.mark.parametrize("seed", range(4))
async def test_of_columns_models_are_those_of_impact(database: str, client: httpx.AsyncClient, seed: int) -> None:
    """Where every training tells its columns: it is an edge there, and a job with two here."""
    rnd = random.Random(seed)
    tables = [f"t{n}" for n in range(6)]
    events = [dataset_event("07:00", table, schema("a", "b")) for table in tables]
    for i in range(8):
        sources, target = rnd.sample(tables, 2), rnd.choice(tables)
        fields = {field: {"inputFields": _columns(rnd, sources)} for field in "ab" if rnd.random() < 0.8}
        output = dataset(target, {**schema("a", "b"), "columnLineage": {"fields": fields}})
        events.append(run_event("COMPLETE", f"08:0{i}", f"j{i}", f"j{i}", inputs=sources, outputs=[output]))
    for i in range(4):
        sources = rnd.sample(tables, 2)
        lineage = {"columnLineage": {"fields": {}, "dataset": _columns(rnd, sources)}}
        output = dataset(f"m{i}", {**MODEL, **lineage})
        events.append(run_event("COMPLETE", "10:00", f"train{i}", f"train{i}", inputs=sources, outputs=[output]))
    await store(database, events)
    nodes = [
        *(f"datasetField:db://shop:{table}:{field}" for table in tables for field in "ab"),
        *(DB + table for table in tables),
        *(f"job:shop:j{n}" for n in range(8)),
        *(f"job:shop:train{n}" for n in range(4)),
        *(f"{DB}m{n}" for n in range(4)),
    ]
    held = 0
    for _ in range(60):
        node_id, ways = rnd.choice(nodes[:12]), _some_ways(rnd, nodes)
        depth = ways.pop("depth", None)
        near = {} if depth is None else {"depth": depth}
        answer = await client.get("/api/v1/impact", params={"nodeId": node_id, **ways, **near, "type": "MODEL"})
        expected = {(node["id"], node["distance"] + 1) for node in answer.json()["nodes"]}
        held += len(expected)
        found = await _ask(client, node_id, **ways, **({} if depth is None else {"depth": depth + 1}))
        assert {(model["id"], model["distance"]) for model in found["models"]} == expected, (node_id, ways, depth)
    assert held


# ---------------------------------------------------------------- pages


async def _many(database: str) -> None:
    """Seven models on a table, two of them deployed, at three distances."""
    events = [complete("copy", "raw", "near", "08:00"), complete("more", "near", "far", "08:10")]
    for n, source in enumerate(("far", "near", "raw", "far", "near", "raw", "raw")):
        model = dataset(f"m{n}", {**MODEL, "version": {"datasetVersion": "1"}})
        events.append(run_event("COMPLETE", f"09:0{n}", f"train{n}", f"train{n}", inputs=[source], outputs=[model]))
    for n in (0, 2):
        endpoint = dataset(f"e{n}", {"datasetType": {"datasetType": "DEPLOYMENT"}})
        events.append(run_event("COMPLETE", "11:00", f"deploy{n}", f"deploy{n}", inputs=[f"m{n}"], outputs=[endpoint]))
    await store(database, events)


@pytest.mark.parametrize(
    "node_id", [DB + "raw", "datasetField:db://shop:raw:a", f"run:{run_uuid('copy 08:00')}", DB + "near#latest"]
)
async def test_pages_joined_are_the_whole(database: str, client: httpx.AsyncClient, node_id: str) -> None:
    await store(database, [dataset_event("07:00", "raw", schema("a"))])
    await _many(database)
    whole = await _ask(client, node_id)
    assert len(whole["models"]) >= 3
    models, deployments, runs, cursor = [], [], [], None
    while True:
        page = await _ask(client, node_id, limit=2, **({"cursor": cursor} if cursor else {}))
        models += page["models"]
        deployments += page["deployments"]
        runs += page["runs"]
        assert page["counts"]["found"] == whole["counts"]["found"]
        if not (cursor := page["cursor"]):
            break
    assert models == whole["models"]
    assert [model["distance"] for model in models] == sorted(model["distance"] for model in models)
    assert sorted(deployments, key=lambda d: str(d["id"])) == sorted(whole["deployments"], key=lambda d: str(d["id"]))
    assert {run["id"] for run in runs} == {run["id"] for run in whole["runs"]}


async def test_counts_alone(database: str, client: httpx.AsyncClient) -> None:
    await _many(database)
    whole, none = await _ask(client, DB + "raw"), await _ask(client, DB + "raw", limit=0)
    # Models, their versions, and two endpoints' versions.
    assert (none["models"], none["deployments"], none["cursor"]) == ([], [], None)
    assert (none["complete"], none["counts"]["cut"]) == (True, [{"rule": "limit", "nodes": 16}])
    assert {**none["counts"], "cut": [], "returned": 16, "edges": whole["counts"]["edges"]} == whole["counts"]
    first = await _ask(client, DB + "raw", limit=1)
    assert (list(_distances(first).values()), first["counts"]["returned"]) in (([2], 2), ([2], 3))


async def test_deployments_of_what_was_asked_about_are_on_the_first_page(told: httpx.AsyncClient, database: str) -> None:
    model = {"datasetType": {"datasetType": "MODEL"}}
    events = [
        run_event("COMPLETE", f"2026-03-07T0{n}:00:00Z", f"tune{n}", f"tune{n}", outputs=[dataset(f"tuned{n}", model)],
                  inputs=[dataset("churn", namespace=REGISTRY)])
        for n in range(2)
    ]  # fmt: skip
    await store(database, events)
    asked = f"dataset:{REGISTRY}:churn"
    first = await _ask(told, asked, limit=1)
    assert (len(first["models"]), len(first["deployments"])) == (1, 2)
    second = await _ask(told, asked, limit=1, cursor=first["cursor"])
    assert (len(second["models"]), second["deployments"], second["cursor"]) == (1, [], None)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"direction": "upstream"}, "query param direction must be one of [DOWNSTREAM]; what a model stands on, its trace and"),
        ({"direction": "both"}, "query param direction must be one of [DOWNSTREAM]"),
        ({"depth": -1}, "query param depth must be greater than or equal to 0"),
        ({"depth": "far"}, "query param depth must be a whole number"),
        ({"limit": 10_001}, "query param limit must be less than or equal to 10000"),
        ({"cursor": "x"}, "The cursor is not one that an answer gave."),
        ({"state": "ASLEEP"}, "query param state must be one of [NEW, RUNNING"),
        ({"avoid": "nonsense"}, "Expected dataset:"),
        ({"through": f"run:{run_id('clean 1')}"}, "This is asked of datasets and jobs"),
        ({"nodeId": COLUMN, "through": f"run:{run_id('clean 1')}"}, "not of runs"),
        ({"nodeId": ""}, "query param nodeId must not be blank"),
    ],
)
async def test_what_is_refused(told: httpx.AsyncClient, parameters: dict[str, Any], message: str) -> None:
    answer = await told.get("/api/v1/models/affected", params={"nodeId": RAW, **parameters})
    assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text


async def test_large_numbers(told: httpx.AsyncClient) -> None:
    for node_id in (RAW, COLUMN, VERSION, RUN):
        assert _versions(await _ask(told, node_id, depth=10**30, direction="Downstream")).keys() == {"churn", "spend"}
