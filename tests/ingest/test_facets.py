"""What each interpreted facet adds: a case a facet, without a database."""

from __future__ import annotations

from typing import Any

import pytest
from tests.build import NAMESPACE, Event, Facets, dataset, dataset_event, job_event, run_event
from tests.ingest.telling import DB, columns, dataset_id, differences, edges, job_id, run_id, the_run, told

from headwater import ids
from headwater.openlineage.times import parse_time

EIGHT, NINE = (parse_time(f"2026-03-01T{time}Z") for time in ("08:00", "09:00"))


def _name(name: str, namespace: str = DB) -> dict[str, Any]:
    return {"namespace": namespace, "name": name}


def _read(facets: Facets, time: str = "08:00", run: str = "one") -> Event:
    return run_event("START", time, run=run, inputs=[dataset("a", facets)])


def _wrote(facets: Facets, time: str = "08:00", run: str = "one", job_facets: Facets | None = None) -> Event:
    return run_event("START", time, run=run, outputs=[dataset("b", facets)], job_facets=job_facets)


# ---------------------------------------------------------------- jobs and runs


@pytest.mark.parametrize(
    ("told_type", "streaming"),
    [("STREAMING", True), ("streaming", True), ("SERVICE", True), ("BATCH", False), (None, False), ("", False)],
)
def test_job_type(told_type: str | None, streaming: bool) -> None:
    facets = {"jobType": {"processingType": told_type, "integration": "FLINK"}}
    assert the_run(told(run_event("START", "08:00", job_facets=facets))).streaming is streaming
    assert not told(job_event("08:00", "load", facets=facets)).runs


def test_source_code_location() -> None:
    def run(*locations: Facets) -> Any:
        events = [
            run_event("RUNNING", f"{8 + n:02}:00", job_facets={"sourceCodeLocation": told_at})
            for n, told_at in enumerate(locations)
        ]
        found = the_run(told(*events))
        assert found == the_run(told(*events[::-1]))
        return found.code_at, found.code_id

    one, two = {"type": "git", "url": "u", "version": "1"}, {"type": "git", "url": "u", "version": "2"}
    assert run(one) == (EIGHT, ids.name_id("code", "u", "1"))
    assert run(one, two) == (NINE, ids.name_id("code", "u", "2"))
    assert run({"url": "u"}) == (EIGHT, ids.name_id("code", "u", ""))
    assert run(one, {"type": "git"}) == run(one), "says nothing"
    assert run({"url": ["u"]}) == (None, 0)


def test_job_dependencies() -> None:
    facet = {"upstream": [{"job": _name("up", NAMESPACE)}], "downstream": [{"job": _name("down", NAMESPACE)}]}
    changes = told(run_event("START", "08:00", run_facets={"jobDependencies": facet}))
    assert edges(changes) == {"up -JOB_DEPENDENCY-> load", "load -JOB_DEPENDENCY-> down"}
    assert {owner for *_, owner in changes.edges} == {job_id("load")}
    assert not the_run(changes).linked, "control flow is no data"
    assert changes.jobs[job_id("up")].told_at == EIGHT


@pytest.mark.parametrize("name", [_name("load", NAMESPACE), _name("", NAMESPACE), _name("up", ""), _name(" ", "\t")])
def test_a_job_does_not_depend_on_itself_nor_on_the_nameless(name: Facets) -> None:
    facet = {"upstream": [{"job": name}], "downstream": [{"job": name}]}
    changes = told(run_event("START", "08:00", run_facets={"jobDependencies": facet}))
    assert not changes.edges
    assert changes.jobs.keys() == {job_id("load")}


def test_tags_of_jobs_and_datasets() -> None:
    tags = {"tags": {"tags": [{"key": "PII", "value": "true"}, {"key": "team", "value": "x", "field": "c"}, {"key": " "}]}}
    expected = {"PII", "team=x"}
    for event in (
        run_event("START", "08:00", job_facets=tags),
        job_event("08:00", "load", facets=tags),
        _read(tags),
        _wrote(tags),
        dataset_event("08:00", "a", tags),
    ):
        assert set(told(event).tags.values()) == expected
    assert not told(run_event("START", "08:00", run_facets=tags)).tags, "those of runs are kept, no more"


# ---------------------------------------------------------------- datasets


@pytest.mark.parametrize(("kind", "is_model"), [("MODEL", True), ("model", True), ("TABLE", False), (None, False), (1, False)])
def test_a_model_is_known_by_its_type(kind: object, is_model: bool) -> None:
    facet = {"datasetType": {"datasetType": kind}}
    assert (told(_wrote(facet)).models == {dataset_id("b")}) is is_model
    for event in (_read(facet), dataset_event("08:00", "a", facet)):
        assert (told(event).models == {dataset_id("a")}) is is_model


