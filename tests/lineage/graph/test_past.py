from __future__ import annotations

import random
from datetime import datetime

import numpy as np
import pytest
from tests.build import Event, dataset, job_event, run_event, store
from tests.lineage.graphs import complete, random_event
from tests.queries import recorded

from headwater import ids
from headwater.db.pool import Pool
from headwater.lineage.graph import past
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.past import ALWAYS, Past
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.snapshot import snapshot

_STARTS = [ids.dataset_id("db://shop", f"t{i}") for i in range(8)] + [ids.job_id("shop", f"j{i}") for i in range(4)]


def _reached(flow: Flow, start: int, *, downstream: bool) -> dict[int, int]:
    found = reach(flow, Question(start=(start,), downstream=downstream))
    return dict(zip(found.ids.tolist(), found.distances.tolist(), strict=True))


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


@pytest.mark.parametrize("seed", range(6))
async def test_as_of_a_time_is_the_present_of_the_history_cut_then(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    events = sorted((random_event(rnd, i, links=False) for i in range(30)), key=_at)
    cut = _at(events[rnd.randrange(5, 25)])
    await store(database, [event for event in events if _at(event) <= cut])
    present: dict[tuple[int, bool], dict[int, int]] = {}
    async with Present().reading(pool) as (_, flow):
        for start in _STARTS:
            for downstream in (True, False):
                present[start, downstream] = _reached(flow, start, downstream=downstream)
    await store(database, [event for event in events if _at(event) > cut])
    later = Present()
    async with later.reading(pool):
        pass
    async with snapshot(pool) as conn:
        for (start, downstream), expected in present.items():
            for near in (None, later.near):
                flow = await Past(conn, cut, near=near).flow([start], downstream=downstream, hops=None)
                assert _reached(flow, start, downstream=downstream) == expected


async def test_all_of_history_is_every_edge_there_ever_was(database: str, pool: Pool) -> None:
    events = [complete("w", "a", "b", "08:00"), complete("w", "c", "d", "09:00"), run_event("START", "10:00", "w", "next")]
    await store(database, events)
    w, at = ids.job_id("shop", "w"), _at(events[1])

    async def sides(at: datetime, since: datetime | None = None) -> set[int]:
        async with snapshot(pool) as conn:
            found = [
                _reached(await Past(conn, at, since).flow([w], downstream=downstream, hops=None), w, downstream=downstream)
                for downstream in (True, False)
            ]
        return set(found[0]) | set(found[1])

    tables = {name: ids.dataset_id("db://shop", name) for name in "abcd"}
    assert await sides(at) == {tables["c"], tables["d"]}
    assert await sides(_at(events[0])) == {tables["a"], tables["b"]}
    assert await sides(at, _at(events[0])) == set(tables.values())
    assert await sides(_at(events[0]), _at(events[0])) == {tables["a"], tables["b"]}


@pytest.mark.parametrize("downstream", [True, False])
async def test_where_the_present_leads_many_hops_are_read_at_once(database: str, pool: Pool, downstream: bool) -> None:
    await store(database, [complete(f"j{i}", f"t{i}", f"t{i + 1}", "08:00") for i in range(30)])
    await store(database, [complete("j20", "t20", "elsewhere", "09:00")])
    start, at = ids.dataset_id("db://shop", "t0" if downstream else "t30"), datetime.fromisoformat("2026-03-01T08:30:00Z")
    present = Present()
    told: dict[bool, int] = {}
    async with present.reading(pool) as (conn, _):
        for ahead in (True, False):
            with recorded() as statements:
                flow = await Past(conn, at, near=present.near if ahead else None).flow([start], downstream=downstream, hops=None)
            assert len(_reached(flow, start, downstream=downstream)) == 60
            told[ahead] = len(statements)
    assert told[True] <= 8, "up to where it leads elsewhere now, from there, and what is the last"
    assert told[False] > 60


async def test_what_is_read_ahead_is_bounded_by_what_is_reached(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_AHEAD", 10)
    await store(database, [complete("w", "a", "b", "08:00")])
    await store(database, [complete("w", "a", " ".join(f"c{i}" for i in range(300)), "09:00")])
    await store(database, [complete(f"r{i}", f"c{i}", f"d{i}", "09:00") for i in range(300)])
    present = Present()
    async with present.reading(pool) as (conn, _):
        seen = Past(conn, datetime.fromisoformat("2026-03-01T08:30:00Z"), near=present.near)
        await seen.flow([ids.dataset_id("db://shop", "a")], downstream=True, hops=None)
        assert len(seen._ends[True]) <= 10 + 4 * 3


async def test_before_the_first_event_there_is_nothing(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "a", "b", "08:00")])
    async with snapshot(pool) as conn:
        flow = await Past(conn, datetime.fromisoformat("2020-01-01T00:00:00Z")).flow(
            [ids.job_id("shop", "w")], downstream=True, hops=None
        )
    assert len(flow.arrays.ids(np.arange(len(flow.arrays), dtype=np.int32))) == 0


