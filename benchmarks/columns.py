"""How fast columns answer: what a change of one touches, and what it is made of.

python -m benchmarks.columns [--jobs 10000 100000] [--questions 40]

Eight layers of tables with ten columns; a job fills each from two tables of the layer before: fifteen edges between columns, and
a filter that bears on all rows. Beside them a table that 10,000 jobs read, a chain of 1,000, and two tables with 10,000 edges
between their columns. The rows are written by SQL, as their events would take hours; nothing else is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from typing import Any

import psycopg

from benchmarks.graph import measured
from benchmarks.installation import Installation, installation
from benchmarks.report import machine, save, table
from headwater.db import migrate
from headwater.db.pool import Pool, open_pool
from headwater.entities import encode
from headwater.lineage.columns.graph import Place
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Question
from headwater.lineage.impact.columns import ColumnQuestion, column_impact, walk_sides
from headwater.lineage.snapshot import snapshot

_LAYERS, _COLUMNS = 8, 10
_JOB, _DATASET, _SET = 1_000_000_000, 2_000_000_000, 3_000_000_000
_HUB, _CHAIN, _WIDE = 10_000_000, 20_000_000, 30_000_000  # numbers of the first of each shape
_READERS, _LINKS, _EDGES = 10_000, 1_000, 10_000
_SEED = """
INSERT INTO namespaces (namespace_id, name, first_at) VALUES (1, 'bench', now());
INSERT INTO facet_bodies VALUES (1, '{schema}');
CREATE UNLOGGED TABLE step (i bigint, inputs bigint[], shape text);
INSERT INTO step
SELECT i, ARRAY[i - {layer}, (i / {layer} - 1) * {layer} + (random() * ({layer} - 1))::bigint], ''
FROM generate_series({layer}, {jobs} - 1) i;
INSERT INTO step SELECT {hub} + i, ARRAY[{hub}, {hub}], '' FROM generate_series(1, {readers}) i;
INSERT INTO step SELECT {chain} + i, ARRAY[{chain} + i - 1, {chain} + i - 1], '' FROM generate_series(1, {links}) i;
INSERT INTO step VALUES ({wide} + 1, ARRAY[{wide}, {wide}], 'wide');
INSERT INTO datasets (dataset_id, namespace_id, name, canonical_id, first_at, last_at, facets)
SELECT {dataset} + i, 1, 'dataset_' || i, {dataset} + i, now(), now(), '{{"schema": [0, 1]}}'
FROM (SELECT i FROM step UNION SELECT unnest(inputs) FROM step) d (i);
INSERT INTO jobs (job_id, namespace_id, name, first_at, last_at, floor_at)
SELECT {job} + i, 1, 'job_' || i, now(), now(), now() FROM step;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at)
SELECT DISTINCT 1, {dataset} + input, {job} + i, {job} + i, now(), now() FROM step, unnest(inputs) input;
INSERT INTO edges (kind, source_id, target_id, owner_id, first_at, last_at)
SELECT 2, {job} + i, {dataset} + i, {job} + i, now(), now() FROM step;
INSERT INTO column_lineage (dataset_id, owner_id, set_id, adds, first_at, last_at)
SELECT {dataset} + i, {job} + i, {set} + i, false, now(), now() FROM step;
INSERT INTO column_sets (set_id, ordinal, output_field, input_dataset_id, input_field, transformations)
SELECT {set} + i, c * 2 + k, 'f' || c, {dataset} + inputs[1 + k], 'f' || (c + k) % {columns},
       '[{{"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "cast and trimmed", "masking": false}}]'
