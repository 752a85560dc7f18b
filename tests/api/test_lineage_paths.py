from __future__ import annotations

from itertools import pairwise
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from headwater.entities.paths import Paths
from tests.build import Event, belonging, dataset_event, job_event, run_event, run_uuid, store
from tests.lineage.graphs import complete
from tests.queries import counts, recorded

DB = "dataset:db://shop:"
JOB = "job:shop:"


async def _ask(client: httpx.AsyncClient, source: str, target: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/paths", params={"from": source, "to": target, **parameters})
    assert answer.status_code == 200, answer.text
    TypeAdapter(Paths).validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    named = {node["id"] for node in told["nodes"]}
    assert {node for path in told["paths"] for node in path["nodes"]} <= named
    return told


def _paths(told: dict[str, Any]) -> list[str]:
    return [" ".join(node.rpartition(":")[2] for node in path["nodes"]) for path in told["paths"]]


def _view(time: str, name: str, source: str) -> Event:
    return dataset_event(time, name, {"lineage": {"inputs": [{"type": "DATASET", "namespace": "db://shop", "name": source}]}})


def _story() -> list[Event]:
    """Orders are staged by two jobs into one table, daily and by hand; marts stand on it; a view is made of one without a job.
    The forecast corrects the plan that it is made of: a cycle."""
    return [
        complete("stage", "raw", "orders", "08:00"),
        complete("backfill", "raw archive", "orders", "08:05"),
        complete("sum", "orders", "revenue", "08:10"),
        complete("rank", "orders", "ranks", "08:15"),
        complete("join", "ranks revenue", "report", "08:20"),
        _view("08:30", "board", "report"),
        complete("forecast", "revenue plan", "outlook", "08:40"),
        complete("correct", "outlook", "plan", "08:50"),
    ]


async def test_a_path_of_a_job_begins_or_ends_at_any_that_belongs_to_it(database: str, client: httpx.AsyncClient) -> None:
    early = ("stage", "backfill", "sum")
    await store(database, [belonging(e, "dag") if "job" in e and e["job"]["name"] in early else e for e in _story()])
    assert _paths(await _ask(client, JOB + "dag", DB + "board")) == ["dag.sum revenue join report board"]
    assert _paths(await _ask(client, DB + "archive", JOB + "dag")) == ["archive dag.backfill"]
    assert _paths(await _ask(client, JOB + "dag.stage", JOB + "dag")) == ["dag.stage orders dag.sum"]
    assert _paths(await _ask(client, JOB + "dag", JOB + "dag.sum", k=2)) == [
        "dag.backfill orders dag.sum",
        "dag.stage orders dag.sum",
    ]
    same = await client.get("/api/v1/paths", params={"from": JOB + "dag", "to": JOB + "dag"})
    assert same.status_code == 400


async def test_the_shortest_path_and_what_proves_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "revenue", DB + "board")
    assert _paths(told) == ["revenue join report board"]
    [path] = told["paths"]
    assert path["length"] == 3
    edges = {(edge["origin"], edge["destination"]): edge["evidence"] for edge in told["edges"]}
    assert edges.keys() == set(pairwise(path["nodes"]))
    [read] = edges[DB + "revenue", JOB + "join"]
    assert (read["kind"], read["origin"], read["lastRun"]) == ("INPUT", "OBSERVED", str(run_uuid("join 08:20")))
    [declared] = edges[DB + "report", DB + "board"]
    assert (declared["kind"], declared["origin"], declared["lastRun"]) == ("DATASET_LINEAGE", "DECLARED", None)
    assert (told["reachable"], told["complete"], told["noPath"]) == (True, True, None)
    assert told["freshness"]["eventTime"] == "2026-03-01T08:50:00Z"


