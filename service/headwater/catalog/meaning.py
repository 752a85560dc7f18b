"""What the facets that we interpret say about a dataset, a job or a run.

Facets come from many hands, so a part that has another type than the specification's is passed over, not its facet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from headwater.catalog.facets import Shown
from headwater.entities.dataset import DatasetType, Field
from headwater.entities.job import JobType
from headwater.entities.owner import Owner
from headwater.openlineage.facets import NO_SOURCE, OWN_DATASET, OWN_JOB, OWN_MODIFIED, OWN_RUN, OWN_TAG, OwnTag, Tag, read
from headwater.openlineage.times import parse_time, to_datetime

_JOB_TYPES: dict[str, JobType] = {"STREAMING": "STREAM", "SERVICE": "SERVICE"}
_STREAMS = ("STREAM", "TOPIC")
LIFECYCLE = "lifecycleStateChange"
"""Key of the facet that tells what became of a dataset, and of the state in it."""
_OWN = (OWN_DATASET, OWN_JOB, OWN_MODIFIED, OWN_RUN)


def body(facets: Shown, key: str) -> Mapping[str, Any]:
    """The facet's content; empty where there is none."""
    return content(facets.get(key))


def content(raw: msgspec.Raw | str | None) -> Mapping[str, Any]:
    """Of a facet's body; empty where there is none, or no object."""
    if raw is None:
        return {}
    try:
        told = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def text(content: Mapping[str, Any], key: str) -> str | None:
    """A value as text; null for what is absent, empty or not a single value."""
    value = content.get(key)
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def objects(content: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """Those elements of a list that are objects."""
    elements = content.get(key)
    if isinstance(elements, list):
        yield from (e for e in elements if isinstance(e, dict))


def object_in(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


# ---------------------------------------------------------------- jobs and datasets


def description(facets: Shown) -> str | None:
    return text(body(facets, "documentation"), "description")


def owners(facets: Shown) -> list[Owner]:
    return owners_in(body(facets, "ownership"))


def owners_in(ownership: Mapping[str, Any]) -> list[Owner]:
    named = objects(ownership, "owners")
    return [Owner(name=name, type=text(owner, "type")) for owner in named if (name := text(owner, "name"))]


def tags_by_field(facets: Shown) -> dict[str | None, list[str]]:
    """Tags sorted, each once; those of the whole under None."""
    found: dict[str | None, set[str]] = {}
    for tag in objects(body(facets, "tags"), "tags"):
        key = text(tag, "key")
        if key:
            value = tag.get("value")
            told = Tag(key, value if isinstance(value, str | bool) else text(tag, "value"))
            found.setdefault(text(tag, "field"), set()).add(told.text)
    for key in facets:
        if key.startswith(OWN_TAG) and (own := read(OwnTag, facets[key])):
            of_field = found.setdefault(own.field or None, set())
            of_field.discard(own.tag) if own.removed else of_field.add(own.tag)
    return {field: sorted(tags) for field, tags in found.items() if tags}


def public(facets: Shown) -> Shown:
    """Without those that headwater keeps its own facts in."""
    return {key: raw for key, raw in facets.items() if key not in _OWN and not key.startswith(OWN_TAG)}


# ---------------------------------------------------------------- datasets


def dataset_type(facets: Shown) -> DatasetType:
    """Only what says that it is a stream is one: clients know two types, and most things are tables to them."""
    told = text(body(facets, OWN_DATASET), "type") or text(body(facets, "datasetType"), "datasetType") or ""
    return "STREAM" if told.upper() in _STREAMS else "DB_TABLE"


def physical_name(facets: Shown) -> str | None:
    return text(body(facets, OWN_DATASET), "physicalName")


def schema_location(facets: Shown) -> str | None:
    return text(body(facets, OWN_DATASET), "schemaLocation")


def source_name(facets: Shown) -> str:
    return text(body(facets, "dataSource"), "name") or NO_SOURCE


def lifecycle_state(facets: Shown) -> str:
    return text(body(facets, LIFECYCLE), LIFECYCLE) or ""


def fields(schema: Shown, tags: Mapping[str | None, list[str]]) -> list[Field]:
    """The schema's fields in their order; nested ones follow the field that holds them."""
    return [
        Field(name=name, type=text(told, "type"), tags=tags.get(name, []), description=text(told, "description"))
        for name, told in _flat(body(schema, "schema"), "")
    ]


def field_types(schema: msgspec.Raw | str | None) -> dict[str, str | None]:
    """By name, of a schema facet's body."""
    return {name: text(told, "type") for name, told in _flat(content(schema), "")}


def _flat(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for told in objects(content, "fields"):
        name = text(told, "name")
        if name:
            yield prefix + name, told
            yield from _flat(told, f"{prefix}{name}.")


# ---------------------------------------------------------------- jobs


def job_type(facets: Shown) -> JobType:
    told = text(body(facets, "jobType"), "processingType") or text(body(facets, OWN_JOB), "type") or ""
    return _JOB_TYPES.get(told.upper(), "BATCH")


def labels(facets: Shown) -> list[str]:
    content = body(facets, "jobType")
    return [label for key in ("jobType", "integration") if (label := text(content, key))]


def location(facets: Shown) -> str | None:
    return text(body(facets, "sourceCodeLocation"), "url")


# ---------------------------------------------------------------- runs


def nominal_times(facets: Shown) -> tuple[datetime | None, datetime | None]:
    content = body(facets, "nominalTime")
    return _time(text(content, "nominalStartTime")), _time(text(content, "nominalEndTime"))


def _time(told: str | None) -> datetime | None:
    try:
        return to_datetime(parse_time(told)) if told else None
    except (ValueError, OverflowError):
        return None


def run_args(facets: Shown) -> dict[str, str]:
    """Those that the run was made with over REST; else what Marquez makes of the nominalTime and parent facets."""
    if OWN_RUN in facets:
        return {key: str(value) for key, value in object_in(body(facets, OWN_RUN), "args").items()}
    nominal = body(facets, "nominalTime")
    parent = body(facets, "parent") or body(facets, "parentRun")
    told = {
        "nominal_start_time": text(nominal, "nominalStartTime"),
        "nominal_end_time": text(nominal, "nominalEndTime"),
        "run_id": text(object_in(parent, "run"), "runId"),
        "name": text(object_in(parent, "job"), "name"),
        "namespace": text(object_in(parent, "job"), "namespace"),
    }
    return {key: value for key, value in told.items() if value is not None}
