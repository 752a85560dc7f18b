"""Answers about the graph as JSON, or in the forms of other programs."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Literal

from fastapi import Query, Response

from headwater.api.parameters import one_of
from headwater.entities import encode
from headwater.lineage import exports

Format = Annotated[
    Literal["JSON", "DOT", "MERMAID", "GRAPHML", "CSV"],
    one_of("JSON", "DOT", "MERMAID", "GRAPHML", "CSV"),
    Query(
        description="`json`, or the nodes and edges told for Graphviz (`dot`), Markdown (`mermaid`) and others (`graphml`);"
        " `csv`: the nodes."
    ),
]
_WRITERS = {
    "DOT": (exports.dot, "text/vnd.graphviz"),
    "MERMAID": (exports.mermaid, "text/vnd.mermaid"),
    "GRAPHML": (exports.graphml, "application/graphml+xml"),
    "CSV": (exports.table, "text/csv"),
}


async def formatted(entity: object, form: str) -> Response:
    body = encode(entity)
    if form == "JSON":
        return Response(body, media_type="application/json")
    write, media_type = _WRITERS[form]
    return Response(await asyncio.to_thread(lambda: write(json.loads(body))), media_type=media_type)
