"""Facets that fit their shape are read; those that do not are None, whatever they are."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.openlineage import facets
from headwater.openlineage.facets import read
from headwater.openlineage.parse import storable

SHAPES = [
    facets.Parent, facets.JobDependencies, facets.JobType, facets.SourceCodeLocation, facets.DataSource, facets.Symlinks,
    facets.Tags, facets.DatasetVersion, facets.Lifecycle, facets.ColumnLineage, facets.JobLineage, facets.DatasetLineage,
]  # fmt: skip
ENVELOPE = {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/f.json"}
SOURCE = {"namespace": "db", "name": "a", "field": "x"}


def raw(content: object) -> msgspec.Raw:
    return msgspec.Raw(content if isinstance(content, bytes) else json.dumps(content).encode())


def test_parent_as_the_specification_has_it() -> None:
    content = {
        **ENVELOPE,
        "run": {"runId": "r", "facets": {"x": {}}},
        "job": {"namespace": "n", "name": "j", "facets": None},
        "root": {"run": {"runId": "q"}, "job": {"namespace": "n", "name": "r"}},
    }
    parent = read(facets.Parent, raw(content))
    assert parent is not None
    assert (parent.run.runId, parent.job.namespace, parent.job.name) == ("r", "n", "j")


@pytest.mark.parametrize("content", [{}, {"run": {"runId": "r"}}, {"run": {"runId": 1}, "job": {"namespace": "n", "name": "j"}}])
def test_a_parent_without_its_names_is_none(content: object) -> None:
    assert read(facets.Parent, raw(content)) is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ({"key": "PII", "value": "true"}, "PII"), ({"key": "PII", "value": True}, "PII"), ({"key": "PII"}, "PII"),
        ({"key": "PII", "value": None}, "PII"), ({"key": "PII", "value": ""}, "PII"),
        ({"key": "PII", "value": False}, "PII=false"), ({"key": "shop", "value": "shop", "source": "AIRFLOW"}, "shop"),
        ({"key": "team", "value": "a=b"}, "team=a=b"), ({"key": "tier", "value": "1", "field": "x", "source": "me"}, "tier=1"),
        ({"key": "tier", "value": 1}, "tier=1"), ({"key": "score", "value": 0.5}, "score=0.5"),
    ],
)  # fmt: skip
def test_tags(tag: dict[str, Any], text: str) -> None:
    read_tags = read(facets.Tags, raw({**ENVELOPE, "tags": [tag]}))
    assert read_tags is not None
    assert [t.text for t in read_tags.tags or []] == [text]


@pytest.mark.parametrize(("told", "version"), [("12", "12"), (12, 12), ("", ""), (None, None)])
def test_dataset_versions(told: Any, version: Any) -> None:
    facet = read(facets.DatasetVersion, raw({"datasetVersion": told}))
    assert facet is not None
    assert facet.datasetVersion == version


def test_column_lineage_in_both_of_its_spellings() -> None:
    old = {"inputFields": [SOURCE], "transformationType": "IDENTITY", "transformationDescription": "same"}
    new = {"inputFields": [{**SOURCE, "transformations": [{"type": "DIRECT", "subtype": "IDENTITY", "masking": True}]}]}
    facet = read(facets.ColumnLineage, raw({"fields": {"o": old, "n": new}, "dataset": [SOURCE]}))
    assert facet is not None
    assert facet.fields is not None
    assert facet.dataset is not None
    assert facet.fields["o"].transformationType == "IDENTITY"
    assert (facet.fields["n"].inputFields or [])[0].transformations == [
        facets.Transformation(type="DIRECT", subtype="IDENTITY", masking=True)
    ]
    assert facet.dataset[0].field == "x"


def test_explicit_lineage() -> None:
    entry = {
        "type": "DATASET",
        "namespace": "db",
        "name": "o",
        "inputs": [],
        "fields": {"c": {"inputs": [{**SOURCE, "type": "DATASET"}]}},
    }
    job = read(facets.JobLineage, raw({"entries": [entry, {"type": "JOB"}]}))
    assert job is not None
    assert job.entries is not None
    assert job.entries[0].inputs == []  # "no upstream", other than None
    assert job.entries[1].inputs is None
    dataset = read(facets.DatasetLineage, raw({"inputs": [{"namespace": "db", "name": "a"}]}))
    assert dataset is not None
    assert (dataset.inputs or [])[0].type == "DATASET"


# ---------------------------------------------------------------- deleted


@pytest.mark.parametrize("told", [True])
def test_deleted(told: object) -> None:
    facet = raw({"_deleted": told, "name": "db", "uri": "db://"})
    assert facets.is_deleted(bytes(facet))
    assert read(facets.DataSource, facet) is None


@pytest.mark.parametrize("told", [None, False, "true", "no", 1, 0, [], {}])
def test_not_deleted(told: object) -> None:
    """Only ``true`` takes a facet away."""
    facet = raw({"_deleted": told, "name": "db"})
    assert not facets.is_deleted(bytes(facet))
    assert read(facets.DataSource, facet) is not None


def test_the_word_inside_a_facet_does_not_delete_it() -> None:
    for content in ({"name": '"_deleted"'}, {"name": "db", "about": {"_deleted": True}}):
        assert not facets.is_deleted(bytes(raw(content)))
        assert read(facets.DataSource, raw(content)) is not None


# ---------------------------------------------------------------- anything at all

_keys = st.sampled_from(
    sorted({field for shape in SHAPES for field in shape.__struct_fields__} | {"_deleted", "key", "inputFields"})
)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys | st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)
_facets = st.dictionaries(_keys, _json, max_size=5)


@given(st.sampled_from(SHAPES), _facets)
def test_no_content_raises(shape: type[msgspec.Struct], content: dict[str, Any]) -> None:
    facet = read(shape, raw(storable(json.dumps(content).encode())))
    assert facet is None or isinstance(facet, shape)
    assert facets.is_deleted(bytes(raw(content))) == (content.get("_deleted") is True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "content",
    [
        b"{}", b"null", b"[]", b'""', b"1", b"1e999", b"1" * 5000, b'{"datasetVersion": ' + b"1" * 5000 + b"}",
        b'{"name": 1e999, "fields": 1e999}', b'{"fields":' * 900 + b"1" + b"}" * 900,
        b'{"a": 1, "a": [], "fields": {"": {}, "": null}}',
    ],
)  # fmt: skip
def test_nor_does_any_of_these(shape: type[msgspec.Struct], content: bytes) -> None:
    read(shape, raw(content))
    assert not facets.is_deleted(bytes(raw(content)))