async def test_two_producers_of_one_table_are_two_paths(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw", DB + "revenue", k=5)
    assert sorted(_paths(told)) == ["raw backfill orders sum revenue", "raw stage orders sum revenue"]
    assert told["complete"] is True
    first = await _ask(client, DB + "raw", DB + "revenue")
    assert (len(first["paths"]), first["complete"], first["counts"]["cut"]) == (1, False, [{"rule": "k", "nodes": None}])
    tables = await _ask(client, DB + "raw", DB + "revenue", grain="dataset", all=True)
    assert _paths(tables) == ["raw orders revenue"]
    assert {edge["origin"] for edge in tables["edges"]} == {
        DB + "raw",
        JOB + "stage",
        JOB + "backfill",
        DB + "orders",
        JOB + "sum",
    }


async def test_all_paths_up_to_a_length(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "raw", DB + "report", all=True, grain="dataset")
    assert sorted(_paths(told)) == ["raw orders ranks report", "raw orders revenue report"]
    told = await _ask(client, DB + "orders", DB + "plan", all=True, depth=3)
    assert (told["reachable"], told["paths"], told["noPath"], told["counts"]["cut"]) == (
        True,
        [],
        None,
        [{"rule": "depth", "nodes": None}],
    )


async def test_paths_by_some_nodes_and_not_by_others(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())

    async def paths(source: str, target: str, **via: str) -> list[str]:
        told = await _ask(client, DB + source, DB + target, all=True, grain="dataset", **via)
        assert told["reachable"] is bool(told["paths"])
        return _paths(told)

    assert await paths("raw", "report", through=JOB + "rank") == ["raw orders ranks report"]
    assert await paths("raw", "report", avoid=DB + "revenue") == ["raw orders ranks report"]
    assert await paths("raw", "report", avoid=JOB + "sum", through=DB + "revenue") == []
    assert await paths("raw", "report", through=DB + "plan") == []
    assert await paths("raw", "report", stopAt=DB + "orders") == []
    assert await paths("raw", "orders", stopAt=DB + "orders", through=JOB + "backfill") == ["raw orders"]
    whole = await _ask(client, DB + "raw", DB + "orders", all=True, through=JOB + "backfill")
    assert _paths(whole) == ["raw backfill orders"]
    assert (await _ask(client, DB + "raw", DB + "report", k=0, avoid=DB + "orders"))["reachable"] is False
    unknown = {"from": DB + "raw", "to": DB + "report", "avoid": DB + "rop"}
    assert (await client.get("/api/v1/paths", params=unknown)).status_code == 404


async def test_what_paths_lead_over_is_counted(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("one", "a", "b"), complete("two", "b", "c"), complete("short", "a", "c")])
    told = await _ask(client, DB + "a", DB + "c", all=True)
    assert (told["complete"], told["counts"]) == (True, counts(4, datasets=1, jobs=3, edges=(6, 6)))
    cut = [{"rule": "k", "nodes": None}]
    assert (await _ask(client, DB + "a", DB + "c"))["counts"] == counts(1, jobs=1, edges=(2, 2), cut=cut)
    assert (await _ask(client, DB + "c", DB + "a"))["noPath"]["otherWay"]["length"] == 2


