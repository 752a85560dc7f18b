"""What routes are given.

Functions that make it are coroutines, in the routes' modules too, though most await nothing: FastAPI calls any other in a thread,
at 0.1 ms each, and a question about columns has four.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from headwater.catalog.names import Names as _Names
from headwater.catalog.page import Page as _Page
from headwater.db.pool import Connection, Pool
from headwater.entities import encode
from headwater.entities.fault import Fault
from headwater.errors import NotFound

_LARGE = 1024 * 1024  # bytes of an answer: about 10 ms of compressing
_PIECES = 1_000  # of an answer that are sent at once: about a MB of a graph, where more gains nothing
_GZIP = 31  # what zlib calls the format
_LARGEST = (1 << 62) - 1  # limit + offset must still be a bigint; nobody has more rows

Responses = dict[int | str, dict[str, Any]]
BAD_REQUEST: Responses = {400: {"model": Fault, "description": "A parameter is missing or wrong."}}
TOLD: Responses = {
    **BAD_REQUEST,
    403: {"model": Fault, "description": "The settings leave the namespace out."},
    413: {"model": Fault, "description": "The body is too large."},
    415: {
        "model": Fault,
        "description": "The Content-Type is not that of JSON, or the Content-Encoding neither gzip nor deflate.",
    },
}
NOT_FOUND: Responses = {404: {"model": Fault, "description": "There is no such thing."}}
ERASED: Responses = {
    204: {"description": "Deleted for good (`hard`)."},
    403: {"model": Fault, "description": "Hard deletes are off."},
    **BAD_REQUEST,
    **NOT_FOUND,
}


async def _read(request: Request) -> AsyncIterator[Connection]:
    pool: Pool = request.app.state.pool
    async with pool.connection() as conn:
        request.state.seen = conn.seen
        yield conn


Read = Annotated[Connection, Depends(_read)]

Limit = Annotated[int, Query(ge=0, description="Size of the page; 0 gives the count alone.")]
Offset = Annotated[int, Query(ge=0, description="How many to pass over.")]

Hard = Annotated[
    bool,
    Query(
        description="Delete it for good, with its runs, versions and edges, and the datasets that only it used; the log"
        " keeps its events. The answer is 204. Only where the setting HEADWATER_ADMIN is on."
    ),
]


async def _page(limit: Limit = 100, offset: Offset = 0) -> _Page:
    return _Page(min(limit, _LARGEST), min(offset, _LARGEST))


Page = Annotated[_Page, Depends(_page)]


async def _names(
    prefix: Annotated[str, Query(description="Only those whose name begins so; the case counts.")] = "",
    q: Annotated[str, Query(description="Only those that have this somewhere in their name, in any case.")] = "",
) -> _Names:
    return _Names(prefix.replace("\0", "\ufffd"), q.replace("\0", "\ufffd"))  # as names are stored


Names = Annotated[_Names, Depends(_names)]


def uuid_of(kind: str, text: str) -> UUID:
    """A UUID out of a path. What is none names nothing: raises NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind, text) from None


async def sent(request: Request, body: bytes | Sequence[bytes]) -> Response:
    """JSON that is encoded already, at once or in pieces. A large answer goes out bit by bit, as joining 89 MB takes as long as
    sending them, and is compressed in a thread: the middleware that compresses other answers would keep everybody waiting."""
    pieces = [body] if isinstance(body, bytes) else body
    size = sum(map(len, pieces))
    if size <= _LARGE:
        return Response(b"".join(pieces), media_type="application/json")
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return StreamingResponse(_compressed(pieces), headers=headers, media_type="application/json")
    return StreamingResponse(_chunks(pieces), headers={"content-length": str(size)}, media_type="application/json")


async def _chunks(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for start in range(0, len(pieces), _PIECES):
        yield b"".join(pieces[start : start + _PIECES])


async def _compressed(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(1, wbits=_GZIP)
    async for chunk in _chunks(pieces):
        yield await asyncio.to_thread(compressor.compress, chunk)
    yield compressor.flush()


def json(entity: object) -> Response:
    """An answer without a second validation of what our own code made."""
    return Response(encode(entity), media_type="application/json")
