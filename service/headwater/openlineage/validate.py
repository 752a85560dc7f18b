"""What the schemas find wrong with an event that is taken nevertheless: for its sender and the conformance summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import NoneType
from typing import Any

import jsonschema_rs
import msgspec
from jsonschema_rs import ValidationErrorKind as Fault
from msgspec import UNSET

from headwater.openlineage.lasting import LastingFacets
from headwater.openlineage.parse import ABSENT, Event, Kind, Wire, WireDataset, WireRun
from headwater.openlineage.paths import generalise, json_path
from headwater.openlineage.schema import documents, event_file

__all__ = ["MOST_FINDINGS", "Finding", "findings", "fits", "generalise", "kind_of"]

MOST_FINDINGS = 20
"""Findings told of one event; whoever reads them mends the first ones first."""
_ROOT = "headwater:///openlineage/"
_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode
_TYPES = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_PYTHON_TYPES: dict[type, str] = {
    NoneType: "null",
    bool: "boolean",
    int: "integer",
    str: "string",
    list: "array",
    dict: "object",
}
_FORMATS = {
    "date-time": "a date and time with an offset, such as 2026-01-31T08:00:00Z",
    "uri": "an absolute URI, such as https://example.com/producer",
    "uuid": "a UUID with its hyphens",
}
_AMBIGUOUS = "must not stand beside a {other} without a run: it is unclear what the event is about"
_MISPLACED = {
    "$.run": "must not be in an event about a job alone",
    "$.job": _AMBIGUOUS.format(other="dataset"),
    "$.dataset": _AMBIGUOUS.format(other="job"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    path: str
    """JSON path of the place at fault; of what should be there if it is missing."""
    message: str
    """What was expected and what type was found; never a value of the event."""


def kind_of(event: object) -> Kind:
    """The kind whose schema an event is to be held against, by the keys that it has."""
    keys = event if isinstance(event, dict) else {}
    if "dataset" in keys and not ("job" in keys and "run" in keys):
        return Kind.DATASET
    return Kind.RUN if "run" in keys or "job" not in keys else Kind.JOB


def findings(event: bytes | dict[str, Any], kind: Kind) -> list[Finding]:
    """What the schema of its kind refuses of an event; empty where there is nothing, at most MOST_FINDINGS.

    Bytes should be ``parse.storable`` already, or half a surrogate pair counts as no JSON. A dictionary must come from
    a parser that limits nesting (msgspec and json do, to about 1,000): the check has no limit but the stack.
    """
    if kind is Kind.WRITE:
        return []
    try:
        content = _decode(event) if isinstance(event, bytes) else event
        return [] if _validator(event_file(kind)).is_valid(content) else _faults(content, kind)
    except msgspec.DecodeError as error:
        return [Finding("$", f"is not JSON: {error}")]
    except RecursionError:
        return [Finding("$", "is nested too deeply")]
    except UnicodeDecodeError:
        return [Finding("$", "is not UTF-8")]
    except UnicodeEncodeError:
        return [Finding("$", "holds half of a surrogate pair, which is no character")]


def fits(event: Event) -> bool:
    """Whether its schema certainly refuses nothing of an event; if not, ``findings`` tells what. Much quicker than that, as
    facets of jobs and datasets that were looked at before are not looked at again."""
    if event.kind is Kind.WRITE:
        return True
    try:
        return (
            event.job_facets.once(_fit_a_job)
            and all(dataset.facets.once(_fit_a_dataset) for dataset in event.inputs + event.outputs)
            and _validator(event_file(event.kind)).is_valid(_frame(event.wire))
        )
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False


def _fit_a_job(facets: LastingFacets) -> bool:
    return _validator("Job.json#/properties/facets").is_valid(_decode(facets.text))


def _fit_a_dataset(facets: LastingFacets) -> bool:
    return _validator("Dataset.json#/$defs/facets").is_valid(_decode(facets.text))


def _frame(wire: Wire) -> dict[str, Any]:
    """What was sent, without the facets of jobs and datasets."""
    frame = {
        "eventTime": wire.eventTime,
        "eventType": wire.eventType,
        "producer": _content(wire.producer),
        "schemaURL": _content(wire.schemaURL),
        "run": wire.run and _run(wire.run),
        "job": wire.job and {"namespace": wire.job.namespace, "name": wire.job.name},
        "dataset": wire.dataset and _dataset(wire.dataset),
        "inputs": [_dataset(dataset) for dataset in wire.inputs] if wire.inputs else wire.inputs,
        "outputs": [_dataset(dataset) for dataset in wire.outputs] if wire.outputs else wire.outputs,
    }
    return {name: value for name, value in frame.items() if value is not UNSET}


def _dataset(wire: WireDataset) -> dict[str, Any]:
    found: dict[str, Any] = {"namespace": wire.namespace, "name": wire.name}
    if wire.inputFacets is not ABSENT:
        found["inputFacets"] = _decode(wire.inputFacets)
    if wire.outputFacets is not ABSENT:
        found["outputFacets"] = _decode(wire.outputFacets)
    return found


def _run(wire: WireRun) -> dict[str, Any]:
    return {"runId": wire.runId} if wire.facets is ABSENT else {"runId": wire.runId, "facets": _decode(wire.facets)}


def _content(raw: msgspec.Raw) -> Any:
    return UNSET if raw is ABSENT else _decode(raw)


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """``schema`` is a file's name, and what is behind it a place within."""
    named = [((_ROOT + name).replace("openlineage/../", ""), schema) for name, schema in documents().items()]
    registry = jsonschema_rs.Registry(named)
    return jsonschema_rs.Draft202012Validator({"$ref": _ROOT + schema}, registry=registry, validate_formats=True, offline=True)


def _faults(content: Any, kind: Kind) -> list[Finding]:
    try:
        return [_finding(error) for error in islice(_validator(event_file(kind)).iter_errors(content), MOST_FINDINGS)]
    except UnicodeEncodeError:
        raise
    except ValueError:  # telling the faults takes at most 255 levels, where finding that there are any takes more
        return [Finding("$", "does not fit the schema, and is nested too deeply to say where")]


def _finding(error: jsonschema_rs.ValidationError) -> Finding:
    steps, fault = error.instance_path, error.kind
    if isinstance(fault, Fault.Required):
        return Finding(json_path([*steps, fault.property]), "is missing")
    path = json_path(steps)
    if isinstance(fault, Fault.Not | Fault.FalseSchema):
        return Finding(path, _MISPLACED.get(path, "is not among the properties that are allowed here"))
    return Finding(path, f"expected {_expected(fault)}, found {_found(error.instance, fault)}")


def _expected(fault: Fault) -> str:
    match fault:
        case Fault.Type(types):
            return " or ".join(_TYPES[name] for name in types)
        case Fault.Format(name):
            return _FORMATS[name]
        case Fault.Enum(options):
            return "one of " + ", ".join(map(str, options))
        case Fault.Minimum(limit):
            return f"at least {limit}"
    return f"what the schema's {fault.name} asks for"


def _found(value: object, fault: Fault) -> str:
    if isinstance(value, str) and not isinstance(fault, Fault.Type):
        return "another string"
    return _TYPES[_PYTHON_TYPES.get(type(value), "number")]
