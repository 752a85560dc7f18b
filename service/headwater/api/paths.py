"""Names in paths. They hold any character, ``/`` too, so each is one percent-encoded segment.

Servers decode the path before it is routed, which makes two segments of ``a%2Fb``. Here routing sees the path as it was
sent, and each name is decoded when its segment is known: every name in a route is declared as ``Name``.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater.api.parameters import not_blank


class RawPaths:
    """ASGI middleware: routes on the undecoded path, and takes a slash at its end for none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "path": _path(scope)}
        await self._app(scope, receive, send)


def _path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    path = raw.decode("utf-8", "replace") if raw else quote(scope["path"])
    return path.rstrip("/") or "/"


def _name(segment: str) -> str:
    """The name as it is stored: events lose their NUL characters in the same way."""
    return unquote(segment).replace("\0", "\ufffd")


Name = Annotated[str, AfterValidator(_name)]
NotBlank = Annotated[Name, AfterValidator(not_blank)]
"""A name of something that is made by naming it."""
