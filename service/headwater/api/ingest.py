"""POST /api/v1/lineage and /batch, beside FastAPI, whose own work on a request takes longer than ours.

Documented in OpenAPI by hand (``OPENAPI``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater import metrics
from headwater.api import body as bodies
from headwater.api.errors import answer, status_of, told, unexpected
from headwater.errors import Excluded, HeadwaterError, InvalidEvent, MalformedEvent, Unavailable
from headwater.ingest import dead_letters
from headwater.ingest.prepare import Incoming, prepare
from headwater.openlineage.batch import elements
from headwater.openlineage.parse import Kind
from headwater.settings import Settings

_log = logging.getLogger(__name__)
_BREATH = 50  # events of a batch between two chances for other requests: about 5 ms
_LARGE = 1024 * 1024  # bytes of a body: about 10 ms of work
_BOM = b"\xef\xbb\xbf"
_CREATED = Response(status_code=201)
_STORED = {kind: metrics.EVENTS.labels(kind.name.lower(), "stored") for kind in Kind}
_DUPLICATE = {kind: metrics.EVENTS.labels(kind.name.lower(), "duplicate") for kind in Kind}


async def receive(request: Request) -> Response:
    """One event. 201 once it is durable and visible; also where the settings leave it out, which is nothing to its sender."""
    settings: Settings = request.app.state.settings
    try:
        body = (await bodies.read(request, settings.max_body_bytes)).removeprefix(_BOM)
    except HeadwaterError as error:
        return told(error)
    try:
        if body.lstrip()[:1] == b"[":
            raise MalformedEvent.at("$", "is an array of events: send it to /api/v1/lineage/batch")
        incoming = await _prepared(body, settings)
        new = await request.app.state.writer.put(incoming)
    except InvalidEvent as error:
        await _bury(request, body, error)
        return told(error)
    except Excluded:
        return _left_out()
    except HeadwaterError as error:
        metrics.EVENTS.labels("unknown", "deferred").inc()
        return told(error)
    _count(incoming.event.kind, new)
    return _CREATED


def _left_out() -> Response:
    metrics.EVENTS.labels("unknown", "excluded").inc()
    return _CREATED


async def _prepared(body: bytes, settings: Settings) -> Incoming:
    """A large event would keep all others waiting for seconds."""
    if len(body) < _LARGE:
        return prepare(body, settings)
    return await asyncio.to_thread(prepare, body, settings)


def _count(kind: Kind, new: bool) -> None:
    (_STORED if new else _DUPLICATE)[kind].inc()


async def _bury(request: Request, body: bytes, error: InvalidEvent) -> None:
    metrics.EVENTS.labels("unknown", "refused").inc()
    if not body:
        return
    try:
        async with request.app.state.pool.connection() as conn:
            await dead_letters.bury(conn, body, error, source=request.url.path, status=status_of(error))
    except Exception:  # noqa: BLE001 - the sender is told in any case; a dead letter is a courtesy
        _log.warning("a dead letter could not be kept", exc_info=True)


async def receive_batch(request: Request) -> Response:
    """Many events: a JSON array, or NDJSON by content type. 204, or 200 with what failed."""
    batch = _Batch(request)
    try:
        async for event in _events(request):
            await batch.add(event)
    except HeadwaterError as error:
        await batch.finish()
        return told(error)
    await batch.finish()
    return batch.answer()


async def _events(request: Request) -> AsyncIterator[bytes]:
    settings: Settings = request.app.state.settings
    content_type = request.headers.get("content-type", "").lower()
    if any(name in content_type for name in ("ndjson", "jsonl", "json-lines", "jsonlines")):
        async for line in _lines(request, settings.max_body_bytes):
            yield line
        return
    body = await bodies.read(request, settings.max_body_bytes)
    try:
        events = await _elements(body.removeprefix(_BOM))
    except MalformedEvent as error:
        await _bury(request, body, error)
        raise
    if len(events) > settings.max_batch_events:
        raise bodies.TooLarge(f"The batch has {len(events):,} events; the limit is {settings.max_batch_events:,}.")
    for event in events:
        yield event


async def _elements(body: bytes) -> list[bytes]:
    return elements(body) if len(body) < _LARGE else await asyncio.to_thread(elements, body)


async def _lines(request: Request, longest: int) -> AsyncIterator[bytes]:
    """Lines as they come in, so that a body of any length is never in memory whole."""
    pieces: list[bytes] = []  # of a line that has not ended yet
    length = 0
    async for chunk in bodies.stream(request):
        first, *others = chunk.split(b"\n")
        pieces.append(first)
        length += len(first)
        for other in others:
            if line := _line(pieces, longest):
                yield line
            pieces, length = [other], len(other)
        if length > longest:
            raise bodies.TooLarge(f"A line has more than {longest:,} bytes.")
    if line := _line(pieces, longest):
        yield line


def _line(pieces: list[bytes], longest: int) -> bytes:
    line = b"".join(pieces)
    if len(line) > longest:
        raise bodies.TooLarge(f"A line has more than {longest:,} bytes.")
    return line.strip().removeprefix(_BOM)


class _Batch:
    """Events of one request on their way through the writer, and what becomes of them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._settings: Settings = request.app.state.settings
        self._writer = request.app.state.writer
        self._waiting: deque[tuple[int, bytes, Kind, asyncio.Future[bool]]] = deque()
        self._received = self._successful = 0
        self._failed: list[dict[str, Any]] = []

    async def add(self, event: bytes) -> None:
        if self._received >= self._settings.max_batch_events:
            raise bodies.TooLarge(f"The batch has more than {self._settings.max_batch_events:,} events.")
        index, self._received = self._received, self._received + 1
        while self._waiting and (self._waiting[0][3].done() or not self._writer.has_room):
            await self._settle(self._waiting.popleft())
        try:
            incoming = await _prepared(event, self._settings)
            done = self._writer.put(incoming)
        except Excluded:
            self._successful += 1
            _left_out()
        except HeadwaterError as error:
            await self._fail(index, event, error)
        else:
            self._waiting.append((index, event, incoming.event.kind, done))
        if index % _BREATH == 0:
            await asyncio.sleep(0)

    async def finish(self) -> None:
        while self._waiting:
            await self._settle(self._waiting.popleft())

    async def _settle(self, waiting: tuple[int, bytes, Kind, asyncio.Future[bool]]) -> None:
        index, event, kind, done = waiting
        try:
            new = await done
        except HeadwaterError as error:
            await self._fail(index, event, error)
        else:
            self._successful += 1
            _count(kind, new)

    async def _fail(self, index: int, event: bytes, error: HeadwaterError) -> None:
        if isinstance(error, InvalidEvent):
            await _bury(self._request, event, error)
        self._failed.append({"index": index, "reason": error.message, "retriable": isinstance(error, Unavailable)})

    def answer(self) -> Response:
        if not self._failed:
            return Response(status_code=204)
        self._failed.sort(key=lambda f: f["index"])
        retriable = sum(f["retriable"] for f in self._failed)
        content = {
            "status": "partial_success",
            "summary": {
                "received": self._received,
                "successful": self._successful,
                "failed": len(self._failed),
                "retriable": retriable,
                "non_retriable": len(self._failed) - retriable,
            },
            "failed_events": self._failed,
        }
        return Response(msgspec.json.encode(content), media_type="application/json")


