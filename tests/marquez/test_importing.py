"""An import that is stopped, wherever it is, and begun again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headwater.cli.client import Client, Refused
from headwater.db.pool import connect
from headwater.errors import Unavailable
from headwater.ingest import imports
from headwater.ingest.load import Loader, Tally
from headwater.ingest.state import state_hash
from headwater.ingest.writer import running_writer
from headwater.marquez.api import Api, Get
from headwater.marquez.importing import Import
from headwater.marquez.known import find_job
from headwater.settings import Settings
from tests.build import dataset_event, job_event, run_event, schema, store
from tests.conftest import Server, cloned, served
from tests.ingest.orders import connected

EVENTS = [
    *(run_event("RUNNING", f"08:{n // 60:02}:{n % 60:02}", f"job{n % 3}", f"r{n % 40}", outputs=["a"]) for n in range(1100)),
    dataset_event("07:00", "declared", schema("x")),
    job_event("07:00", "planned", inputs=["declared"]),
]


class Failing:
    """Answers some requests, and no more."""

    def __init__(self, get: Get, requests: int) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.events_after: list[str] = []
        self._get = get
        self._left = requests

    def __call__(self, *path: str, **query: Any) -> bytes:
        if not self._left:
            raise Unavailable("Marquez is away.")
        self._left -= 1
        self.asked.append(path)
        if path[0] == "events" and query["limit"] > 1:
            self.events_after.append(query["after"])
        return self._get(*path, **query)


@pytest.fixture
def other(server: Server) -> Iterator[str]:
    """URL of a second database."""
    with cloned(server.url, server.template) as url:
        yield url


@pytest.fixture
async def get(server: Server) -> Any:
    """Asks a headwater with ``EVENTS``."""
    with cloned(server.url, server.template) as source:
        await store(source, EVENTS)
        with served(source) as url:
            yield Client(url).get


async def take(database: str, get: Get, unread: list[str] | None = None) -> Tally:
    settings = Settings(database_url=database)
    conn = await connect(database)
    try:
        async with running_writer(database, settings) as writer:
            loader = Loader(writer, conn, settings, lambda source, reason: None)
            taking = Import(Api("m", get), conn, loader, lambda done, total, note: None)
            await taking.take()
            if unread is not None:
                unread += taking.unread
            return loader.tally
    finally:
        await conn.close()


async def hash_of(database: str) -> str:
    async with connected(database) as conn:
        return await state_hash(conn)


async def test_wherever_it_is_stopped_it_ends_the_same(database: str, other: str, get: Get) -> None:
    whole = Failing(get, 10_000)
    await take(other, whole)
    stopped = 0
    for requests in range(1, len(whole.asked), 6):
        try:
            await take(database, Failing(get, requests))
        except Unavailable:
            stopped += 1
    assert stopped > 1
    await take(database, get)
    assert await hash_of(database) == await hash_of(other)


async def test_it_goes_on_where_it_was(database: str, get: Get) -> None:
    with pytest.raises(Unavailable):
        await take(database, Failing(get, 8))
    async with connected(database) as conn:
        reached, finished = await imports.find(conn, "m")
    assert reached is not None
    assert not finished
    again = Failing(get, 10_000)
    tally = await take(database, again)
    assert again.events_after[0].startswith(f"{reached:%Y-%m-%dT%H:%M:%S}")
    assert tally.accepted < len(EVENTS)
    once_more = Failing(get, 10_000)
    assert (await take(database, once_more)).accepted == 0
    assert once_more.events_after[0].startswith("2026-03-01T08:00:00"), "through: the next begins at the oldest event"


async def test_what_marquez_does_not_show_costs_nothing_else(database: str, get: Get) -> None:
    """As it answers 500 to lists that have certain names in them."""

    def failing(*path: str, **query: Any) -> bytes:
        if path in (("namespaces", "db://shop", "datasets"), ("namespaces", "shop", "jobs", "planned", "runs")):
            raise Refused(500, "The service answered 500.")
        return get(*path, **query)

    unread: list[str] = []
    await take(database, failing, unread)
    assert unread == ["datasets of db://shop: The service answered 500.", "job planned of shop: The service answered 500."]
    async with connected(database) as conn:
        assert (await imports.find(conn, "m")).finished
        assert (await find_job(conn, "shop", "planned")) is not None
