"""What runs read and wrote as a graph of runs and versions, for ``exports``. Pure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from headwater.entities.lineage import DownstreamOutput, DownstreamRun, DownstreamRuns, UpstreamInput, UpstreamRuns
from headwater.lineage.exports import Answer
from headwater.lineage.node_ids import NodeKind, dataset_node_id


def runs_drawn(told: UpstreamRuns | DownstreamRuns) -> Answer:
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], None] = {}
    shown = {run.run.id for run in told.runs}
    for run in told.runs:
        node = _run(run.run.id)
        nodes[node] = {"id": node, "kind": "RUN", "namespace": run.job.namespace, "name": run.job.name}
        for read in run.inputs:
            version = _version(read)
            nodes.setdefault(version["id"], version)
            edges[version["id"], node] = None
            if read.producedByRunId in shown:
                edges[_run(read.producedByRunId), version["id"]] = None
        for wrote in run.outputs if isinstance(run, DownstreamRun) else ():
            version = _version(wrote)
            nodes[version["id"]] = {**version, "externalVersion": wrote.externalVersion}
            edges[node, version["id"]] = None
    return {"nodes": list(nodes.values()), "edges": [{"origin": origin, "destination": end} for origin, end in edges]}


def _run(run: UUID | None) -> str:
    return f"{NodeKind.RUN}:{run}"


def _version(of: UpstreamInput | DownstreamOutput) -> dict[str, Any]:
    dataset = dataset_node_id(of.namespace, of.name)
    told = {"kind": "VERSION", "namespace": of.namespace, "name": of.name}
    return {**told, "id": f"{dataset}#{of.version}"} if of.version else {**told, "id": dataset, "kind": "DATASET"}
