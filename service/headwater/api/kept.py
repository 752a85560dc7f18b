"""Answers that are told again as they were, as long as nothing was written since.

Whether something was, PostgreSQL is asked each time: two snapshots of the same transactions see the same rows, but for a crash
between them. So an answer is never older than the rows are, whoever writes them, and only what depends on nothing else may be
kept: not on the time of day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.api.json_body import JsonBody
from headwater.db.looking import Looking, Seen

_MOST = 24 * 1024 * 1024  # bytes; what comes when they are full is kept after something was written
_LARGEST = 8 * 1024 * 1024  # of one answer: a page of 100 jobs with all their latest runs has 4
_EACH = 1_000  # beside its text
_REFUSED = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
_JSON = (b"content-type", b"application/json")
_Asked: TypeAlias = tuple[str, bytes, bool]  # path, query, whether it may be compressed


@dataclass(frozen=True, slots=True)
class Answer:
    headers: list[tuple[bytes, bytes]]
    body: bytes  # as it was sent, perhaps compressed
    route: Kept  # that made it


class Answers:
    """To questions of one state of the database."""

    def __init__(self) -> None:
        self._seen: Seen | None = None
        self._kept: dict[_Asked, Answer] = {}
        self._bytes = 0

    def __contains__(self, asked: _Asked) -> bool:
        return asked in self._kept

    def get(self, seen: Seen | None, asked: _Asked) -> Answer | None:
        """``seen`` is which transactions are seen now; None: nobody knows."""
        return self._kept.get(asked) if seen is not None and seen == self._seen else None

    def keep(self, seen: Seen, asked: _Asked, answer: Answer) -> None:
        """``seen`` is which transactions were seen before the answer was begun."""
        if seen != self._seen:
            self._seen, self._kept, self._bytes = seen, {}, 0
        size = len(answer.body) + len(asked[0]) + len(asked[1]) + _EACH
        if size <= _LARGEST and self._bytes + size <= _MOST:
            self._kept[asked] = answer
            self._bytes += size


class Kept(JsonBody):
    """A route whose answers to GET are kept. They are made by ``deps.Read`` alone."""


class Again:
    """ASGI middleware that keeps what the routes inside tell, and tells it again where it still holds."""

    def __init__(self, app: ASGIApp, state_of: FastAPI) -> None:
        self._app = app
        self._state_of = state_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _heed_refusal(scope)
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        asked = _asked(scope)
        answers: Answers = self._state_of.state.answers
        looking: Looking = self._state_of.state.looking
        if asked in answers and (answer := answers.get(await looking.now(), asked)):
            scope["route"] = answer.route
            await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
            return
        await self._app(scope, receive, _keeping(answers, asked, scope, send, looking.connection))


def _asked(scope: Scope) -> _Asked:
    return scope["path"], scope["query_string"], b"gzip" in _encodings(scope)


def _encodings(scope: Scope) -> bytes:
    """Of several headers the first, as who compresses reads it."""
    return next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")


def _heed_refusal(scope: Scope) -> None:
    """Who compresses does not read weights, and 0 means never."""
    if b"q=0" in (encodings := _encodings(scope)) and _REFUSED.search(encodings):
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"accept-encoding"]


def _keeping(answers: Answers, asked: _Asked, scope: Scope, send: Send, connection: int) -> Send:
    """``connection`` looked at PostgreSQL last before the answer was begun."""
    headers: list[tuple[bytes, bytes]] | None = None  # None: not to be kept

    async def sending(message: Message) -> None:
        nonlocal headers
        if message["type"] == "http.response.start":
            headers = message["headers"] if message["status"] == 200 and _JSON in message["headers"] else None
        elif headers is not None:
            if not message.get("more_body") and isinstance(route := scope.get("route"), Kept):
                seen = Seen(connection, scope["state"]["seen"])
                answers.keep(seen, asked, Answer(headers, message["body"], route))
            headers = None  # what comes in pieces is too large
        await send(message)

    return sending
