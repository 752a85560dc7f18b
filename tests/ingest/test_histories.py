"""Order does not matter: random histories of runs, late, twice, shuffled, in other batches and by two writers at once, end
in one state; and replay arrives at the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.build import Event
from tests.ingest.orders import SETTINGS, connected, prepared, reset
from tests.ingest.strategies import histories

from headwater.db.pool import Connection
from headwater.ingest.commit import Memory, commit
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from headwater.ingest.writer import running_writer


async def _one_by_one(url: str, conn: Connection, events: list[Event]) -> None:
    memory = Memory()
    for incoming in prepared(events):
        await commit(conn, [incoming], memory)


async def _write(url: str, events: list[Event]) -> None:
    async with running_writer(url, SETTINGS) as writer:
        for incoming in prepared(events):
            await writer.put(incoming)


async def _two_writers(url: str, conn: Connection, events: list[Event]) -> None:
    await asyncio.gather(_write(url, events[::2]), _write(url, events[1::2]))


async def _batched_twice(url: str, conn: Connection, events: list[Event]) -> None:
    half = len(events) // 2
    memory = Memory()
    for batch in (events[half:], events[:half] + events[half:]):
        await commit(conn, prepared(batch), memory)


WAYS: list[Callable[[str, Connection, list[Event]], Coroutine[Any, Any, None]]] = [_one_by_one, _two_writers, _batched_twice]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories(12), seed=st.integers(0, 2**32))
def test_any_order_any_batches_any_writers(database: str, history: list[Event], seed: int) -> None:
    async def check() -> None:
        async with connected(database) as conn:
            await reset(conn)
            await commit(conn, prepared(history), Memory())
            expected = await table_hashes(conn)
            for n, way in enumerate(WAYS):
                events = list(history)
                random.Random(seed + n).shuffle(events)
                await reset(conn)
                await way(database, conn, events)
                assert await table_hashes(conn) == expected, way.__name__
            await replay(database, lambda done, total: None)
            assert await table_hashes(conn) == expected, "replay"

    asyncio.run(check())
