"""The OpenAPI document: FastAPI's, with what FastAPI does not know of.

That is the two ingest routes and other bodies that we read ourselves, our own answers to what is wrong, what a name in a path
stands for, and examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from headwater.openlineage import schema
from headwater.openlineage.parse import OPENLINEAGE

_REF = "#/components/schemas/"
_JSON = "application/json"
_EXAMPLES = Path(__file__).with_name("examples.json")  # METHOD and path → a request's body and its answer
_NAMES = {
    "namespace": "Name of the namespace.",
    "dataset": "Name of the dataset, or one of its symlinks.",
    "field": "Name of the field; of a nested one the path, with dots.",
    "job": "Full name of the job: of a child with its parent's in front.",
    "model": "Name of the model, which is a dataset of type `MODEL`.",
    "run": "UUID of the run.",
    "source": "Name of the source.",
    "tag": "Name of the tag: a word, or `key=value`.",
    "version": "UUID of the version.",
    "transition": "What happened to the run.",
    "identifier": "Id of the dead letter.",
}
_MODEL_VERSION = "UUID of the version, its external version such as `v1.2`, or `latest`."
_REASONS = {
    "400": "Something in the request is missing or wrong",
    "404": "There is no such thing",
    "413": "Over a limit",
    "415": "Unknown Content-Encoding",
    "422": "What would be stored cannot be: each fault with its JSON path",
    "503": "Too much is waiting, or the database does not answer",
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds after which to try again", "schema": {"type": "integer"}}}


def install(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    paths, schemas = found["paths"], found["components"]["schemas"]
    schemas["BatchResult"] = _batch_result()
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which nobody gets
        schemas.pop(name, None)
    paths["/api/v1/lineage"]["post"] = _receive()
    paths["/api/v1/lineage/batch"] = {"post": _receive_batch()}
    paths["/api/v1/impact"]["post"]["requestBody"] = _body({"anyOf": [_event(), _events()]}, "One event or an array of events")
    for method, path, operation in _operations(paths):
        _say_what_is_refused(method, path, operation)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                name = parameter["name"]
                told = _MODEL_VERSION if name == "version" and "/models/" in path else _NAMES[name]
                parameter["description"] = f"{told} Percent-encoded, slashes too."
    for call, example in json.loads(_EXAMPLES.read_text(encoding="utf-8")).items():
        method, path = call.split()
        _show(paths[path][method.lower()], example)
    return found


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield method, path, operation


def _say_what_is_refused(method: str, path: str, operation: dict[str, Any]) -> None:
    """FastAPI says 422 of what we answer with 400, and knows nothing of what the writer and the database refuse."""
    answers = operation["responses"]
    statuses = {"400"} if answers.pop("422", None) else set()
    if path.startswith("/api/"):
        statuses.add("503")
        if method != "get":
            statuses |= {"400", "422"}
        if path.endswith(("/lineage", "/lineage/batch", "/impact")) and method == "post":
            statuses |= {"413", "415"}
        if path.endswith("/retry"):
            statuses.add("404")
    fault = {_JSON: {"schema": {"$ref": f"{_REF}Fault"}}}
    for status in sorted(statuses - answers.keys()):
        answers[status] = {"description": _REASONS[status], "content": fault}
        if status == "503":
            answers[status]["headers"] = _RETRY_AFTER


def _show(operation: dict[str, Any], example: dict[str, Any]) -> None:
    if "request" in example:
        operation["requestBody"]["content"][_JSON]["example"] = example["request"]
    if "answer" in example:
        success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        success["content"][_JSON]["example"] = example["answer"]


# ---------------------------------------------------------------- bodies that are read by hand


def _body(content: dict[str, Any], description: str) -> dict[str, Any]:
    return {"required": True, "description": description, "content": {_JSON: {"schema": content}}}


def _event() -> dict[str, Any]:
    """The events' own schemas are exported beside this document; here is what an event cannot do without."""
    files = ", ".join(schema.event_file(kind) for kind in OPENLINEAGE)
    return {
        "type": "object",
        "description": f"An OpenLineage RunEvent, JobEvent or DatasetEvent, whose JSON Schemas are {files}",
        "required": ["eventTime"],
        "properties": {
            "eventTime": {"type": "string", "format": "date-time", "description": "When it happened; without an offset, UTC"}
        },
        "additionalProperties": True,
    }


def _events() -> dict[str, Any]:
    return {"type": "array", "items": _event(), "description": "Events of any kind, in any order"}


def _receive() -> dict[str, Any]:
    return {
        "tags": ["lineage"],
        "summary": "Take one OpenLineage event",
        "operationId": "receive_event",
        "requestBody": _body(_event(), "The event"),
        "responses": {"201": {"description": "Durable, and visible to every reader"}},
    }


def _receive_batch() -> dict[str, Any]:
    body = _body(_events(), "An array of events, or one event a line")
    body["content"]["application/x-ndjson"] = {"schema": _event()}
    partly = {"description": "Some failed", "content": {_JSON: {"schema": {"$ref": f"{_REF}BatchResult"}}}}
    return {
        "tags": ["lineage"],
        "summary": "Take many OpenLineage events of any kind",
        "operationId": "receive_events",
        "requestBody": body,
        "responses": {"200": partly, "204": {"description": "All are durable, and visible to every reader"}},
    }


def _batch_result() -> dict[str, Any]:
    counts = {
        "received": "Events in the batch",
        "successful": "Events that are stored",
        "failed": "Events that are not",
        "retriable": "Failed ones that may go in when they are sent again",
        "non_retriable": "Failed ones that never will",
    }
    failed = {
        "index": {"type": "integer", "description": "Position in the batch, from 0"},
        "reason": {"type": "string", "description": "What is wrong, after the JSON path of its place"},
        "retriable": {"type": "boolean", "description": "Whether sending the same again may help"},
    }
    return {
        "type": "object",
        "properties": {
            "status": {"enum": ["success", "partial_success"], "description": "Whether all are stored"},
            "summary": {
                "type": "object",
                "description": "How many events went which way",
                "properties": {key: {"type": "integer", "description": text} for key, text in counts.items()},
            },
            "failed_events": {
                "type": "array",
                "description": "By their position",
                "items": {"type": "object", "properties": failed},
            },
        },
    }
