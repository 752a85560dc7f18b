"""What stands on versions of models: where they are deployed, who uses them, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from headwater.catalog.datasets import load_known
from headwater.catalog.trainings import load_traced
from headwater.db.pool import Connection
from headwater.entities.model import Deployment, Prediction, ServingRun, TracedRun
from headwater.lineage.graph.described import describe
from headwater.lineage.node_ids import dataset_node_id, job_node_id
from headwater.lineage.runs.downstream import Readers, Written
from headwater.lineage.runs.start import versions_then
from headwater.lineage.runs.upstream import EVER, Span
from headwater.openlineage.facets import MODEL

DEPLOYED = ("DEPLOYMENT", "ENDPOINT")
"""Types of datasets that stand for a model in use: who reads one uses the model."""
_MOST = 1_000  # runs that used a version


@dataclass(slots=True)
class Serving:
    deployments: list[Deployment] = field(default_factory=list)
    runs: list[ServingRun] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    derived: list[Prediction] = field(default_factory=list)
    complete: bool = True


async def load_serving(conn: Connection, versions: Sequence[Written], at: datetime = EVER.at) -> Serving:
    """Of these versions of models, as of that time. A deployment is followed to those who use it, and no further: what is written
    with a model is a prediction. A statement or a few for each step from model to deployment to user."""
    readers = Readers(conn, _MOST, Span(at))
    models = {version.uuid: version for version in versions}  # by what a run may read instead of the model
    types: dict[int, str] = {}
    order: dict[int, None] = {}
    level = list(versions)
    while level:
        new = [run_id for run_id in await readers.readers(level) if run_id not in order]
        order.update(dict.fromkeys(new))
        outputs = await readers.outputs(new)
        written = [version for run_id in new for version in outputs[run_id] if version.at <= at]
        nodes = await describe(conn, {version.canonical_id for version in written} - types.keys())
        types |= {identifier: node.type for identifier, node in nodes.items()}
        level = [version for version in written if types.get(version.canonical_id) in DEPLOYED]
        models |= {version.uuid: models[readers.read_of[version.version_id][0].uuid] for version in level}
    return await _serving(conn, readers, list(order), models, types, at)


async def _serving(
    conn: Connection,
    readers: Readers,
    order: Sequence[int],
    models: Mapping[UUID, Written],
    types: Mapping[int, str],
    at: datetime,
) -> Serving:
    found = Serving(complete=readers.complete)
    runs = await load_traced(conn, order)
    outputs = [version for run_id in order for version in readers.wrote[run_id] if version.at <= at]
    written = [version for version in outputs if version.canonical_id in types]
    deployed = [version for version in written if types[version.canonical_id] in DEPLOYED]
    current = await _current(conn, {version.canonical_id for version in deployed}, at)
    for version in deployed:
        run, model = runs[version.version_id], models[version.uuid]
        found.deployments.append(
            Deployment(
                id=dataset_node_id(version.id.namespace, version.id.name),
                version=version.uuid,
                run=run.id,
                model=model.id,
                modelVersion=model.uuid,
                since=version.at,
                active=version.uuid in current,
            )
        )
    for run_id in order:
        if runs[run_id].streaming and all(types.get(v.canonical_id) not in DEPLOYED for v in readers.read_of[run_id]):
            found.deployments.append(_service(runs[run_id], models[readers.read_of[run_id][0].uuid], at))
    for version in written:
        kind = types[version.canonical_id]
        if kind not in DEPLOYED:
            told = Prediction(id=version.id, version=version.uuid, run=runs[version.version_id].id)
            (found.derived if kind == MODEL else found.predictions).append(told)
    serving = [ServingRun(**runs[run_id].__dict__, read=readers.read_of[run_id][0].uuid) for run_id in order]
    found.runs = sorted(serving, key=lambda run: run.startedAt.timestamp() if run.startedAt else 0.0, reverse=True)
    found.deployments.sort(key=lambda deployment: deployment.since, reverse=True)
    return found


async def _current(conn: Connection, canonical_ids: Collection[int], at: datetime) -> set[UUID]:
    if not canonical_ids:
        return set()
    if at != EVER.at:
        return set((await versions_then(conn, canonical_ids, at)).values())
    known = await load_known(conn, list(canonical_ids))
    return {dataset.current.uuid for dataset in known.values() if dataset.current is not None}


def _service(run: TracedRun, model: Written, at: datetime) -> Deployment:
    return Deployment(
        id=job_node_id(run.job.namespace, run.job.name),
        version=None,
        run=run.id,
        model=model.id,
        modelVersion=model.uuid,
        since=run.startedAt or model.at,
        active=run.endedAt is None or run.endedAt > at,
    )
