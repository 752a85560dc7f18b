from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from headwater import ids
from headwater.catalog import datasets, runs
from headwater.catalog.page import Page
from headwater.db.pool import Pool
from headwater.entities.run import Run, RunDatasetVersion
from headwater.errors import NotFound
from tests.build import NAMESPACE, Event, dataset, dataset_event, run_event, run_uuid, schema, store

DB = "db://shop"


def _at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


async def _run(pool: Pool, name: str = "one") -> Run:
    async with pool.connection() as conn:
        return await runs.get_run(conn, run_uuid(name))


def _version(read: RunDatasetVersion) -> UUID:
    return read.datasetVersionId.version


async def _written(pool: Pool, name: str) -> UUID:
    return _version((await _run(pool, name)).outputDatasetVersions[0])


@pytest.mark.parametrize(
    ("kinds", "state", "started", "ended", "duration"),
    [
        ([None], "NEW", None, None, None),
        (["OTHER"], "OTHER", _at(8), None, None),
        (["START"], "RUNNING", _at(8), None, None),
        (["RUNNING"], "RUNNING", _at(8), None, None),
        (["COMPLETE"], "COMPLETED", None, _at(8), None),
        (["START", "COMPLETE"], "COMPLETED", _at(8), _at(8, 1), 60_000),
        (["START", "RUNNING", "FAIL"], "FAILED", _at(8), _at(8, 2), 120_000),
        (["START", "ABORT", "START"], "RUNNING", _at(8), None, None),
        (["START", "COMPLETE", "RUNNING", "OTHER"], "COMPLETED", _at(8), _at(8, 1), 60_000),
    ],
)
async def test_state_and_times(
    database: str,
    pool: Pool,
    kinds: list[str | None],
    state: str,
    started: datetime | None,
    ended: datetime | None,
    duration: int | None,
) -> None:
    await store(database, [run_event(kind, f"08:0{i}") for i, kind in enumerate(kinds)])
    run = await _run(pool)
    assert (run.state, run.startedAt, run.endedAt, run.durationMs) == (state, started, ended, duration)
    assert (run.jobVersion is None) == (state in ("NEW", "OTHER", "RUNNING"))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_what_two_runs_wrote_at_one_time_the_order_of_arrival_does_not_tell(
    database: str, pool: Pool, order: tuple[int, int]
) -> None:
    both = [run_event("COMPLETE", "08:00", name, name, outputs=["t"]) for name in ("a", "b")]
    for n in order:
        await store(database, [both[n]])
    await store(database, [run_event("START", "09:00", inputs=["t"])])
    greater = max("ab", key=lambda name: ids.run_id(run_uuid(name), NAMESPACE, name))
    assert [_version(read) for read in (await _run(pool)).inputDatasetVersions] == [await _written(pool, greater)]
    async with pool.connection() as conn:
        assert (await datasets.get_dataset(conn, DB, "t")).currentVersion == await _written(pool, greater)
        listed = await datasets.list_dataset_versions(conn, DB, "t", Page(limit=1))
        assert [version.version for version in listed.versions] == [await _written(pool, greater)]


