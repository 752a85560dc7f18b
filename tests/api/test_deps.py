from __future__ import annotations

import gzip

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from headwater.api.deps import sent

_PIECE = b"0123456789abcdef" * 64  # 1 kB
_WHOLE = _PIECE * 3_001  # 3 MB: no multiple of what is sent at once


def _client(body: bytes | list[bytes]) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/")
    async def answer(request: Request) -> Response:
        return await sent(request, body)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://headwater")


@pytest.mark.parametrize("body", [_WHOLE, [_PIECE] * 3_001, [b"", _WHOLE, b""]], ids=["whole", "pieces", "one large piece"])
@pytest.mark.parametrize("accepted", ["identity", "gzip"])
async def test_large_answers_arrive_whole(body: bytes | list[bytes], accepted: str) -> None:
    async with _client(body) as http:
        answer = await http.get("/", headers={"accept-encoding": accepted})
    assert answer.content == _WHOLE
    assert answer.headers["content-type"] == "application/json"
    if accepted == "identity":
        assert answer.headers["content-length"] == str(len(_WHOLE))
    else:
        assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")


async def test_compressed_pieces_are_one_file() -> None:
    async with _client([_PIECE] * 3_001) as http, http.stream("GET", "/", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert gzip.decompress(packed) == _WHOLE


@pytest.mark.parametrize("body", [b"{}", [b"{", b"", b"}"], b""])
async def test_small_answers_have_a_length(body: bytes | list[bytes]) -> None:
    async with _client(body) as http:
        answer = await http.get("/", headers={"accept-encoding": "gzip"})
    assert answer.content == b"".join([body] if isinstance(body, bytes) else body)
    assert answer.headers["content-length"] == str(len(answer.content))
