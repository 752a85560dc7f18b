from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
from tests.build import Event, dataset, dataset_event, job_event, run_event, store
from tests.lineage.columns.test_lineage import derives, writes

from headwater import ids
from headwater.db.pool import Connection, Pool
from headwater.lineage.columns.edges import Then, column_edges
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.nested import is_inside
from headwater.lineage.snapshot import snapshot

_TABLES = [f"t{i}" for i in range(4)]
_NAMES = {ids.dataset_id("db://shop", name): name for name in (*_TABLES, "a", "b")}
_NAMES |= {ids.job_id("shop", name): name for name in ("j0", "j1", "j2", "load", *(f"declared {table}" for table in _TABLES))}


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


async def _edges(conn: Connection, then: Then | None, table: str) -> dict[bool, set[str]]:
    """``b.x < a.y (who says so)``, downstream and upstream of a table."""
    start = [Place(ids.dataset_id("db://shop", table), "")]
    found = {way: await column_edges(conn, start, downstream=way, then=then) for way in (True, False)}
    return {
        way: {f"{_name(output)} < {_name(source)} ({_NAMES[by]})" for output, source, _, by in told}
        for way, told in found.items()
    }


def _name(place: Place) -> str:
    return f"{_NAMES[place.dataset_id]}.{place.field or '*'}"


def _entries(output: str, facet: dict[str, Any]) -> dict[str, Any]:
    fields = {
        field: {"inputs": [{"type": "DATASET", **source} for source in told["inputFields"]]}
        for field, told in facet["columnLineage"]["fields"].items()
    }
    return {"lineage": {"entries": [{"type": "DATASET", "namespace": "db://shop", "name": output, "fields": fields}]}}


def _random_event(rnd: random.Random, i: int) -> Event:
    """Jobs' facets come back again and again; what is declared or explicit is told once only, and by a job that declares nothing
    else: where it was told before a time and after, it counts then."""
    output, source = rnd.sample(_TABLES, 2)
    time = f"{rnd.randrange(8, 20):02}:{rnd.randrange(60):02}"
    told, once = derives(f"x < {source}.{rnd.choice('xy')}"), derives(f"x < {source}.c{i}", whole=(f"{source}.f{i}",))
    match rnd.randrange(8):
        case 0:
            return dataset_event(time, output, once)
        case 1:
            return job_event(time, f"declared {output}", outputs=[dataset(output, once)])
        case 2:
            kind = rnd.choice(["START", "COMPLETE"])
            return run_event(kind, time, f"j{rnd.randrange(3)}", f"r{i}", outputs=[output], job_facets=_entries(output, once))
        case 3:
            return run_event("START", time, f"j{rnd.randrange(3)}", f"r{i}", inputs=[source], outputs=[output])
        case _:
            return run_event("COMPLETE", time, f"j{rnd.randrange(2)}", f"r{i}", inputs=[source], outputs=[dataset(output, told)])


@pytest.mark.parametrize("seed", range(8))
async def test_as_of_a_time_is_the_present_of_the_history_cut_then(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    events = sorted((_random_event(rnd, i) for i in range(40)), key=_at)
    cut = _at(events[rnd.randrange(10, 30)])
    await store(database, [event for event in events if _at(event) <= cut])
    async with snapshot(pool) as conn:
        present = [await _edges(conn, None, table) for table in _TABLES]
    await store(database, [event for event in events if _at(event) > cut])
    async with snapshot(pool) as conn:
        then = [await _edges(conn, Then(cut), table) for table in _TABLES]
    for way in (True, False):
        was = set.union(*(edges[way] for edges in present))
        assert was
        assert set.union(*(edges[way] for edges in then)) == was


async def test_what_was_told_since(database: str, pool: Pool) -> None:
    events = [writes("load", "b", derives(f"x < a.{column}"), f"0{hour}:00") for hour, column in ((7, "k"), (8, "l"), (9, "m"))]
    await store(database, events)

    async def sources(then: Then | None) -> set[str]:
        async with snapshot(pool) as conn:
            return (await _edges(conn, then, "b"))[False]

    seven, eight, nine = map(_at, events)
    assert await sources(None) == {"b.x < a.m (load)"}
    assert await sources(Then(eight)) == {"b.x < a.l (load)"}
    assert await sources(Then(eight, seven)) == {"b.x < a.k (load)", "b.x < a.l (load)"}
    assert await sources(Then(nine, eight)) == {"b.x < a.l (load)", "b.x < a.m (load)"}
    assert await sources(Then(datetime.fromisoformat("2026-02-28T00:00:00Z"))) == set()


async def test_a_facet_that_comes_back_holds_when_a_run_told_it(database: str, pool: Pool) -> None:
    told = [("07", "k"), ("08", "l"), ("09", "k"), ("10", "l"), ("11", "k")]
    events = [writes("load", "b", derives(f"x < a.{column}"), f"{hour}:00") for hour, column in told]
    await store(database, events)
    async with snapshot(pool) as conn:
        found = [(await _edges(conn, Then(_at(event)), "b"))[False] for event in events]
        since = [(await _edges(conn, Then(_at(event), _at(event)), "b"))[False] for event in events]
    assert found == since == [{f"b.x < a.{column} (load)"} for _, column in told]


_FIELDS = ("p", "p.c", "p[]", "p[].c", "pc", "p.c.d", "q.p")


async def test_with_fields_inside_and_around(database: str, pool: Pool) -> None:
    edges = [f"{output} < a.{source}" for output in _FIELDS for source in _FIELDS]
    await store(database, [writes("load", "b", derives(*edges), "08:00", "a")])
    a, b = (ids.dataset_id("db://shop", name) for name in ("a", "b"))
    async with snapshot(pool) as conn:
        for asked in _FIELDS:
            near = {name for name in _FIELDS if name == asked or is_inside(name, asked) or is_inside(asked, name)}
            down = await column_edges(conn, [Place(a, asked)], downstream=True, nested=True)
            assert {(source.field, output.field) for output, source, _, _ in down} == {(n, f) for n in near for f in _FIELDS}
            up = await column_edges(conn, [Place(b, asked)], downstream=False, nested=True)
            assert {(output.field, source.field) for output, source, _, _ in up} == {(n, f) for n in near for f in _FIELDS}
            exact = await column_edges(conn, [Place(a, asked)], downstream=True)
            assert {source.field for _, source, _, _ in exact} == {asked}
