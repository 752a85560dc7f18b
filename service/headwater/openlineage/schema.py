"""headwater's own JSON Schemas (2020-12) of OpenLineage events and facets, made from the table in ``vocabulary``.

Checked and exported schemas are the same dictionaries: ``documents()`` maps file names to schemas that refer to each
other by file name. They say what OpenLineage 2-0-2 says, in a flatter form that compiles to a faster check.

Where a verdict differs from the official schemas' on purpose:

- A job beside a dataset without a run is refused for every event. The official root refuses it as ambiguous only where
  job and dataset are both well-formed, so that a fault in one of them turns the event valid.
- A known facet is checked by its own schema in its own place. The official root takes any facet as a custom one;
  checked against are the facets' own files. ``dataQualityAssertions`` has two places here, as dbt uses both, and so may
  carry a boolean ``_deleted`` in each.
- Formats (uri, uuid, date-time) are asserted; officially they are annotations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from headwater.openlineage.parse import Kind
from headwater.openlineage.shapes import (
    FLAG,
    NOTHING,
    TIME,
    URI,
    UUID,
    Schema,
    list_of,
    map_of,
    note,
    one_of,
    part,
    record,
    texts,
)
from headwater.openlineage.vocabulary import FACETS, Facet, Owner

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EVENT_TYPES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
_EVENT = {
    "eventTime*": note(TIME, "When it happened; the order of arrival means nothing."),
    "producer*": note(URI, "The program that made the event."),
    "schemaURL*": note(URI, "The schema that the event was written to; it is never fetched."),
}
_ENVELOPE = {
    "_producer*": note(URI, "The program that made the facet."),
    "_schemaURL*": note(URI, "The schema that the facet was written to; it is never fetched."),
}
_DELETED = {"_deleted": note(FLAG, "True takes the facet away as of the event.")}
_DATASETS = {"inputs": list_of({"$ref": "InputDataset.json"}), "outputs": list_of({"$ref": "OutputDataset.json"})}


def event_file(kind: Kind) -> str:
    return f"{kind.name.capitalize()}Event.json"


@cache
def documents() -> dict[str, Schema]:
    """File name → schema. Shared: do not change."""
    return {
        event_file(Kind.RUN): _run_event(),
        event_file(Kind.JOB): _job_event(),
        event_file(Kind.DATASET): _dataset_event(),
        **dict(_entities()),
        "CustomFacet.json": _custom_facet(),
        **{facet.file: _facet(facet) for facet in FACETS},
    }


def export() -> dict[str, Schema]:
    """What belongs into schemas/openlineage, and beside it: file name → schema, in the order of names."""
    return dict(sorted(documents().items()))


def render(schema: Schema) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _titled(title: str, about: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "title": title, "description": about, **schema}


def _run_event() -> Schema:
    fields = {"eventType": one_of(*EVENT_TYPES), "run*": {"$ref": "Run.json"}, "job*": {"$ref": "Job.json"}}
    return _titled("RunEvent", "What a run of a job began, did or ended.", record(_EVENT | fields | _DATASETS))


def _job_event() -> Schema:
    fields = {"job*": {"$ref": "Job.json"}, **_DATASETS, "run": NOTHING, "dataset": NOTHING}
    return _titled("JobEvent", "What is known of a job without running it.", record(_EVENT | fields))


def _dataset_event() -> Schema:
    fields = {"dataset*": {"$ref": "Dataset.json"}, "job": NOTHING}
    return _titled("DatasetEvent", "What is known of a dataset without any run.", record(_EVENT | fields))


def _entities() -> Iterator[tuple[str, Schema]]:
    about = "One execution of a job."
    yield "Run.json", _titled("Run", about, record({"runId*": UUID, "facets": _facets(Owner.RUN)}))
    about = "A process that reads and writes datasets; its name is unique within the namespace."
    yield "Job.json", _titled("Job", about, record(texts("namespace* name*") | {"facets": _facets(Owner.JOB)}))
    about = "A table, file, topic, model or any other collection of data; its name is unique within the namespace."
    dataset = record(texts("namespace* name*") | {"facets": part("facets")})
    yield "Dataset.json", _titled("Dataset", about, dataset | {"$defs": {"facets": _facets(Owner.DATASET)}})
    yield "InputDataset.json", _titled("InputDataset", "A dataset that a job reads.", _use(Owner.INPUT))
    yield "OutputDataset.json", _titled("OutputDataset", "A dataset that a job writes.", _use(Owner.OUTPUT))


def _use(owner: Owner) -> Schema:
    """A dataset with facets of its own, and others of this reading or writing."""
    lasting: Schema = {"$ref": "Dataset.json#/$defs/facets"}
    return record(texts("namespace* name*") | {"facets": lasting, f"{owner}Facets": _facets(owner)})


def _facets(owner: Owner) -> Schema:
    """The map of an owner's facets: known keys by their own schema, others as custom facets."""
    known: dict[str, Schema] = {facet.key: {"$ref": facet.file} for facet in FACETS if owner in facet.owners}
    other = "CustomFacet.json#/$defs/lasting" if owner in (Owner.JOB, Owner.DATASET) else "CustomFacet.json"
    return map_of({"$ref": other}) | {"properties": known}


def _custom_facet() -> Schema:
    about = "A facet that is kept as it is; under lasting, one of a job or dataset."
    return _titled("CustomFacet", about, record(_ENVELOPE) | {"$defs": {"lasting": record(_ENVELOPE | _DELETED)}})


def _facet(facet: Facet) -> Schema:
    schema = record(_ENVELOPE | (_DELETED if facet.lasting else {}) | dict(facet.fields))
    if facet.parts:
        schema["$defs"] = dict(facet.parts)
    places = " and ".join(facet.owners)
    owner = "headwater" if facet.ours else "OpenLineage"
    comment = f"{owner} {facet.name} {facet.version}, key {facet.key} of {places} facets"
    return {**_titled(facet.name, facet.about, schema), "$comment": comment}
