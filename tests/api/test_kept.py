"""An answer is told again from memory only while nothing was written."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path

import httpx
import psycopg
import pytest

from headwater.api.app import RESOURCES
from headwater.api.deps import _read
from headwater.api.kept import _LARGEST, _MOST, Answer, Answers, Kept
from headwater.db import migrate
from headwater.db.embedded import embedded_server
from headwater.db.looking import Seen
from tests.build import run_event, store
from tests.queries import recorded
from tests.serving import in_process

_JOBS = "/api/v1/jobs"
_EVENT = run_event("COMPLETE", "08:00", "first")
_ONE, _TWO = Seen(1, "1:1:"), Seen(1, "2:2:")
_ROUTES = [route for resource in RESOURCES for route in import_module(f"headwater.api.{resource}").router.routes]
KEPT = [route for route in _ROUTES if isinstance(route, Kept) and route.methods == {"GET"}]


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as opened:
        yield opened


def _answer(body: bytes) -> Answer:
    return Answer([], body, KEPT[0])


def test_answers_are_of_one_state() -> None:
    answers, one, two = Answers(), _answer(b"one"), _answer(b"two")
    answers.keep(_ONE, ("/a", b"", False), one)
    assert answers.get(_ONE, ("/a", b"", False)) is one
    assert answers.get(_ONE, ("/a", b"", True)) is None
    assert answers.get(_ONE, ("/a", b"limit=1", False)) is None
    assert answers.get(_TWO, ("/a", b"", False)) is None
    assert answers.get(Seen(2, _ONE.transactions), ("/a", b"", False)) is None
    assert answers.get(None, ("/a", b"", False)) is None
    answers.keep(_TWO, ("/b", b"", False), two)
    assert answers.get(_ONE, ("/a", b"", False)) is None
    assert answers.get(_TWO, ("/b", b"", False)) is two
    assert ("/a", b"", False) not in answers


def test_memory_is_bounded() -> None:
    answers, large, some = Answers(), _answer(b"x" * _LARGEST), _answer(b"x" * (_LARGEST // 10))
    answers.keep(_ONE, ("/large", b"", False), large)
    assert ("/large", b"", False) not in answers
    for number in range(1_000):
        answers.keep(_ONE, (f"/{number}", b"", False), some)
    kept = sum((f"/{number}", b"", False) in answers for number in range(1_000))
    assert _MOST // len(some.body) - 2 <= kept <= _MOST // len(some.body)
    answers.keep(_TWO, ("/0", b"", False), some)
    assert answers.get(_TWO, ("/0", b"", False)) is some


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_was_told_is_told_again(client: httpx.AsyncClient, encoding: str) -> None:
    for number in range(5):  # so that it is long enough to be compressed
        await client.post("/api/v1/lineage", json=run_event("COMPLETE", "08:00", f"job {number}"))
    first, _ = await _told(client, encoding)
    assert first.headers.get("content-encoding") == ("gzip" if encoding == "gzip" else None)
    for _ in range(500):  # others may write to other databases of the same server
        again, statements = await _told(client, encoding)
        assert again.content == first.content
        assert {**again.headers, "x-request-id": ""} == {**first.headers, "x-request-id": ""}
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        if not statements:
            return
    pytest.fail("no answer was told again")


async def test_who_refuses_gzip_is_not_sent_it(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/api/v1/lineage", json=run_event("COMPLETE", "08:00", f"job {number}"))
    for refused in ("gzip;q=0", "identity, gzip; q=0.000"):
        for asked, sent in ((refused, None), ("gzip", "gzip"), (refused, None), ("gzip;q=0.5", "gzip")):
            told, _ = await _told(client, asked)
            assert told.headers.get("content-encoding") == sent


async def test_the_first_of_several_headers_counts(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/api/v1/lineage", json=run_event("COMPLETE", "08:00", f"job {number}"))
    both = [("Accept-Encoding", "identity"), ("Accept-Encoding", "gzip")]
    assert "content-encoding" not in (await client.get(_JOBS, headers=both)).headers
    assert (await client.get(_JOBS, headers={"Accept-Encoding": "gzip"})).headers["content-encoding"] == "gzip"


async def _told(client: httpx.AsyncClient, encoding: str) -> tuple[httpx.Response, list[str]]:
    with recorded() as statements:
        return await client.get(_JOBS, params={"limit": 5}, headers={"Accept-Encoding": encoding}), statements


@pytest.mark.parametrize("path", [_JOBS, "/api/v1/events/lineage", "/api/v1/namespaces", "/api/v1/search?q=load"])
async def test_what_is_acknowledged_is_seen(client: httpx.AsyncClient, path: str) -> None:
    for number in range(5):
        before = (await client.get(path)).content
        assert (await client.get(path)).content == before
        event = run_event("COMPLETE", f"08:0{number}", "load", f"run {number}", namespace=f"shop_{number}")
        assert (await client.post("/api/v1/lineage", json=event)).status_code == 201
        assert (await client.get(path)).content != before


async def test_what_another_process_commits_is_seen(database: str, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/lineage", json=_EVENT)
    with psycopg.connect(database) as other:
        other.execute("UPDATE jobs SET name = 'another'")
        before = (await client.get(_JOBS)).json()
        assert (await client.get(_JOBS)).json() == before
        other.commit()
        assert (await client.get(_JOBS)).json()["jobs"][0]["name"] == "another" != before["jobs"][0]["name"]


@pytest.fixture
def own_database() -> Iterator[str]:
    """Of a server that may be killed, and that writes its log late."""
    folder = Path(tempfile.mkdtemp(prefix="hw-"))
    folder.chmod(0o755)
    with embedded_server(folder, settings={"wal_writer_delay": "10s"}) as url:
        migrate.upgrade(url)
        yield url
    shutil.rmtree(folder)


async def test_what_a_crash_undid_is_not_told_again(own_database: str) -> None:
    async with in_process(own_database) as client:
        await store(own_database, [_EVENT])
        with psycopg.connect(own_database) as other:
            other.execute("UPDATE jobs SET name = 'never'")
            other.rollback()
        before = [(await client.get(_JOBS)).json()["jobs"][0]["name"] for _ in range(3)]
        assert before == ["first"] * 3
        seen = await asyncio.to_thread(_crash, own_database)
        with psycopg.connect(own_database) as other:
            other.execute("UPDATE jobs SET name = 'another'")  # by the number of what was rolled back
        assert _snapshot(own_database) == seen
        assert (await client.get(_JOBS)).json()["jobs"][0]["name"] == "another"


def _crash(url: str) -> str:
    """What was seen before, once the server is there again."""
    with psycopg.connect(url) as other:
        seen = _snapshot(url)
        os.kill(other.info.backend_pid, signal.SIGKILL)
    for _ in range(300):
        try:
            _snapshot(url)
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return seen
    raise TimeoutError


def _snapshot(url: str) -> str:
    with psycopg.connect(url) as other:
        [snapshot] = other.execute("SELECT pg_current_snapshot()::text").fetchone() or [""]
        return str(snapshot)


async def test_failures_are_not_kept(client: httpx.AsyncClient) -> None:
    path = "/api/v1/namespaces/shop"
    assert (await client.get(path)).status_code == 404
    await client.put(path, json={"ownerName": "somebody"})
    assert (await client.get(path)).status_code == 200


def test_what_is_kept_is_made_by_the_connection_that_knows_what_it_sees() -> None:
    assert len(KEPT) > 20
    assert all(_read in {dependency.call for dependency in route.dependant.dependencies} for route in KEPT)
