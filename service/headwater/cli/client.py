"""HTTP to a running service, for the commands that read."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from headwater.cli.options import DEFAULT_URL
from headwater.errors import HeadwaterError, Invalid, Unavailable

_TIMEOUT_S = 60.0  # the service gives up a read after that too
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Refused(HeadwaterError):
    """The service answered, with a status of 400 or more."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """``url`` may have a name and a password in it, which are sent and never shown; ``key`` is sent as a bearer token."""

    def __init__(self, url: str, *, service: str = "headwater", key: str | None = None, timeout_s: float = _TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid(f"--url must be like {DEFAULT_URL}, not {url.rpartition('@')[2]}.")
        credentials, _, host = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=host).geturl().rstrip("/").removesuffix("/api/v1")
        self._authorization = f"Bearer {key}" if key else _basic(credentials)
        self._service = service
        self._timeout_s = timeout_s
        self._opener = _opener(parts.hostname)

    def get(self, *path: str, **query: Any) -> bytes:
        """The answer's body; each part of ``path`` is one segment, whatever is in it. Raises Refused or Unavailable."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._send(Request(f"{self._url(path)}?{urlencode(asked, doseq=True)}"))  # noqa: S310 - see __init__

    def read(self, *path: str, **query: Any) -> Any:
        """As ``get``, decoded."""
        return decoded(self.get(*path, **query))

    def post(self, *path: str, body: bytes, content_type: str, **query: Any) -> bytes:
        """As ``get``."""
        url = f"{self._url(path)}?{urlencode(query)}" if query else self._url(path)
        return self._send(Request(url, body, {"Content-Type": content_type}))  # noqa: S310

    def _url(self, path: tuple[str, ...]) -> str:
        return "/".join([self.url, "api", "v1", *(quote(part, safe="") for part in path)])

    def _send(self, request: Request) -> bytes:
        if self._authorization:
            request.add_unredirected_header("Authorization", self._authorization)
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                body: bytes = answer.read()
                return body
        except HTTPError as error:
            raise Refused(error.code, _message(error)) from None
        except (OSError, HTTPException) as error:
            reason = _reason(error, self._timeout_s)
            raise Unavailable(f"No {self._service} answers at {self.url}: {reason}. See --url.") from None


def decoded(body: bytes) -> Any:
    """Raises Unavailable where it is no JSON, and so no headwater that answered."""
    try:
        return json.loads(body)
    except ValueError:
        raise Unavailable("What answers there is no headwater: it did not send JSON. See --url.") from None


def _opener(host: str) -> OpenerDirector:
    """A proxy of the environment is not asked for what is on this machine."""
    return build_opener(ProxyHandler({})) if host in _LOOPBACK else build_opener()


def _basic(credentials: str) -> str:
    """What the URL has before its host, as a header; empty where there is nothing."""
    return f"Basic {b64encode(unquote(credentials).encode()).decode()}" if credentials else ""


def _message(error: HTTPError) -> str:
    with error:
        body = error.read()
    try:
        answer: Mapping[str, Any] = json.loads(body)
        return str(answer["message"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {error.code} {error.reason}."


def _reason(error: Exception, timeout_s: float) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer in {timeout_s:.0f} seconds"
    told = cause.strerror if isinstance(cause, OSError) else None
    return told or str(cause) or type(cause).__name__
