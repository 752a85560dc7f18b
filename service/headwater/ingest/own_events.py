"""OpenLineage events of our own, for what Marquez's REST API tells of datasets, jobs and runs.

What OpenLineage has no facet for is in facets whose key begins with ``headwater``: they are read, and not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from headwater import ids
from headwater.ingest.changes import Changes
from headwater.ingest.writes import PRODUCER
from headwater.openlineage.facets import OWN_DATASET, OWN_JOB, OWN_MODIFIED, OWN_RUN, OWN_TAG, OwnTag, read
from headwater.openlineage.parse import Event

_SCHEMA_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{}"
_FACET_URL = "urn:headwater:facet:1"
_PROCESSING = {"STREAM": "STREAMING"}

Facets = dict[str, dict[str, Any]]
NO_FACETS: Facets = {}
MODIFIED: Facets = {OWN_MODIFIED: {}}
Name = tuple[str, str]  # namespace, name
Told = tuple[Name, Facets]
Tag = tuple[str | None, str]  # field, or None where it is of the whole; tag


def dataset_event(time: str, dataset: Told) -> bytes:
    return _event("DatasetEvent", time, dataset=_named(dataset))


def job_event(time: str, job: Told, inputs: Iterable[Name] = (), outputs: Iterable[Name] = ()) -> bytes:
    return _event("JobEvent", time, job=_named(job), **_io(((d, {}) for d in inputs), ((d, {}) for d in outputs)))


def run_event(
    time: str,
    event_type: str | None,
    run: str,
    job: Told,
    run_facets: Facets | None = None,
    inputs: Iterable[Told] = (),
    outputs: Iterable[Told] = (),
) -> bytes:
    told: dict[str, Any] = {"eventType": event_type} if event_type else {}
    told["run"] = {"runId": run, "facets": _facets(run_facets or {})}
    return _event("RunEvent", time, **told, job=_named(job), **_io(inputs, outputs))


def dataset_facets(
    own: Mapping[str, str | None],
    source: tuple[str, str | None] | None,
    description: str | None,
    fields: Iterable[Mapping[str, Any]] | None,
    tags: Iterable[Tag],
) -> Facets:
    """``own`` has type, physicalName and schemaLocation; a source its name and URL; a field its name, type and description."""
    facets = documentation(description) | tag_facets(tags)
    if told := _known(own):
        facets[OWN_DATASET] = told
    if source is not None:
        facets["dataSource"] = _known({"name": source[0], "uri": source[1] or None})
    if fields is not None:
        facets["schema"] = {"fields": [_known({key: field[key] for key in ("name", "type", "description")}) for field in fields]}
    return facets


def job_facets(kind: str, description: str | None, location: str | None) -> Facets:
    """``kind`` is BATCH, STREAM or SERVICE."""
    facets = {OWN_JOB: {"type": _PROCESSING.get(kind, kind)}, **documentation(description)}
    return facets if location is None else facets | {"sourceCodeLocation": {"type": "url", "url": location}}


def run_facets(args: Mapping[str, str], nominal_start: datetime | None, nominal_end: datetime | None) -> Facets:
    facets: Facets = {OWN_RUN: {"args": args}}
    if nominal_start is not None:
        end = {"nominalEndTime": nominal_end.isoformat()} if nominal_end else {}
        facets["nominalTime"] = {"nominalStartTime": nominal_start.isoformat(), **end}
    return facets


def schema_facets(schema: Mapping[str, Any]) -> Facets:
    """Of an output, as its dataset is known to be: a version has the fields that are told with it."""
    return {"schema": dict(schema)} if schema else {}


def documentation(description: str | None) -> Facets:
    return {} if description is None else {"documentation": {"description": description}}


def tag_facets(tags: Iterable[Tag], *, removed: bool = False) -> Facets:
    """A facet each, so that one can be taken away without the others."""
    return {f"{OWN_TAG}{field or ''}:{tag}": {"tag": tag, "field": field, "removed": removed} for field, tag in tags}


def are_tags(facets: Iterable[str]) -> bool:
    return all(key.startswith(OWN_TAG) for key in facets)


def extract_tags(event: Event, changes: Changes) -> None:
    """Makes the tags known that the event gives to something."""
    for facets in (event.job_facets, *(d.facets for d in event.outputs)):
        for key, raw in facets.items():
            if key.startswith(OWN_TAG) and (own := read(OwnTag, raw)) and not own.removed:
                changes.tags[ids.name_id("tag", own.tag)] = own.tag


def _event(kind: str, time: str, **content: Any) -> bytes:
    envelope = {"eventTime": time, "producer": PRODUCER, "schemaURL": _SCHEMA_URL.format(kind)}
    return msgspec.json.encode(envelope | content)


def _io(inputs: Iterable[Told], outputs: Iterable[Told]) -> dict[str, Any]:
    told = {"inputs": [_named(d) for d in inputs], "outputs": [_named(d) for d in outputs]}
    return {key: datasets for key, datasets in told.items() if datasets}


def _named(told: Told) -> dict[str, Any]:
    (namespace, name), facets = told
    return {"namespace": namespace, "name": name, "facets": _facets(facets)}


def _known(told: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in told.items() if value is not None}


def _facets(facets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {key: {"_producer": PRODUCER, "_schemaURL": _FACET_URL, **body} for key, body in facets.items()}
