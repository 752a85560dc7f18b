from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from itertools import count, islice

import numpy as np
import pytest
from tests.build import Event, belonging, dataset, dataset_event, job_event, run_event, store
from tests.lineage.graphs import complete, random_event
from tests.queries import recorded

from headwater import ids
from headwater.db.pool import Connection, Pool
from headwater.lineage.graph import other_times, present
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.past import Past
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Question
from headwater.lineage.snapshot import snapshot

_TABLES = [ids.dataset_id("db://shop", f"t{i}") for i in range(8)]
_JOBS = [ids.job_id("shop", f"j{i}") for i in range(4)]
_EVERYTHING = Question(start=(*_TABLES, *_JOBS))  # asked twice, so that it is worth having in memory
_DAY = datetime.fromisoformat("2026-03-01T00:00:00Z")


def _edges(flow: Flow) -> set[tuple[int, int, int]]:
    arrays = flow.arrays
    sources, targets, kinds = arrays.neighbours(np.arange(len(arrays), dtype=np.int32), downstream=True)
    return set(zip(arrays.ids(sources).tolist(), arrays.ids(targets).tolist(), kinds.tolist(), strict=True))


async def _ready(pool: Pool) -> Present:
    """One that knows since when owners have their edges."""
    kept = Present()
    async with kept.reading_at(pool, _moment(_DAY)) as known:
        assert known is None
    await kept.prepare(pool)
    return kept


def _moment(at: datetime) -> Callable[[Connection], Awaitable[datetime]]:
    async def moment(_: Connection) -> datetime:
        return at

    return moment


async def _from_memory(pool: Pool, kept: Present, at: datetime) -> set[tuple[int, int, int]]:
    async with kept.reading_at(pool, _moment(at)) as known:
        assert known is not None
        _, flow_of = known
        for _ in range(2):
            flow = await flow_of(_EVERYTHING)
        return _edges(flow)


async def _from_rows(pool: Pool, at: datetime) -> set[tuple[int, int, int]]:
    """Of the datasets and jobs of random events."""
    async with snapshot(pool) as conn:
        flow = await Past(conn, at).flow([*_TABLES, *_JOBS, ids.job_id("shop", "linker")], downstream=True, hops=0)
        return _edges(flow)


def _random_runs(rnd: random.Random) -> Iterator[Event]:
    """Of few jobs, which mostly do the same again and again, in the order of time. No run ends twice: of such a one the rows know
    only the last time."""
    ended: set[str] = set()
    for i in count():
        job, known = rnd.randrange(3), rnd.random() < 0.85
        at = _DAY + timedelta(minutes=i if rnd.random() < 0.9 else rnd.randrange(i + 1))
        inputs, outputs = ([f"t{job}"], [f"t{job + 1}"]) if known else ([f"t{rnd.randrange(6)}"], [f"t{rnd.randrange(6)}"])
        run = f"{job} r{i // 4}" if rnd.random() < 0.5 else f"{job} o{i}"
        kind = "COMPLETE" if rnd.random() < 0.7 else rnd.choice(["START", "RUNNING", "FAIL"])
        if kind in ("COMPLETE", "FAIL") and run in ended:
            kind = rnd.choice(["START", "RUNNING"])
        ended |= {run} if kind in ("COMPLETE", "FAIL") else set()
        facets: Event = {"lineage": {"entries": []}} if rnd.random() < 0.02 else {}
        if rnd.random() < 0.02:
            facets = {"jobType": {"processingType": "STREAMING", "integration": "FLINK"}}
        yield run_event(kind, at.isoformat(), f"j{job}", run, inputs=inputs, outputs=outputs, job_facets=facets)


