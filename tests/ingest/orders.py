"""Whether a history ends in one state, whatever its order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import permutations

from tests.build import Event

from headwater.db.pool import Connection, connect
from headwater.db.tables import PROJECTIONS
from headwater.ingest.commit import Memory, commit
from headwater.ingest.prepare import Incoming, prepare
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from headwater.settings import Settings

SETTINGS = Settings()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    conn = await connect(url)
    try:
        yield conn
    finally:
        await conn.close()


def prepared(events: Sequence[Event]) -> list[Incoming]:
    return [prepare(json.dumps(e).encode(), SETTINGS) for e in events]


async def reset(conn: Connection) -> None:
    """An empty log, and nothing that follows from it."""
    await conn.execute("TRUNCATE lineage_events, tags, " + ", ".join(t.name for t in PROJECTIONS if t.name != "namespaces"))
    await conn.execute("DELETE FROM namespaces WHERE name <> 'default'")


async def assert_orderless(database: str, events: Sequence[Event]) -> None:
    """All permutations one by one (for a handful of events), the whole in one batch, and a replay agree."""
    incoming = prepared(events)
    async with connected(database) as conn:
        await commit(conn, incoming, Memory())
        expected = await table_hashes(conn)
        for order in permutations(range(len(incoming))):
            await reset(conn)
            memory = Memory()
            for n in order:
                await commit(conn, [incoming[n]], memory)
            found = await table_hashes(conn)
            assert found == expected, f"order {order}"
    await replay(database, lambda done, total: None)
    async with connected(database) as conn:
        assert await table_hashes(conn) == expected, "replay"
