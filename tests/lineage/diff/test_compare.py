from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog.facets import Shown
from headwater.entities.diff import Change
from headwater.lineage.diff.compare import compared, compared_columns, facet_differences, statistics, told_columns

_texts = st.text("ab", max_size=2)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(["key", "name", "x", "_producer"]), part),
    max_leaves=6,
)
_facets = st.dictionaries(st.sampled_from(["schema", "ownership", "tags", "datasetType", "jobType", "own"]), _json, max_size=3)


def _shown(facets: dict[str, Any]) -> Shown:
    return {key: msgspec.Raw(json.dumps(body).encode()) for key, body in facets.items()}


def _turns(changes: list[Change]) -> list[tuple[str, str, str, str | None, str | None]]:
    return [(c.what, c.name, c.turn, c.before, c.after) for c in changes]


@given(_facets, _facets, st.booleans())
def test_any_facets_can_be_compared_and_the_same_are_the_same(old: dict[str, Any], new: dict[str, Any], is_job: bool) -> None:
    before, after = _shown(old), _shown(new)
    assert compared("n", before, before, is_job=is_job) == []
    assert list(facet_differences("job", "RUN", before, before)) == []
    there = _turns(compared("n", before, after, is_job=is_job))
    back = _turns(compared("n", after, before, is_job=is_job))
    mirrored = {"ADDED": "REMOVED", "REMOVED": "ADDED", "CHANGED": "CHANGED"}
    assert {(w, n, mirrored[t], a, b) for w, n, t, b, a in there} == set(back)
    assert [d.path for d in facet_differences("job", "RUN", before, after)] == [
        d.path for d in facet_differences("job", "RUN", after, before)
    ]
    for body in (*before.values(), *after.values()):
        told_columns(body)


def test_what_a_dataset_is_compared_by() -> None:
    old = {
        "schema": {"fields": [{"name": "a", "type": "INT"}, {"name": "s", "fields": [{"name": "x", "type": "TEXT"}]}]},
        "ownership": {"owners": [{"name": "ann", "type": "OWNER"}, {"name": "bob", "type": "STEWARD"}]},
        "tags": {"tags": [{"key": "pii", "value": "true"}]},
        "datasetType": {"datasetType": "TABLE"},
        "documentation": {"description": "Old"},
    }
    new = {
        "schema": {"fields": [{"name": "a", "type": "BIGINT"}, {"name": "s", "fields": [{"name": "y", "type": "TEXT"}]}]},
        "ownership": {"owners": [{"name": "bob", "type": "OWNER"}]},
        "tags": {"tags": [{"key": "pii", "value": "true", "field": "a"}]},
        "datasetType": {"datasetType": "VIEW"},
    }
    assert _turns(compared("n", _shown(old), _shown(new), is_job=False)) == [
        ("FIELD", "a", "CHANGED", "INT", "BIGINT"),
        ("FIELD", "s.x", "REMOVED", "TEXT", None),
        ("FIELD", "s.y", "ADDED", None, "TEXT"),
        ("OWNER", "ann", "REMOVED", "OWNER", None),
        ("OWNER", "bob", "CHANGED", "STEWARD", "OWNER"),
        ("TAG", "pii", "REMOVED", None, None),
        ("TAG", "a: pii", "ADDED", None, None),
        ("TYPE", "", "CHANGED", "TABLE", "VIEW"),
        ("DESCRIPTION", "", "REMOVED", "Old", None),
    ]


def test_how_columns_are_derived() -> None:
    def facet(kind: str, *, masking: bool = False) -> dict[str, Any]:
        transformation = {"type": kind, "subtype": "JOIN", "masking": masking}
        source = {"namespace": "ns", "name": "t", "field": "x", "transformations": [transformation]}
        dataset = [{"namespace": "ns", "name": "f", "transformations": [transformation]}]
        return {"columnLineage": {"fields": {"a": {"inputFields": [source]}}, "dataset": dataset}}

    old, new = (told_columns(_shown(told)["columnLineage"]) for told in (facet("DIRECT"), facet("INDIRECT", masking=True)))
    changes = compared_columns("n", old, new)
    assert [(c.name, c.source, c.turn, c.before, c.after) for c in changes] == [
        ("a", "datasetField:ns:t:x", "CHANGED", "DIRECT JOIN", "INDIRECT JOIN masking"),
        ("", "dataset:ns:f", "CHANGED", "DIRECT JOIN", "INDIRECT JOIN masking"),
    ]


def test_numbers_that_no_answer_holds_are_passed_over() -> None:
    before = _shown({"outputStatistics": {"rowCount": 10, "size": 10**400, "fileCount": True}})
    after = _shown({"outputStatistics": {"rowCount": 12.5, "size": 1, "note": "many"}})
    assert [(s.name, s.before, s.after) for s in statistics(before, after)] == [("rowCount", 10, 12.5), ("size", None, 1)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", "1", "2")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", "2", None)]),
        ({"p": [{"key": "x", "value": 1}, {"key": "y", "value": 2}]}, {"p": [{"key": "y", "value": 2}]},
         [("p[x].key", "x", None), ("p[x].value", "1", None)]),
        ({"a": "1"}, {"a": {}}, [("a", "1", "{}")]),
        ({"_producer": "x", "_schemaURL": "y"}, {"_producer": "z"}, []),
    ],
)  # fmt: skip
def test_values_that_differ(old: dict[str, Any], new: dict[str, Any], told: list[tuple[str, str | None, str | None]]) -> None:
    found = facet_differences("job", "JOB", _shown({"f": old}), _shown({"f": new}))
    assert [(d.path, d.before, d.after) for d in found] == told
