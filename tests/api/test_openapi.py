"""The OpenAPI document tells a client all that it needs: everything in it has a type and says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from headwater.api.app import create_app
from headwater.settings import Settings

_DOCUMENT = create_app(Settings(), "postgresql://").openapi()
_TYPED = ("type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf")
# Calls that somebody who reads the document tries first.
_MAIN = {
    "post /api/v1/lineage", "get /api/v1/lineage", "get /api/v1/column-lineage", "get /api/v1/runlineage/upstream",
    "get /api/v1/impact", "post /api/v1/impact", "get /api/v1/jobs", "get /api/v1/jobs/runs/{run}", "get /api/v1/search",
    "get /api/v1/events/lineage", "get /api/v1/stats/lineage-events", "get /api/v1/namespaces/{namespace}",
    "put /api/v1/namespaces/{namespace}", "put /api/v1/sources/{source}", "put /api/v1/tags/{tag}",
    "get /api/v1/namespaces/{namespace}/datasets/{dataset}", "put /api/v1/namespaces/{namespace}/datasets/{dataset}",
    "get /api/v1/namespaces/{namespace}/jobs/{job}", "put /api/v1/namespaces/{namespace}/jobs/{job}",
    "post /api/v1/namespaces/{namespace}/jobs/{job}/runs",
}  # fmt: skip


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in _DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def _typed(schema: dict[str, Any]) -> bool:
    return any(key in schema for key in _TYPED)


def _fields(place: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of every object, wherever it stands."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            yield f"{place}.{name}", field
            yield from _fields(f"{place}.{name}", field)
        for key in ("items", "additionalProperties"):
            yield from _fields(f"{place}[]", schema.get(key))
        for key in ("anyOf", "oneOf", "allOf"):
            for part in schema.get(key, []):
                yield from _fields(place, part)


def _everything() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in _DOCUMENT["components"]["schemas"].items():
        yield from _fields(name, schema)
    for label, operation in _operations():
        for content in _contents(operation):
            yield from _fields(label, content["schema"])


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for told in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from told.get("content", {}).values()


def test_every_field_says_what_it_is() -> None:
    assert [place for place, field in _everything() if not _typed(field)] == []
    assert [place for place, field in _everything() if not field.get("description")] == []


def test_every_parameter_says_what_it_is() -> None:
    parameters = [(f"{label} {p['name']}", p) for label, operation in _operations() for p in operation.get("parameters", [])]
    assert [place for place, told in parameters if not _typed(told["schema"])] == []
    assert [place for place, told in parameters if not told.get("description")] == []


def test_every_call_says_what_it_does_and_answers() -> None:
    for label, operation in _operations():
        assert operation.get("description") or operation.get("summary"), label
        assert all(answer["description"] for answer in operation["responses"].values()), label
        assert all(_typed(content["schema"]) for content in _contents(operation)), label


def test_the_main_calls_have_examples_that_are_true_to_their_types() -> None:
    shown = set()
    for label, operation in _operations():
        for content in _contents(operation):
            if "example" in content:
                shape = {**content["schema"], "components": _DOCUMENT["components"]}
                Draft202012Validator(shape).validate(content["example"])
                shown.add(label)
    assert shown >= _MAIN
