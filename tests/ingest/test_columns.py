"""Column lineage in its old and new style, and explicit lineage in all its shapes, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.build import NAMESPACE, Event, Facets, dataset, dataset_event, job_event, run_event
from tests.ingest.telling import DB, columns, dataset_id, edges, job_id, the_run, told, told_columns

from headwater.ingest.changes import Changes
from headwater.ingest.extract import extract
from headwater.ingest.prepare import prepare
from headwater.openlineage.times import parse_time
from headwater.settings import Settings

EXPLICIT = Path(__file__).parents[3] / "shared" / "corpora" / "explicit-lineage"


def _set(name: str, field: str | None = None, *transformations: Facets) -> dict[str, Any]:
    """A dataset, or a field of it, as a source or as an entry."""
    told_field = {} if field is None else {"field": field}
    return {"type": "DATASET", "namespace": DB, "name": name, **told_field, **_with(transformations)}


def _job(name: str | None = None, *transformations: Facets) -> dict[str, Any]:
    named = {} if name is None else {"namespace": NAMESPACE, "name": name}
    return {"type": "JOB", **named, **_with(transformations)}


def _with(transformations: tuple[Facets, ...]) -> dict[str, Any]:
    return {"transformations": list(transformations)} if transformations else {}


def _into(target: dict[str, Any], *inputs: dict[str, Any], **fields: list[dict[str, Any]]) -> dict[str, Any]:
    told_fields = {"fields": {name: {"inputs": sources} for name, sources in fields.items()}} if fields else {}
    return {**target, "inputs": list(inputs), **told_fields}


def _ran(*entries: dict[str, Any], time: str = "08:00", **more: Any) -> Event:
    return run_event("COMPLETE", time, job_facets={"lineage": {"entries": entries}}, **more)


def _column_lineage(fields: Facets | None = None, whole: list[Any] | None = None) -> Facets:
    return {"columnLineage": {"fields": fields or {}, **({"dataset": whole} if whole else {})}}


def _wrote(facets: Facets, time: str = "08:00", **more: Any) -> Event:
    return run_event("COMPLETE", time, outputs=[dataset("b", facets)], **more)


# ---------------------------------------------------------------- columnLineage


def test_the_new_style() -> None:
    fields = {
        "y": {
            "inputFields": [_set("a", "x", {"type": "DIRECT", "subtype": "AGGREGATION", "description": "sum", "masking": True})]
        },
        "z": {"inputFields": [_set("a", "x"), _set("c", "w")]},
    }
    changes = told(_wrote(_column_lineage(fields, [_set("d", "k", {"type": "INDIRECT", "subtype": "FILTER"})])))
    assert columns(changes) == [
        'a.x -> y [{"type":"DIRECT","subtype":"AGGREGATION","description":"sum","masking":true}]',
        "a.x -> z",
        "c.w -> z",
        'd.k -> * [{"type":"INDIRECT","subtype":"FILTER"}]',
    ]
    assert edges(changes) == {"load -OUTPUT-> b"}, "of a run, the datasets say what flows"
    assert changes.datasets.keys() == {dataset_id(n) for n in "abcd"}, "though nobody else knows of them"


def test_the_old_style() -> None:
    fields = {"y": {"inputFields": [_set("a", "x")], "transformationType": "IDENTITY", "transformationDescription": "same"}}
    assert columns(told(_wrote(_column_lineage(fields)))) == ['a.x -> y [{"type":"IDENTITY","description":"same"}]']


def test_both_styles_at_once() -> None:
    fields = {"y": {"inputFields": [_set("a", "x", {"type": "DIRECT"}), _set("a", "w")], "transformationType": "MASKED"}}
    assert columns(told(_wrote(_column_lineage(fields)))) == ['a.x -> y [{"type":"DIRECT"}]', 'a.w -> y [{"type":"MASKED"}]']


@pytest.mark.parametrize("source", [_set("a"), {**_set("a"), "field": None}, {**_set("a"), "field": ""}])
def test_a_source_whose_field_is_not_known(source: dict[str, Any]) -> None:
    assert columns(told(_wrote(_column_lineage({"y": {"inputFields": [source]}})))) == ["a.* -> y"]


def test_a_source_without_a_name_is_none() -> None:
    nameless = [{"namespace": "", "name": "a", "field": "x"}, {"namespace": DB, "name": " ", "field": "x"}]
    changes = told(_wrote(_column_lineage({"y": {"inputFields": [*nameless, _set("a", "x")]}})))
    assert columns(changes) == ["a.x -> y"]
    assert changes.datasets.keys() == {dataset_id("a"), dataset_id("b")}


def test_an_output_may_be_its_own_source() -> None:
    assert columns(told(_wrote(_column_lineage({"y": {"inputFields": [_set("b", "y")]}})))) == ["b.y -> y"]


def test_on_an_input_it_means_nothing() -> None:
    facets = _column_lineage({"y": {"inputFields": [_set("c", "x")]}})
    changes = told(run_event("COMPLETE", "08:00", inputs=[dataset("a", facets)]))
    assert not changes.columns
    assert changes.datasets.keys() == {dataset_id("a")}


def test_the_later_one_counts_and_takes_the_place_of_the_whole() -> None:
    early = _wrote(_column_lineage({"y": {"inputFields": [_set("a", "x")]}}))
    late = _wrote(_column_lineage({"z": {"inputFields": [_set("a", "x")]}}), "09:00", run="two")
    for order in ([early, late], [late, early]):
        assert columns(told(*order)) == ["a.x -> z"]


@pytest.mark.parametrize("facet", [{"_deleted": True}, {"fields": 7}, {"fields": {}}, {}])
def test_also_if_it_says_nothing(facet: Facets) -> None:
    early = _wrote(_column_lineage({"y": {"inputFields": [_set("a", "x")]}}))
    late = _wrote({"columnLineage": facet}, "09:00")
    for order in ([early, late], [late, early]):
        assert columns(told(*order)) == []


def test_one_time_and_two_runs_is_one_state_in_any_order() -> None:
    facets = _column_lineage({"y": {"inputFields": [_set("a", "x")]}})
    one, two = _wrote(facets, run="one"), _wrote(facets, run="two")
    assert told(one, two).columns == told(two, one).columns


def test_the_same_content_is_one_set() -> None:
    facets = _column_lineage({"y": {"inputFields": [_set("a", "x")]}})
    changes = told(_wrote(facets), run_event("COMPLETE", "08:00", "other", "two", outputs=[dataset("c", facets)]))
    assert len(changes.column_sets) == 1
    assert len(changes.columns) == 2


def test_of_a_job_event_it_is_declared() -> None:
    changes = told(job_event("08:00", "load", outputs=[dataset("b", _column_lineage({"y": {"inputFields": [_set("a", "x")]}}))]))
    assert columns(changes) == ["a.x -> y"]
    (seen,) = told_columns(changes).values()
    assert seen.last_run_id is None


def test_of_a_dataset_event_it_is_a_derivation() -> None:
    changes = told(dataset_event("08:00", "b", _column_lineage({"y": {"inputFields": [_set("a", "x")]}}, [_set("c", "k")])))
    assert columns(changes, owner="b") == ["a.x -> y", "c.k -> *"]
    assert edges(changes) == {"a -DATASET_LINEAGE-> b", "c -DATASET_LINEAGE-> b"}
    assert changes.datasets[dataset_id("b")].declared_at == parse_time("2026-03-01T08:00Z")


# ---------------------------------------------------------------- explicit lineage


def test_a_table_from_a_table() -> None:
    changes = told(_ran(_into(_set("b"), _set("a"))))
    assert edges(changes) == {"a -INPUT-> load", "load -OUTPUT-> b", "a -DATASET_LINEAGE-> b (load)"}
    assert columns(changes) == []
    assert the_run(changes).linked
    assert not changes.run_io, "it is neither input nor output: no version was written"


def test_a_field_that_influences_a_whole_table() -> None:
    changes = told(_ran(_into(_set("b"), _set("a", "k", {"type": "INDIRECT", "subtype": "GROUP_BY"}))))
    assert columns(changes) == ['a.k -> * [{"type":"INDIRECT","subtype":"GROUP_BY"}]']
    assert "a -DATASET_LINEAGE-> b (load)" in edges(changes)


def test_a_field_from_a_field() -> None:
    changes = told(_ran(_into(_set("b"), y=[_set("a", "x", {"type": "DIRECT"}), _set("c", "w")])))
    assert columns(changes) == ['a.x -> y [{"type":"DIRECT"}]', "c.w -> y"]
    assert edges(changes) == {
        "a -INPUT-> load", "c -INPUT-> load", "load -OUTPUT-> b",
        "a -DATASET_LINEAGE-> b (load)", "c -DATASET_LINEAGE-> b (load)",
    }  # fmt: skip


def test_a_field_from_a_table_of_which_the_field_is_not_known() -> None:
    assert columns(told(_ran(_into(_set("b"), y=[_set("a")])))) == ["a.* -> y"]


def test_a_field_that_the_job_itself_makes() -> None:
    changes = told(_ran(_into(_set("b"), y=[_job(None, {"type": "DIRECT", "description": "random"})])))
    assert edges(changes) == {"load -OUTPUT-> b"}
    assert columns(changes) == []


@pytest.mark.parametrize("own", [_job(), _job("load")])
def test_a_sink(own: dict[str, Any]) -> None:
    changes = told(_ran(_into(own, _set("a", "x", {"type": "INDIRECT"}))))
    assert edges(changes) == {"a -INPUT-> load"}
    assert changes.jobs.keys() == {job_id("load")}
    assert the_run(changes).linked


def test_its_own_name_is_the_child_as_it_is_stored() -> None:
    """The producer does not know that the parent's name is put in front."""
    parent = {
        "parent": {"run": {"runId": "00000000-0000-0000-0000-000000000001"}, "job": {"namespace": NAMESPACE, "name": "dag"}}
    }
    changes = told(_ran(_into(_job("load"), _set("a"), _job("up")), run_facets=parent))
    assert edges(changes) == {"a -INPUT-> dag.load", "up -JOB_LINEAGE-> dag.load"}
    assert {j.name for j in changes.jobs.values()} == {"dag", "dag.load", "up"}