async def test_a_run_knows_its_parent_and_its_nominal_time(database: str, pool: Pool) -> None:
    parent = {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": NAMESPACE, "name": "dag"}}
    nominal = {"nominalStartTime": "2026-02-28T00:00:00+01:00", "nominalEndTime": "not a time"}
    facets = {"parent": parent, "nominalTime": nominal}
    ended = run_event("COMPLETE", "09:00", "task")  # repeats nothing, and takes nothing away
    await store(database, [run_event("START", "08:00", "task", run_facets=facets), ended])
    run = await _run(pool)
    assert run.args == {
        "nominal_start_time": "2026-02-28T00:00:00+01:00",
        "nominal_end_time": "not a time",
        "run_id": str(run_uuid("dag")),
        "name": "dag",
        "namespace": NAMESPACE,
    }
    assert (run.nominalStartTime, run.nominalEndTime) == (datetime(2026, 2, 27, 23, tzinfo=UTC), None)
    assert (run.parentRunUuid, run.job.name) == (run_uuid("dag"), "dag.task")
    assert (await _run(pool, "dag")).state == "NEW"


async def test_a_parent_is_in_the_namespace_that_its_child_names_and_ends_by_itself(database: str, pool: Pool) -> None:
    parent = {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": "airflow", "name": "dag"}}
    await store(database, [run_event("COMPLETE", "08:00", "task", run_facets={"parent": parent})])
    dag = await _run(pool, "dag")
    assert (dag.job.namespace, dag.job.name, dag.state, dag.endedAt) == ("airflow", "dag", "NEW", None)


async def test_an_input_is_what_was_current_when_the_run_started(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", "08:00", "w", "first", outputs=["t"]),
        run_event("START", "09:00", "r", "reader", inputs=["t"]),
        run_event("COMPLETE", "09:30", "w", "second", outputs=["t"]),
        run_event("COMPLETE", "10:00", "r", "reader", inputs=["t"]),
        run_event("FAIL", "10:30", "w", "third", outputs=["t"]),
        run_event("COMPLETE", "11:00", "r", "later", inputs=["t"]),
    ]
    await store(database, list(reversed(events)))
    assert [_version(v) for v in (await _run(pool, "reader")).inputDatasetVersions] == [await _written(pool, "first")]
    assert [_version(v) for v in (await _run(pool, "later")).inputDatasetVersions] == [await _written(pool, "second")]


async def test_an_input_is_the_external_version_that_it_names(database: str, pool: Pool) -> None:
    def told(version: str) -> Event:
        return dataset("t", {"version": {"datasetVersion": version}})

    events = [
        run_event("COMPLETE", "08:00", "w", "w1", outputs=[told("1")]),
        run_event("COMPLETE", "09:00", "w", "w2", outputs=[told("2")]),
        run_event("COMPLETE", "10:00", "r", "old", inputs=[told("1")]),
        run_event("COMPLETE", "10:00", "r", "foreign", inputs=[told("77")]),
    ]
    await store(database, events)
    assert _version((await _run(pool, "old")).inputDatasetVersions[0]) == await _written(pool, "w1")
    foreign = _version((await _run(pool, "foreign")).inputDatasetVersions[0])
    async with pool.connection() as conn:
        assert (await datasets.get_dataset_version(conn, DB, "t", foreign)).externalVersion == "77"
        assert (await datasets.list_dataset_versions(conn, DB, "t", Page())).totalCount == 3


async def test_an_input_that_nobody_wrote_is_what_the_run_saw(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", "08:00", "r", "a", inputs=[dataset("t", schema("a"))]),
        run_event("COMPLETE", "09:00", "r", "b", inputs=[dataset("t", schema("b"))]),
        run_event("COMPLETE", "10:00", "r", "a2", inputs=[dataset("t", schema("a"))]),
    ]
    await store(database, events)
    seen = {name: _version((await _run(pool, name)).inputDatasetVersions[0]) for name in ("a", "b", "a2")}
    assert seen["a"] == seen["a2"] != seen["b"]
    async with pool.connection() as conn:
        shown = await datasets.get_dataset_version(conn, DB, "t", seen["b"])
    assert [f.name for f in shown.fields] == ["b"]


async def test_an_input_may_be_declared_or_streamed(database: str, pool: Pool) -> None:
    stream = {"jobType": {"processingType": "STREAMING", "integration": "FLINK"}}
    events = [
        dataset_event("08:00", "declared", schema("a")),
        run_event("START", "08:00", "s", "stream", outputs=["topic"], job_facets=stream),
        run_event("COMPLETE", "09:00", "r", "reader", inputs=["declared", "topic"]),
        run_event("RUNNING", "10:00", "s", "stream", outputs=["topic"], job_facets=stream),
    ]
    await store(database, events)
    declared, topic = (await _run(pool, "reader")).inputDatasetVersions
    async with pool.connection() as conn:
        assert _version(declared) == (await datasets.get_dataset(conn, DB, "declared")).currentVersion
    assert _version(topic) == await _written(pool, "stream")


async def test_a_run_does_not_read_what_it_wrote_itself(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00", inputs=["t"], outputs=["t"])])
    run = await _run(pool)
    assert _version(run.inputDatasetVersions[0]) != _version(run.outputDatasetVersions[0])


async def test_facets_of_reading_and_writing_stay_apart(database: str, pool: Pool) -> None:
    read = dataset("s", schema("a"), inputFacets={"inputStatistics": {"rowCount": 1}})
    wrote = dataset("t", schema("a"), outputFacets={"outputStatistics": {"rowCount": 2}})
    await store(database, [run_event("COMPLETE", "08:00", inputs=[read], outputs=[wrote])])
    run = await _run(pool)
    assert run.inputDatasetVersions[0].facets.keys() == {"inputStatistics"}
    assert run.outputDatasetVersions[0].facets.keys() == {"outputStatistics"}
    async with pool.connection() as conn:
        version = await datasets.get_dataset_version(conn, DB, "t", _version(run.outputDatasetVersions[0]))
    assert version.facets.keys() == {"schema", "outputStatistics"}


async def test_facets_of_a_run_and_of_its_job(database: str, pool: Pool) -> None:
    event = run_event("START", "08:00", run_facets={"custom": {"a.b": 1}}, job_facets={"sql": {"query": "select"}})
    await store(database, [event])
    async with pool.connection() as conn:
        shown = {kind: (await runs.get_run_facets(conn, run_uuid("one"), kind)).facets for kind in ("RUN", "JOB", "DATASET")}
    assert {kind: list(facets) for kind, facets in shown.items()} == {"RUN": ["custom"], "JOB": ["sql"], "DATASET": []}


async def test_runs_of_a_job_are_listed_newest_first(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", f"0{i}:00", run=str(i)) for i in (2, 1, 3)])
    async with pool.connection() as conn:
        page = await runs.list_runs(conn, ids.job_id(NAMESPACE, "load"), Page(2))
    assert (page.totalCount, [run.id for run in page.runs]) == (3, [run_uuid("3"), run_uuid("2")])


async def test_an_unknown_run_is_not_found(pool: Pool) -> None:
    async with pool.connection() as conn:
        with pytest.raises(NotFound):
            await runs.get_run(conn, uuid4())


async def test_runs_are_listed_by_their_start_and_those_without_one_last(database: str, pool: Pool) -> None:
    told = [("only ended, later", "COMPLETE", "11:00"), ("early", "START", "08:00"), ("only ended", "FAIL", "07:00"),
            ("late", "RUNNING", "09:00"), ("untold", None, "12:00"), ("late", "COMPLETE", "08:30")]  # fmt: skip
    await store(database, [run_event(kind, time, run=run) for run, kind, time in told])
    async with pool.connection() as conn:
        listed = await runs.list_runs(conn, ids.job_id(NAMESPACE, "load"), Page())
        second = await runs.list_runs(conn, ids.job_id(NAMESPACE, "load"), Page(2, 1))
    names = ("late", "early", "untold", "only ended, later", "only ended")
    assert [run.id for run in listed.runs] == [run_uuid(name) for name in names]
    assert [run.id for run in second.runs] == [run_uuid(name) for name in names[1:3]]
