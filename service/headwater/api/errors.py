"""Which status a failure has: one table, from the most special class to the most general."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from headwater.api.body import TooLarge, UnsupportedEncoding, UnsupportedMedia
from headwater.api.parameters import complaint
from headwater.db.pool import DatabaseUnavailable
from headwater.entities import encode
from headwater.errors import Conflict, Forbidden, HeadwaterError, Invalid, InvalidEvent, MalformedEvent, NotFound, Unavailable

_log = logging.getLogger(__name__)
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_STATUS: tuple[tuple[type[HeadwaterError], int], ...] = (
    (MalformedEvent, 400),
    (InvalidEvent, 422),
    (TooLarge, 413),
    (UnsupportedEncoding, 415),
    (UnsupportedMedia, 415),
    (Invalid, 400),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
    (HeadwaterError, 500),
)


def answer(status: int, message: str, errors: list[Any] | None = None, headers: dict[str, str] | None = None) -> Response:
    """The body that every failure has."""
    body: dict[str, Any] = {"code": status, "message": message}
    if errors:
        body["errors"] = errors
    return Response(encode(body), status, headers, "application/json")


def install(app: FastAPI) -> None:
    """Makes ``app`` answer failures so."""
    app.add_exception_handler(HeadwaterError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for unavailable in DatabaseUnavailable:
        app.add_exception_handler(unavailable, _database)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: HeadwaterError) -> int:
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def told(error: HeadwaterError) -> Response:
    """The answer to what was raised on purpose."""
    errors: list[Any] | None = error.errors if isinstance(error, Invalid) else None
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Unavailable) else None
    return answer(status_of(error), error.message, errors, headers)


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, HeadwaterError)
    return told(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [complaint(e) for e in error.errors()]
    return answer(400, "; ".join(errors), errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"HTTP {error.status_code} {HTTPStatus(error.status_code).phrase}"
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # which the first route of the path says, and knows only its own
        headers["Allow"] = ", ".join(method for method in _METHODS if _takes(request, method))
    return answer(error.status_code, message, headers=headers)


def _takes(request: Request, method: str) -> bool:
    asked = {**request.scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)


async def _database(_: Request, error: Exception) -> Response:
    """The database is away or overloaded, or a read took longer than any may."""
    _log.warning("the database did not answer", exc_info=error)
    late = getattr(error, "sqlstate", None) == "57014"  # query_canceled: over the statement timeout
    message = "The answer took too long." if late else "The database does not answer."
    return answer(503, message, headers={"Retry-After": "1"})


async def _unexpected(_: Request, error: Exception) -> Response:
    return unexpected(error)


def unexpected(error: Exception) -> Response:
    """A fault of ours."""
    _log.error("a request failed", exc_info=error)
    return answer(500, f"There was an error processing your request: {type(error).__name__}. It has been logged.")