@pytest.mark.parametrize(("own", "name"), [(_job(), "load"), (_job("other"), "other")])
def test_a_hand_over_between_jobs(own: dict[str, Any], name: str) -> None:
    changes = told(_ran(_into(own, _job("up"))))
    owner = "" if name == "load" else " (load)"
    assert edges(changes) == {f"up -JOB_LINEAGE-> {name}{owner}"}
    assert not the_run(changes).linked, "it names no dataset"
    assert not told(_ran(_into(_job(), _job(), _job("load")))).edges, "a job hands nothing over to itself"


def test_a_table_from_a_named_job() -> None:
    changes = told(_ran(_into(_set("b"), _job("up"))))
    assert edges(changes) == {"load -OUTPUT-> b", "up -OUTPUT-> b (load)"}


def test_the_datasets_of_another_job() -> None:
    assert edges(told(_ran(_into(_job("other"), _set("a"))))) == {"a -INPUT-> other (load)"}


@pytest.mark.parametrize("entry", [_into(_set("b")), {**_set("b"), "fields": {}}, _set("b")])
def test_no_upstream(entry: dict[str, Any]) -> None:
    """``inputs: []`` and an entry that does not speak of them: the job makes it out of nothing that is known."""
    changes = told(_ran(entry))
    assert edges(changes) == {"load -OUTPUT-> b"}
    assert the_run(changes).linked


