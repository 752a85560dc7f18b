"""Asking for graphs, and events that make them."""

from __future__ import annotations

import json
from typing import Any

from headwater.db.pool import Pool
from headwater.lineage.around import Surveyor
from tests.build import Event, run_event

Graph = dict[str, Any]  # nodes by id


async def ask(pool: Pool, node_id: str, depth: int = 20, surveyor: Surveyor | None = None) -> Graph:
    """The graph, which is as it must be whatever is in it: nodes by id, edges by their ends and told at both."""
    body = await (surveyor or Surveyor()).around(pool, node_id, depth)
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
