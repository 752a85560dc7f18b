"""Bodies of the calls that write, read as those of events are: bounded, decompressed, and with whatever JSON may escape."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from headwater.api import body as bodies
from headwater.errors import Invalid
from headwater.openlineage.parse import storable


class JsonBody(APIRoute):
    """A route that may have a body. FastAPI alone would keep all of it in memory, decompress nothing, and let halves of surrogate
    pairs through."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def read_first(request: Request) -> Response:
            body = await bodies.read(request, request.app.state.settings.max_body_bytes)
            if body and not _says_json(request.headers.get("content-type", "")):
                raise bodies.UnsupportedMedia("Content-Type must be application/json.")
            return await handle(_Told(request, body))

        return read_first


class _Told(Request):
    """A request whose body is read already. Raises Invalid where that is no JSON."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._bytes = body
        self._content = _decoded(body) if body else None

    async def body(self) -> bytes:
        return self._bytes

    async def json(self) -> Any:
        return self._content


def _says_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(storable(body))
    except UnicodeDecodeError:
        raise Invalid("The body is not UTF-8.") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise Invalid(f"The body is not JSON: {str(error).removeprefix('JSON is malformed: ')}.") from None
