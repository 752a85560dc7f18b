"""Dead letters: events that were refused, kept with the reason, so that their sender can mend and send them again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headwater import ids
from headwater.db.pool import Connection, Pool
from headwater.errors import InvalidEvent, NotFound, Problem
from headwater.ingest.prepare import compress, decompress, prepare
from headwater.ingest.writer import Writer
from headwater.settings import Settings

_COLUMNS = "dead_letter_id, received_at, source, status, message, errors, retried_at, accepted_at, body"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    dead_letter_id: int
    received_at: datetime
    source: str  # path of the request, or name of the file
    status: int  # what the sender was told
    message: str
    errors: list[Problem]
    retried_at: datetime | None
    accepted_at: datetime | None  # when a retry went in
    body: bytes  # as sent, after Content-Encoding

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    *columns, body = row
    return DeadLetter(*(*columns, decompress(body)))


async def bury(conn: Connection, body: bytes, error: InvalidEvent, *, source: str, status: int) -> None:
    """Keeps a refused event."""
    await conn.execute(
        "INSERT INTO dead_letters (source, status, message, errors, body) VALUES (%s, %s, %s, %s, %s)",
        [source[:1000], status, error.message, json.dumps(error.errors), compress(body)],
    )


async def list_page(conn: Connection, limit: int, offset: int) -> tuple[list[DeadLetter], int]:
    """Newest first, and how many there are in all."""
    total = await (await conn.execute("SELECT count(*) FROM dead_letters")).fetchone()
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM dead_letters ORDER BY received_at DESC, dead_letter_id DESC LIMIT %s OFFSET %s",
        [limit, offset],
    )
    assert total is not None
    return [_letter(row) for row in await cursor.fetchall()], total[0]


async def get(conn: Connection, identifier: int) -> DeadLetter:
    """Raises NotFound."""
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM dead_letters WHERE dead_letter_id = %s",
        [identifier],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("Dead letter", str(identifier))
    return _letter(row)


async def find_ids(conn: Connection, source: str) -> set[UUID]:
    """Ids that the events would have which were refused from a source."""
    async with conn.transaction(), conn.cursor(name="dead_letters") as rows:
        await rows.execute("SELECT body FROM dead_letters WHERE source = %s", [source[:1000]])
        return {ids.event_id(decompress(body)) async for (body,) in rows}


async def retry(pool: Pool, writer: Writer, settings: Settings, identifier: int) -> DeadLetter:
    """Sends a dead letter through ingest again; it stays, with the time at which it was accepted.

    Raises NotFound, or InvalidEvent if it is refused again.
    """
    async with pool.connection() as conn:
        letter = await get(conn, identifier)
        await conn.execute("UPDATE dead_letters SET retried_at = now() WHERE dead_letter_id = %s", [identifier])
    await writer.put(prepare(letter.body, settings))
    async with pool.connection() as conn:
        await conn.execute("UPDATE dead_letters SET accepted_at = now() WHERE dead_letter_id = %s", [identifier])
        return await get(conn, identifier)