async def test_a_cycle_has_a_way_in_both_directions(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    assert _paths(await _ask(client, DB + "plan", DB + "outlook", all=True)) == ["plan forecast outlook"]
    assert _paths(await _ask(client, DB + "outlook", DB + "plan", all=True)) == ["outlook correct plan"]


async def test_from_and_to_jobs_and_several_nodes(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    assert sorted(_paths(await _ask(client, JOB + "stage", JOB + "join", grain="job", k=2))) == [
        "stage rank join",
        "stage sum join",
    ]
    told = await client.get(
        "/api/v1/paths",
        params={
            "from": [DB + "archive", DB + "raw", DB + "raw"],
            "to": [DB + "ranks", DB + "revenue"],
            "grain": "dataset",
            "k": 9,
        },
    )
    assert sorted(_paths(told.json())) == [
        "archive orders ranks", "archive orders revenue", "raw orders ranks", "raw orders revenue",
    ]  # fmt: skip


async def test_only_whether_there_is_a_path(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    for source, target, reachable in (("raw", "board", True), ("board", "raw", False)):
        told = await _ask(client, DB + source, DB + target, k=0)
        assert (told["reachable"], told["paths"], told["noPath"]) == (reachable, [], None)


async def test_no_path_because_it_leads_the_other_way(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    told = await _ask(client, DB + "report", DB + "revenue")
    assert told["reachable"] is False
    why = told["noPath"]
    assert [node.rpartition(":")[2] for node in why["otherWay"]["nodes"]] == ["revenue", "join", "report"]
    assert {edge["origin"] for edge in told["edges"]} == {DB + "revenue", JOB + "join"}
    assert why["former"] is None


async def test_no_path_but_a_common_ancestor(database: str, client: httpx.AsyncClient) -> None:
    await store(database, _story())
    why = (await _ask(client, DB + "revenue", DB + "ranks"))["noPath"]
    assert why["otherWay"] is None
    [orders] = why["commonAncestors"]
    assert (orders["id"], orders["toOrigin"], orders["toDestination"]) == (DB + "orders", 2, 2)
    nothing = (await _ask(client, DB + "board", DB + "outlook", grain="dataset"))["noPath"]
    assert [(a["name"], a["toOrigin"], a["toDestination"]) for a in nothing["commonAncestors"]] == [("revenue", 2, 1)]


async def test_the_path_that_ended_when_a_table_was_renamed(database: str, client: httpx.AsyncClient) -> None:
    """The stage writes ``orders_v2`` from 10:00 on, in place of ``orders``, on which the sum still stands."""
    await store(database, [
        complete("stage", "raw", "orders", "08:00"),
        complete("sum", "orders", "revenue", "08:10"),
        complete("stage", "raw", "orders", "09:00"),
        run_event("START", "10:00", "stage", "renamed", inputs=["raw"]),
        run_event("COMPLETE", "10:05", "stage", "renamed", inputs=["raw"], outputs=["orders_v2"]),
        complete("stage", "raw", "orders_v2", "11:00"),
        complete("sum", "orders", "revenue", "11:10"),
    ])  # fmt: skip
    told = await _ask(client, DB + "raw", DB + "revenue", grain="dataset")
    assert told["reachable"] is False
    former = told["noPath"]["former"]
    assert former["nodes"] == [DB + "raw", JOB + "stage", DB + "orders", JOB + "sum", DB + "revenue"]
    assert former["atOneTime"] is True
    assert former["ended"] == [
        {
            "origin": JOB + "stage", "destination": DB + "orders", "toldBy": JOB + "stage",
            "lastAt": "2026-03-01T09:00:00Z", "lastRun": str(run_uuid("stage 09:00")),
            "endedAt": "2026-03-01T10:05:00Z", "endedBy": str(run_uuid("renamed")),
        }
    ]  # fmt: skip
    assert {(e["origin"], e["destination"]) for e in former["edges"]} == set(pairwise(former["nodes"]))
    then = await _ask(client, DB + "raw", DB + "revenue", grain="dataset", asOf="2026-03-01T09:30:00Z")
    assert _paths(then) == ["raw orders revenue"]
    assert then["asOf"] == "2026-03-01T09:30:00Z"
    ever = await _ask(client, DB + "raw", DB + "revenue", history="all")
    assert _paths(ever) == ["raw stage orders sum revenue"]
    later = await _ask(client, DB + "raw", DB + "revenue", asOf="2026-03-01T10:30:00Z")
    assert later["noPath"]["former"]["ended"] == former["ended"]


async def test_an_edge_that_came_back_had_ended_in_between(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [complete("j", "a", "b", "08:00"), complete("j", "x", "b", "09:00"), complete("j", "a", "b", "10:00")])
    told = await _ask(client, DB + "a", DB + "b", asOf="2026-03-01T09:30:00Z")
    [ended] = told["noPath"]["former"]["ended"]
    assert (ended["lastAt"], ended["lastRun"]) == ("2026-03-01T08:00:00Z", str(run_uuid("j 08:00")))
    assert (ended["endedAt"], ended["endedBy"]) == ("2026-03-01T09:00:00Z", str(run_uuid("j 09:00")))


async def test_what_a_later_declaration_ended(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        job_event("08:00", "j", inputs=["a"], outputs=["b"]), job_event("09:00", "j", inputs=["c"], outputs=["b"]),
        _view("08:00", "view", "b"), _view("10:00", "view", "c"),
    ])  # fmt: skip
    former = (await _ask(client, DB + "a", DB + "view"))["noPath"]["former"]
    assert [(e["origin"], e["toldBy"], e["endedAt"], e["endedBy"]) for e in former["ended"]] == [
        (DB + "a", JOB + "j", "2026-03-01T09:00:00Z", None),
        (DB + "b", DB + "view", "2026-03-01T10:00:00Z", None),
    ]


async def test_an_edge_is_there_until_the_time_at_which_it_ended(database: str, client: httpx.AsyncClient) -> None:
    """A run that never ends is no reason to drop what the one before told, until there is another."""
    await store(database, [
        complete("j", "a", "b", "08:00"),
        run_event("START", "09:00", "j", "hangs", inputs=["x"]),
        run_event("START", "10:00", "j", "next"), run_event("COMPLETE", "10:30", "j", "next", inputs=["x"], outputs=["b"]),
    ])  # fmt: skip
    told = await _ask(client, DB + "a", DB + "b")
    [ended] = told["noPath"]["former"]["ended"]
    assert (ended["endedAt"], ended["endedBy"]) == ("2026-03-01T10:30:00Z", str(run_uuid("hangs")))
    for asked, reachable in (("2026-03-01T10:29:59Z", True), (ended["endedAt"], False)):
        assert (await _ask(client, DB + "a", DB + "b", asOf=asked))["reachable"] is reachable


async def test_a_declared_edge_that_runs_told_of_again_had_ended_in_between(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        job_event("08:00", "j", inputs=["a"], outputs=["b"]), complete("j", "x", "b", "09:00"), complete("j", "a", "b", "10:00"),
    ])  # fmt: skip
    [ended] = (await _ask(client, DB + "a", DB + "b", asOf="2026-03-01T09:30:00Z"))["noPath"]["former"]["ended"]
    assert (ended["lastAt"], ended["lastRun"], ended["endedBy"]) == ("2026-03-01T08:00:00Z", None, str(run_uuid("j 09:00")))


async def test_what_a_declaration_ended_that_came_again_later(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [
        complete("j", "a", "b", "08:00"),
        *(job_event(time, "j", inputs=["c"], outputs=["b"]) for time in ("09:00", "10:00", "11:00")),
    ])  # fmt: skip
    [ended] = (await _ask(client, DB + "a", DB + "b", asOf="2026-03-01T10:30:00Z"))["noPath"]["former"]["ended"]
    assert (ended["endedAt"], ended["endedBy"]) == ("2026-03-01T09:00:00Z", None)


async def test_edges_that_never_were_at_one_time(database: str, client: httpx.AsyncClient) -> None:
    """The first edge had ended before the last began."""
    events = [complete("j", "a", "b", "08:00"), complete("j", "x", "b", "09:00"), complete("k", "b", "c", "10:00")]
    await store(database, events)
    former = (await _ask(client, DB + "a", DB + "c"))["noPath"]["former"]
    assert former["atOneTime"] is False


async def test_statements_do_not_grow(database: str, client: httpx.AsyncClient) -> None:
    """With the length of a path that there is; and where there is none, with what stands about."""
    costs: dict[str, list[int]] = {"chain": [], "no path": []}
    for n in (3, 40):
        await store(database, [complete(f"c{i}", f"d{i}", f"d{i + 1}") for i in range(n)])
        await store(database, [complete(f"s{i}", "hub", f"e{i}") for i in range(n)])
        await _ask(client, DB + "d0", DB + f"d{n}")
        for name, source, target in (("chain", "d0", f"d{n}"), ("no path", "hub", "d0")):
            with recorded() as statements:
                await _ask(client, DB + source, DB + target, k=3)
            costs[name].append(len([statement for statement in statements if statement]))
    # A transaction that is open anywhere on the server makes the present be looked at anew, in 3 statements more.
    assert all(abs(cost[0] - cost[1]) <= 3 for cost in costs.values()), costs
    assert max(costs["chain"]) <= 13
    assert max(costs["no path"]) <= 23


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({}, 400, "query param from must not be null"),
        ({"from": DB + "orders"}, 400, "query param to must not be null"),
        ({"from": DB + "orders", "to": "nonsense"}, 400, "Expected dataset:"),
        ({"from": DB + "orders", "to": " "}, 400, "Expected dataset:"),
        ({"from": DB + "orders", "to": DB + "ordesr"}, 404, f"Dataset 'ordesr' not found. Near names: {DB}orders"),
        ({"from": DB + "orders", "to": "dataset:db://shop:x\0"}, 404, "not found"),
        ({"from": DB + "orders", "to": "dataset:db://shop:x%00"}, 404, "not found"),
        ({"from": DB + "orders", "to": "job:" + ":" * 99}, 404, "not found"),
        ({"from": DB + "orders", "to": DB + "o" * 9_000}, 404, "not found"),
        ({"from": JOB + "k", "to": DB + "orders"}, 404, "Job 'k' not found."),
        ({"from": DB + "orders", "to": DB + "orders"}, 400, "is both an origin and a destination"),
        ({"from": "datasetField:db://shop:orders:x", "to": DB + "x"}, 404, "Field 'x' not found"),
        ({"from": DB + "orders", "to": DB + "x", "k": -1}, 400, "query param k must be greater than or equal to 0"),
        ({"from": f"run:{run_uuid('never')}", "to": DB + "x"}, 404, "Run"),
        ({"from": DB + "orders", "to": DB + "x", "k": 1001}, 400, "query param k must be less than or equal to 1000"),
        ({"from": DB + "orders", "to": DB + "x", "k": "many"}, 400, "query param k must be a whole number"),
        ({"from": DB + "orders", "to": DB + "x", "depth": -1}, 400, "query param depth"),
        (
            {"from": DB + "orders", "to": DB + "x", "grain": "atom"},
            400,
            "must be one of [ALL, DATASET, JOB, COLUMN, RUN, VERSION]",
        ),
        ({"from": DB + "orders", "to": DB + "x", "asOf": "yesterday"}, 400, "query param asOf must be a time"),
        ({"from": DB + "orders", "to": DB + "x", "history": "some"}, 400, "query param history"),
    ],
)
async def test_what_is_refused(
    database: str, client: httpx.AsyncClient, parameters: dict[str, Any], status: int, message: str
) -> None:
    await store(database, [complete("j", "orders", "x")])
    answer = await client.get("/api/v1/paths", params=parameters)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]
