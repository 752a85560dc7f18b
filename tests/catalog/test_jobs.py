from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from headwater import ids
from headwater.catalog import job_versions, jobs
from headwater.catalog.page import Page
from headwater.catalog.search import Query, search
from headwater.db.pool import Pool
from headwater.entities.job import Job
from headwater.errors import NotFound
from headwater.lineage.node_ids import resolve
from tests.build import NAMESPACE, Event, Facets, dataset_event, job_event, run_event, run_uuid, store


async def _after(database: str, pool: Pool, events: Sequence[Event], name: str = "load") -> Job:
    await store(database, events)
    async with pool.connection() as conn:
        return await jobs.get_job(conn, NAMESPACE, name)


def _names(job: Job) -> tuple[list[str], list[str]]:
    return [d.name for d in job.inputs], [d.name for d in job.outputs]


async def test_facets_say_what_is_shown(database: str, pool: Pool) -> None:
    facets = {
        "documentation": {"description": "loads"},
        "sourceCodeLocation": {"type": "git", "url": "https://git/x"},
        "jobType": {"processingType": "service", "integration": "SPARK", "jobType": "JOB"},
        "ownership": {"owners": [{"name": "team:a"}]},
        "tags": {"tags": [{"key": "env", "value": "prod"}, {"key": "core", "value": ""}]},
    }
    # The later event repeats nothing, and takes nothing away.
    events = [run_event("START", "08:00", job_facets=facets), run_event("COMPLETE", "08:01")]
    job = await _after(database, pool, events)
    assert (job.type, job.description, job.location) == ("SERVICE", "loads", "https://git/x")
    assert (job.labels, job.tags) == (["JOB", "SPARK"], ["core", "env=prod"])
    assert [(o.name, o.type) for o in job.owners] == [("team:a", None)]
    assert (job.createdAt, job.updatedAt) == (datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 1, 8, 1, tzinfo=UTC))


async def test_inputs_and_outputs_are_those_of_the_latest_run(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", "08:00", run="1", inputs=["old", "b", "a"], outputs=["x"]),
        run_event("COMPLETE", "09:00", run="2", inputs=["b", "a"], outputs=["x", "y"]),
    ]
    assert _names(await _after(database, pool, events)) == (["a", "b"], ["x", "y"])
    going = [run_event("START", "10:00", run="3", inputs=["new"])]
    assert _names(await _after(database, pool, going)) == (["a", "b", "new"], ["x", "y"])
    silent = [run_event("COMPLETE", "11:00", run="4")]
    assert _names(await _after(database, pool, silent)) == (["a", "b", "new"], ["x", "y"])


async def test_a_declared_job_has_what_it_declares_and_a_version(database: str, pool: Pool) -> None:
    job = await _after(database, pool, [job_event("08:00", "plan", inputs=["a"], outputs=["b"])], "plan")
    assert _names(job) == (["a"], ["b"])
    assert (job.latestRun, job.latestRuns) == (None, None)
    async with pool.connection() as conn:
        versions = await job_versions.list_job_versions(conn, NAMESPACE, "plan", Page())
        assert job.currentVersion is not None
        version = await job_versions.get_job_version(conn, NAMESPACE, "plan", job.currentVersion)
    assert (versions.totalCount, versions.versions) == (1, [version])
    # A run that reads and writes the same makes the same version.
    run = await _after(database, pool, [run_event("COMPLETE", "09:00", "plan", inputs=["a"], outputs=["b"])], "plan")
    assert run.currentVersion == job.currentVersion


