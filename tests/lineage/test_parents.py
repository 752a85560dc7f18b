from __future__ import annotations

from headwater import ids
from headwater.db.pool import Pool
from headwater.lineage.parents import load_children, load_tops, top
from tests.build import Event, run_event, run_uuid, store


def test_the_top_of_those_that_are_one_anothers_parents() -> None:
    assert top({1: 2, 2: 3}, 1) == 3
    assert top({1: 2, 2: 1}, 1) == 2
    assert top({1: 1}, 1) == 1
    assert top({}, 1) == 1


def _child(job: str, parent: str) -> Event:
    facet = {"run": {"runId": str(run_uuid(parent))}, "job": {"namespace": "shop", "name": parent}}
    return run_event("COMPLETE", "08:00", job, job, run_facets={"parent": facet})


async def test_tops_are_found_over_several_levels(database: str, pool: Pool) -> None:
    dag = run_event("COMPLETE", "08:00", "dag", "dag")
    await store(database, [_child("dag.task", "dag"), _child("dag.task.step", "dag.task"), dag])
    step, task, dag_id = (ids.job_id("shop", name) for name in ("dag.task.step", "dag.task", "dag"))
    async with pool.connection() as conn:
        assert await load_tops(conn, [step, task, dag_id]) == {step: dag_id, task: dag_id}


async def test_what_belongs_to_a_job_is_found_over_several_levels(database: str, pool: Pool) -> None:
    dag = run_event("COMPLETE", "08:00", "dag", "dag")
    await store(database, [_child("dag.task", "dag"), _child("dag.task.step", "dag.task"), dag, _child("other.task", "other")])
    step, task, dag_id = (ids.job_id("shop", name) for name in ("dag.task.step", "dag.task", "dag"))
    async with pool.connection() as conn:
        assert await load_children(conn, dag_id) == [task, step]
        assert await load_children(conn, step) == []


async def test_who_knows_its_parent_by_the_bare_name_belongs_to_it(database: str, pool: Pool) -> None:
    """A task group that is stored as dag.group, and whose tasks call it group."""
    group, stored = _child("group", "dag"), ids.job_id("shop", "dag.group")
    await store(database, [group, _child("step", "group")])
    async with pool.connection() as conn:
        assert await load_children(conn, stored) == [ids.job_id("shop", "group.step")]
        assert await load_children(conn, ids.job_id("shop", "dag")) == [stored, ids.job_id("shop", "group.step")]
