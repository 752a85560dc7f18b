"""Asking for graphs, and events that make them."""

from __future__ import annotations

import json
import random
from typing import Any

from headwater.db.pool import Pool
from headwater.lineage.neighbourhood.around import Surveyor
from tests.build import Event, dataset, dataset_event, run_event

Graph = dict[str, Any]  # nodes by id


async def ask(pool: Pool, node_id: str, depth: int = 20, surveyor: Surveyor | None = None) -> Graph:
    """The graph, which is as it must be whatever is in it: nodes by id, edges by their ends and told at both."""
    body = b"".join(await (surveyor or Surveyor()).around(pool, node_id, depth))
    nodes = json.loads(body)["graph"]
    assert [n["id"] for n in nodes] == sorted(n["id"] for n in nodes)
    graph = {n["id"]: n for n in nodes}
    incoming: set[tuple[str, str]] = set()
    outgoing: set[tuple[str, str]] = set()
    for node in nodes:
        for key, told in (("inEdges", incoming), ("outEdges", outgoing)):
            edges = [(e["origin"], e["destination"]) for e in node[key]]
            assert edges == sorted(edges)
            told.update(edges)
        assert all(e["destination"] == node["id"] for e in node["inEdges"])
        assert all(e["origin"] == node["id"] for e in node["outEdges"])
    assert incoming == outgoing
    assert {end for edge in incoming for end in edge} <= graph.keys()
    return graph


def names(graph: Graph) -> set[str]:
    """Kinds and names, without the namespaces."""
    return {f"{kind}:{node_id.rpartition(':')[2]}" for node_id in graph for kind in [node_id.partition(":")[0]]}


def complete(job: str, inputs: str = "", outputs: str = "", time: str = "08:00", run: str | None = None) -> Event:
    """A run that came to its end; ``inputs`` and ``outputs`` are names with spaces between them."""
    return run_event("COMPLETE", time, job, run or f"{job} {time}", inputs=inputs.split(), outputs=outputs.split())


def complete_explicitly(job: str, inputs: list[str], outputs: list[str], entries: list[object]) -> Event:
    facets = {"lineage": {"entries": entries}}
    return run_event("COMPLETE", "08:00", job, f"{job} explicit", inputs=inputs, outputs=outputs, job_facets=facets)


def derived(name: str, source: str) -> object:
    inputs = [{"type": "DATASET", "namespace": "db://shop", "name": source}]
    return {"type": "DATASET", "namespace": "db://shop", "name": name, "inputs": inputs}


def random_event(rnd: random.Random, i: int, *, links: bool = True) -> Event:
    tables = [f"t{rnd.randrange(8)}" for _ in range(3)]
    time = f"{rnd.randrange(8, 20):02}:{rnd.randrange(60):02}"
    match rnd.randrange(6):
        case 0:
            source = {"type": "DATASET", "namespace": "db://shop", "name": tables[1]}
            if i % 2:
                source = {"type": "JOB", "namespace": "shop", "name": f"j{rnd.randrange(4)}"}
            facet = {"lineage": {"inputs": [source]}}
            return dataset_event(time, tables[0], facet)
        case 1 if links:
            link = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": tables[1], "type": "TABLE"}]}}
            return run_event("COMPLETE", time, "linker", f"l{i}", outputs=[dataset(tables[0], link)])
        case 2:
            entries = [derived(tables[0], tables[1])]
            return complete_explicitly(f"j{rnd.randrange(4)}", [tables[1]], [tables[0], tables[2]], entries)
        case 3:
            return run_event("START", time, f"j{rnd.randrange(4)}", f"r{i}", inputs=tables[:2])
        case _:
            return complete(f"j{rnd.randrange(4)}", " ".join(tables[:2]), tables[2], time)
