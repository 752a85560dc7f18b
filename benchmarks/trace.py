"""How fast a model is traced to its data, and data to the models, among a million runs.

python -m benchmarks.trace [--runs 1000000] [--seconds 1]

Twenty raw tables; by the hour fifty jobs stage them, twenty make features of these, five train a model each, and five score with
it. Of each job one run comes as events; the others, an hour earlier each, are copies of its rows made by SQL, as their events
would take minutes. So a trace must find, for each input, which of some ten thousand versions was current.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.request import urlopen
from uuid import UUID, uuid5

import psycopg

from benchmarks.asking import asked_table, path, warm
from benchmarks.installation import Installation, Service, environment, installation
from benchmarks.load import Generators
from benchmarks.report import machine, save
from headwater.db import migrate, partitions
from headwater.db.pool import connect

_NAMESPACE = "bench"
_LAYERS = (("raw", 20, 0), ("stage", 50, 3), ("feature", 20, 3), ("model", 5, 4), ("score", 5, 1))  # each, how many, inputs
_BETWEEN = timedelta(minutes=10)  # the beginnings of two layers
_LASTS = timedelta(minutes=5)
_FACET = {"_producer": "https://example.com/bench", "_schemaURL": "https://example.com/bench.json"}
_COPY = """
INSERT INTO runs (run_id, month, run_uuid, job_id, raw_job_id, parented, first_at, last_at, started_at, ended_at, end_rank,
                  running, other, streaming, linked, io_digest, code_at, code_id, facets, job_facets)
SELECT hashint8extended(run_id, h), date_trunc('month', first_at - h * interval '1 hour'), gen_random_uuid(), job_id, raw_job_id,
       parented, first_at - h * interval '1 hour', last_at - h * interval '1 hour', started_at - h * interval '1 hour',
       ended_at - h * interval '1 hour', end_rank, running, other, streaming, linked, io_digest, code_at, code_id, facets,
       job_facets
FROM runs, generate_series(1, {hours}) h;
INSERT INTO run_io (run_id, month, dataset_id, output, first_at, last_at, facets, io_facets)
SELECT hashint8extended(io.run_id, h), date_trunc('month', r.first_at - h * interval '1 hour'), io.dataset_id, io.output,
       io.first_at - h * interval '1 hour', io.last_at - h * interval '1 hour', io.facets, io.io_facets
FROM run_io io JOIN runs r USING (run_id, month), generate_series(1, {hours}) h
WHERE r.run_id = ANY(ARRAY(SELECT first_run_id FROM edges));
"""


def _events(at: datetime) -> Iterator[dict[str, Any]]:
    """START and COMPLETE of a run of each job, in the hour that begins ``at``."""
    random_ = random.Random(7)
    (before, count, _), *layers = _LAYERS
    tables = [f"{before}_{i}" for i in range(count)]
    features: list[str] = []
    for number, (layer, count, inputs) in enumerate(layers, 1):
        begun = at + number * _BETWEEN
        written = [f"{layer}_{i}" for i in range(count)]
        for i, output in enumerate(written):
            # Who scores reads its model, and features.
            read = [tables[i], *random_.sample(features, 2)] if layer == "score" else random_.sample(tables, inputs)
            yield _event("START", begun, output, read)
            yield _event("COMPLETE", begun + _LASTS, output, read)
        features = written if layer == "feature" else features
        tables = written


def _event(kind: str, at: datetime, output: str, inputs: list[str]) -> dict[str, Any]:
    return {
        "eventType": kind, "eventTime": at.isoformat(), "producer": _FACET["_producer"], "schemaURL": _FACET["_schemaURL"],
        "run": {"runId": str(uuid5(UUID(int=7), output))}, "job": {"namespace": _NAMESPACE, "name": f"make_{output}"},
        "inputs": [{"namespace": _NAMESPACE, "name": name} for name in inputs],
        "outputs": [{"namespace": _NAMESPACE, "name": output, "facets": _facets(output)}],
    }  # fmt: skip


def _facets(output: str) -> dict[str, Any]:
    fields = [{"name": f"field_{i}", "type": "DOUBLE"} for i in range(20)]
    kind = "MODEL" if output.startswith("model") else "TABLE"
    return {"schema": {**_FACET, "fields": fields}, "datasetType": {**_FACET, "datasetType": kind}}


def _seed(place: Installation, runs: int) -> int:
    """Gives how many runs there are."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    events = list(_events(at))
    subprocess.run(
        place.command("ingest", "-"), input="\n".join(map(json.dumps, events)), text=True, check=True, env=environment(),
        capture_output=True,
    )  # fmt: skip
    each = len(events) // 2
    hours = runs // each - 1
    asyncio.run(_ensure(place.url, at - timedelta(hours=hours), at))
    with psycopg.connect(place.url, autocommit=True) as conn:
        for statement in _COPY.format(hours=hours).split(";\n"):
            if statement.strip():
                conn.execute(statement.encode())
    place.analyze()
    place.read_all()
    return each * (hours + 1)


async def _ensure(url: str, first: datetime, last: datetime) -> None:
    month, months = first.date().replace(day=1), set[date]()
    while month <= last.date():
        months.add(month)
        month = partitions.following(month)
    conn = await connect(url)
    await partitions.ensure(conn, dict.fromkeys(("runs", "run_io", "run_versions"), months))
    await conn.close()


def _targets(service: Service) -> dict[str, str]:
    model, table = f"models/{_NAMESPACE}/model_0", f"namespaces/{_NAMESPACE}/datasets/stage_0"
    count = _told(service, path(f"{model}/versions", limit=0))["totalCount"]
    old = _told(service, path(f"{model}/versions", limit=1, offset=count // 2))["versions"][0]["version"]
    staged = _told(service, path(f"{table}/versions", limit=1, offset=100))["versions"][0]["version"]
    last_run = str(uuid5(UUID(int=7), "model_0"))
    return {
        "trace of the latest version": path(f"{model}/versions/latest/trace"),
        "trace of an old version": path(f"{model}/versions/{old}/trace"),
        "two versions compared": path(f"{model}/compare", **{"from": old, "to": "latest"}),
        "versions of a model, 20": path(f"{model}/versions", limit=20),
        "models": path("models"),
        "models that a table affects": path("models/affected", nodeId=f"dataset:{_NAMESPACE}:raw_0"),
        "models that a version affects": path("models/affected", nodeId=f"dataset:{_NAMESPACE}:stage_0#{staged}"),
        "impact of a version": path("impact", nodeId=f"dataset:{_NAMESPACE}:stage_0#{staged}"),
        "runs upstream": path("runlineage/upstream", runId=last_run, depth=5),
        "runs downstream": path("runlineage/downstream", runId=str(uuid5(UUID(int=7), "stage_0")), depth=5),
    }


def _told(service: Service, asked: str) -> Any:
    return json.loads(urlopen(f"http://127.0.0.1:{service.port}{asked}").read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    given = parser.parse_args()
    with installation() as place, Generators() as generators:
        migrate.upgrade(place.url)
        begun = time.perf_counter()
        runs = _seed(place, given.runs)
        print(f"{runs:,} runs in {time.perf_counter() - begun:.0f} s", flush=True)
        with place.serving() as service:
            asked = warm(service, generators, _targets(service), given.seconds)
    results = {"machine": machine(), "runs": runs, "asked": {name: asdict(a) for name, a in asked.items()}}
    save("trace", results, f"{runs:,} runs.\n\n{asked_table(asked)}")


if __name__ == "__main__":
    main()
