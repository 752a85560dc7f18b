"""What is refused is kept with its reason, and can be sent again."""

from __future__ import annotations

import json

import pytest
from tests.build import run_event
from tests.ingest.orders import SETTINGS

from headwater.db.pool import Pool
from headwater.errors import InvalidEvent, NotFound, Unavailable
from headwater.ingest import dead_letters
from headwater.ingest.writer import running_writer
from headwater.settings import Settings

LONG = json.dumps(run_event("START", "08:00", job="x" * 200)).encode()
REASON = InvalidEvent.at("$.job.name", "has 200 characters; the limit is 100")


async def _bury(pool: Pool, body: bytes = LONG, source: str = "/api/v1/lineage") -> int:
    async with pool.connection() as conn:
        await dead_letters.bury(conn, body, REASON, source=source, status=422)
        (newest, *_), _ = await dead_letters.list_page(conn, 1, 0)
    return newest.dead_letter_id


async def test_it_is_kept_with_its_reason(pool: Pool) -> None:
    identifier = await _bury(pool)
    async with pool.connection() as conn:
        letter = await dead_letters.get(conn, identifier)
    assert (letter.body, letter.source, letter.status) == (LONG, "/api/v1/lineage", 422)
    assert letter.message == "$.job.name: has 200 characters; the limit is 100"
    assert letter.errors == [{"path": "$.job.name", "message": "has 200 characters; the limit is 100"}]
    assert letter.received_at.tzinfo is not None
    assert (letter.retried_at, letter.accepted_at) == (None, None)
    assert letter.text == LONG.decode()


@pytest.mark.parametrize("body", [b"", b"\x00\xff{", b"\xff\xfe", b"[" * 100_000])
async def test_any_bytes_are_kept(pool: Pool, body: bytes) -> None:
    identifier = await _bury(pool, body, source="x" * 5000)
    async with pool.connection() as conn:
        letter = await dead_letters.get(conn, identifier)
    assert letter.body == body
    assert len(letter.source) == 1000
    assert isinstance(letter.text, str)


async def test_pages_have_the_newest_first(pool: Pool) -> None:
    identifiers = [await _bury(pool, f"{n}".encode()) for n in range(5)]
    async with pool.connection() as conn:
        page, total = await dead_letters.list_page(conn, 2, 1)
    assert [letter.dead_letter_id for letter in page] == identifiers[::-1][1:3]
    assert total == 5


async def test_one_that_does_not_exist(pool: Pool) -> None:
    async with pool.connection() as conn:
        with pytest.raises(NotFound):
            await dead_letters.get(conn, 7)


async def test_a_retry_that_goes_in(database: str, pool: Pool) -> None:
    identifier = await _bury(pool)
    async with running_writer(database, SETTINGS) as writer:
        letter = await dead_letters.retry(pool, writer, SETTINGS, identifier)
        again = await dead_letters.retry(pool, writer, SETTINGS, identifier)
    assert letter.retried_at is not None
    assert letter.accepted_at is not None
    assert again.accepted_at is not None
    async with pool.connection() as conn:
        row = await (await conn.execute("SELECT name FROM lineage_events")).fetchall()
    assert row == [("x" * 200,)]


async def test_a_retry_that_is_refused_again(database: str, pool: Pool) -> None:
    identifier = await _bury(pool)
    strict = Settings(max_name_length=100)
    async with running_writer(database, strict) as writer:
        with pytest.raises(InvalidEvent):
            await dead_letters.retry(pool, writer, strict, identifier)
    async with pool.connection() as conn:
        letter = await dead_letters.get(conn, identifier)
    assert letter.retried_at is not None
    assert letter.accepted_at is None


async def test_a_retry_while_the_database_of_the_writer_is_away(pool: Pool) -> None:
    identifier = await _bury(pool)
    async with running_writer("postgresql://nobody@127.0.0.1:1/none", SETTINGS) as writer:
        with pytest.raises(Unavailable):
            await dead_letters.retry(pool, writer, SETTINGS, identifier)
    async with pool.connection() as conn:
        assert (await dead_letters.get(conn, identifier)).accepted_at is None
