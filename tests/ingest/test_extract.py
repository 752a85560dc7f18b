"""What an event means, before any facet is interpreted: a table of rules, without a database."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from tests.build import NAMESPACE, Event, Facets, dataset, dataset_event, job_event, run_event, run_uuid
from tests.ingest.orders import prepared
from tests.ingest.telling import DB, dataset_id, edges, job_id, run_id, the_run, told

from headwater import ids
from headwater.ingest.changes import Seen
from headwater.ingest.extract import full_name, parent_of
from headwater.openlineage.times import parse_time


def at(time: str) -> int:
    return parse_time(f"2026-03-01T{time}Z")


def _parent(job: str, run: str | None = None, namespace: str = NAMESPACE) -> Facets:
    return {"parent": {"run": {"runId": run or str(run_uuid(job))}, "job": {"namespace": namespace, "name": job}}}


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize(
    ("kinds", "started", "restarted", "ended", "rank", "running", "other"),
    [
        (["START"], "08:00", "08:00", None, None, True, False),
        (["START", "COMPLETE"], "08:00", "08:00", "09:00", 1, True, False),
        (["COMPLETE"], None, None, "08:00", 1, False, False),
        (["START", "FAIL", "START"], "08:00", "10:00", "09:00", 3, True, False),
        (["START", "FAIL", "COMPLETE"], "08:00", "08:00", "10:00", 1, True, False),
        (["RUNNING"], None, None, None, None, True, False),
        (["OTHER", "ABORT"], None, None, "09:00", 2, False, True),
        ([None], None, None, None, None, False, False),
        (["start"], "08:00", "08:00", None, None, True, False),
    ],
)
def test_states(
    kinds: list[str | None],
    started: str | None,
    restarted: str | None,
    ended: str | None,
    rank: int | None,
    running: bool,
    other: bool,
) -> None:
    """Each an hour after the one before; in whatever order they come."""
    events = [run_event(kind, f"{8 + n:02}:00") for n, kind in enumerate(kinds)]
    for order in (events, events[::-1]):
        run = the_run(told(*order))
        times = [None if t is None else at(t) for t in (started, restarted, ended)]
        assert [run.started_at, run.restarted_at, run.ended_at] == times
        assert (run.end_rank, run.running, run.other) == (rank, running, other)
        assert (run.first_at, run.last_at) == (at("08:00"), at(f"{7 + len(kinds):02}:00"))


def test_of_two_ends_at_one_time_the_worse_counts() -> None:
    ends = [run_event(kind, "08:00") for kind in ("FAIL", "COMPLETE", "ABORT")]
    assert the_run(told(*ends)).end_rank == the_run(told(*ends[::-1])).end_rank == 3


def test_a_run_of_version_7_is_dated() -> None:
    event = run_event("START", "08:00")
    event["run"]["runId"] = "019c2a00-0000-7000-8000-000000000002"
    (run,) = told(event).runs.values()
    assert run.month == date(2026, 2, 1)
    assert the_run(told(run_event("START", "08:00"))).month == ids.UNDATED


def test_one_run_id_with_several_jobs_is_several_runs() -> None:
    changes = told(run_event("START", "08:00", "one", "r"), run_event("COMPLETE", "09:00", "two", "r"))
    assert {(r.job_id, r.end_rank) for r in changes.runs.values()} == {(job_id("one"), None), (job_id("two"), 1)}
    assert {r.run_uuid for r in changes.runs.values()} == {run_uuid("r")}


def test_facets_of_runs_are_inline_and_those_of_jobs_shared() -> None:
    event = run_event("START", "08:00", run_facets={"dbt_run": {"n": 1}}, job_facets={"sql": {"query": "select 1"}})
    changes = told(event)
    run, job = the_run(changes), changes.jobs[job_id("load")]
    assert run.facets["dbt_run"][2:] == ('{"n": 1}',)
    assert run.job_facets == job.facets == {"sql": (at("08:00"), ids.body_id(b'{"query": "select 1"}'))}
    assert set(changes.bodies.values()) == {b'{"query": "select 1"}'}


def test_what_is_no_facet_is_left_out() -> None:
    changes = told(run_event("START", "08:00", run_facets={"a": 1, "b": None, "c": "text", "d": [1], "e": {}}))
    assert list(the_run(changes).facets) == ["e"]


# ---------------------------------------------------------------- inputs and outputs


def test_inputs_and_outputs() -> None:
    read = dataset("a", {"schema": {"fields": []}}, inputFacets={"inputStatistics": {"rowCount": 3}})
    written = dataset("b", {"documentation": {"description": "it"}}, outputFacets={"outputStatistics": {"rowCount": 2}})
    changes = told(run_event("COMPLETE", "08:00", inputs=[read], outputs=[written]))
    assert edges(changes) == {"a -INPUT-> load", "load -OUTPUT-> b"}
    assert list(changes.edges.values()) == [Seen(at("08:00"), at("08:00"), run_id(), run_id())] * 2
    a, b = changes.datasets[dataset_id("a")], changes.datasets[dataset_id("b")]
    assert (set(a.facets), set(a.read_facets)) == (set(), {"schema", "inputStatistics"})
    assert (set(b.facets), set(b.read_facets)) == ({"documentation", "outputStatistics"}, set())
    assert (a.written_at, b.written_at) == (None, at("08:00"))
    rows = changes.run_io
    assert rows.keys() == {(run_id(), dataset_id("a"), False), (run_id(), dataset_id("b"), True)}
    row = rows[run_id(), dataset_id("a"), False]
    assert (set(row.facets), set(row.io_facets)) == ({"schema"}, {"inputStatistics"})
    assert the_run(changes).linked


def test_a_dataset_that_is_read_and_written() -> None:
    changes = told(run_event("COMPLETE", "08:00", inputs=["a"], outputs=["a"]))
    assert edges(changes) == {"a -INPUT-> load", "load -OUTPUT-> a"}
    assert len(changes.run_io) == 2


def test_events_of_a_run_add_up() -> None:
    changes = told(
        run_event("START", "08:00", inputs=["a"]), run_event("RUNNING", "09:00", outputs=["b"]), run_event("COMPLETE", "10:00")
    )
    assert edges(changes) == {"a -INPUT-> load", "load -OUTPUT-> b"}
    assert the_run(changes).linked
    assert not the_run(told(run_event("FAIL", "08:00"))).linked


def test_a_facet_is_replaced_whole_by_a_later_one_of_its_key() -> None:
    early = run_event("START", "08:00", outputs=[dataset("b", {"one": {"n": 1}, "two": {"n": 1}})])
    late = run_event("COMPLETE", "09:00", outputs=[dataset("b", {"two": {"n": 2}})])
    for order in ([early, late], [late, early]):
        facets = told(*order).datasets[dataset_id("b")].facets
        assert facets == {
            "one": (at("08:00"), ids.body_id(b'{"n": 1}')),
            "two": (at("09:00"), ids.body_id(b'{"n": 2}')),
        }


def test_one_facet_in_two_places_at_one_time_is_the_same_in_any_order() -> None:
    """dbt has dataQualityAssertions in ``facets`` and in ``inputFacets``: one is stored shared, the other inline."""
    shared = run_event("START", "08:00", inputs=[dataset("a", {"x": {"n": 1}})])
    inline = run_event("START", "08:00", run="two", inputs=[dataset("a", inputFacets={"x": {"n": 1}})])
    both = [told(*order).datasets[dataset_id("a")].read_facets for order in ([shared, inline], [inline, shared])]
    assert both[0] == both[1]


# ---------------------------------------------------------------- events without a run


def test_a_job_event_declares() -> None:
    changes = told(job_event("08:00", "load", inputs=["a"], outputs=["b"], facets={"sql": {"query": "q"}}))
    job = changes.jobs[job_id("load")]
    assert edges(changes) == {"a -INPUT-> load", "load -OUTPUT-> b"}
    assert job.declared_at == job.told_at == job.last_at == at("08:00")
    assert job.facets.keys() == {"sql"}
    assert changes.datasets[dataset_id("b")].written_at == at("08:00")
    assert not changes.runs
    assert not changes.run_io
    assert all(seen.first_run_id is None for seen in changes.edges.values())


def test_a_job_event_that_names_no_dataset_declares_none() -> None:
    assert told(job_event("08:00", "load")).jobs[job_id("load")].declared_at is None


def test_a_dataset_event_declares_a_dataset() -> None:
    changes = told(dataset_event("08:00", "a", {"documentation": {"description": "it"}}))
    row = changes.datasets[dataset_id("a")]
    assert (row.written_at, row.declared_at, set(row.facets)) == (at("08:00"), None, {"documentation"})
    assert not changes.jobs
    assert not changes.edges
    assert not changes.versions  # says nothing that makes one


@pytest.mark.parametrize(
    "facets",
    [
        {"schema": {"fields": []}},
        {"version": {"datasetVersion": "1"}},
        {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}},
    ],
)
def test_a_dataset_event_may_declare_a_version(facets: Facets) -> None:
    (version,) = told(dataset_event("08:00", "a", facets)).versions.values()
    assert version.declared
    assert version.facets.keys() == facets.keys()


def test_names_are_their_namespaces_too() -> None:
    changes = told(run_event("COMPLETE", "08:00", inputs=[dataset("a", namespace="s3://x")], outputs=["b"], namespace="etl"))
    assert {n for n, _ in changes.namespaces.values()} == {"etl", "s3://x", DB}


# ---------------------------------------------------------------- parents


@pytest.mark.parametrize(
    ("job", "parent", "namespace", "full"),
    [
        ("load", "dag", NAMESPACE, "dag.load"),
        ("dag.load", "dag", NAMESPACE, "dag.load"),  # has it in front
        ("dagger.load", "dag", NAMESPACE, "dag.dagger.load"),  # begins with it by chance
        ("dag.load", "dag.load", NAMESPACE, "dag.load"),  # old Airflow: the task's own name
        ("my.dag.load", "my.dag.load", NAMESPACE, "my.dag.load"),
        ("load", "load", NAMESPACE, "load"),  # itself: no parent
        ("load", "load", "elsewhere", "load.load"),  # another job of the same name
        ("load", "dag", "", "load"),
        ("load", "", NAMESPACE, "load"),
    ],
)
def test_full_names(job: str, parent: str, namespace: str, full: str) -> None:
    (incoming,) = prepared([run_event("START", "08:00", job, run_facets=_parent(parent, namespace=namespace))])
    assert full_name(incoming.event, parent_of(incoming.event)) == incoming.full_name == full


def test_a_parent_gets_a_job_and_a_run_though_it_sends_nothing() -> None:
    changes = told(run_event("START", "08:00", run_facets=_parent("dag")))
    child, parent = the_run(changes), the_run(changes, "dag", "dag")
    assert changes.jobs.keys() == {job_id("dag"), job_id("dag.load")}
    assert (child.parented, child.parent_run_id, child.parent_run_uuid) == (True, run_id("dag", "dag"), run_uuid("dag"))
    assert (child.job_id, child.raw_job_id) == (job_id("dag.load"), job_id("load"))
    assert (parent.first_at, parent.last_at, parent.parented) == (at("08:00"), None, False)
    assert changes.jobs[job_id("dag.load")].parent_id == job_id("dag")
    assert changes.jobs[job_id("dag")].told_at == at("08:00")
    assert changes.jobs[job_id("dag.load")].told_at is None


def test_the_old_key_of_the_parent_facet() -> None:
    facet = {"parentRun": _parent("dag")["parent"]}
    assert the_run(told(run_event("START", "08:00", run_facets=facet))).parented


def test_the_run_id_of_old_airflow_is_a_text() -> None:
    text = "manual__2026-01-01T00:00:00+00:00"
    changes = told(run_event("START", "08:00", "dag.load", run_facets=_parent("dag.load", text)))
    uuid = the_run(changes, job="dag.load").parent_run_uuid
    assert uuid is not None
    assert uuid.version == 3
    assert {r.run_uuid for r in changes.runs.values()} == {run_uuid("one"), uuid}
    again = told(run_event("START", "09:00", "dag.other", "two", run_facets=_parent("dag.other", text)))
    assert the_run(again, "two", "dag.other").parent_run_uuid == uuid, "siblings have one parent"


def test_a_child_that_is_its_own_parent_has_none() -> None:
    changes = told(run_event("START", "08:00", run_facets=_parent("load", str(run_uuid("one")))))
    assert not the_run(changes).parented


def test_the_times_of_a_parent_are_its_own_once_it_sends_events() -> None:
    child = run_event("START", "07:00", "child", "child", run_facets=_parent("dag"))
    own = run_event("START", "08:00", "dag", "dag")
    for order in ([child, own], [own, child]):
        assert the_run(told(*order), "dag", "dag").first_at == at("08:00")
    assert the_run(told(child), "dag", "dag").first_at == at("07:00")


def test_the_later_parent_counts() -> None:
    early = run_event("START", "08:00", run_facets=_parent("dag", str(UUID(int=1))))
    late = run_event("RUNNING", "09:00", run_facets=_parent("dag", str(UUID(int=2))))
    for order in ([early, late], [late, early]):
        assert the_run(told(*order)).parent_run_uuid == UUID(int=2)


@pytest.mark.parametrize("facet", [{}, {"run": {}}, {"run": {"runId": 1}, "job": {"namespace": "n", "name": "j"}}, {"job": None}])
def test_a_parent_of_another_shape_is_none(facet: Event) -> None:
    changes = told(run_event("START", "08:00", run_facets={"parent": facet}))
    assert not the_run(changes).parented
    assert the_run(changes).facets.keys() == {"parent"}, "kept all the same"