@pytest.mark.parametrize("seed", range(6))
async def test_memory_tells_of_the_past_what_the_rows_tell(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    events = _random_runs(rnd)
    await store(database, [*islice(events, 30)])
    kept = await _ready(pool)
    for i in range(30, 90, 3):
        await store(database, [*islice(events, 3)])
        for minute in (0, rnd.randrange(i), rnd.randrange(i), i - 1, i + 5):
            at = _DAY + timedelta(minutes=minute, seconds=30)
            assert await _from_memory(pool, kept, at) == await _from_rows(pool, at), at


@pytest.mark.parametrize("seed", range(3))
async def test_of_one_time_again_and_again(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    events, at = _random_runs(rnd), _DAY + timedelta(minutes=25, seconds=30)
    await store(database, [*islice(events, 30)])
    kept = await _ready(pool)
    for i in range(20):
        await store(database, [*islice(events, rnd.randint(1, 3))])
        if i % 5 == 0:
            await store(database, [random_event(rnd, i)])
        assert await _from_memory(pool, kept, at) == await _from_rows(pool, at)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_told(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    await store(database, [random_event(rnd, i) for i in range(20)])
    kept = await _ready(pool)
    for i in range(20, 40):
        await store(database, [random_event(rnd, i)])
        at = _DAY + timedelta(minutes=rnd.randrange(8 * 60, 20 * 60))
        assert await _from_memory(pool, kept, at) == await _from_rows(pool, at)


def _shown(names: str) -> set[tuple[int, int, int]]:
    """What the job ``w`` reads."""
    return {(ids.dataset_id("db://shop", name), ids.job_id("shop", "w"), 1) for name in names}


def _clock(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{time}Z")


async def test_of_what_goes_on_as_it_was_nothing_is_read_again(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "a", "", f"{hour:02}:00") for hour in range(8, 20)])
    kept = await _ready(pool)
    assert kept._past._steady is not None
    told = kept._past._steady.at(_clock("09:30"))
    assert (len(told.unborn), len(told.other)) == (0, 0)
    with recorded() as statements:
        assert await _from_memory(pool, kept, _clock("09:30")) == _shown("a")
    assert len(statements) <= 3, "what has changed, and the look at the connection"
    told = kept._past._steady.at(_clock("07:30"))
    assert (told.unborn.tolist(), len(told.other)) == ([ids.job_id("shop", "w")], 0)
    assert await _from_memory(pool, kept, _clock("07:30")) == set()


async def test_a_job_that_was_another_is_read_as_it_was(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "a", "", "08:00"), complete("w", "b", "", "09:00"), complete("w", "b", "", "10:00")])
    kept = await _ready(pool)
    for time, names in (("08:30", "a"), ("09:30", "b"), ("07:30", "")):
        assert await _from_memory(pool, kept, _clock(time)) == _shown(names)
    assert kept._past._steady is not None
    assert len(kept._past._steady.at(_clock("08:30")).other) == 1
    await store(database, [complete("w", "c", "", "11:00")])
    assert await _from_memory(pool, kept, _clock("09:30")) == _shown("b")
    assert await _from_memory(pool, kept, _clock("11:30")) == _shown("c")


async def test_a_run_that_starts_again_has_what_the_one_before_had_too(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "a", "", "08:00"), complete("w", "b", "", "09:00", "last")])
    kept = await _ready(pool)
    assert await _from_memory(pool, kept, _clock("09:35")) == _shown("b")
    await store(database, [run_event("START", "09:30", "w", "last"), run_event("COMPLETE", "09:40", "w", "last")])
    assert await _from_memory(pool, kept, _clock("09:35")) == await _from_rows_of(pool, "ab", _clock("09:35")) == _shown("ab")


async def _from_rows_of(pool: Pool, names: str, at: datetime) -> set[tuple[int, int, int]]:
    async with snapshot(pool) as conn:
        return _edges(await Past(conn, at).flow([ids.dataset_id("db://shop", n) for n in names], downstream=True, hops=0))