def test_data_source() -> None:
    late, early = (
        _wrote({"dataSource": {"name": "pg", "uri": "pg://x"}}, "09:00"),
        _read({"dataSource": {"name": "pg", "uri": "pg://x"}}),
    )
    for order in ([late, early], [early, late]):
        assert list(told(*order).sources.values()) == [("pg", "pg://x", EIGHT)]
    two = told(early, _wrote({"dataSource": {"name": "pg", "uri": "pg://y"}}))
    assert sorted(two.sources.values()) == [("pg", "pg://x", EIGHT), ("pg", "pg://y", EIGHT)]
    assert list(told(_read({"dataSource": {"name": "pg"}})).sources.values()) == [("pg", "", EIGHT)]


@pytest.mark.parametrize(
    "facets", [{}, *({"dataSource": told} for told in ({}, {"name": ""}, {"name": None, "uri": "u"}, {"name": 1}))]
)
def test_a_dataset_without_a_source_is_in_the_default_one(facets: Facets) -> None:
    assert list(told(_read(facets)).sources.values()) == [("default", "", EIGHT)]


def test_symlinks() -> None:
    facet = {
        "symlinks": {
            "identifiers": [
                {**_name("t1"), "type": "TABLE"},
                _name("a"),
                _name("t2"),
                _name(""),
                _name("x", " "),
                _name("x" * 10_001),
            ]
        }
    }
    for event in (_read(facet), dataset_event("08:00", "a", facet), job_event("08:00", "load", inputs=[dataset("a", facet)])):
        changes = told(event)
        a = dataset_id("a")
        assert changes.symlinks == {(a, dataset_id("t1")): EIGHT, (a, dataset_id("t2")): EIGHT}
        assert {d.name for d in changes.datasets.values()} == {"a", "t1", "t2"}
    assert set(told(_read(facet, "09:00"), _read(facet)).symlinks.values()) == {EIGHT}


def _renamed(old: object, change: str = "RENAME") -> Facets:
    return {"lifecycleStateChange": {"lifecycleStateChange": change, "previousIdentifier": old}}


def test_who_renames_a_dataset_reads_it_under_its_old_name() -> None:
    changes = told(_wrote(_renamed(_name("a"))))
    assert edges(changes) == {"a -INPUT-> load", "load -OUTPUT-> b"}
    assert (run_id(), dataset_id("a"), False) in changes.run_io
    assert edges(told(job_event("08:00", "load", outputs=[dataset("b", _renamed(_name("a"), "rename"))]))) == edges(changes)


def test_a_renaming_that_is_declared() -> None:
    changes = told(dataset_event("08:00", "b", _renamed(_name("a"))))
    assert edges(changes) == {"a -DATASET_LINEAGE-> b"}
    assert changes.datasets[dataset_id("b")].declared_at == EIGHT
    explicit = {"lineage": {"inputs": [{"type": "DATASET", **_name("c")}]}}
    assert edges(told(dataset_event("08:00", "b", {**_renamed(_name("a")), **explicit}))) == {"c -DATASET_LINEAGE-> b"}


@pytest.mark.parametrize(
    "facets",
    [_renamed(_name("b")), _renamed(_name("a"), "CREATE"), _renamed(None), _renamed({"name": "a"}), _renamed(_name(" "))],
)
def test_what_is_no_renaming(facets: Facets) -> None:
    assert edges(told(_wrote(facets))) == {"load -OUTPUT-> b"}
    assert edges(told(dataset_event("08:00", "b", facets))) == set()


def test_a_version_that_is_written() -> None:
    changes = told(_wrote({"version": {"datasetVersion": "12"}}, "09:00"), _wrote({"version": {"datasetVersion": 12}}, "08:00"))
    key = (run_id(), dataset_id("b"), True, ids.name_id("external_version", "12"))
    assert changes.run_versions == {key: (ids.UNDATED, "12", EIGHT, NINE)}
    assert not changes.versions, "the run's own row is the version"


def test_a_version_that_is_read() -> None:
    schema = {"schema": {"fields": [{"name": "x"}]}}
    changes = told(_read({"version": {"datasetVersion": "12"}, **schema}))
    assert [(key[2], row[1]) for key, row in changes.run_versions.items()] == [(False, "12")]
    (((dataset_of, _), seen),) = changes.versions.items()
    assert (dataset_of, seen.declared, seen.external_version) == (dataset_id("a"), False, "12")
    assert seen.facets.keys() == {"schema"}


