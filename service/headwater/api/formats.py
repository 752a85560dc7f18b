"""Answers about the graph as JSON, or in the forms of other programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response

from headwater.api.deps import Responses
from headwater.api.parameters import one_of
from headwater.entities import encode
from headwater.errors import Invalid
from headwater.lineage import exports, retold

_JSON = "application/json"
_WRITERS: dict[str, tuple[Callable[[Any], str], str]] = {
    "DOT": (exports.dot, "text/vnd.graphviz"),
    "MERMAID": (exports.mermaid, "text/vnd.mermaid"),
    "GRAPHML": (exports.graphml, "application/graphml+xml"),
    "CSV": (exports.table, "text/csv"),
    "OPENLINEAGE": (retold.events, "application/x-ndjson"),
}
Format = Annotated[
    Literal["JSON", "DOT", "MERMAID", "GRAPHML", "CSV", "OPENLINEAGE"] | None,
    one_of("JSON", *_WRITERS, NDJSON="OPENLINEAGE"),
    Query(
        description="`json`, or the nodes and edges told for Graphviz (`dot`), Markdown (`mermaid`) and others (`graphml`);"
        " `csv`: the nodes; `openlineage`: of jobs and datasets the events, one a line, that make the same graph elsewhere."
        " Without it, by the Accept header, which names the form as the answer's Content-Type does."
    ),
]
FORMATS: Responses = {
    200: {
        "content": {media_type: {"schema": {"type": "string"}} for _, media_type in _WRITERS.values()},
        "description": "The answer.",
    }
}


def form_of(request: Request, told: str | None, own: Mapping[str, str] = {}) -> str:
    """The form to answer in: as it is told, else the first that the Accept header names. ``own``: forms that this answer alone
    has, by media type."""
    if told is not None:
        return told
    forms = {_JSON: "JSON", **{media_type: form for form, (_, media_type) in _WRITERS.items()}, **own}
    kinds = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return next((forms[kind] for kind in kinds if kind in forms), "JSON")


async def formatted(entity: object, form: str) -> Response:
    """Raises Invalid where the answer has no such form."""
    body = encode(entity)
    if form == "JSON":
        return Response(body, media_type=_JSON, headers={"vary": "Accept"})
    write, media_type = _WRITERS[form]
    answer = json.loads(body)
    if form == "OPENLINEAGE" and not _is_of_jobs_and_datasets(answer):
        raise Invalid("query param format cannot be OPENLINEAGE here: only of jobs and datasets, not collapsed, are events told")
    return Response(await asyncio.to_thread(write, answer), media_type=media_type, headers={"vary": "Accept"})


def _is_of_jobs_and_datasets(answer: Mapping[str, Any]) -> bool:
    """With what proves each edge, and the time of which they speak. A column may be a dataset as a whole."""
    nodes = (*answer.get("start", ()), *answer["nodes"])
    of_columns = any("field" in node for node in nodes)
    kinds = {node["kind"] for node in nodes}
    return (
        "asOf" in answer
        and kinds <= {"JOB", "DATASET"}
        and not of_columns
        and all("evidence" in edge for edge in answer["edges"])
    )