async def test_a_run_that_turns_out_to_belong_to_another_job(database: str, pool: Pool) -> None:
    first = run_event("COMPLETE", "08:00", "w", "one", inputs=["a"])
    await store(database, [first, complete("w", "b", "", "08:10"), complete("dag.w", "c", "", "08:20")])
    await store(database, [complete("w", "b", "", "10:00"), complete("dag.w", "c", "", "10:00")])
    kept = await _ready(pool)
    assert await _from_memory(pool, kept, _clock("08:05")) == _shown("a")
    await store(database, [belonging(run_event("OTHER", "08:01", "w", "one"), "dag")])
    moved = {(ids.dataset_id("db://shop", "a"), ids.job_id("shop", "dag.w"), 1)}
    assert await _from_memory(pool, kept, _clock("08:05")) == await _from_rows_of(pool, "abc", _clock("08:05")) == moved


async def test_where_too_much_was_otherwise_it_is_not_known(database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(
        database, [complete(f"w{i}", side, "", time) for i in range(4) for side, time in (("a", "08:00"), ("b", "09:00"))]
    )
    kept = await _ready(pool)
    monkeypatch.setattr(other_times, "_MOST_OTHER", 3)
    async with kept.reading_at(pool, _moment(_clock("08:30"))) as known:
        assert known is None
    assert len(await _from_memory(pool, kept, _clock("09:30"))) == 4


async def test_all_that_changed_meanwhile_is_looked_at_again(database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await _ready(pool)
    await store(database, [complete(f"w{i}", "a", "", "08:00") for i in range(4)])
    monkeypatch.setattr(other_times, "_MOST_NOTED", 3)
    async with kept.reading_at(pool, _moment(_clock("08:30"))) as known:
        assert known is None, "it is so much that all is read in the background"
    assert kept._past._steady is None
    async with kept.reading_at(pool, _moment(_clock("08:30"))) as known:
        assert known is None
    await kept.prepare(pool)
    assert len(await _from_memory(pool, kept, _clock("08:30"))) == 4


async def test_after_a_long_time_all_is_read_again_in_the_background(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(database, [complete("w", "a", "", "08:00")])
    kept = await _ready(pool)
    with monkeypatch.context() as patched:
        patched.setattr(present, "FORGET_S", -1.0)
        async with kept.reading_at(pool, _moment(_clock("08:30"))) as known:
            assert known is None
    await kept.prepare(pool)
    assert await _from_memory(pool, kept, _clock("08:30")) == _shown("a")


async def test_names_of_one_dataset_are_one(database: str, pool: Pool) -> None:
    link = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": "b", "type": "TABLE"}]}}
    await store(database, [complete("w", "b", "", "08:00"), complete("w", "c", "", "09:00")])
    await store(database, [run_event("COMPLETE", "09:30", "linker", "l", outputs=[dataset("a", link)])])
    kept = await _ready(pool)
    assert await _from_memory(pool, kept, _clock("08:30")) == _shown("a")


async def test_what_is_declared(database: str, pool: Pool) -> None:
    facet = {"lineage": {"inputs": [{"type": "DATASET", "namespace": "db://shop", "name": "b"}]}}
    await store(database, [dataset_event("08:00", "a", facet), job_event("08:00", "w", inputs=["a"])])
    kept = await _ready(pool)
    await store(database, [dataset_event("07:00", "a", facet), job_event("09:00", "w", inputs=["b"])])
    view = {(ids.dataset_id("db://shop", "b"), ids.dataset_id("db://shop", "a"), 3)}
    assert await _from_memory(pool, kept, _clock("07:30")) == view
    assert await _from_memory(pool, kept, _clock("08:30")) == view | _shown("a")
    assert await _from_memory(pool, kept, _clock("09:30")) == view | _shown("b")


async def test_after_old_runs_went_all_is_read_again(database: str, pool: Pool) -> None:
    kept = await _ready(pool)
    async with pool.connection() as conn:
        await conn.execute("INSERT INTO graph_changes (owner_id) VALUES (NULL)")
    async with kept.reading_at(pool, _moment(_DAY)) as known:
        assert known is None