FROM step, generate_series(0, {columns} - 1) c, generate_series(0, 1) k WHERE shape = '' AND k <= c % 2;
INSERT INTO column_sets (set_id, ordinal, output_field, input_dataset_id, input_field, transformations)
SELECT {set} + i, 1000, '', {dataset} + inputs[1], 'f0', '[{{"type": "INDIRECT", "subtype": "FILTER"}}]'
FROM step WHERE shape = '';
INSERT INTO column_sets (set_id, ordinal, output_field, input_dataset_id, input_field, transformations)
SELECT {set} + i, e, 'f' || e % 100, {dataset} + inputs[1], 'f' || e / 100, '[{{"type": "DIRECT", "subtype": "IDENTITY"}}]'
FROM step, generate_series(0, {edges} - 1) e WHERE shape = 'wide';
DELETE FROM graph_changes;
"""


def _seed(place: Installation, jobs: int) -> None:
    fields = ",".join(f'{{"name":"f{c}","type":"VARCHAR"}}' for c in range(_COLUMNS))
    told = _SEED.format(
        schema=f'{{"fields":[{fields}]}}', jobs=jobs, layer=jobs // _LAYERS, columns=_COLUMNS, hub=_HUB, chain=_CHAIN, wide=_WIDE,
        readers=_READERS, links=_LINKS, edges=_EDGES, job=_JOB, dataset=_DATASET, set=_SET,
    )  # fmt: skip
    with psycopg.connect(place.url, autocommit=True) as conn:
        conn.execute("SELECT setseed(0.5)")
        for statement in told.split(";\n"):
            if statement.strip():
                conn.execute(statement.encode())
    place.analyze()


async def _run(pool: Pool, jobs: int, questions: int) -> dict[str, Any]:
    rnd, present = random.Random(7), Present()
    sizes: list[int] = []

    async def impact(number: int, field: str, *, downstream: bool = True) -> None:
        question = ColumnQuestion(start=(Place(_DATASET + number, field),), downstream=downstream)
        async with snapshot(pool) as conn:
            walk = await walk_sides(conn, question)
        async with present.reading(pool) as (conn, flow):

            async def now(_: Question, flow: Flow = flow) -> Flow:
                return flow

            encode(await column_impact(conn, now, question, walk))
        sizes.append(len(walk.found))

    def early() -> int:
        return rnd.randrange(jobs // _LAYERS)

    def late() -> int:
        return jobs - 1 - early()

    def field() -> str:
        return f"f{rnd.randrange(_COLUMNS)}"

    await impact(early(), "f1")  # the graph in memory is read once
    asked = {
        "impact of a column": (questions, lambda: impact(early(), f"f{1 + rnd.randrange(_COLUMNS - 1)}")),
        "impact of a column that is filtered by": (questions, lambda: impact(early(), "f0")),
        "origin of a column": (questions, lambda: impact(late(), field(), downstream=False)),
        "impact of a hub's column": (5, lambda: impact(_HUB, "f1")),
        "impact along a chain of 1,000": (5, lambda: impact(_CHAIN, "f1")),
        "impact of a table, 10,000 edges": (5, lambda: impact(_WIDE, "")),
    }
    found: dict[str, Any] = {}
    for name, (times, ask) in asked.items():
        sizes.clear()
        p50, p95 = await measured(times, ask)
        found[name] = {"p50": p50, "p95": p95, "found": max(sizes)}
        print(f"{name}: {p50:,.0f} ms, {p95:,.0f} ms, {max(sizes):,}", flush=True)
    return found


async def _asked(url: str, jobs: int, questions: int) -> dict[str, Any]:
    async with open_pool(url, 4) as pool:
        return await _run(pool, jobs, questions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--questions", type=int, default=40)
    given = parser.parse_args()
    results = {}
    for jobs in given.jobs:
        with installation() as place:
            migrate.upgrade(place.url)
            _seed(place, jobs)
            results[jobs] = asyncio.run(_asked(place.url, jobs, given.questions))
    rows = [[f"{jobs:,}", name, *told.values()] for jobs, found in results.items() for name, told in found.items()]
    headings = ["jobs", "question", "p50 ms", "p95 ms", "columns found, at most"]
    save("columns", {"machine": machine(), "results": results}, table(headings, rows))


if __name__ == "__main__":
    main()
