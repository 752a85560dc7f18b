"""How fast everything else is told.

python -m benchmarks.reads [--jobs 1000] [--laps 3] [--seconds 1]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from benchmarks.asking import asked_table, cold, fill, path, percent, warm
from benchmarks.installation import installation
from benchmarks.load import Generators
from benchmarks.report import machine, save
from benchmarks.warehouse import JOB_NAMESPACE, Warehouse


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
        "jobs, 25": path("jobs", limit=25),
        "jobs, 100": path("jobs", limit=100),
        "jobs of a namespace, 100": path(at, limit=100),
        "jobs of a namespace, 25 from 900": path(at, limit=25, offset=warehouse.size * 9 // 10),
        "job": path(f"{at}/{percent(job.name)}"),
        "versions of a job": path(f"{at}/{percent(job.name)}/versions"),
        "runs of a job": path(f"{at}/{percent(job.name)}/runs"),
        "run": path(f"jobs/runs/{last_run}"),
        "facets of a run": path(f"jobs/runs/{last_run}/facets", type="run"),
        "runs upstream": path("runlineage/upstream", runId=last_run),
        "datasets, 100": path(output, limit=100),
        "dataset": path(f"{output}/{percent(job.output.name)}"),
        "hub dataset": path(hub),
        "versions of a dataset": path(f"{output}/{percent(job.output.name)}/versions"),
        "search": path("search", q="customer"),
        "events, 100": path("events/lineage", limit=100),
        "conformance": path("conformance"),
        "dead letters": path("dead-letters"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--laps", type=int, default=3, help="runs of each job")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    given = parser.parse_args()
    paths = targets(Warehouse(given.jobs), given.laps)
    with installation() as place, Generators() as generators:
        fill(place, generators, given.jobs, given.laps)
        first = cold(place, generators, paths)
        with place.serving() as service:
            asked = warm(service, generators, paths, given.seconds, first)
    results = {"machine": machine(), "jobs": given.jobs, "asked": {n: asdict(a) for n, a in asked.items()}}
    save("reads", results, f"{given.jobs:,} jobs with {given.laps} runs each.\n\n{asked_table(asked)}")


if __name__ == "__main__":
    main()
