"""How fast the whole graph answers: what is reached, from where, and how soon a new edge is in it.

python -m benchmarks.graph [--jobs 10000 100000 1000000] [--questions 40]

As many datasets as jobs, six edges a job: four inputs, two outputs, from a dataset nearby in a layered order. A hub has 10,000
readers. The rows are written by SQL, as their events would take hours; nothing else is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from statistics import quantiles
from typing import Any

import psycopg

from benchmarks.installation import Installation, Process, installation
from benchmarks.report import machine, save, table
from headwater.db import migrate
from headwater.db.pool import Pool, open_pool
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.impact.nodes import impact

_SEED = """
INSERT INTO namespaces (namespace_id, name, first_at) VALUES (1, 'bench', now());
INSERT INTO jobs (job_id, namespace_id, name, first_at, last_at, floor_at)
SELECT 1000000000 + i, 1, 'job_' || i, now(), now(), now() FROM generate_series(0, {jobs} - 1) i;
INSERT INTO datasets (dataset_id, namespace_id, name, canonical_id, first_at, last_at)
SELECT 2000000000 + i, 1, 'dataset_' || i, 2000000000 + i, now(), now() FROM generate_series(0, {jobs} - 1) i;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at)
SELECT 1, 2000000000 + greatest(i - 1 - (random() * {reach})::int, 0), 1000000000 + i, 1000000000 + i, now(), now()
FROM generate_series(1, {jobs} - 1) i, generate_series(1, 4) ON CONFLICT DO NOTHING;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at)
SELECT 2, 1000000000 + i, 2000000000 + least(i + (random() * 3)::int, {jobs} - 1), 1000000000 + i, now(), now()
FROM generate_series(0, {jobs} - 1) i, generate_series(1, 2) ON CONFLICT DO NOTHING;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at)
SELECT 1, 2000000000, 1000000000 + i * ({jobs} / 10000), 1000000000 + i * ({jobs} / 10000), now(), now()
FROM generate_series(1, 9999) i ON CONFLICT DO NOTHING;
DELETE FROM graph_changes;
"""


def _seed(place: Installation, jobs: int) -> None:
    with psycopg.connect(place.url, autocommit=True) as conn:
        conn.execute("SELECT setseed(0.5)")
        for statement in _SEED.format(jobs=jobs, reach=jobs // 12).split(";\n"):
            if statement.strip():
                conn.execute(statement.encode())
    place.analyze()


async def measured(questions: int, ask: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """p50 and p95 in ms."""
    times = []
    for _ in range(questions):
        begun = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - begun) * 1000)
    return quantiles(times, n=100)[49], quantiles(times, n=100)[94]


async def _run(pool: Pool, jobs: int, questions: int) -> dict[str, Any]:
    rnd, present, own = random.Random(7), Present(), Process(os.getpid())
    before = own.rss_mib()
    begun = time.perf_counter()
    async with present.reading(pool) as (_, flow):
        arrays = flow.arrays
        loaded = time.perf_counter() - begun
        nodes, edges = len(arrays), arrays.edges
    found: dict[str, Any] = {
        "nodes": nodes, "edges": edges, "load s": loaded, "memory MiB": own.rss_mib() - before,
        "peak MiB": own.peak_rss_mib() - before,
    }  # fmt: skip

    def dataset() -> int:
        return 2_000_000_000 + rnd.randrange(jobs)

    async def reaches() -> None:
        async with present.reading(pool) as (_, flow):
            arrays = flow.arrays
            await asyncio.to_thread(arrays.reaches, arrays.places([dataset()]), arrays.places([dataset()]))

    async def counts() -> None:
        async with present.reading(pool) as (_, flow):
            await asyncio.to_thread(reach, flow, Question(start=(dataset(),)))

    async def summary() -> None:
        async with present.reading(pool) as (conn, flow):
            await impact(conn, flow, Question(start=(dataset(),), limit=0))

    async def listed() -> None:
        async with present.reading(pool) as (conn, flow):
            question = Question(start=(dataset(),), limit=10_000, grain=Grain.DATASET, paths=False)
            await impact(conn, flow, question)

    async def near(depth: int) -> None:
        async with present.reading(pool) as (conn, flow):
            await impact(conn, flow, Question(start=(dataset(),), depth=depth))

    async def changed() -> None:
        async with pool.connection() as conn:
            await conn.execute("UPDATE jobs SET floor_at = now() WHERE job_id = %s", [1_000_000_000 + rnd.randrange(jobs)])

    async def refresh() -> None:
        async with present.reading(pool):
            pass

    found["is B downstream of A"] = await measured(questions, reaches)
    found["count all downstream"] = await measured(questions, counts)
    found["summary of all downstream"] = await measured(questions, summary)
    found["list of 10,000"] = await measured(max(questions // 8, 3), listed)
    found["depth 5"] = await measured(questions, lambda: near(5))
    found["depth 20"] = await measured(questions, lambda: near(20))
    found["nothing changed"] = await measured(questions, refresh)
    for _ in range(3):
        await changed()
        found["after a change"] = await measured(2, refresh)
    return found


async def _asked(url: str, jobs: int, questions: int) -> dict[str, Any]:
    async with open_pool(url, 4) as pool:
        return await _run(pool, jobs, questions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=40)
    given = parser.parse_args()
    results = []
    for jobs in given.jobs:
        with installation() as place:
            migrate.upgrade(place.url)
            _seed(place, jobs)
            results.append(asyncio.run(_asked(place.url, jobs, given.questions)))
    save("graph", {"machine": machine(), "graphs": results}, _markdown(results))


def _markdown(results: list[dict[str, Any]]) -> str:
    parts = []
    for found in results:
        whole = ", ".join(f"{key} {value:,.1f}" for key, value in found.items() if not isinstance(value, tuple))
        rows = [(question, *told) for question, told in found.items() if isinstance(told, tuple)]
        parts += [whole, table(["question", "p50 ms", "p95 ms"], rows)]
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