def test_inputs_and_outputs_are_the_boundary_of_the_job() -> None:
    """An input that no entry names is consumed, an output that none names is produced; nothing flows between the two."""
    changes = told(_ran(_into(_set("b"), _set("a")), inputs=["a", "i"], outputs=["b", "o"]))
    assert edges(changes) == {
        "a -INPUT-> load", "i -INPUT-> load", "load -OUTPUT-> b", "load -OUTPUT-> o", "a -DATASET_LINEAGE-> b (load)",
    }  # fmt: skip
    assert len(changes.run_io) == 4


def test_it_takes_precedence_over_column_lineage() -> None:
    facets = _column_lineage({"y": {"inputFields": [_set("c", "w")]}})
    changes = told(_ran(_into(_set("b"), y=[_set("a", "x")]), outputs=[dataset("b", facets)]))
    assert columns(changes) == ["a.x -> y"]
    assert dataset_id("c") not in changes.datasets
    assert columns(told(_ran(outputs=[dataset("b", facets)]))) == [], "also where it is empty"


def test_several_entries_for_one_dataset_are_one_set() -> None:
    changes = told(_ran(_into(_set("b"), y=[_set("a", "x")]), _into(_set("b"), z=[_set("c", "w")])))
    assert columns(changes) == ["a.x -> y", "c.w -> z"]


def test_an_event_without_columns_takes_none_away_from_its_run() -> None:
    with_columns = _ran(_into(_set("b"), y=[_set("a", "x")]))
    without = _ran(_into(_set("b"), _set("a")), time="09:00")
    assert columns(told(with_columns, without)) == ["a.x -> y"]


