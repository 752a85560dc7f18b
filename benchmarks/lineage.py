"""How fast the graph is told: cold, warm, by eight at once, and while events come in.

python -m benchmarks.lineage [--jobs 1000 12000] [--seconds 1]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from benchmarks.asking import INGEST_RATE, Asked, Ingest, asked_table, cold, fill, path, warm
from benchmarks.installation import installation
from benchmarks.load import Generators
from benchmarks.report import machine, save
from benchmarks.warehouse import Warehouse

_DEPTHS = (1, 5, 20)


def targets(warehouse: Warehouse) -> dict[str, str]:
    """Paths by what they ask."""
    job, head, end = warehouse.some_job(), warehouse.chain[0], warehouse.chain[-1]
    starts = {"job": job.node_id, "hub dataset": warehouse.hub.node_id, "chain head": head.node_id}
    found = {f"lineage {n}, depth {d}": path("lineage", nodeId=i, depth=d) for n, i in starts.items() for d in _DEPTHS}
    found["lineage chain head, all of it"] = path("lineage", nodeId=head.node_id, depth=1000)
    columns: dict[str, tuple[str, dict[str, object]]] = {
        "dataset": (job.output.node_id, {}),
        "field": (job.output.field_node_id, {}),
        "chain end": (end.output.node_id, {}),
        "hub with downstream, depth 2": (warehouse.hub.node_id, {"withDownstream": "true", "depth": 2}),
        "hub with downstream": (warehouse.hub.node_id, {"withDownstream": "true"}),
    }
    return found | {f"columns {n}": path("column-lineage", nodeId=i, **more) for n, (i, more) in columns.items()}


def run(jobs: int, seconds: float) -> dict[str, Any]:
    paths = targets(Warehouse(jobs))
    with installation() as place, Generators(2) as generators:
        filled = fill(place, generators, jobs, 1)
        print(f"{jobs:,} jobs: {2 * jobs:,} events at {filled:,.0f}/s", flush=True)
        first = cold(place, generators, paths)
        with place.serving() as service:
            quiet = warm(service, generators, paths, seconds, first)
            busy = warm(service, generators, paths, seconds, ingest=Ingest(service.port, generators, jobs, jobs))
            rss = service.process.rss_mib()
    return {"jobs": jobs, "filled_per_s": filled, "quiet": quiet, "busy": busy, "rss_mib": rss}


def _markdown(found: list[dict[str, Any]]) -> str:
    parts = []
    for result in found:
        quiet: dict[str, Asked] = result["quiet"]
        busy: dict[str, Asked] = result["busy"]
        parts += [
            f"{result['jobs']:,} jobs; the service takes {result['rss_mib']:.0f} MiB.",
            asked_table(quiet),
            f"The same beside {INGEST_RATE:.0f} events a second:",
            asked_table(busy),
        ]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 12_000])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    given = parser.parse_args()
    found = [run(jobs, given.seconds) for jobs in given.jobs]
    plain = [{k: _plain(v) for k, v in result.items()} for result in found]
    save("lineage", {"machine": machine(), "results": plain}, _markdown(found))


def _plain(value: Any) -> Any:
    return {name: asdict(a) for name, a in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    main()
