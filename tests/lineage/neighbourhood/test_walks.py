from __future__ import annotations

import random
from itertools import count

import networkx as nx
import psycopg
import pytest
from tests.build import Event, dataset, dataset_event, job_event, run_event, run_uuid, schema, store
from tests.lineage.graphs import ask, complete, names
from tests.queries import recorded

from headwater.db.pool import LOOK, Pool
from headwater.entities.lineage import DatasetNodeData
from headwater.errors import InvalidNodeId, NotFound
from headwater.lineage.neighbourhood import walks
from headwater.lineage.neighbourhood.around import Surveyor

COMMON = "dataset:db://shop:common"


def _hub() -> list[Event]:
    """One writer, 20 readers with an output each, a consumer of each output with its own, and one of the third level;
    then the writer again, and 5 more readers with outputs and consumers."""
    events = [complete("writer", "", "common", "08:00", "first")]
    for i in range(25):
        if i == 20:
            events.append(complete("writer", "", "common", "09:00", "second"))
        time = f"{8 if i < 20 else 9}:30".zfill(5)
        events.append(complete(f"reader{i}", "common", f"out{i}", time))
        events.append(complete(f"consumer{i}", f"out{i}", f"last{i}" if i < 20 else "", time))
    return [*events, complete("third", "last0", "far", "10:00")]


async def test_what_marquez_counts(database: str, pool: Pool) -> None:
    await store(database, _hub())
    graph = await ask(pool, "job:shop:writer", 2)
    assert len(graph) == 97
    assert sum(node["type"] == "JOB" for node in graph.values()) == 51
    assert "job:shop:third" not in graph
    assert len(graph[COMMON]["outEdges"]) == 25
    assert graph["job:shop:writer"]["data"]["latestRun"]["createdAt"] == "2026-03-01T09:00:00Z"

    await _hide(database, "datasets", "common")
    hidden = await ask(pool, "job:shop:writer", 2)
    assert len(hidden) == 96
    assert hidden.keys() == graph.keys() - {COMMON}


async def test_a_stream_is_told_as_a_table_is(database: str, pool: Pool) -> None:
    topic = dataset("topic", {"datasetType": {"datasetType": "STREAM"}})
    await store(database, [run_event("COMPLETE", "08:00", inputs=[topic], outputs=["table"])])
    graph = await ask(pool, "dataset:db://shop:topic", 1)
    stream, table = (graph[f"dataset:db://shop:{name}"]["data"] for name in ("topic", "table"))
    assert (stream["type"], table["type"]) == ("STREAM", "DB_TABLE")
    assert stream.keys() == table.keys() == DatasetNodeData.model_fields.keys()


