"""How fast everything else is told: again and again while nothing is written, when answers are kept, and beside events that
come in, when each is made anew.

python -m benchmarks.reads [--jobs 1000] [--laps 3] [--seconds 1]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from urllib.request import urlopen

from benchmarks.asking import INGEST_RATE, Asked, Ingest, asked_table, cold, fill, path, percent, warm
from benchmarks.installation import Service, installation, memory
from benchmarks.load import Generators
from benchmarks.report import machine, save, table
from benchmarks.warehouse import JOB_NAMESPACE, Warehouse

_STATISTICS = ("lineage-events", "jobs", "datasets", "sources")


def targets(warehouse: Warehouse, laps: int) -> dict[str, str]:
    """Paths by what they ask."""
    job = warehouse.some_job()
    last_run = warehouse.run((laps - 1) * warehouse.size + warehouse.jobs.index(job)).uuid
    at = f"namespaces/{percent(JOB_NAMESPACE)}/jobs"
    output = f"namespaces/{percent(job.output.namespace)}/datasets"
    hub = f"namespaces/{percent(warehouse.hub.namespace)}/datasets/{percent(warehouse.hub.name)}"
    return {
        "namespaces": path("namespaces"),
        "namespace": path(f"namespaces/{percent(JOB_NAMESPACE)}"),
        "sources": path("sources"),
        "tags": path("tags"),
        "jobs, 20": path("jobs", limit=20),
        "jobs, 25": path("jobs", limit=25),
        "jobs, 100": path("jobs", limit=100),
        "jobs of a namespace, 100": path(at, limit=100),
        "jobs of a namespace, 25 from 900": path(at, limit=25, offset=warehouse.size * 9 // 10),
        "job": path(f"{at}/{percent(job.name)}"),
        "versions of a job": path(f"{at}/{percent(job.name)}/versions"),
        "runs of a job, 20": path(f"{at}/{percent(job.name)}/runs", limit=20),
        "runs of a job": path(f"{at}/{percent(job.name)}/runs"),
        "run": path(f"jobs/runs/{last_run}"),
        "facets of a run": path(f"jobs/runs/{last_run}/facets", type="run"),
        "runs upstream": path("runlineage/upstream", runId=last_run),
        "datasets, 20": path(output, limit=20),
        "datasets, 100": path(output, limit=100),
        "dataset": path(f"{output}/{percent(job.output.name)}"),
        "hub dataset": path(hub),
        "versions of a dataset, 20": path(f"{output}/{percent(job.output.name)}/versions", limit=20),
        "versions of a dataset": path(f"{output}/{percent(job.output.name)}/versions"),
        "search": path("search", q="customer"),
        "events, 20": path("events/lineage", limit=20),
        "events, 100": path("events/lineage", limit=100),
        "events of a namespace, 20": path(f"events/{percent(JOB_NAMESPACE)}", limit=20),
        "dashboard: failed jobs": path("jobs", limit=10, lastRunStates="FAILED"),
        **{f"dashboard: {of}": path(f"stats/{of}", period="WEEK", timezone="Europe/Berlin") for of in _STATISTICS},
        "conformance": path("conformance"),
        "dead letters": path("dead-letters"),
    }


def _answers(service: Service, paths: Mapping[str, str]) -> dict[str, str]:
    return {path: urlopen(f"http://127.0.0.1:{service.port}{path}").read().decode() for path in paths.values()}


def _ratios(asked: Mapping[str, Asked], kept: Mapping[str, Asked]) -> str:
    rows = [[name, kept[name].p50_ms, kept[name].per_s_8, a.per_s_8 / kept[name].per_s_8] for name, a in asked.items()]
    return table(["the same bytes from memory", "p50", "a second, 8 conn.", "ratio"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--laps", type=int, default=3, help="runs of each job")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    given = parser.parse_args()
    paths, runs = targets(Warehouse(given.jobs), given.laps), given.jobs * given.laps
    with installation() as place, Generators(2) as generators:
        fill(place, generators, given.jobs, given.laps)
        first = cold(place, generators, paths)
        with place.serving() as service:
            asked = warm(service, generators, paths, given.seconds, first)
            answers = _answers(service, paths)
            busy = warm(service, generators, paths, given.seconds, ingest=Ingest(service.port, generators, given.jobs, runs))
        with memory(answers) as bare:
            kept = warm(bare, generators, paths, given.seconds)
    results = {
        "machine": machine(),
        "jobs": given.jobs,
        "asked": {n: asdict(a) for n, a in asked.items()},
        "busy": {n: asdict(a) for n, a in busy.items()},
        "from memory": {n: asdict(a) for n, a in kept.items()},
    }
    told = [
        f"{given.jobs:,} jobs with {given.laps} runs each.", asked_table(asked), _ratios(asked, kept),
        f"The same beside {INGEST_RATE:.0f} events a second:", asked_table(busy),
    ]  # fmt: skip
    save("reads", results, "\n\n".join(told))


if __name__ == "__main__":
    main()