async def test_latest_runs_are_ten_of_its_own(database: str, pool: Pool) -> None:
    parent = {"parent": {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": NAMESPACE, "name": "dag"}}}
    events = [run_event("COMPLETE", f"08:{i:02}", "dag.task", f"t{i}", run_facets=parent) for i in range(12)]
    events.append(run_event("START", "07:00", "dag", "dag"))
    job = await _after(database, pool, events, "dag.task")
    assert job.latestRuns is not None
    assert [run.id for run in job.latestRuns] == [run_uuid(f"t{i}") for i in range(11, 1, -1)]
    assert job.latestRun == job.latestRuns[0]
    assert (job.simpleName, job.parentJobName) == ("task", "dag")
    assert job.parentJobUuid == ids.entity_uuid(ids.job_id(NAMESPACE, "dag"))
    async with pool.connection() as conn:
        dag = await jobs.get_job(conn, NAMESPACE, "dag")
    assert (dag.parentJobName, dag.simpleName, dag.latestRun and dag.latestRun.state) == (None, "dag", "RUNNING")


async def test_lists_are_by_latest_event_and_by_state(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", "08:00", "done", "1"),
        run_event("FAIL", "08:01", "broken", "2"),
        run_event("COMPLETE", "07:00", "broken", "3"),
        run_event("START", "08:02", "going", "4", namespace="elsewhere"),
        job_event("08:03", "plan", inputs=["a"]),
    ]
    await store(database, events)
    async with pool.connection() as conn:
        every = await jobs.list_jobs(conn, Page())
        here = await jobs.list_jobs(conn, Page(), NAMESPACE)
        failed = await jobs.list_jobs(conn, Page(1), states=["FAILED", "RUNNING"])
        none = await jobs.list_jobs(conn, Page(), "nowhere", ["FAILED"])
    assert (every.totalCount, [j.name for j in every.jobs]) == (4, ["plan", "going", "broken", "done"])
    assert (here.totalCount, [j.name for j in here.jobs]) == (3, ["plan", "broken", "done"])
    assert (failed.totalCount, [j.name for j in failed.jobs]) == (2, ["going"])
    assert (none.totalCount, none.jobs) == (0, [])


def _child(parent: str, run: str) -> Facets:
    return {"parent": {"run": {"runId": str(run_uuid(run))}, "job": {"namespace": NAMESPACE, "name": parent}}}


async def test_a_child_that_is_a_parent_is_one_job(database: str, pool: Pool) -> None:
    """Its children know it by its bare name, which is no job that anybody would look for."""
    told = [
        run_event("START", "08:00", "root", "1"),
        run_event("START", "08:01", "node", "2", run_facets=_child("root", "1")),
        run_event("COMPLETE", "08:02", "query", "3", run_facets=_child("node", "2")),
    ]
    query = await _after(database, pool, told, "node.query")
    assert (query.simpleName, query.parentJobName) == ("query", "root.node")
    assert query.parentJobUuid == ids.entity_uuid(ids.job_id(NAMESPACE, "root.node"))
    async with pool.connection() as conn:
        found = await jobs.list_jobs(conn, Page(10), NAMESPACE)
        searched = await search(conn, Query("node"))
    assert (found.totalCount, {job.name for job in found.jobs}) == (3, {"root", "root.node", "node.query"})
    assert {result.name for result in searched.results} == {"root.node", "node.query"}


async def test_an_alias_leads_to_the_job(database: str, pool: Pool) -> None:
    told = [
        run_event("START", "08:01", "node", "2", run_facets=_child("root", "1")),
        run_event("COMPLETE", "08:02", "query", "3", run_facets=_child("node", "2")),
    ]
    assert (await _after(database, pool, told, "node")).name == "root.node"
    async with pool.connection() as conn:
        assert (await resolve(conn, f"job:{NAMESPACE}:node")).name == "root.node"


async def test_a_triggered_pipeline_is_one_job(database: str, pool: Pool) -> None:
    """Whoever triggered it, and though its tasks name it as their parent."""
    dag = {"jobType": {"processingType": "BATCH", "integration": "AIRFLOW", "jobType": "DAG"}}
    told = [
        run_event("COMPLETE", "08:00", "report", "1", run_facets=_child("daily.trigger", "t"), job_facets=dag),
        run_event("COMPLETE", "09:00", "report", "2", job_facets=dag),
        run_event("COMPLETE", "09:00", "report.parts", "3", run_facets=_child("report", "2")),
    ]
    job = await _after(database, pool, told, "report")
    assert (job.parentJobName, len(job.latestRuns or [])) == (None, 2)
    triggered = (job.latestRuns or [])[1]
    assert triggered.parentRunUuid == run_uuid("t")
    async with pool.connection() as conn:
        names = {job.name for job in (await jobs.list_jobs(conn, Page(10), NAMESPACE)).jobs}
    assert names == {"report", "report.parts", "daily.trigger"}


async def test_a_parent_that_sends_nothing_is_a_job(database: str, pool: Pool) -> None:
    child = await _after(database, pool, [run_event("START", "08:00", "task", run_facets=_child("dag", "1"))], "dag.task")
    assert child.parentJobName == "dag"
    async with pool.connection() as conn:
        found = await jobs.list_jobs(conn, Page(10), NAMESPACE)
        parent = await jobs.get_job(conn, NAMESPACE, "dag")
    assert found.totalCount == 2
    assert parent.updatedAt == parent.createdAt == datetime(2026, 3, 1, 8, tzinfo=UTC)


async def test_versions_are_told_apart_by_datasets_and_code(database: str, pool: Pool) -> None:
    code = {"sourceCodeLocation": {"url": "https://git/x"}}
    events = [
        run_event("COMPLETE", "08:00", run="1", inputs=["a"], outputs=["b"]),
        run_event("COMPLETE", "09:00", run="2", inputs=["a"], outputs=["b"]),
        run_event("COMPLETE", "10:00", run="3", inputs=["a"], outputs=["b"], job_facets=code),
        run_event("START", "11:00", run="4", inputs=["c"]),
    ]
    job = await _after(database, pool, events)
    async with pool.connection() as conn:
        listed = await job_versions.list_job_versions(conn, NAMESPACE, "load", Page())
        for version in listed.versions:
            assert await job_versions.get_job_version(conn, NAMESPACE, "load", version.version) == version
        with pytest.raises(NotFound, match="Job version"):
            await job_versions.get_job_version(conn, NAMESPACE, "load", uuid4())
    new, old = listed.versions
    assert (listed.totalCount, job.currentVersion) == (2, new.version)
    assert (new.location, old.location) == ("https://git/x", None)
    assert (old.createdAt, old.latestRun and old.latestRun.id) == (datetime(2026, 3, 1, 8, tzinfo=UTC), run_uuid("2"))
    assert ([d.name for d in old.inputs], [d.name for d in old.outputs]) == (["a"], ["b"])


async def test_a_child_is_in_the_state_of_its_own_run(database: str, pool: Pool) -> None:
    told = [run_event("START", "08:00", "dag", "1"), run_event("COMPLETE", "08:01", "task", "2", run_facets=_child("dag", "1"))]
    await store(database, told)
    async with pool.connection() as conn:
        ended = await jobs.list_jobs(conn, Page(), states=["COMPLETED"])
        going = await jobs.list_jobs(conn, Page(), states=["RUNNING"])
    assert (ended.totalCount, going.totalCount) == (1, 1)
    assert [(job.name, job.latestRun and job.latestRun.id) for job in ended.jobs] == [("dag.task", run_uuid("2"))]
    assert [(job.name, job.latestRun and job.latestRun.id) for job in going.jobs] == [("dag", run_uuid("1"))]


async def test_a_stream_that_reads_again_what_it_once_read_has_the_version_of_then(database: str, pool: Pool) -> None:
    stream = {"jobType": {"processingType": "STREAMING", "integration": "FLINK"}}
    told = [run_event("RUNNING", f"0{i}:00", run=str(i), inputs=[name], job_facets=stream) for i, name in enumerate("aba")]
    job = await _after(database, pool, told)
    async with pool.connection() as conn:
        versions = (await job_versions.list_job_versions(conn, NAMESPACE, "load", Page())).versions
    of_a = next(v for v in versions if [d.name for d in v.inputs] == ["a"])
    assert (len(versions), job.currentVersion, _names(job)) == (2, of_a.version, (["a"], []))


async def test_a_hidden_job_is_not_there(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00")])
    async with pool.connection() as conn:
        await conn.execute("UPDATE jobs SET is_hidden = true")
        with pytest.raises(NotFound, match="Job 'load' not found"):
            await jobs.get_job(conn, NAMESPACE, "load")
        assert (await jobs.list_jobs(conn, Page())).totalCount == 0


async def test_what_a_dataset_says_of_its_job_is_an_output(database: str, pool: Pool) -> None:
    facet = {"lineage": {"inputs": [{"type": "JOB", "namespace": NAMESPACE, "name": "load"}]}}
    events = [run_event("COMPLETE", "08:00", inputs=["a"], outputs=["b"]), dataset_event("09:00", "export", facet)]
    assert _names(await _after(database, pool, events)) == (["a"], ["b", "export"])
    ended = dataset_event("10:00", "export", {"lineage": {"inputs": []}})
    assert _names(await _after(database, pool, [ended])) == (["a"], ["b"])
