"""The OpenAPI document: FastAPI's, with the two ingest routes written by hand."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from headwater.openlineage import schema
from headwater.openlineage.parse import OPENLINEAGE

_REF = "#/components/schemas/"
_BATCH = {
    "type": "object",
    "properties": {
        "status": {"enum": ["success", "partial_success"]},
        "summary": {
            "type": "object",
            "properties": {
                key: {"type": "integer"} for key in ("received", "successful", "failed", "retriable", "non_retriable")
            },
        },
        "failed_events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer", "description": "Position in the batch, from 0"},
                    "reason": {"type": "string"},
                    "retriable": {"type": "boolean", "description": "Whether sending the same again may help"},
                },
            },
        },
    },
}


def install(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"BatchResult": _BATCH}
    found["paths"].setdefault("/api/v1/lineage", {})["post"] = _receive()
    found["paths"]["/api/v1/lineage/batch"] = {"post": _receive_batch()}
    return found


def _event() -> dict[str, Any]:
    """The events' own schemas are exported beside this document; here is what an event cannot do without."""
    files = ", ".join(schema.event_file(kind) for kind in OPENLINEAGE)
    return {
        "type": "object",
        "description": f"An OpenLineage RunEvent, JobEvent or DatasetEvent, whose JSON Schemas are {files}",
        "required": ["eventTime"],
        "properties": {"eventTime": {"type": "string", "format": "date-time"}},
        "additionalProperties": True,
    }


def _refused() -> dict[str, Any]:
    reasons = {
        "400": "No JSON, or not compressed as it says",
        "413": "Over a limit",
        "415": "Unknown Content-Encoding",
        "422": "An event that cannot be placed: each fault with its JSON path",
        "503": "Too much is waiting, or the database does not answer; see Retry-After",
    }
    content = {"application/json": {"schema": {"$ref": f"{_REF}Fault"}}}
    return {status: {"description": reason, "content": content} for status, reason in reasons.items()}


def _receive() -> dict[str, Any]:
    return {
        "tags": ["lineage"],
        "summary": "Take one OpenLineage event",
        "operationId": "receive_event",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _event()}}},
        "responses": {"201": {"description": "Durable, and visible to every reader"}, **_refused()},
    }


def _receive_batch() -> dict[str, Any]:
    events = {"type": "array", "items": _event()}
    partly = {"description": "Some failed", "content": {"application/json": {"schema": {"$ref": f"{_REF}BatchResult"}}}}
    return {
        "tags": ["lineage"],
        "summary": "Take many OpenLineage events of any kind",
        "operationId": "receive_events",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": events}, "application/x-ndjson": {"schema": _event()}},
        },
        "responses": {"200": partly, "204": {"description": "All are durable, and visible to every reader"}, **_refused()},
    }
