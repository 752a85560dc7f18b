"""What runs read and wrote as a graph of runs and versions, for ``exports``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from headwater.entities.graph import Counts
from headwater.entities.lineage import DownstreamOutput, DownstreamRun, UpstreamInput, UpstreamRun
from headwater.lineage.counted import cut_short, drawn_counts
from headwater.lineage.exports import Answer
from headwater.lineage.node_ids import NodeKind, dataset_node_id


def runs_drawn(runs: Sequence[UpstreamRun]) -> Answer:
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], None] = {}
    shown = {run.run.id for run in runs}
    for run in runs:
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


def run_counts(runs: Sequence[UpstreamRun], start: Collection[UUID], cut: Iterable[str]) -> Counts:
    """Of all that are told. An input of which no version is known counts as a dataset."""
    return drawn_counts(runs_drawn(runs), cut_short(cut), start={_run(uuid) for uuid in start})


def _run(run: UUID | None) -> str:
    return f"{NodeKind.RUN}:{run}"


def _version(of: UpstreamInput | DownstreamOutput) -> dict[str, Any]:
    dataset = dataset_node_id(of.namespace, of.name)
    told = {"kind": "VERSION", "namespace": of.namespace, "name": of.name}
    return {**told, "id": f"{dataset}#{of.version}"} if of.version else {**told, "id": dataset, "kind": "DATASET"}
