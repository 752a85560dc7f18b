"""An event in the form that Marquez takes. It asks for more than the specification does, and answers 4xx or 500 to the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from headwater.openlineage.parse import storable

_UNKNOWN = "urn:headwater:unknown"  # producer of an event that tells none
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
# It tells kinds of events apart by the end of schemaURL alone, and takes what it does not know for a RunEvent.
_KINDS = {"run": "RunEvent", "dataset": "DatasetEvent", "job": "JobEvent"}
# Facets without one of these are refused with their whole event.
_DEMANDED = {
    "nominalTime": ("nominalStartTime",),
    "parent": ("run", "job"),
    "parentRun": ("run", "job"),
    "documentation": ("description",),
    "sql": ("query",),
}
_JOB_TYPE = {"processingType": "BATCH", "integration": "UNKNOWN", "jobType": "JOB"}  # optional elsewhere

_Object = dict[str, Any]


def accepted(event: bytes) -> bytes:
    """The same line where Marquez takes it as it is."""
    clean = storable(event)
    told = json.loads(clean)
    mended = _mended(told)
    return clean if mended == told else json.dumps(mended).encode() + b"\n"


def _mended(event: _Object) -> _Object:
    producer = event["producer"] if isinstance(event.get("producer"), str) else _UNKNOWN
    mended = {**event, "producer": producer, **_schema_url(event)}
    for key in ("run", "job", "dataset"):
        if isinstance(event.get(key), dict):
            mended[key] = _with_facets(event[key], producer)
    for key in ("inputs", "outputs"):
        if isinstance(event.get(key), list):
            mended[key] = [_with_facets(dataset, producer) for dataset in event[key]]
    return mended


def _schema_url(event: _Object) -> _Object:
    kind = next(kind for key, kind in _KINDS.items() if event.get(key) is not None)
    told = str(event.get("schemaURL")).rpartition("/")[2]
    taken_for = told if told in _KINDS.values() else "RunEvent"
    return {} if taken_for == kind else {"schemaURL": _SPEC + kind}


def _with_facets(owner: _Object, producer: str) -> _Object:
    told = {key: owner[key] for key in ("facets", "inputFacets", "outputFacets") if isinstance(owner.get(key), dict)}
    return owner | {key: dict(_facets(facets, producer)) for key, facets in told.items()}


def _facets(facets: _Object, producer: str) -> Iterator[tuple[str, _Object]]:
    """Without those that are deleted: Marquez asks them for their content too."""
    for key, facet in facets.items():
        if not isinstance(facet, dict) or facet.get("_deleted") or any(facet.get(k) is None for k in _DEMANDED.get(key, ())):
            continue
        frame = {"_producer": producer, "_schemaURL": _SPEC + "BaseFacet"}
        yield key, frame | (_JOB_TYPE if key == "jobType" else {}) | {k: v for k, v in facet.items() if v is not None}
