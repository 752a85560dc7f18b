"""The words by which jobs and datasets are found: those of their current facets, whatever came before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.build import Event, Facets, dataset, dataset_event, job_event, run_event, schema
from tests.ingest.orders import connected, prepared
from tests.ingest.telling import dataset_id, job_id

from headwater.db.pool import Connection
from headwater.ingest.commit import Memory, commit
from headwater.ingest.replay import replay
from headwater.ingest.words import DATASETS, JOBS, renew, renew_all


async def _told(conn: Connection, events: Sequence[Event]) -> None:
    await commit(conn, prepared(events), Memory())


async def _renewed(conn: Connection) -> int:
    return sum([stale async for stale in renew_all(conn)])


async def _words(conn: Connection, noun: str) -> list[list[str]]:
    """Of each that has any, in the order of their names."""
    query = f"SELECT tsvector_to_array(words) FROM {noun}_words JOIN {noun}s USING ({noun}_id) ORDER BY name"
    return [row[0] for row in await (await conn.execute(query)).fetchall()]


async def test_only_what_is_stale_is_renewed(database: str) -> None:
    async with connected(database) as conn:
        await _told(conn, [dataset_event("08:00", name, schema("id")) for name in "abc"])
        assert [await renew(conn, DATASETS, [dataset_id(name) for name in names]) for names in ("ab", "ab", "abc", "")] == [
            2,
            0,
            1,
            0,
        ]
        await _told(conn, [dataset_event("08:01", "a", schema("id")), dataset_event("08:01", "b", schema("key"))])
        assert await renew(conn, DATASETS, [dataset_id(name) for name in "abc"]) == 1
        assert await _words(conn, "dataset") == [["id"], ["key"], ["id"]]


async def test_what_is_told_late_is_passed_over(database: str) -> None:
    """The current facets count, not those that came last; and what was there before may come back."""
    async with connected(database) as conn:
        for time, sql in (("08:05", "new"), ("08:01", "old"), ("08:06", "old"), ("08:07", "new")):
            await _told(conn, [job_event(time, "load", facets={"sql": {"query": sql}})])
            await renew(conn, JOBS, [job_id("load")])
            assert await _words(conn, "job") == [["old"] if time == "08:06" else ["new"]]


async def test_a_body_counts_for_each_that_has_it_under_the_key_that_it_has(database: str) -> None:
    shared: Facets = {"description": "net", "query": "gross"}
    async with connected(database) as conn:
        told = run_event(
            "COMPLETE", "08:00", "a", job_facets={"documentation": shared}, outputs=[dataset("d", {"documentation": shared})]
        )
        await _told(conn, [told, job_event("08:00", "b", facets={"sql": shared, "custom": {"query": "mine"}})])
        assert await _renewed(conn) == 3
        assert await _words(conn, "job") == [["net"], ["gross"]]
        assert await _words(conn, "dataset") == [["net"]]


async def test_what_has_no_words_is_looked_at_once(database: str) -> None:
    """Texts where none should be, what jsonb refuses, and punctuation."""
    odd: list[Facets] = [{"sql": {"query": [1]}}, {"sql": {"query": "margin \0"}}, {"sql": {"query": "?!"}}]
    async with connected(database) as conn:
        await _told(conn, [job_event("08:00", f"j{n}", facets=facets) for n, facets in enumerate(odd)])
        assert [await _renewed(conn), await _renewed(conn)] == [3, 0]


async def test_a_replay_leaves_nothing_to_do(database: str) -> None:
    async with connected(database) as conn:
        await _told(conn, [dataset_event("08:00", "a", schema("id")), job_event("08:00", "b", facets={"sql": {"query": "x"}})])
        assert await _renewed(conn) == 2
        await replay(database, lambda done, total: None)
        assert await _renewed(conn) == 0
        assert (await _words(conn, "dataset"), await _words(conn, "job")) == ([["id"]], [["x"]])


async def test_what_is_gone_is_forgotten(database: str) -> None:
    async with connected(database) as conn:
        await _told(conn, [dataset_event("08:00", name, schema("id")) for name in "abc"])
        await _renewed(conn)
        await conn.execute("DELETE FROM datasets WHERE name = 'b'")
        await _renewed(conn)
        kept = await (await conn.execute("SELECT dataset_id FROM dataset_words")).fetchall()
        assert {row[0] for row in kept} == {dataset_id("a"), dataset_id("c")}


async def test_two_processes_take_turns(database: str) -> None:
    """Or the words of facets that one had looked at before they changed could replace those that the other wrote after."""
    async with connected(database) as one, connected(database) as other:
        await _told(one, [dataset_event("08:00", "a", schema("id"))])
        async with one.transaction():
            assert await renew(one, DATASETS, [dataset_id("a")]) == 1
            waiting = asyncio.ensure_future(renew(other, DATASETS, [dataset_id("a")]))
            await _until_somebody_waits(one)
        assert await waiting == 0


async def _until_somebody_waits(conn: Connection) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(30):
        while await (await conn.execute(waiting)).fetchall() == [(0,)]:  # noqa: ASYNC110 - it is the database that changes it
            await asyncio.sleep(0.01)