async def _hide(database: str, table: str, name: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as conn:
        await conn.execute(
            psycopg.sql.SQL("UPDATE {} SET is_hidden = true WHERE name = %s").format(psycopg.sql.Identifier(table)), [name]
        )


async def test_a_hidden_job_is_no_bridge(database: str, pool: Pool) -> None:
    await store(database, [complete("a", "", "x"), complete("b", "x", "y"), complete("c", "y", "z")])
    surveyor = Surveyor()
    assert "job:c" in names(await ask(pool, "job:shop:a", surveyor=surveyor))
    await _hide(database, "jobs", "b")
    assert names(await ask(pool, "job:shop:a", surveyor=surveyor)) == {"job:a", "dataset:x"}
    with pytest.raises(NotFound):
        await ask(pool, "job:shop:b", surveyor=surveyor)
    await store(database, [run_event("START", "09:00", "b", "again")])
    assert "job:c" in names(await ask(pool, "job:shop:a", surveyor=surveyor))


async def test_a_dataset_starts_from_all_its_jobs(database: str, pool: Pool) -> None:
    await store(database, [complete("w1", "", "x"), complete("w2", "", "x"), complete("r", "x", "y"), complete("far", "y")])
    assert names(await ask(pool, "dataset:db://shop:x", 0)) == {
        "dataset:x", "job:w1", "job:w2", "job:r", "dataset:y",
    }  # fmt: skip
    assert "job:far" in names(await ask(pool, "dataset:db://shop:x", 1))


async def test_only_present_edges_count(database: str, pool: Pool) -> None:
    surveyor = Surveyor()
    await store(database, [complete("a", "x y", "z", "08:00")])
    await store(database, [run_event("START", "09:00", "a", "next")])
    assert "dataset:y" in names(await ask(pool, "job:shop:a", surveyor=surveyor)), "a run that names none takes none away"
    await store(database, [run_event("COMPLETE", "09:10", "a", "next", inputs=["x"], outputs=["z"])])
    assert "dataset:y" not in names(await ask(pool, "job:shop:a", surveyor=surveyor))
    assert names(await ask(pool, "dataset:db://shop:y", surveyor=surveyor)) == {"dataset:y"}


async def test_an_alias_asks_for_the_dataset_that_it_names(database: str, pool: Pool) -> None:
    symlinks = {"symlinks": {"identifiers": [{"namespace": "hive://m", "name": "t", "type": "TABLE"}]}}
    surveyor = Surveyor()
    reader = run_event("COMPLETE", "08:10", "r", "r", inputs=[dataset("t", namespace="hive://m")])
    await store(database, [complete("w", "", "x"), reader])
    assert names(await ask(pool, "dataset:hive://m:t", surveyor=surveyor)) == {"dataset:t", "job:r"}
    await store(database, [run_event("COMPLETE", "08:20", "w", "w2", outputs=[dataset("x", symlinks)])])
    for node_id in ("dataset:hive://m:t", "dataset:db://shop:x", "job:shop:r", "job:shop:w"):
        graph = await ask(pool, node_id, surveyor=surveyor)
        assert names(graph) == {"dataset:x", "job:r", "job:w"}
        assert graph["job:shop:r"]["data"]["inputs"] == [{"namespace": "db://shop", "name": "x"}]


async def test_declared_jobs_and_lonely_nodes(database: str, pool: Pool) -> None:
    await store(database, [job_event("08:00", "j", inputs=["a"], outputs=["b"]), dataset_event("08:00", "lonely")])
    await store(database, [run_event("START", "08:00", "idle")])
    assert names(await ask(pool, "job:shop:j")) == {"job:j", "dataset:a", "dataset:b"}
    for node_id in ("dataset:db://shop:lonely", "job:shop:idle"):
        [node] = (await ask(pool, node_id)).values()
        assert (node["inEdges"], node["outEdges"]) == ([], [])


async def test_a_child_is_shown_with_its_own_run(database: str, pool: Pool) -> None:
    parent = {"parent": {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": "shop", "name": "dag"}}}
    child = run_event("COMPLETE", "08:01", "task", "child", outputs=["x"], run_facets=parent)
    await store(database, [run_event("START", "08:00", "dag", "dag"), child])
    data = (await ask(pool, "dataset:db://shop:x"))["job:shop:dag.task"]["data"]
    assert data["currentRunUuid"] == data["latestRun"]["id"] == str(run_uuid("child"))
    assert data["latestRun"]["state"] == "COMPLETED"


async def test_derivations_and_handovers_are_walked(database: str, pool: Pool) -> None:
    entries = [{"type": "JOB", "inputs": [{"type": "JOB", "namespace": "shop", "name": "caller"}]}]
    facet = {"lineage": {"inputs": [{"type": "DATASET", "namespace": "db://shop", "name": "table"}]}}
    await store(
        database,
        [
            complete("w", "", "table"),
            dataset_event("08:00", "view", facet),
            complete("r", "view", ""),
            run_event("COMPLETE", "08:00", "callee", "c", job_facets={"lineage": {"entries": entries}}),
            complete("caller", "", "view"),
        ],
    )
    graph = await ask(pool, "job:shop:w", 1)
    assert names(graph) == {"job:w", "dataset:table", "dataset:view", "job:r", "job:caller"}
    edge = {"origin": "dataset:db://shop:table", "destination": "dataset:db://shop:view"}
    assert edge in graph["dataset:db://shop:table"]["outEdges"]
    assert "job:callee" in names(await ask(pool, "job:shop:w", 2))
    assert names(await ask(pool, "dataset:db://shop:table", 0)) == {"dataset:table", "job:w"}
    await store(database, [dataset_event("09:00", "view", {"lineage": {"inputs": []}})])
    assert names(await ask(pool, "job:shop:w", 1)) == {"job:w", "dataset:table"}


async def test_versions_and_fields_are_no_nodes_here(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "", "t")])
    with pytest.raises(InvalidNodeId):
        await ask(pool, "dataset:db://shop:t#12345678-1234-8234-9234-123456789abc")
    for node_id in ("datasetField:db://shop:t:x", "run:12345678-1234-8234-9234-123456789abc"):
        with pytest.raises(NotFound):
            await ask(pool, node_id)


@pytest.mark.parametrize("seed", range(4))
async def test_nodes_are_those_of_networkx(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    sides = {f"j{i}": (rnd.sample(range(25), rnd.randint(0, 3)), rnd.sample(range(25), rnd.randint(0, 2))) for i in range(25)}
    uses: nx.Graph[str] = nx.Graph()
    for job, (inputs, outputs) in sides.items():
        uses.add_node(f"job:{job}")
        uses.add_edges_from((f"job:{job}", f"dataset:d{d}") for d in inputs + outputs)
    await store(database, [complete(j, _spaced(i), _spaced(o)) for j, (i, o) in sides.items()])
    surveyor = Surveyor()
    for depth in (0, 1, 2, 20):
        for job in ("j0", "j1", "j2"):
            jobs = nx.single_source_shortest_path_length(uses, f"job:{job}", cutoff=2 * depth + 1)
            assert names(await ask(pool, f"job:shop:{job}", depth, surveyor)) == set(jobs)


def _spaced(numbers: list[int]) -> str:
    return " ".join(f"d{n}" for n in numbers)


async def test_statements_do_not_grow_with_the_graph(database: str, pool: Pool) -> None:
    """A chain of 30 jobs and a hub of 60: one a hop and 4 when nothing is known, 2 in all when nothing has changed."""
    await store(database, [_documented(f"c{i}", f"d{i}", f"d{i + 1}") for i in range(30)])
    await store(database, [_documented(f"r{i}", "d30", f"e{i}") for i in range(60)])
    surveyor, loading = Surveyor(), 3
    for depth in (1, 5, 20):
        with recorded() as cold:
            await ask(pool, "job:shop:c0", depth)
        hops = [statement for statement in cold if "The vertices of the present graph" in statement]
        assert len(hops) <= depth + 2, "of the start, of its datasets, then of the next jobs' datasets"
        assert len(_told(cold)) - len(hops) == 1 + loading
    await ask(pool, "job:shop:c0", 40, surveyor)
    with recorded() as warm:
        graph = await ask(pool, "job:shop:c0", 40, surveyor)
    assert len(graph) == 30 + 31 + 60 + 60
    assert len(_told(warm)) == 2, "which node it is, and that nothing has changed"
    await store(database, [_documented("c7", "d7", "d8", "09:00")])
    with recorded() as stale:
        await ask(pool, "job:shop:c0", 40, surveyor)
    assert len(_told(stale)) <= 2 + loading


async def test_a_large_graph_is_not_proven_again_before_something_is_committed(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "_MUCH", 5)
    await store(database, [complete(f"j{i}", f"d{i}", f"d{i + 1}") for i in range(5)])
    surveyor = Surveyor()
    with recorded() as statements:
        known = await ask(pool, "job:shop:j0", 20, surveyor)
    assert len(_told(statements)) > 2
    for _ in range(500):  # others may write to other databases of the same server
        with recorded() as statements:
            assert await ask(pool, "job:shop:j0", 20, surveyor) == known
        if len(_told(statements)) == 2:
            break
    else:
        pytest.fail("it was proven each time")
    await store(database, [complete("j4", "d4", "d5 new", "09:00")])
    assert names(await ask(pool, "job:shop:j0", 20, surveyor)) == names(known) | {"dataset:new"}


async def test_a_large_graph_is_proven_again_after_a_crash(database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "_MUCH", 5)
    await store(database, [complete(f"j{i}", f"d{i}", f"d{i + 1}") for i in range(5)])
    crashes = count()

    async def era() -> int:
        return next(crashes)

    surveyor = Surveyor(era=era)
    for _ in range(5):
        with recorded() as statements:
            await ask(pool, "job:shop:j0", 20, surveyor)
        assert len(_told(statements)) > 2


def _documented(job: str, inputs: str, outputs: str, time: str = "08:00") -> Event:
    """With facets whose bodies are kept apart."""
    out = [dataset(name, schema(*(f"column_{i}" for i in range(40)))) for name in outputs.split()]
    facets = {"documentation": {"description": f"{job} " * 100}}
    return run_event("COMPLETE", time, job, f"{job} {time}", inputs=inputs.split(), outputs=out, job_facets=facets)


def _told(statements: list[str]) -> list[str]:
    """Without those by which the pool asks whether a connection is still there."""
    return [statement for statement in statements if statement != LOOK]
