"""A run whose events do not agree on its job's name ends under one name, with all that its events said."""

from __future__ import annotations

import pytest
from tests.build import Event, Facets, dataset, job_event, run_event, run_uuid, store
from tests.ingest.orders import assert_orderless, connected


def _parent(job: str, run: str = "", namespace: str = "shop") -> Facets:
    return {"parent": {"run": {"runId": str(run_uuid(run or f"{job} run"))}, "job": {"namespace": namespace, "name": job}}}


def _entries(*entries: Facets) -> Facets:
    return {"lineage": {"entries": entries}}


_A = {"type": "DATASET", "namespace": "db://shop", "name": "a"}
_B = {"type": "DATASET", "namespace": "db://shop", "name": "b"}
_AB = _entries({**_B, "inputs": [_A]})
_COLUMNS = {"columnLineage": {"fields": {"x": {"inputFields": [{"namespace": "db://shop", "name": "a", "field": "y"}]}}}}

HISTORIES: dict[str, list[Event]] = {
    "told late": [
        run_event("START", "08:00", inputs=["a"], outputs=["b"]),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
    ],
    "two parents, the later one counts": [
        run_event("START", "08:00", outputs=["b"], run_facets=_parent("dag")),
        run_event("COMPLETE", "09:00", run_facets=_parent("flow")),
        run_event("RUNNING", "08:30", inputs=["a"]),
    ],
    "two parents at one time": [
        run_event("START", "08:00", outputs=["b"], run_facets=_parent("dag")),
        run_event("RUNNING", "08:00", run_facets=_parent("flow")),
        run_event("COMPLETE", "08:00", run_facets=_parent("way")),
    ],
    "a name that has one of the parents in front": [
        run_event("START", "08:00", "dag.load", outputs=["b"], run_facets=_parent("flow")),
        run_event("COMPLETE", "09:00", "dag.load", inputs=["a"], run_facets=_parent("dag")),
    ],
    "a name that has the parent in front that is told first": [
        run_event("START", "08:00", "dag.load", outputs=["b"], run_facets=_parent("dag")),
        run_event("COMPLETE", "09:00", "dag.load", inputs=["a"], run_facets=_parent("flow")),
    ],
    "the others of its job keep their parent": [
        run_event("COMPLETE", "07:00", run="other", outputs=["c"], run_facets=_parent("dag")),
        run_event("START", "08:00", outputs=["b"], run_facets=_parent("dag")),
        run_event("COMPLETE", "09:00", run_facets=_parent("flow")),
    ],
    "a job that others tell of": [
        run_event("START", "08:00", outputs=["b"]),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
        run_event("COMPLETE", "07:00", "child", "child", run_facets=_parent("load", "one")),
    ],
    "a job that is declared": [
        run_event("START", "08:00", outputs=["b"], job_facets={"sql": {"query": "select 1"}}),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
        job_event("07:00", "load", inputs=["a"], facets={"sql": {"query": "select 2"}}),
    ],
    "explicit lineage": [
        run_event("START", "08:00", job_facets=_AB),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
        run_event("COMPLETE", "07:00", run="other", job_facets=_AB),
    ],
    "explicit lineage instead of columnLineage": [
        run_event("START", "08:00", outputs=[dataset("b", _COLUMNS)], job_facets=_AB),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
    ],
    "explicit lineage of a job to itself": [
        run_event("START", "08:00", job_facets=_entries({"type": "JOB", "namespace": "shop", "name": "load", "inputs": [_A]})),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
    ],
    "dependencies": [
        run_event("START", "08:00", run_facets={"jobDependencies": {"upstream": [{"job": {"namespace": "shop", "name": "up"}}]}}),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
        run_event(
            "COMPLETE",
            "10:00",
            run="other",
            run_facets={"jobDependencies": {"downstream": [{"job": {"namespace": "shop", "name": "down"}}]}},
        ),
    ],
    "columns that a later event takes back": [
        run_event("START", "08:00", outputs=[dataset("b", _COLUMNS)]),
        run_event("RUNNING", "08:30", outputs=[dataset("b", {"columnLineage": {"_deleted": True}})]),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
    ],
    "columns that a later event makes unreadable": [
        run_event("START", "08:00", outputs=[dataset("b", _COLUMNS)]),
        run_event("RUNNING", "08:30", outputs=[dataset("b", {"columnLineage": {"fields": 7}})]),
        run_event("COMPLETE", "09:00", run_facets=_parent("dag")),
    ],
    "a parent whose child began before it": [
        run_event("START", "08:00", "dag", "dag run", outputs=["b"], run_facets=_parent("root")),
        run_event("COMPLETE", "07:00", "child", "child", run_facets=_parent("dag")),
    ],
    "a parent whose child began before it, and that has a parent late": [
        run_event("START", "08:00", "dag", "dag run", outputs=["b"]),
        run_event("COMPLETE", "09:00", "dag", "dag run", run_facets=_parent("root")),
        run_event("COMPLETE", "07:00", "child", "child", run_facets=_parent("dag")),
    ],
}


@pytest.mark.parametrize("history", HISTORIES)
async def test_a_moving_run_leaves_no_trace(database: str, history: str) -> None:
    await assert_orderless(database, HISTORIES[history])


@pytest.mark.parametrize("late", [True, False])
async def test_what_is_left_is_told_of_the_full_name(database: str, late: bool) -> None:
    bare = run_event("START", "08:00", inputs=["a"], job_facets=_AB)
    told = run_event("COMPLETE", "09:00", run_facets=_parent("dag"))
    for event in [bare, told] if late else [told, bare]:
        await store(database, [event])
    async with connected(database) as conn:
        jobs = await (await conn.execute("SELECT name, floor_at IS NULL FROM jobs ORDER BY name")).fetchall()
        edges = await (await conn.execute("SELECT kind, name FROM edges JOIN jobs ON job_id = owner_id ORDER BY kind")).fetchall()
    assert jobs == [("dag", True), ("dag.load", False)]
    assert edges == [(1, "dag.load"), (2, "dag.load"), (3, "dag.load")]
