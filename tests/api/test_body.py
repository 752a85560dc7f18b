"""Bodies on their way in: compressed, cut into pieces, too large, or not what they say."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from tests.api.ingesting import BATCH, LINEAGE, Service, encoded, fault, kept, letters
from tests.build import run_event
from tests.conftest import Server, cloned
from tests.serving import in_process

LIMIT = 1 << 20
BODY = encoded(run_event("COMPLETE", "08:00", outputs=["a"]))


@pytest.fixture(scope="module")
async def service(server: Server) -> AsyncIterator[Service]:
    with cloned(server.url, server.template) as database:
        async with in_process(database, max_body_bytes=LIMIT) as http:
            yield Service(http, database)


@pytest.fixture
def http(service: Service) -> httpx.AsyncClient:
    return service.http


@pytest.fixture
def database(service: Service) -> str:
    return service.database


@pytest.fixture
def body(request: pytest.FixtureRequest) -> bytes:
    """An event that no other test sends."""
    return encoded(run_event("COMPLETE", "08:00:00", run=request.node.nodeid, outputs=["a"]))


def raw_deflate(body: bytes) -> bytes:
    z = zlib.compressobj(wbits=-15)
    return z.compress(body) + z.flush()


def members(body: bytes) -> bytes:
    return gzip.compress(body[:100]) + gzip.compress(b"") + gzip.compress(body[100:])


ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "identity": ("identity", bytes),
    "empty": ("", bytes),
    "gzip": ("gzip", gzip.compress),
    "gzip-level-0": ("gzip", lambda body: gzip.compress(body, 0)),
    "GZIP": (" GZip ", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "gzip-members": ("gzip", members),
    "deflate": ("deflate", zlib.compress),
    "deflate-raw": ("deflate", raw_deflate),
}


async def post(
    http: httpx.AsyncClient, body: bytes | AsyncIterator[bytes], encoding: str | None = None, path: str = LINEAGE, **headers: str
) -> httpx.Response:
    told = headers | ({} if encoding is None else {"content-encoding": encoding})
    return await http.post(path, content=body, headers=told)


async def pieces(body: bytes, *sizes: int) -> AsyncIterator[bytes]:
    """The body in pieces of these sizes and the rest; without a Content-Length."""
    for size in sizes:
        yield body[:size]
        body = body[size:]
    yield body


# ---------------------------------------------------------------- what is unpacked


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("sizes", [(), (1,), (1, 1, 1), (0, 12, 0)], ids=["whole", "first byte", "three bytes", "empty pieces"])
async def test_encodings(database: str, http: httpx.AsyncClient, body: bytes, name: str, sizes: tuple[int, ...]) -> None:
    encoding, pack = ENCODINGS[name]
    packed = pack(body)
    answer = await post(http, pieces(packed, *sizes) if sizes else packed, encoding)
    assert answer.status_code == 201, answer.text
    assert kept(database, body) == 1


async def test_a_batch_may_be_compressed(database: str, http: httpx.AsyncClient, body: bytes) -> None:
    answer = await post(http, gzip.compress(b"[" + body + b"]"), "gzip", BATCH)
    assert answer.status_code == 204
    answer = await post(http, raw_deflate(body + b"\n" + body), "deflate", BATCH, **{"content-type": "application/x-ndjson"})
    assert answer.status_code == 204
    assert kept(database, body) == 1


async def test_a_large_body_in_many_pieces(database: str, http: httpx.AsyncClient) -> None:
    facet = {"x": {"text": "".join(chr(32 + (n * n) % 90) for n in range(900_000))}}
    body = encoded(run_event("COMPLETE", "08:00", run_facets=facet))
    packed = gzip.compress(body)
    answer = await post(http, pieces(packed, *[997] * (len(packed) // 997)), "gzip")
    assert answer.status_code == 201
    assert kept(database, body) == 1


# ---------------------------------------------------------------- what is not


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, deflate", "snappy", "aws-chunked", "*"])
async def test_other_encodings(http: httpx.AsyncClient, encoding: str) -> None:
    for path in (LINEAGE, BATCH):
        fault(await post(http, BODY, encoding, path), 415)


BROKEN = {
    "no gzip": ("gzip", BODY),
    "no deflate": ("deflate", b"\xff" + BODY),
    "empty": ("gzip", b""),
    "empty deflate": ("deflate", b""),
    "header only": ("gzip", gzip.compress(BODY)[:10]),
    "cut off": ("gzip", gzip.compress(BODY)[:-12]),
    "no checksum": ("gzip", gzip.compress(BODY)[:-8]),
    "wrong checksum": ("gzip", gzip.compress(BODY)[:-8] + b"12345678"),
    "damaged": ("gzip", gzip.compress(BODY)[:40] + b"\x00\xff\x00" + gzip.compress(BODY)[43:]),
    "garbage behind": ("gzip", gzip.compress(BODY) + b"garbage"),
    "second member cut off": ("gzip", gzip.compress(BODY) + gzip.compress(BODY)[:20]),
    "deflate cut off": ("deflate", zlib.compress(BODY)[:-10]),
    "gzip called deflate": ("deflate", gzip.compress(BODY)),
    "deflate called gzip": ("gzip", zlib.compress(BODY)),
}


@pytest.mark.parametrize("path", [LINEAGE, BATCH])
@pytest.mark.parametrize("name", BROKEN)
async def test_broken_compression(database: str, http: httpx.AsyncClient, name: str, path: str) -> None:
    encoding, body = BROKEN[name]
    fault(await post(http, body, encoding, path), 400)
    assert kept(database, BODY) == 0


# ---------------------------------------------------------------- limits


async def test_the_limit_is_of_what_is_sent(database: str, http: httpx.AsyncClient, body: bytes) -> None:
    before = len(letters(database))
    full = body.ljust(LIMIT)
    assert (await post(http, full)).status_code == 201
    fault(await post(http, full + b" "), 413)
    fault(await post(http, pieces(full + b" ", LIMIT // 2, LIMIT // 2)), 413)
    fault(await post(http, b"[" + full + b"]", path=BATCH), 413)
    assert (kept(database, full), kept(database, full + b" ")) == (1, 0)
    assert len(letters(database)) == before  # who sends too much has all of it still


async def test_the_limit_is_of_what_is_unpacked(http: httpx.AsyncClient, body: bytes) -> None:
    full = body.ljust(LIMIT)
    assert (await post(http, gzip.compress(full), "gzip")).status_code == 201
    fault(await post(http, gzip.compress(full + b" "), "gzip"), 413)
    fault(await post(http, gzip.compress(full) + gzip.compress(b" "), "gzip"), 413)


@pytest.mark.parametrize("path", [LINEAGE, BATCH])
@pytest.mark.parametrize("name", ["gzip", "deflate", "deflate-raw"])
async def test_a_bomb_is_stopped_at_the_limit(http: httpx.AsyncClient, name: str, path: str) -> None:
    """What a thousand times its size would take is never in memory: only a small multiple of the limit is."""
    encoding, pack = ENCODINGS[name]
    bomb = pack(bytes(64 << 20))
    tracemalloc.start()
    try:
        fault(await post(http, bomb, encoding, path), 413)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * LIMIT


async def test_a_bomb_in_lines_is_stopped_at_the_limit(http: httpx.AsyncClient) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        fault(await post(http, bomb, "gzip", BATCH, **{"content-type": "application/x-ndjson"}), 413)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * LIMIT


async def test_bodies_at_the_same_time_are_bounded_together(http: httpx.AsyncClient) -> None:
    """Room for four of the largest; the others are told to come back, and may once there is room."""
    go_on = asyncio.Event()

    async def slow(n: int) -> AsyncIterator[bytes]:
        yield encoded(run_event("START", "08:00", run=str(n))) + b" " * (LIMIT * 9 // 10)
        await go_on.wait()

    tasks = [asyncio.create_task(post(http, slow(n))) for n in range(6)]
    await asyncio.wait(tasks[4:])
    for late in (task.result() for task in tasks[4:]):
        fault(late, 503)
        assert int(late.headers["retry-after"]) >= 1
    go_on.set()
    assert [a.status_code for a in await asyncio.gather(*tasks[:4])] == [201] * 4
    again = [await post(http, slow(n)) for n in range(6)]
    assert [a.status_code for a in again] == [201] * 6


async def test_a_sender_that_goes_away(http: httpx.AsyncClient) -> None:
    """Nobody is there to be answered; nothing is raised, and nothing stays behind."""
    app = http._transport.app  # type: ignore[attr-defined]
    for path in (LINEAGE, BATCH):
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}
        messages = iter([{"type": "http.request", "body": BODY[:50], "more_body": True}])

        async def receive(messages: Iterator[dict[str, object]] = messages) -> dict[str, object]:
            return next(messages, {"type": "http.disconnect"})

        async def send(_message: dict[str, object]) -> None:
            pass

        await app(scope, receive, send)
    assert http._transport.app.state.admission._held == 0  # type: ignore[attr-defined]
