from __future__ import annotations

import json
from typing import Any

from headwater.lineage import retold
from headwater.openlineage.parse import parse


def _node(identifier: str, **more: Any) -> dict[str, Any]:
    kind, namespace, name = identifier.split(":", 2)
    told: dict[str, Any] = {
        "kind": kind.upper(),
        "namespace": namespace,
        "name": name,
        "type": "",
        "description": None,
        "owners": [],
        "tags": [],
    }
    return {"id": identifier, **told, **more}


def _edge(origin: str, destination: str, kind: str, teller: str) -> dict[str, Any]:
    return {"origin": origin, "destination": destination, "evidence": [{"kind": kind, "toldBy": teller}]}


def _told(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Events by kind and name, each of which must be one."""
    found: dict[str, dict[str, Any]] = {}
    for line in retold.events({"asOf": "2026-03-01T08:00:00Z", "nodes": nodes, "edges": edges}).splitlines():
        parse(line.encode())
        event = json.loads(line)
        found[f"{event['schemaURL'].rpartition('/')[2]} {(event.get('job') or event['dataset'])['name']}"] = event
    return found


def test_a_job_tells_what_it_reads_and_writes_and_each_node_what_it_is() -> None:
    told = _told(
        [
            _node("dataset:db:raw", type="TABLE", owners=[{"name": "team:x", "type": "OWNER"}], tags=["pii", "level=gold"]),
            _node("job:etl:load", description="Loads."),
        ],
        [
            _edge("dataset:db:raw", "job:etl:load", "INPUT", "job:etl:load"),
            _edge("job:etl:load", "dataset:s3://lake:a:b", "OUTPUT", "job:etl:load"),
        ],
    )
    assert told.keys() == {"DatasetEvent raw", "JobEvent load"}  # which names the other dataset too
    load = told["JobEvent load"]
    assert [(d["namespace"], d["name"]) for d in load["inputs"]] == [("db", "raw")]
    assert [(d["namespace"], d["name"]) for d in load["outputs"]] == [("s3://lake:a", "b")]
    assert load["job"]["facets"]["documentation"]["description"] == "Loads."
    facets = told["DatasetEvent raw"]["dataset"]["facets"]
    assert facets["datasetType"]["datasetType"] == "TABLE"
    assert facets["ownership"]["owners"] == [{"name": "team:x", "type": "OWNER"}]
    assert facets["tags"]["tags"] == [{"key": "pii", "value": "true"}, {"key": "level", "value": "gold"}]


def test_what_is_declared_is_told_by_who_declared_it() -> None:
    nodes = [_node(identifier) for identifier in ("dataset:db:a", "dataset:db:b", "job:etl:j", "job:etl:k")]
    told = _told(
        nodes,
        [
            _edge("dataset:db:a", "dataset:db:b", "DATASET_LINEAGE", "dataset:db:b"),
            _edge("dataset:db:b", "dataset:db:a", "DATASET_LINEAGE", "job:etl:j"),
            _edge("job:etl:j", "job:etl:k", "JOB_LINEAGE", "job:etl:j"),
            _edge("job:etl:k", "job:etl:j", "JOB_DEPENDENCY", "job:etl:k"),
            _edge("dataset:db:a", "dataset:db:b", "DATASET_LINEAGE", "job:etl:unknown"),
        ],
    )
    source = {"type": "DATASET", "namespace": "db", "name": "a"}
    assert told["DatasetEvent b"]["dataset"]["facets"]["lineage"]["inputs"] == [source]
    entries = told["JobEvent j"]["job"]["facets"]["lineage"]["entries"]
    assert [(entry["name"], entry["inputs"][0]["name"]) for entry in entries] == [("a", "b"), ("k", "j")]
    assert told["RunEvent j"]["run"]["facets"]["jobDependencies"]["upstream"] == [{"job": {"namespace": "etl", "name": "k"}}]


def test_nothing_is_nothing() -> None:
    assert retold.events({"asOf": "2026-03-01T08:00:00Z", "start": [], "nodes": [], "edges": []}) == ""