async def test_what_another_namespace_declares_of_a_job_of_that_name_is_nothing_to_this_one(database: str, pool: Pool) -> None:
    """Both jobs are declared later, so the log is asked what was declared by then."""
    await store(database, [
        complete("load", "raw", "orders", "08:00"),
        job_event("09:00", "load", inputs=["other"], namespace="elsewhere"),
        complete("load", "raw", "orders", "10:00"),
        job_event("11:00", "load", inputs=["raw"]),
    ])  # fmt: skip
    assert await _downstream_of(pool, "raw", "09:30") == {ids.job_id("shop", "load"), ids.dataset_id("db://shop", "orders")}


async def test_an_edge_that_was_declared_ends_with_a_run_and_comes_back_with_another(database: str, pool: Pool) -> None:
    await store(database, [
        job_event("08:00", "load", inputs=["raw"]),
        complete("load", "copy", "orders", "09:00"),
        complete("load", "raw", "orders", "10:00"),
    ])  # fmt: skip
    load, orders = ids.job_id("shop", "load"), ids.dataset_id("db://shop", "orders")
    assert [await _downstream_of(pool, "raw", at) for at in ("08:30", "09:30", "10:30")] == [{load}, set(), {load, orders}]


async def test_a_dataset_that_is_reached_by_one_of_its_names_is_left_by_the_others(database: str, pool: Pool) -> None:
    links = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": n, "type": "TABLE"} for n in ("old", "older")]}}
    await store(database, [
        run_event("COMPLETE", "08:00", "rename", "r", outputs=[dataset("new", links)]),
        complete("write", "raw", "old", "08:10"),
        complete("read", "older", "report", "08:20"),
    ])  # fmt: skip
    assert ids.dataset_id("db://shop", "report") in await _downstream_of(pool, "raw", "09:00")


async def _downstream_of(pool: Pool, table: str, time: str) -> set[int]:
    start = ids.dataset_id("db://shop", table)
    async with snapshot(pool) as conn:
        flow = await Past(conn, datetime.fromisoformat(f"2026-03-01T{time}Z")).flow([start], downstream=True, hops=None)
    return set(_reached(flow, start, downstream=True))


@pytest.mark.parametrize("seed", range(4))
async def test_of_both_sides_it_is_what_the_present_has_of_them(database: str, pool: Pool, seed: int) -> None:
    """With the edges between what is upstream and what is downstream, which neither side has."""
    rnd = random.Random(seed)
    await store(database, [random_event(rnd, i) for i in range(40)])
    async with Present().reading(pool) as (conn, present):
        for start in _STARTS:
            for depth in (None, 1, 2):
                past = await Past(conn, ALWAYS).flow([start], downstream=True, both=True, hops=depth)
                asked = Question((start,), depth=depth, both=True)
                now, then = (reach(flow, asked) for flow in (present, past))
                assert dict(zip(then.ids.tolist(), zip(then.distances.tolist(), then.sides(), strict=True), strict=True)) == dict(
                    zip(now.ids.tolist(), zip(now.distances.tolist(), now.sides(), strict=True), strict=True)
                )
                assert (then.cut, then.count_edges([start])) == (now.cut, now.count_edges([start]))
