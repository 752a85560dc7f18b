from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from tests.build import run_event

from headwater.db.pool import connect
from headwater.errors import Unavailable
from headwater.ingest import lane
from headwater.ingest.files import Found
from headwater.ingest.load import Loader
from headwater.ingest.writer import running_writer
from headwater.settings import Settings


@asynccontextmanager
async def loading(database: str, told: list[tuple[str, str]] | None = None, **settings: Any) -> AsyncIterator[Loader]:
    chosen = Settings(**settings)
    conn = await connect(database)
    try:
        async with running_writer(database, chosen) as writer:
            yield Loader(writer, conn, chosen, lambda source, reason: (told if told is not None else []).append((source, reason)))
    finally:
        await conn.close()


def found(number: int) -> Found:
    event = run_event("RUNNING", f"08:{number // 60:02}:{number % 60:02}")
    return Found(json.dumps(event).encode(), f"line {number}")


async def test_more_than_the_queue_holds(database: str) -> None:
    async with loading(database, queue_events=20, commit_events=7) as loader:
        for number in range(300):
            await loader.add("file", found(number % 200))
        await loader.finish()
    assert (loader.tally.accepted, loader.tally.duplicate, loader.tally.dead) == (200, 100, 0)


async def test_an_event_larger_than_half_of_the_queue_waits_for_the_others(database: str) -> None:
    async with loading(database, queue_bytes=1024) as loader:
        for number in range(30):
            await loader.add("file", found(number))
        await loader.finish()
    assert loader.tally.accepted == 30


async def test_what_the_database_refuses_is_buried_as_it_was_sent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> Any:
        raise psycopg.DataError("no")

    monkeypatch.setattr(lane, "commit", refuse)
    told: list[tuple[str, str]] = []
    async with loading(database, told) as loader:
        await loader.add("file", found(1))
        await loader.finish()
        conn = await connect(database)
        rows = await (await conn.execute("SELECT source, status, message FROM dead_letters")).fetchall()
        await conn.close()
    assert rows == [("file", 422, "line 1: $: cannot be stored: DataError")]
    assert told == [("file", "line 1: $: cannot be stored: DataError")]


async def test_a_database_that_goes_away_ends_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: Any) -> Any:
        raise psycopg.errors.AdminShutdown("terminating connection")

    monkeypatch.setattr(lane, "commit", lost)
    async with loading(database) as loader:
        for number in range(3):
            await loader.add("file", found(number))
        with pytest.raises(Unavailable):
            await loader.finish()
        loader.abandon()
    assert loader.tally.total == 0


async def test_what_the_settings_leave_out(database: str) -> None:
    async with loading(database, exclude_namespaces_on_write="^shop$") as loader:
        await loader.add("file", found(1))
        await loader.finish()
    assert (loader.tally.accepted, loader.tally.excluded, loader.tally.total) == (0, 1, 1)
