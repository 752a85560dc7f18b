"""What is remembered from query to query never shows: a graph asked for again is the graph as it is now."""

from __future__ import annotations

import asyncio
import random

import psycopg
import pytest
from tests.build import Event, dataset, dataset_event, job_event, run_event, schema, store

from headwater.db.pool import Pool
from headwater.errors import NotFound
from headwater.lineage.neighbourhood import fragments, walks
from headwater.lineage.neighbourhood.around import Surveyor

KINDS = ("START", "RUNNING", "COMPLETE", "FAIL", None)
NODES = [f"job:shop:j{i}" for i in range(5)] + [f"dataset:db://shop:d{i}" for i in range(6)]


def _event(rnd: random.Random) -> Event:
    time = f"{rnd.randint(0, 23):02}:{rnd.randint(0, 59):02}:00"
    if (dice := rnd.random()) < 0.1:
        source = {"type": "DATASET", "namespace": "db://shop", "name": f"d{rnd.randint(0, 5)}"}
        if dice < 0.03:
            source = {"type": "JOB", "namespace": "shop", "name": f"j{rnd.randint(0, 4)}"}
        return dataset_event(time, f"d{rnd.randint(0, 5)}", {"lineage": {"inputs": [source] if dice < 0.07 else []}})
    if dice < 0.2:
        return job_event(time, f"j{rnd.randint(0, 4)}", inputs=_some(rnd), outputs=_some(rnd))
    entries = [{"type": "JOB", "inputs": [{"type": "JOB", "namespace": "shop", "name": f"j{rnd.randint(0, 4)}"}]}]
    return run_event(
        rnd.choice(KINDS),
        time,
        f"j{rnd.randint(0, 4)}",
        f"r{rnd.randint(0, 9)}",
        inputs=[dataset(d, _facets(rnd)) for d in _some(rnd)],
        outputs=[dataset(d, _facets(rnd)) for d in _some(rnd)],
        job_facets={"lineage": {"entries": entries}} if dice > 0.95 else {},
    )


def _some(rnd: random.Random) -> list[str]:
    return [f"d{n}" for n in rnd.sample(range(6), rnd.choice((0, 0, 1, 1, 2)))]


def _facets(rnd: random.Random) -> dict[str, object]:
    facets: dict[str, object] = dict(schema(rnd.choice("abc"))) if rnd.random() < 0.4 else {}
    if rnd.random() < 0.06:
        identifiers = [{"namespace": "db://shop", "name": f"d{rnd.randint(0, 5)}", "type": "TABLE"}]
        facets["symlinks"] = {"identifiers": identifiers}
    return facets


@pytest.fixture
def _revised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "_REVISION_S", -1.0)


@pytest.mark.usefixtures("_revised_at_once")
@pytest.mark.parametrize("seed", range(6))
async def test_remembering_changes_nothing(database: str, pool: Pool, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rnd = random.Random(seed)
    monkeypatch.setattr(walks, "_MUCH", (0, 1_000)[seed % 2])
    remembering = [Surveyor(), Surveyor(nodes=5, fragment_bytes=2_000)]  # one that always forgets
    for _ in range(12):
        await store(database, [_event(rnd) for _ in range(rnd.choice((1, 1, 2, 5)))])
        if rnd.random() < 0.2:
            await _hide(database, rnd)
        for node_id in rnd.sample(NODES, 4):
            depth = rnd.choice((0, 1, 2, 20))
            fresh = await _answer(Surveyor(), pool, node_id, depth)
            for surveyor in remembering:
                assert await _answer(surveyor, pool, node_id, depth) == fresh


@pytest.mark.parametrize("much", [0, 1_000])
async def test_queries_at_once_do_not_disturb_each_other(
    database: str, pool: Pool, much: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sees one state of the database, whatever states the others see: writer and readers go on together."""
    monkeypatch.setattr(walks, "_MUCH", much)
    rnd, surveyor = random.Random(1), Surveyor()

    async def write() -> None:
        for i in range(15):
            # All outputs of a run change at once, from one side to the other.
            side = [f"{'ab'[i % 2]}{n}" for n in range(4)]
            await store(database, [run_event("COMPLETE", f"08:{i:02}", "flip", f"f{i}", outputs=side)])

    async def read() -> None:
        for _ in range(15):
            body = await _answer(surveyor, pool, "job:shop:flip", rnd.randint(0, 2))
            seen = {side + n for side in "ab" for n in "0123" if f'"id":"dataset:db://shop:{side}{n}"' in body.decode()}
            assert seen in ({"a0", "a1", "a2", "a3"}, {"b0", "b1", "b2", "b3"})

    await store(database, [run_event("COMPLETE", "07:00", "flip", "f", outputs=["a0", "a1", "a2", "a3"])])
    await asyncio.gather(write(), *(read() for _ in range(4)))
    assert b'"dataset:db://shop:a0"' in await _answer(surveyor, pool, "job:shop:flip", 0)


async def _answer(surveyor: Surveyor, pool: Pool, node_id: str, depth: int) -> bytes:
    try:
        return b"".join(await surveyor.around(pool, node_id, depth))
    except NotFound as error:
        return error.message.encode()


async def _hide(database: str, rnd: random.Random) -> None:
    table, name = rnd.choice([("jobs", f"j{rnd.randint(0, 4)}"), ("datasets", f"d{rnd.randint(0, 5)}")])
    async with await psycopg.AsyncConnection.connect(database) as conn:
        statement = psycopg.sql.SQL("UPDATE {} SET is_hidden = true WHERE name = %s").format(psycopg.sql.Identifier(table))
        await conn.execute(statement, [name])