def test_versions_seen_are_told_apart_by_name_and_schema() -> None:
    def seen(*facets: Facets) -> int:
        return len(told(*[_read(f, f"{8 + n:02}:00", f"r{n}") for n, f in enumerate(facets)]).versions)

    one: Facets = {"schema": {"fields": []}}
    two: Facets = {"schema": {"fields": [{"name": "x"}]}}
    assert seen({}, {}) == seen(one, one) == 1
    assert seen({}, one, two) == 3
    assert seen(one, {**one, "version": {"datasetVersion": "1"}}) == 2


@pytest.mark.parametrize("version", ["", None, True, 1.5, ["1"]])
def test_a_version_without_a_name_is_none(version: object) -> None:
    assert not told(_wrote({"version": {"datasetVersion": version}})).run_versions


def test_a_declared_version_keeps_all_its_facets() -> None:
    facets = {"schema": {"fields": []}, "version": {"datasetVersion": "3"}, "custom": {"n": 1}}
    (version,) = told(dataset_event("08:00", "a", facets)).versions.values()
    assert (version.declared, version.external_version, set(version.facets)) == (True, "3", set(facets))


# ---------------------------------------------------------------- deleted, odd


@pytest.mark.parametrize("key", ["symlinks", "tags", "dataSource", "version", "columnLineage", "lineage", "schema", "custom"])
def test_a_deleted_facet_of_a_dataset_is_kept_as_such_and_means_nothing(key: str) -> None:
    marked = _wrote(
        {key: {"_deleted": True, "identifiers": [_name("x")], "name": "n", "datasetVersion": "1", "tags": [{"key": "k"}]}}
    )
    changes = told(marked)
    assert changes.datasets[dataset_id("b")].facets.keys() == {key}
    assert next(iter(changes.bodies.values())).startswith(b'{"_deleted": true')
    known = {"bodies", "datasets", "run_io"} | ({"columns", "column_sets"} if key == "columnLineage" else set())
    assert set(differences(changes, told(_wrote({})))) == known


@pytest.mark.parametrize("marker", [None, False])
def test_a_facet_that_is_not_deleted_is_a_facet(marker: object) -> None:
    assert told(_wrote({"tags": {"_deleted": marker, "tags": [{"key": "k"}]}})).tags


@pytest.mark.parametrize(
    "facets",
    [
        {"symlinks": {"identifiers": "x"}}, {"symlinks": {"identifiers": [{"name": "x"}]}}, {"tags": {"tags": {"a": 1}}},
        {"dataSource": {"name": {}}}, {"version": {"datasetVersion": {}}}, {"version": {}}, {"schema": {"fields": 1}},
        {"lineage": {"inputs": [{"type": "DATASET", **_name("x")}]}},  # that of a DatasetEvent
        {"lifecycleStateChange": {}},
    ],
)  # fmt: skip
def test_facets_of_another_shape_are_kept_and_mean_nothing(facets: Facets) -> None:
    changes = told(_wrote(facets))
    assert changes.datasets[dataset_id("b")].facets.keys() == facets.keys()
    assert set(differences(changes, told(_wrote({})))) == {"bodies", "datasets", "run_io"}


@pytest.mark.parametrize(
    "facets",
    [
        {"jobType": {"processingType": 1}}, {"sourceCodeLocation": {"url": 1}}, {"tags": {"tags": 1}}, {"lineage": {}},
        {"lineage": {"entries": 1}}, {"lineage": {"entries": [{"type": "DATASET"}]}}, {"lineage": {"entries": [{"type": 1}]}},
        {"lineage": {"_deleted": True, "entries": [{**_name("x"), "inputs": []}]}},
        {"lineage": {"inputs": [_name("x")]}},  # that of a DatasetEvent
    ],
)  # fmt: skip
def test_facets_of_jobs_of_another_shape_too(facets: Facets) -> None:
    changes = told(run_event("START", "08:00", job_facets=facets))
    assert changes.jobs[job_id("load")].facets.keys() == facets.keys()
    assert set(differences(changes, told(run_event("START", "08:00")))) == {"bodies", "jobs", "runs"}


@pytest.mark.parametrize("facet", [{"upstream": 1}, {"upstream": [{}]}, {"downstream": [{"job": {"name": "x"}}]}, {}])
def test_dependencies_of_another_shape_too(facet: Facets) -> None:
    assert not told(run_event("START", "08:00", run_facets={"jobDependencies": facet})).edges


def test_a_lineage_facet_of_somebodys_own_hides_no_column_lineage() -> None:
    column_lineage = {"columnLineage": {"fields": {"y": {"inputFields": [{**_name("a"), "field": "x"}]}}}}
    for own in ({"upstream": ["a"]}, {"_deleted": True}):
        assert columns(told(_wrote(column_lineage, job_facets={"lineage": own}))) == ["a.x -> y"]
        assert columns(told(dataset_event("08:00", "b", {"lineage": own, **column_lineage})), owner="b") == ["a.x -> y"]
