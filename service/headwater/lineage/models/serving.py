"""What stands on versions of models: where they are deployed, who uses them, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from headwater.catalog.datasets import load_known
from headwater.catalog.trainings import load_traced
from headwater.db.pool import Connection
from headwater.entities.model import Deployment, Prediction, ServingRun, TracedRun
from headwater.lineage.graph.described import describe
from headwater.lineage.node_ids import Resolved, dataset_node_id, job_node_id
from headwater.lineage.runs.downstream import Readers, Written
from headwater.lineage.runs.graph import version_node
from headwater.lineage.runs.start import Start, StartRun, versions_then
from headwater.lineage.runs.upstream import EVER, ReadingRun, Span
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


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids of jobs, runs and datasets, and nodes of versions: ``avoid`` is never entered; ``stop_at`` is, but not left."""

    avoid: frozenset[int] = frozenset()
    stop_at: frozenset[int] = frozenset()

    @classmethod
    def around(cls, avoid: Iterable[Start | Resolved], stop_at: Iterable[Start | Resolved]) -> Bounds:
        return cls(*(frozenset(node for one in told for node in _nodes(one)) for told in (avoid, stop_at)))


NONE = Bounds()


def _nodes(told: Start | Resolved) -> tuple[int, ...]:
    if isinstance(told, StartRun):
        return told.run_ids
    return (told.id,) if isinstance(told, Resolved) else (version_node(told.uuid),)


def _run_in(bounds: Collection[int], run: ReadingRun) -> bool:
    return run.job_id in bounds or run.run_id in bounds


def _version_in(bounds: Collection[int], version: Written) -> bool:
    return bool(bounds) and (version.canonical_id in bounds or version_node(version.uuid) in bounds)


async def load_serving(conn: Connection, versions: Sequence[Written], at: datetime = EVER.at, bounds: Bounds = NONE) -> Serving:
    """Of these versions of models, as of that time. A deployment is followed to those who use it, and no further: what is written
    with a model is a prediction. A statement or a few for each step from model to deployment to user."""
    readers = Readers(conn, _MOST, Span(at))
    models = {version.uuid: version for version in versions}  # by what a run may read instead of the model
    types: dict[int, str] = {}
    order: dict[int, None] = {}
    outputs = list[Written]()
    level = list(versions)
    while level := [version for version in level if not _version_in(bounds.stop_at, version)]:
        runs, known = await readers.readers(level), readers.reads.runs
        new = [run_id for run_id in runs if run_id not in order and not _run_in(bounds.avoid, known[run_id])]
        order.update(dict.fromkeys(new))
        wrote = await readers.outputs([run_id for run_id in new if not _run_in(bounds.stop_at, known[run_id])])
        written = [v for of in wrote.values() for v in of if v.at <= at and not _version_in(bounds.avoid, v)]
        outputs += written
        nodes = await describe(conn, {version.canonical_id for version in written} - types.keys())
        types |= {identifier: node.type for identifier, node in nodes.items()}
        level = [version for version in written if types.get(version.canonical_id) in DEPLOYED]
        models |= {version.uuid: models[readers.read_of[version.version_id][0].uuid] for version in level}
    return await _serving(conn, readers, list(order), [v for v in outputs if v.canonical_id in types], models, types, at)


async def _serving(
    conn: Connection,
    readers: Readers,
    order: Sequence[int],
    written: Sequence[Written],
    models: Mapping[UUID, Written],
    types: Mapping[int, str],
    at: datetime,
) -> Serving:
    found = Serving(complete=readers.complete)
    runs = await load_traced(conn, order)
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
