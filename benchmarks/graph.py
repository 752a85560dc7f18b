"""How fast the whole graph answers: what is reached, from where, and how soon a new edge is in it.

python -m benchmarks.graph [--jobs 10000 100000 1000000] [--questions 40]

As many datasets as jobs, six edges a job: four inputs, two outputs, from a dataset nearby in a layered order. A hub has 10,000
readers, and beside the layers is a chain of 500 jobs, 1,000 steps long. Each job ran a month ago, and 1,000 today again, so that
they may have been others at the times that are asked of. The rows are written by SQL, as their events would take hours; ids are
spread as hashes of names are.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import quantiles
from typing import Any

import psycopg

from benchmarks.installation import Installation, Process, installation
from benchmarks.report import machine, save, table
from headwater.db import migrate
from headwater.db.pool import Connection, Pool, open_pool
from headwater.garbage import collect_seldom
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.graph.ways import Between
from headwater.lineage.impact.nodes import impact

_CHAIN = 500
_AGAIN = 1_000
_SEED = """
CREATE FUNCTION pg_temp.job(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT hashint8extended(i, 1)';
CREATE FUNCTION pg_temp.dataset(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT hashint8extended(i, 2)';
CREATE FUNCTION pg_temp.run(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT hashint8extended(i, 3)';
CREATE TEMPORARY TABLE reads AS
SELECT greatest(i - 1 - (random() * {reach})::int, 0) AS dataset, i AS job
FROM generate_series(1, {jobs} - 1) i, generate_series(1, 4)
UNION SELECT 0, i * ({jobs} / 10000) FROM generate_series(1, 9999) i
UNION SELECT i, i FROM generate_series({jobs}, {jobs} + {chain} - 1) i;
CREATE TEMPORARY TABLE writes AS
SELECT i AS job, least(i + (random() * 3)::int, {jobs} - 1) AS dataset
FROM generate_series(0, {jobs} - 1) i, generate_series(1, 2)
UNION SELECT i, i + 1 FROM generate_series({jobs}, {jobs} + {chain} - 1) i;
INSERT INTO namespaces (namespace_id, name, first_at) VALUES (1, 'bench', now());
INSERT INTO jobs (job_id, namespace_id, name, first_at, last_at, floor_at)
SELECT pg_temp.job(i), 1, 'job_' || i, {begun}, {begun}, {begun} FROM generate_series(0, {jobs} + {chain} - 1) i ORDER BY 1;
INSERT INTO datasets (dataset_id, namespace_id, name, canonical_id, first_at, last_at)
SELECT pg_temp.dataset(i), 1, 'dataset_' || i, pg_temp.dataset(i), {begun}, {begun} FROM generate_series(0, {jobs} + {chain}) i
ORDER BY 1;
INSERT INTO runs (run_id, month, run_uuid, job_id, raw_job_id, parented, first_at, last_at, started_at, ended_at, end_rank,
                  running, other, streaming, linked, io_digest, code_id, facets, job_facets)
SELECT pg_temp.run(i), date_trunc('month', now()), gen_random_uuid(), pg_temp.job(i), pg_temp.job(i), false, {begun}, {begun},
       {begun}, {begun}, 1, true, false, false, true, 0, 0, '{{}}', '{{}}'
FROM generate_series(0, {jobs} + {chain} - 1) i ORDER BY 1;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at, first_run_id, last_run_id)
SELECT 1, pg_temp.dataset(dataset), pg_temp.job(job), pg_temp.job(job), {begun}, {begun}, pg_temp.run(job), pg_temp.run(job)
FROM reads ORDER BY 2;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at, first_run_id, last_run_id)
SELECT 2, pg_temp.job(job), pg_temp.dataset(dataset), pg_temp.job(job), {begun}, {begun}, pg_temp.run(job), pg_temp.run(job)
FROM writes ORDER BY 2;
INSERT INTO run_io (run_id, month, dataset_id, output, first_at, last_at, facets, io_facets)
SELECT pg_temp.run(job), date_trunc('month', now()), pg_temp.dataset(dataset), output, {begun}, {begun}, '{{}}', '{{}}'
FROM (SELECT job, dataset, false AS output FROM reads UNION SELECT job, dataset, true FROM writes) io WHERE job % {every} = 0;
INSERT INTO runs (run_id, month, run_uuid, job_id, raw_job_id, parented, first_at, last_at, started_at, ended_at, end_rank,
                  running, other, streaming, linked, io_digest, code_id, facets, job_facets)
SELECT pg_temp.run(-i), date_trunc('month', now()), gen_random_uuid(), pg_temp.job(i), pg_temp.job(i), false, now(), now(), now(),
       now(), 1, true, false, false, true, 0, 0, '{{}}', '{{}}'
FROM generate_series({every}, {jobs} - 1, {every}) i;
UPDATE edges SET last_at = now(), last_run_id = pg_temp.run(-i)
FROM generate_series({every}, {jobs} - 1, {every}) i WHERE owner_id = pg_temp.job(i);
UPDATE jobs SET last_at = now(), floor_at = now()
FROM generate_series({every}, {jobs} - 1, {every}) i WHERE job_id = pg_temp.job(i);
DELETE FROM graph_changes;
"""
_NUMBERED = "SELECT hashint8extended(i, 1), hashint8extended(i, 2) FROM unnest(%s::bigint[]) WITH ORDINALITY u (i, n) ORDER BY n"


def _seed(place: Installation, jobs: int) -> None:
    with psycopg.connect(place.url, autocommit=True) as conn:
        conn.execute("SELECT setseed(0.5)")
        for statement in _SEED.format(
            jobs=jobs, reach=jobs // 12, chain=_CHAIN, every=jobs // _AGAIN, begun="now() - interval '30 days'"
        ).split(";\n"):
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
    return _spread(times)


def _spread(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    cuts = quantiles(times, n=100)
    return cuts[49], cuts[94]


async def _run(pool: Pool, jobs: int, questions: int) -> dict[str, Any]:
    collect_seldom()  # as the service does
    present, own = Present(), Process(os.getpid())
    before = own.rss_mib()
    begun = time.perf_counter()
    async with present.reading(pool) as (_, flow):
        arrays = flow.arrays
        loaded = time.perf_counter() - begun
        nodes, edges = len(arrays), arrays.edges
    loading = {
        "nodes": nodes, "edges": edges, "load s": loaded, "memory MiB": own.rss_mib() - before,
        "peak MiB": own.peak_rss_mib() - before,
    }  # fmt: skip
    begun = time.perf_counter()
    await present.prepare(pool)
    loading |= {"the past s": time.perf_counter() - begun, "with the past MiB": own.rss_mib() - before}
    some = [0, jobs, jobs + _CHAIN, *random.Random(7).choices(range(jobs), k=1_000)]
    async with pool.connection() as conn:
        numbered = await (await conn.execute(_NUMBERED, (some,))).fetchall()
    asker = _Asker(pool, present, numbered)
    return {**loading, **await _answered(asker, questions), **await _kept_fresh(asker, questions)}


class _Asker:
    """``numbered``: ids of a job and a dataset each; the datasets of the first three are the hub and the ends of the chain."""

    def __init__(self, pool: Pool, present: Present, numbered: Sequence[tuple[int, int]]) -> None:
        self._pool, self._present, self._random = pool, present, random.Random(7)
        self.hub, self.chain_start, self.chain_end = (dataset for _, dataset in numbered[:3])
        self._some = numbered[3:]
        self._then = datetime.now(UTC) - timedelta(days=15)

    def job(self) -> int:
        return self._random.choice(self._some)[0]

    def dataset(self) -> int:
        return self._random.choice(self._some)[1]

    async def ask(self, start: int | None = None, **question: Any) -> None:
        async with self._present.reading(self._pool) as (conn, flow):
            await impact(conn, flow, Question(start=(start or self.dataset(),), **question))

    async def ask_as_of(self, start: int, *, again: bool, depth: int | None = None, **question: Any) -> None:
        """Of the time of which it was asked ``again``, or of another each time."""
        at = self._then if again else self._then - timedelta(seconds=self._random.random())

        async def moment(_: Connection) -> datetime:
            return at

        async with self._present.reading_at(self._pool, moment) as known:
            assert known is not None
            conn, flow_of = known
            asked = Question(start=(start,), depth=depth, **question)
            await impact(conn, await flow_of(asked), asked)

    async def count(self) -> None:
        async with self._present.reading(self._pool) as (_, flow):
            await asyncio.to_thread(reach, flow, Question(start=(self.dataset(),)), ways=False)

    async def reaches(self, start: int | None = None, end: int | None = None) -> None:
        async with self._present.reading(self._pool) as (_, flow):
            await asyncio.to_thread(Between(flow, [start or self.dataset()], [end or self.dataset()]).reachable)

    async def change(self) -> None:
        async with self._pool.connection() as conn:
            await conn.execute("UPDATE jobs SET floor_at = now() WHERE job_id = %s", [self.job()])

    async def refresh(self) -> None:
        async with self._present.reading(self._pool):
            pass


async def _answered(asker: _Asker, questions: int) -> dict[str, tuple[float, float]]:
    ask = asker.ask
    page: dict[str, Any] = {"limit": 10_000, "paths": 0}
    return {
        "is B downstream of A": await measured(5 * questions, asker.reaches),
        "is a chain's end downstream of its start": await measured(
            questions, lambda: asker.reaches(asker.chain_start, asker.chain_end)
        ),
        "count all downstream": await measured(questions, asker.count),
        "list of 10,000": await measured(questions, lambda: ask(grain=Grain.DATASET, **page)),
        "list of a hub's 10,000 readers": await measured(questions, lambda: ask(asker.hub, depth=1, **page)),
        "a chain of 1,000 steps": await measured(questions, lambda: ask(asker.chain_start)),
        **await _now_and_then(asker, questions, "summary of all downstream", limit=0),
        **await _now_and_then(asker, questions, "depth 20", depth=20),
        **await _now_and_then(asker, questions, "depth 5", depth=5),
        **await _now_and_then(asker, questions, "depth 2", depth=2),
    }


async def _now_and_then(asker: _Asker, questions: int, name: str, **question: Any) -> dict[str, tuple[float, float]]:
    """Of each node now and as of a time, in turns, as who asks second finds in PostgreSQL what the first has read."""
    asked: dict[str, Callable[[int], Awaitable[None]]] = {
        name: partial(asker.ask, **question),
        f"{name}, as of a time": partial(asker.ask_as_of, again=True, **question),
    }
    told = await _in_turns(asker, questions, asked)
    own = {f"{name}, as of a time of its own": partial(asker.ask_as_of, again=False, **question)}
    return told | await _in_turns(asker, questions, own)


async def _in_turns(
    asker: _Asker, questions: int, asked: Mapping[str, Callable[[int], Awaitable[None]]]
) -> dict[str, tuple[float, float]]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(questions):
        start = asker.dataset()
        for name in sorted(asked, reverse=bool(number % 2)):
            begun = time.perf_counter()
            await asked[name](start)
            times[name].append((time.perf_counter() - begun) * 1000)
    return {name: _spread(times[name]) for name in asked}


async def _kept_fresh(asker: _Asker, times: int) -> dict[str, tuple[float, float]]:
    after = []
    for _ in range(times):
        await asker.change()
        begun = time.perf_counter()
        await asker.refresh()
        after.append((time.perf_counter() - begun) * 1000)
    return {"nothing changed": await measured(times, asker.refresh), "after a change": _spread(after)}


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
            place.read_all()
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
