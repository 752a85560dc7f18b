"""Bodies of the writing calls: compressed, too large, of another type, or not what they say."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import Server, cloned
from tests.serving import in_process

PATH = "/api/v1/namespaces/shop"
JSON = "application/json"
BODY = b'{"ownerName": "ada"}'
LIMIT = 1 << 16


@pytest.fixture(scope="module")
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    with cloned(server.url, server.template) as database:
        async with in_process(database, max_body_bytes=LIMIT) as client:
            yield client


async def _put(http: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    return await http.put(PATH, content=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("escaped", [rb"\ud83d", rb"\udc00", rb"\u0000"])
async def test_what_no_text_can_hold_is_replaced(http: httpx.AsyncClient, escaped: bytes) -> None:
    answer = await _put(http, b'{"ownerName": "a%sb"}' % escaped, content_type=JSON)
    assert (answer.status_code, answer.json()["ownerName"]) == (200, "a\ufffdb")


async def test_a_body_may_be_compressed(http: httpx.AsyncClient) -> None:
    answer = await _put(http, gzip.compress(b'{"ownerName": "bob"}'), content_type=JSON, content_encoding="gzip")
    assert (answer.status_code, answer.json()["ownerName"]) == (200, "bob")


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=utf-8", "Application/JSON", "application/vnd.own+json"])
async def test_what_says_that_it_is_json_is_read(http: httpx.AsyncClient, kind: str) -> None:
    assert (await _put(http, BODY, content_type=kind)).status_code == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", "text/x+json"])
async def test_what_says_that_it_is_something_else_is_not(http: httpx.AsyncClient, kind: str) -> None:
    answer = await _put(http, BODY, content_type=kind)
    assert (answer.status_code, answer.json()["message"]) == (415, "Content-Type must be application/json.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "body param must not be null"),
        (b'{"ownerName":', "The body is not JSON: "),
        (b'{"ownerName": "\xff"}', "The body is not UTF-8."),
        (b"[" * 5_000 + b"]" * 5_000, "The body is nested too deeply."),
        (b'{"ownerName": 1}', "body param ownerName must be a string"),
        (b'"ada"', "body param must be an object"),
    ],
)
async def test_what_cannot_be_read_is_told(http: httpx.AsyncClient, body: bytes, message: str) -> None:
    answer = await _put(http, body, content_type=JSON)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


async def test_a_body_is_bounded(http: httpx.AsyncClient) -> None:
    large = b'{"ownerName": "%s"}' % (b"a" * LIMIT)
    assert (await _put(http, large, content_type=JSON)).status_code == 413
    assert (await _put(http, gzip.compress(large), content_type=JSON, content_encoding="gzip")).status_code == 413