def test_what_is_declared_replaces_what_was() -> None:
    def declared(time: str, entry: dict[str, Any]) -> Event:
        return job_event(time, "load", facets={"lineage": {"entries": [entry]}})

    early, late = declared("08:00", _into(_set("b"), y=[_set("a", "x")])), declared("09:00", _into(_set("b"), _set("a")))
    for order in ([early, late], [late, early]):
        changes = told(*order)
        assert columns(changes) == []
        assert changes.jobs[job_id("load")].declared_at == parse_time("2026-03-01T09:00Z")


def test_a_hand_over_declares_no_datasets() -> None:
    changes = told(job_event("08:00", "load", facets={"lineage": {"entries": [_into(_job(), _job("up"))]}}))
    assert edges(changes) == {"up -JOB_LINEAGE-> load"}
    assert changes.jobs[job_id("load")].declared_at is None


# ---------------------------------------------------------------- derivations


def test_a_dataset_that_is_derived_without_a_job() -> None:
    lineage = {"inputs": [_set("a"), _set("c", "k", {"type": "INDIRECT"})], "fields": {"y": {"inputs": [_set("a", "x")]}}}
    changes = told(dataset_event("08:00", "b", {"lineage": lineage}))
    assert edges(changes) == {"a -DATASET_LINEAGE-> b", "c -DATASET_LINEAGE-> b"}
    assert columns(changes, owner="b") == ['c.k -> * [{"type":"INDIRECT"}]', "a.x -> y"]
    assert changes.datasets[dataset_id("b")].declared_at == parse_time("2026-03-01T08:00Z")
    assert not changes.jobs


def test_a_dataset_that_a_named_job_makes() -> None:
    changes = told(dataset_event("08:00", "b", {"lineage": {"inputs": [_job("up"), _job()]}}))
    assert edges(changes) == {"up -OUTPUT-> b"}
    assert {job.name for job in changes.jobs.values()} == {"up"}, "the event has no job of its own"


@pytest.mark.parametrize("facet", [{"inputs": []}, {"fields": {}}, {"_deleted": True}])
def test_a_later_one_without_sources_ends_the_derivation(facet: Facets) -> None:
    early = dataset_event("08:00", "b", {"lineage": {"fields": {"y": {"inputs": [_set("a", "x")]}}}})
    late = dataset_event("09:00", "b", {"lineage": facet})
    for order in ([early, late], [late, early]):
        changes = told(*order)
        assert columns(changes, owner="b") == []
        (edge,) = changes.edges.values()
        declared_at = changes.datasets[dataset_id("b")].declared_at
        assert declared_at is not None
        assert edge.last_at < declared_at


@pytest.mark.parametrize("facet", [{}, {"inputs": None}, {"upstream": ["a"]}, {"inputs": "a"}])
def test_one_that_says_nothing_does_not(facet: Facets) -> None:
    assert told(dataset_event("08:00", "b", {"lineage": facet})).datasets[dataset_id("b")].declared_at is None


def test_it_takes_precedence_over_the_column_lineage_of_its_event() -> None:
    facets = {"lineage": {"inputs": [_set("a")]}, **_column_lineage({"y": {"inputFields": [_set("c", "w")]}})}
    changes = told(dataset_event("08:00", "b", facets))
    assert edges(changes) == {"a -DATASET_LINEAGE-> b"}
    assert columns(changes, owner="b") == []


def test_in_an_event_of_a_run_it_means_nothing() -> None:
    assert edges(told(_wrote({"lineage": {"inputs": [_set("a")]}}))) == {"load -OUTPUT-> b"}


# ---------------------------------------------------------------- the examples of its proposal


@pytest.mark.parametrize("example", sorted(EXPLICIT.glob("*.json")) if EXPLICIT.is_dir() else [None], ids=lambda p: p and p.stem)
def test_the_examples_are_read(example: Path | None) -> None:
    if example is None:
        pytest.skip(f"THE EXAMPLES ARE NOT READ: there is no {EXPLICIT}")
    event = json.loads(example.read_text())
    event.setdefault("eventTime", "2026-03-01T08:00:00Z")
    changes = Changes()
    extract(prepare(json.dumps(event).encode(), Settings(any_run_id=True)).event, changes)
    assert changes.jobs or changes.datasets
    if "lineage" in event.get("job", {}).get("facets", {}):
        assert changes.edges
