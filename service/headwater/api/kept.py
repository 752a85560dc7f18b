"""Answers that are told again as they were, as long as nothing was written since.

Whether something was, PostgreSQL is asked each time: two snapshots of the same transactions see the same rows. So an answer is
never older than the rows are, whoever writes them, and only what depends on nothing else may be kept: not on the time of day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeAlias

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater.api.json_body import JsonBody
from headwater.db.pool import DatabaseUnavailable, Pool

_MOST = 24 * 1024 * 1024  # bytes; what comes when they are full is kept after something was written
_LARGEST = 8 * 1024 * 1024  # of one answer: a page of 100 jobs with all their latest runs has 4
_EACH = 1_000  # beside its text
_JSON = "application/json"
_Asked: TypeAlias = tuple[str, bytes]  # path and query


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    route: object  # that made it


class Answers:
    """To questions of one state of the database."""

    def __init__(self) -> None:
        self._seen = ""
        self._kept: dict[_Asked, Answer] = {}
        self._bytes = 0

    def __contains__(self, asked: _Asked) -> bool:
        return asked in self._kept

    def get(self, seen: str | None, asked: _Asked) -> Answer | None:
        """``seen`` is which transactions are seen now; None: nobody knows."""
        return self._kept.get(asked) if seen == self._seen else None

    def keep(self, seen: str, asked: _Asked, answer: Answer) -> None:
        """``seen`` is which transactions were seen before the answer was begun."""
        if seen != self._seen:
            self._seen, self._kept, self._bytes = seen, {}, 0
        size = len(answer.body) + len(asked[0]) + len(asked[1]) + _EACH
        if size <= _LARGEST and self._bytes + size <= _MOST:
            self._kept[asked] = answer
            self._bytes += size


class Kept(JsonBody):
    """A route whose answers to GET are kept. They are made by ``deps.Read`` alone."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.methods != {"GET"}:
            return handle

        async def keep(request: Request) -> Response:
            response = await handle(request)
            if response.status_code == 200 and response.media_type == _JSON:
                answers: Answers = request.app.state.answers
                answers.keep(request.state.seen, _asked(request.scope), Answer(bytes(response.body), request.scope["route"]))
            return response

        return keep


class Again:
    """ASGI middleware that tells what is kept, where it still holds."""

    def __init__(self, app: ASGIApp, state_of: FastAPI) -> None:
        self._app = app
        self._state_of = state_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["method"] == "GET":
            answer = await self._answer(_asked(scope))
        if answer is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = answer.route
        await Response(answer.body, media_type=_JSON)(scope, receive, send)

    async def _answer(self, asked: _Asked) -> Answer | None:
        state = self._state_of.state
        answers: Answers = state.answers
        return answers.get(await state.looking.now(), asked) if asked in answers else None


def _asked(scope: Scope) -> _Asked:
    return scope["path"], scope["query_string"]


class Looking:
    """Which transactions are seen now. Whoever asks while PostgreSQL is being asked waits for the next time, and all who wait
    are told at once: so many who ask cost little more than one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: asyncio.Future[str | None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def now(self) -> str | None:
        """None where the database does not say."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look())
        return await asyncio.shield(self._waiting)

    async def _look(self) -> None:
        while (waiting := self._waiting) is not None:
            self._waiting = None
            seen: str | None = None
            try:
                async with self._pool.connection() as conn:
                    seen = conn.seen
            except DatabaseUnavailable:
                seen = None  # whoever answers now says so
            finally:
                waiting.set_result(seen)