# Clients that are given the whole URL put their endpoint behind it: openlineage-python makes the third and fourth of it.
_ENDPOINTS = ("/api/v1/lineage", "/api/v1/api/v1/lineage", "/api/v1/lineage/api/v1/lineage")

_ROUTES = dict.fromkeys(_ENDPOINTS, receive) | dict.fromkeys([f"{path}/batch" for path in _ENDPOINTS], receive_batch)
PATHS = frozenset(_ROUTES)
_OTHERS = {("GET", "/api/v1/lineage")}  # the question, in api.lineage


class IngestFirst:
    """ASGI middleware that takes events before FastAPI's own layers and routes: they cost a third as much as an event."""

    def __init__(self, app: ASGIApp, state_of: FastAPI) -> None:
        self._app = app
        self._state_of = state_of

    async def __call__(self, scope: Scope, receive_: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS or (scope["method"], scope["path"]) in _OTHERS:
            await self._app(scope, receive_, send)
            return
        if scope["method"] != "POST":
            allow = "GET, POST" if ("GET", scope["path"]) in _OTHERS else "POST"
            await answer(405, "HTTP 405 Method Not Allowed", headers={"Allow": allow})(scope, receive_, send)
            return
        scope["app"] = self._state_of
        request = Request(scope, receive_)
        try:
            response = await _ROUTES[scope["path"]](request)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the sender must be told, whatever it is
            response = unexpected(error)
        await response(scope, receive_, send)
