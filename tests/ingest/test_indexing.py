"""What is written is soon found by its content, whoever wrote it and whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tests.build import dataset, run_event, schema
from tests.ingest.orders import SETTINGS, connected, prepared
from tests.ingest.telling import dataset_id, told

from headwater.db.pool import Connection
from headwater.ingest import indexing, words
from headwater.ingest.changes import Changes
from headwater.ingest.commit import Memory, commit
from headwater.ingest.indexing import Unread, running_indexer
from headwater.ingest.writer import running_writer
from headwater.metrics import SEARCH_LAG

TOLD = run_event(
    "COMPLETE", "08:00", job_facets={"sql": {"query": "select margin"}}, outputs=[dataset("a", schema("id")), "bare"]
)

_MAKES_ROUNDS = f"""
SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND granted
  AND (classid::bigint << 32) + objid::bigint = {indexing._ROUNDS}
"""

_OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def _rows(conn: Connection, query: str) -> list[tuple[object, ...]]:
    return await (await conn.execute(query)).fetchall()


async def _until(conn: Connection, query: str, rows: int = 1) -> None:
    """The query gives so many."""
    async with asyncio.timeout(30):
        while len(await _rows(conn, query)) != rows:  # noqa: ASYNC110 - it is another process that changes it
            await asyncio.sleep(0.02)


def _lag() -> float:
    return next(iter(SEARCH_LAG.collect())).samples[0].value


# ---------------------------------------------------------------- what is to be looked at


def _take(unread: Unread, noun: words.Noun) -> list[int]:
    with unread.taken(noun) as ids:
        return ids


def test_what_waits_longest_comes_first_and_each_once() -> None:
    unread = Unread()
    assert (bool(unread), unread.lag()) == (False, 0)
    for time, name in (("08:00", "b"), ("08:01", "c"), ("08:02", "b"), ("08:03", "a")):
        unread.add(told(run_event("START", time, outputs=[dataset(name, schema("id")), "bare"])))
    assert _take(unread, words.DATASETS) == [dataset_id(name) for name in "bca"]
    assert (_take(unread, words.DATASETS), _take(unread, words.JOBS), bool(unread)) == ([], [], False)


def test_the_lag_is_that_of_the_first() -> None:
    unread = Unread()
    unread.add(told(TOLD))
    first = unread.lag()
    unread.add(told(TOLD))
    assert unread.lag() > first > 0


def _written(time: str, *columns: str) -> Changes:
    return told(run_event("COMPLETE", time, outputs=[dataset("a", schema(*columns))]))


def _noticed(*events: Changes) -> list[bool]:
    """Of each whether it is to be looked at, after those before it have been."""
    unread = Unread()
    found = []
    for changes in events:
        unread.add(changes)
        found.append(bool(_take(unread, words.DATASETS)))
    return found


def test_what_was_told_before_is_not_looked_at_again() -> None:
    assert _noticed(_written("08:00", "x"), _written("09:00", "x"), _written("10:00", "y")) == [True, False, True]
    statistics = {"outputStatistics": {"rowCount": 1}}
    counted = told(run_event("COMPLETE", "08:00", outputs=[dataset("a", schema("x"), outputFacets=statistics)]))
    assert _noticed(_written("08:00", "x"), counted) == [True, False], "nobody searches for numbers"


def test_what_comes_back_is_looked_at() -> None:
    x, y, late, again = _written("08:00", "x"), _written("09:00", "y"), _written("07:00", "x"), _written("10:00", "x")
    assert _noticed(x, y, late, again) == [True, True, False, True]


def test_what_readers_tell_is_apart() -> None:
    read = told(run_event("COMPLETE", "09:00", inputs=[dataset("a", schema("x"))]))
    assert _noticed(_written("08:00", "x"), read, read) == [True, True, False]


def test_after_an_erasure_all_is_new() -> None:
    unread = Unread()
    unread.add(_written("08:00", "x"))
    _take(unread, words.DATASETS)
    unread.forget()
    unread.add(_written("08:00", "x"))
    assert _take(unread, words.DATASETS) == [dataset_id("a")]


def test_a_step_is_no_longer_than_a_transaction_should_be() -> None:
    unread = Unread()
    unread.add(told(run_event("START", "08:00", outputs=[dataset(str(n), schema("id")) for n in range(words.STEP + 1)])))
    assert [len(_take(unread, words.DATASETS)) for _ in range(3)] == [words.STEP, 1, 0]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_MOST", 2)
    unread = Unread()
    for n in range(4):
        unread.add(told(run_event("START", "08:00", outputs=[dataset(str(n), schema("id"))])))
    assert _take(unread, words.DATASETS) == [dataset_id("3")]


# ---------------------------------------------------------------- the background


async def test_what_is_written_is_found_soon(database: str) -> None:
    async with connected(database) as conn, running_writer(database, SETTINGS) as writer:
        await writer.put(prepared([TOLD])[0])
        assert _lag() > 0
        await _until(conn, "SELECT job_id FROM job_words, dataset_words")
        assert await _rows(conn, "SELECT words::text FROM job_words") == [("'margin':2 'select':1",)]
        assert await _rows(conn, "SELECT words::text FROM dataset_words") == [("'id':1",)]
        assert _lag() == 0


async def test_what_is_written_last_is_found_too(database: str) -> None:
    async with running_writer(database, SETTINGS) as writer:
        await writer.put(prepared([TOLD])[0])
    async with connected(database) as conn:
        assert len(await _rows(conn, "SELECT job_id FROM job_words, dataset_words")) == 1


async def test_a_fault_of_the_search_costs_no_event(database: str, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(database) as conn:
        await conn.execute("DROP TABLE job_words")
        async with running_writer(database, SETTINGS, rounds=True) as writer:
            assert await writer.put(prepared([TOLD])[0])
        assert len(await _rows(conn, "SELECT event_id FROM lineage_events")) == 1
    assert {r.getMessage() for r in caplog.records} == {"search by content falls behind"}


async def test_one_service_goes_round_and_finds_what_others_left(database: str) -> None:
    async with connected(database) as conn:
        await commit(conn, prepared([TOLD]), Memory())
        async with running_indexer(database):
            async with running_indexer(database, rounds=True):
                await _until(conn, "SELECT dataset_id FROM dataset_words")
                rounds = await _rows(conn, _MAKES_ROUNDS)
                async with running_indexer(database, rounds=True):
                    assert await _rows(conn, _MAKES_ROUNDS) == rounds
                assert len(rounds) == 1
            await _until(conn, _MAKES_ROUNDS, 0)


async def test_a_lost_connection_is_opened_again_and_nothing_is_lost_with_it(
    database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_AGAIN_S", 0.01)
    async with connected(database) as conn, running_indexer(database) as unread:
        await commit(conn, prepared([TOLD]), Memory())
        await _until(conn, _OTHERS)
        await conn.execute(f"SELECT pg_terminate_backend(pid) FROM ({_OTHERS}) others")
        unread.add(told(TOLD))
        await _until(conn, "SELECT job_id FROM job_words, dataset_words")
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == ["search by content falls behind"]
