"""Answers about models as graphs and tables, for ``exports``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, TypeAlias
from uuid import UUID

from headwater.entities.dataset import DatasetId
from headwater.entities.model import (
    Affected,
    AffectedModel,
    Comparison,
    DataChange,
    DataVersion,
    Deployment,
    Models,
    ModelVersion,
    ModelVersions,
    PassedRun,
    Trace,
    TracedRun,
)
from headwater.lineage.counted import Ends
from headwater.lineage.exports import Answer, tabular
from headwater.lineage.models.serving import Serving
from headwater.lineage.node_ids import NodeKind, dataset_node_id

Row: TypeAlias = Mapping[str, Any]

_MODELS = ("id", "namespace", "name", "version", "externalVersion", "createdAt", "updatedAt", "owners", "tags", "description")
_VERSIONS = ("id", "namespace", "name", "version", "externalVersion", "createdAt", "trainedBy", "state", "features", "metrics")
_COMPARED = ("turn", "what", "node", "name", "before", "after")
_TURNS = {"ADDED": "ADDED", "REMOVED": "REMOVED", "CHANGED": "CHANGED", "RETYPED": "CHANGED"}


def models_listed(told: Models) -> Answer:
    nodes = [
        {**_named("DATASET", dataset_node_id(model.id.namespace, model.id.name), model.id), **_plain(model), "type": "MODEL"}
        for model in told.models
    ]
    rows = [{**node, "version": node["currentVersion"], "owners": [owner.name for owner in node["owners"]]} for node in nodes]
    at = max((model.updatedAt for model in told.models), default=None)
    return {"asOf": at, "nodes": nodes, "edges": [], "table": tabular(_MODELS, rows)}


def versions_listed(told: ModelVersions) -> Answer:
    """With the runs that trained them."""
    nodes, rows = list[dict[str, Any]](), list[Row]()
    edges: list[Ends] = []
    for version in told.versions:
        node = _named("VERSION", version_id(version.id, version.version), version.id, externalVersion=version.externalVersion)
        nodes.append({**node, "type": "MODEL"})
        row = {**node, **_plain(version), "features": [feature.name for feature in version.features]}
        if run := version.trainedBy:
            nodes.append(_of_run(run))
            edges.append((run_id(run.id), node["id"]))
            metrics = [f"{metric.name}={metric.value}" for metric in run.metrics]
            row |= {"trainedBy": run.id, "state": run.state, "metrics": metrics}
        rows.append(row)
    return {"nodes": nodes, "edges": _edges(edges), "table": tabular(_VERSIONS, rows)}


def trace_drawn(trace: Trace) -> Answer:
    """Runs and versions, from the sources to the predictions."""
    serving = Serving(trace.deployments, trace.servingRuns, trace.predictions, trace.derivedModels)
    return trace_graph(trace.version, trace.runs, trace.data, serving)


def trace_graph(model: ModelVersion, runs: Sequence[TracedRun], data: Sequence[DataVersion], serving: Serving) -> Answer:
    made, ids = ancestry_graph(model, runs, data), {model.version: version_id(model.id, model.version)}
    nodes, edges = [*made["nodes"]], [(edge["origin"], edge["destination"]) for edge in made["edges"]]
    for deployment in serving.deployments:
        if deployment.version is not None:  # else the run itself is it
            nodes.append(_deployed(deployment))
            edges.append((run_id(deployment.run), nodes[-1]["id"]))
            ids[deployment.version] = nodes[-1]["id"]
    for type_, outputs in (("", serving.predictions), ("MODEL", serving.derived)):
        for output in outputs:
            nodes.append(_named("VERSION", version_id(output.id, output.version), output.id, type=type_))
            edges.append((run_id(output.run), nodes[-1]["id"]))
    edges += [(ids[run.read], run_id(run.id)) for run in serving.runs if run.read in ids]
    return {"nodes": [*nodes, *map(_of_run, serving.runs)], "edges": _edges(edges)}


def ancestry_graph(model: ModelVersion, runs: Sequence[TracedRun], data: Sequence[DataVersion]) -> Answer:
    """What a version was made of. A run that wrote some of it, and is not among these, is in the edges alone."""
    own = version_id(model.id, model.version)
    nodes = [_named("VERSION", own, model.id, type="MODEL", externalVersion=model.externalVersion, distance=0)]
    edges: list[Ends] = [(run_id(model.trainedBy.id), own)] if model.trainedBy else []
    for one in data:
        version = version_id(one.id, one.version)
        nodes.append(_named("VERSION", version, one.id, externalVersion=one.externalVersion, distance=one.distance))
        edges += [(run_id(one.producedBy), version)] if one.producedBy else []
        edges += [(version, run_id(reader)) for reader in one.readBy]
    return {"nodes": [*nodes, *map(_of_run, runs)], "edges": _edges(edges)}


def affected_drawn(told: Affected) -> Answer:
    """The ways to the models, and their deployments."""
    return affected_graph(told.models, told.runs, told.deployments)


def affected_graph(models: Sequence[AffectedModel], runs: Sequence[PassedRun], deployments: Sequence[Deployment]) -> Answer:
    ways = chain.from_iterable(pairwise(model.path) for model in models)
    passed = [{"id": run.id, "kind": "RUN", "namespace": run.job.namespace, "name": run.job.name} for run in runs]
    deployed = [(dataset_node_id(one.model.namespace, one.model.name), _deployed(one)) for one in deployments]
    return {
        "nodes": [*(model.__dict__ for model in models), *passed, *(one for _, one in deployed)],
        "edges": _edges([*ways, *((model, one["id"]) for model, one in deployed)]),
    }


def comparison_drawn(told: Comparison) -> Answer:
    """What the trainings read themselves; the table has every difference."""
    model = told.after.id
    node = dataset_node_id(model.namespace, model.name)
    data = [_dataset(change) for change in told.trainingData]
    return {
        "nodes": [_named("DATASET", node, model, type="MODEL", turn="CHANGED" if told.changed else None), *data],
        "edges": [{"origin": one["id"], "destination": node, "turn": one["turn"]} for one in data],
        "table": tabular(_COMPARED, _differences(told, node)),
    }


def _differences(told: Comparison, node: str) -> Iterator[Row]:
    for change in told.trainingData:
        dataset = _dataset(change)
        if dataset["turn"]:
            sides = {
                key: [v.externalVersion or str(v.version) for v in side]
                for key, side in (("before", change.before), ("after", change.after))
            }
            yield {"turn": dataset["turn"], "what": "DATA", "node": dataset["id"], **sides}
        for field in change.fields:
            yield {**_plain(field), "turn": _TURNS[field.change], "what": "FIELD", "node": dataset["id"]}
        if change.rowDifference:
            rows = [side[0].rowCount for side in (change.before, change.after)]
            yield {"turn": "CHANGED", "what": "ROWS", "node": dataset["id"], "before": rows[0], "after": rows[1]}
    for turn, features in (("ADDED", told.features.added), ("REMOVED", told.features.removed)):
        yield from ({"turn": turn, "what": "FEATURE", "node": node, "name": feature.name} for feature in features)
    for parameter in told.parameters:
        yield {**_plain(parameter), "turn": "CHANGED", "what": "PARAMETER", "node": node}
    if told.code.changed:
        before, after = (code.version or code.url if code else None for code in (told.code.before, told.code.after))
        yield {"turn": "CHANGED", "what": "CODE", "node": node, "before": before, "after": after}
    for metric in told.metrics:
        if metric.before != metric.after:
            yield {**_plain(metric), "turn": "CHANGED", "what": "METRIC", "node": node}


def _dataset(change: DataChange) -> dict[str, Any]:
    node = dataset_node_id(change.id.namespace, change.id.name)
    return _named("DATASET", node, change.id, turn=_TURNS.get(change.change))


def _deployed(deployment: Deployment) -> dict[str, Any]:
    kind = "VERSION" if deployment.version else "JOB"
    suffix = f"#{deployment.version}" if deployment.version else ""
    return {"id": deployment.id + suffix, "kind": kind, "type": "DEPLOYMENT", "name": deployment.id.partition(":")[2]}


def _of_run(run: TracedRun) -> dict[str, Any]:
    return {"id": run_id(run.id), "kind": "RUN", "namespace": run.job.namespace, "name": run.job.name}


def _named(kind: str, node: str, of: DatasetId, **more: Any) -> dict[str, Any]:
    return {"id": node, "kind": kind, "namespace": of.namespace, "name": of.name, **more}


def version_id(of: DatasetId, version: UUID | None) -> str:
    return f"{dataset_node_id(of.namespace, of.name)}{f'#{version}' if version else ''}"


def run_id(run: UUID) -> str:
    return f"{NodeKind.RUN}:{run}"


def _edges(ends: Iterable[Ends]) -> list[Row]:
    return [{"origin": origin, "destination": destination} for origin, destination in dict.fromkeys(ends)]


def _plain(entity: object) -> dict[str, Any]:
    return {key: value for key, value in entity.__dict__.items() if key != "id"}
