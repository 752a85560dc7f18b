"""Which models, versions of models and deployments stand on a dataset, a job, a column, a version or a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from headwater import ids
from headwater.catalog.models import models_among
from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Node
from headwater.entities.model import Affected, AffectedModel, AffectedVersion, PassedRun
from headwater.entities.run import JobName
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.lineage import derived_columns, require_field
from headwater.lineage.columns.nested import holders
from headwater.lineage.counted import counted, cut_short
from headwater.lineage.edges import EdgeKind, explicit_of, kinds_of_runs
from headwater.lineage.exports import Answer
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.question import FlowOf, Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.models.drawn import affected_graph
from headwater.lineage.models.serving import load_serving
from headwater.lineage.models.trace import FURTHEST
from headwater.lineage.models.trained import Trained, Trainings, load_trained
from headwater.lineage.node_ids import NodeKind, field_node_id, job_node_id
from headwater.lineage.parents import load_opened
from headwater.lineage.runs.downstream import Readers, Written
from headwater.lineage.runs.start import StartRun, find_start
from headwater.lineage.runs.upstream import EVER, ReadingRun, Span

By: TypeAlias = Literal["FEATURE", "COLUMN_LINEAGE", "DATASET", "VERSION"]
Judge: TypeAlias = Callable[[Trained], By | None]

_TO_MODEL = 2  # steps from a dataset to a model that is trained on it: the job is one


@dataclass(slots=True)
class _Found:
    models: list[AffectedModel] = field(default_factory=list)
    versions: list[Written] = field(default_factory=list)  # whose deployments are asked for
    runs: dict[str, PassedRun] = field(default_factory=dict)  # by node id
    complete: bool = True
    at: datetime = EVER.at  # by which all of this was so

    def add(self, node: Node, path: list[str], distance: int, model: int, trainings: Trainings, judge: Judge) -> None:
        trained = trainings.of[model]
        told = {t.written.uuid: by for t in trained if (by := judge(t))}
        self.versions += [t.written for t in trained if t.written.uuid in told]
        versions = [
            AffectedVersion(
                version=t.shown.version,
                externalVersion=t.shown.externalVersion,
                createdAt=t.shown.createdAt,
                trainedBy=t.shown.trainedBy.id if t.shown.trainedBy else None,
                current=t.shown.version == trainings.current.get(model),
                by=told[t.shown.version],
            )
            for t in trained
            if t.shown.version in told
        ]
        self.models.append(AffectedModel(**node.__dict__, distance=distance, path=path, versions=versions))
        self.complete = self.complete and trainings.complete


async def affected(
    conn: Connection, flow_of: FlowOf, node_id: str, then: Then | None, span: Span = EVER, kinds: Collection[EdgeKind] = ()
) -> Affected:
    """Of ``dataset:``, ``datasetField:`` or ``job:`` by the graph that ``flow_of`` gives, and the columns of ``then``; of
    ``run:``, and of a dataset with ``#version`` behind, by what runs read in the ``span``. All by edges of these ``kinds``, none:
    by those by which data flows. Raises InvalidNodeId, Invalid, NotFound."""
    start = await find_start(conn, node_id, span)
    if isinstance(start, StartRun):
        outputs = await Readers(conn, span=span).outputs(start.run_ids)
        versions = [version for written in outputs.values() for version in written if version.at <= span.at]
        return await _of_versions(conn, node_id, versions, span, kinds, own=True)
    if isinstance(start, Written):
        return await _of_versions(conn, node_id, [start], span, kinds)
    if start.kind is NodeKind.DATASET_FIELD:
        return await _of_column(conn, flow_of, node_id, Place(start.id, start.field), then, kinds)
    return await _of_nodes(conn, flow_of, node_id, await load_opened(conn, start), kinds)


async def _of_nodes(conn: Connection, flow_of: FlowOf, node_id: str, start: list[int], kinds: Collection[EdgeKind]) -> Affected:
    """Of a dataset, or a job with all that belong to it, by the graph. A version counts where its run read a dataset that is
    reached."""
    found = await _reached(conn, flow_of, start)
    own = await load_trained(conn, await models_among(conn, start), found.at)
    found.versions += [trained.written for versions in own.of.values() for trained in versions]
    found.complete = found.complete and own.complete
    return await _answer(conn, node_id, "DATASET", found, kinds)


async def _of_column(
    conn: Connection, flow_of: FlowOf, node_id: str, place: Place, then: Then | None, kinds: Collection[EdgeKind]
) -> Affected:
    """Of a field of a dataset: by the columns that derive from it, and by what trainings say of the columns that they used. A
    training that says nothing of columns counts if it reads a dataset with one of them. Models that are made with these
    models follow, by the graph. Raises NotFound where there is no such field, nor was one that a training names."""
    before = await derived_columns(conn, place, then, explicit=explicit_of(kinds))
    datasets = tuple({at.dataset_id for at in before})
    question = Question(start=datasets, depth=_TO_MODEL)
    flow = await flow_of(question)
    near = await asyncio.to_thread(reach, flow, question)
    candidates = [*datasets, *near.nearest(len(near)).ids.tolist()]
    found = _Found(complete=flow.complete, at=flow.at or EVER.at)
    trainings = await load_trained(conn, await models_among(conn, candidates), found.at)
    nodes = await describe(conn, [*datasets, *trainings.of])
    for model in [i for i in candidates if i in trainings.of and i in nodes]:
        uses = {t.written.uuid: use for t in trainings.of[model] if (use := _use(t, before))}
        if uses:
            last = next(t for t in trainings.of[model] if t.written.uuid in uses)
            path = [*_field_path(before, uses[last.written.uuid][1], nodes), *_job_path(last), nodes[model].id]
            judged = {uuid: by for uuid, (by, _) in uses.items()}
            found.add(nodes[model], path, len(path) - 1, model, trainings, lambda t, judged=judged: judged.get(t.written.uuid))  # type: ignore[misc]
    if len(before) == 1 and all(version.by == "DATASET" for model in found.models for version in model.versions):
        await require_field(conn, place, then)
    found.models.sort(key=lambda model: model.distance)
    await _follow(conn, flow_of, found)
    return await _answer(conn, node_id, "COLUMN", found, kinds)


async def _of_versions(
    conn: Connection, node_id: str, versions: Sequence[Written], span: Span, kinds: Collection[EdgeKind], *, own: bool = False
) -> Affected:
    """Of versions of datasets, such as all that a run wrote (``own``): by the versions that runs really read."""
    by = kinds_of_runs(kinds)
    if own and EdgeKind.OUTPUT not in by:
        versions = []
    readers = Readers(conn, span=span)
    distances = await readers.downstream(await readers.readers(versions if _by_runs(by) else []), FURTHEST)
    outputs = [output for run_id in distances for output in readers.wrote.get(run_id, []) if output.at <= span.at]
    models = await models_among(conn, {version.canonical_id for version in (*outputs, *versions)})
    trainings, nodes = await load_trained(conn, models, span.at), await describe(conn, models)
    made = {version.canonical_id for version in versions} & nodes.keys() if own else set()
    found = _Found(complete=readers.complete, at=span.at)
    uuids = {output.uuid for output in (*outputs, *(versions if own else ()))}

    def judge(t: Trained) -> By | None:
        return "VERSION" if t.written.uuid in uuids else None

    for model in sorted(made):
        found.add(nodes[model], [node_id, nodes[model].id], 0, model, trainings, judge)
    nearest = {output.canonical_id: output for output in reversed(outputs)}
    for model, output in sorted(nearest.items(), key=lambda item: (distances[item[1].version_id], item[0])):
        if model in nodes.keys() - made:
            way = [output.version_id]
            while distances[way[-1]]:
                way.append(readers.read_of[way[-1]][0].version_id)  # what was found first is nearest
            passed = [_passed(readers.reads.runs[run_id]) for run_id in reversed(way)]
            found.runs |= {run.id: run for run in passed}
            path = [node_id, *(run.id for run in passed), nodes[model].id]
            found.add(nodes[model], path, len(way), model, trainings, judge)
    found.versions += [version for version in versions if version.canonical_id in models and version.canonical_id not in made]
    return await _answer(conn, node_id, "VERSION", found, kinds)


def _by_runs(kinds: Collection[EdgeKind]) -> bool:
    """Whether what stands on a version is reached, which takes a run that reads it, and writes."""
    return not kinds or {EdgeKind.INPUT, EdgeKind.OUTPUT} <= {*kinds}


async def _answer(
    conn: Connection,
    node_id: str,
    grain: Literal["DATASET", "COLUMN", "VERSION"],
    found: _Found,
    kinds: Collection[EdgeKind],
) -> Affected:
    serving = await load_serving(conn, found.versions if _by_runs(kinds) else [], found.at)
    runs = [found.runs[run] for run in sorted(found.runs)]
    complete = found.complete and serving.complete
    now, freshness = await load_freshness(conn)
    return Affected(
        nodeId=node_id,
        grain=grain,
        models=found.models,
        runs=runs,
        deployments=serving.deployments,
        complete=complete,
        counts=_counts(affected_graph(found.models, runs, serving.deployments), found.models, complete=complete),
        asOf=Span(found.at).as_of(now),
        freshness=freshness,
    )


def _counts(drawn: Answer, models: Iterable[AffectedModel], *, complete: bool) -> Counts:
    kinds = {node["id"]: node["kind"] for node in drawn["nodes"]}
    kinds |= {f"{model.id}#{version.version}": "VERSION" for model in models for version in model.versions}
    edges = [(edge["origin"], edge["destination"]) for edge in drawn["edges"]]
    return counted(kinds, edges, [] if complete else cut_short(["size"]))


async def _reached(conn: Connection, flow_of: FlowOf, start: Collection[int]) -> _Found:
    """The models that are reached in the graph."""
    question = Question(start=tuple(start))
    flow = await flow_of(question)
    graph = await asyncio.to_thread(reach, flow, question)
    reached = graph.ids.tolist()
    found = _Found(complete=graph.complete, at=flow.at or EVER.at)
    trainings = await load_trained(conn, await models_among(conn, reached), found.at)
    places = [index for index, identifier in enumerate(reached) if identifier in trainings.of]
    places.sort(key=lambda index: (int(graph.distances[index]), reached[index]))
    ways = {index: graph.way(index) for index in places}
    nodes = await describe(conn, {identifier for way in ways.values() for identifier in way})
    touched = {*reached, *start}

    def judge(version: Trained) -> By | None:
        return "DATASET" if version.job_id in start or not touched.isdisjoint(version.inputs.values()) else None

    for index in places:
        if (node := nodes.get(reached[index])) is not None:
            path = [nodes[identifier].id for identifier in ways[index] if identifier in nodes]
            found.add(node, path, int(graph.distances[index]), reached[index], trainings, judge)
    return found


async def _follow(conn: Connection, flow_of: FlowOf, found: _Found) -> None:
    """Adds the models that stand on those that are found."""
    paths = {model.id: model.path for model in found.models}
    if not paths:
        return
    start = {ids.dataset_id(model.namespace, model.name) for model in found.models}
    further = await _reached(conn, flow_of, start)
    for model in further.models:
        path = [*paths[model.path[0]], *model.path[1:]]
        found.models.append(model.model_copy(update={"path": path, "distance": len(path) - 1}))
    found.versions += further.versions
    found.complete = found.complete and further.complete


def _use(version: Trained, fields: Collection[Place]) -> tuple[By, Place] | None:
    """How a training used one of the fields, and which."""
    if version.shown.features:
        by: By = "FEATURE" if version.shown.trainedBy and version.shown.trainedBy.features else "COLUMN_LINEAGE"
        used = {
            Place(dataset, feature.field)
            for feature in version.shown.features
            for dataset in (
                version.inputs.values()
                if feature.dataset is None
                else [_canonical(version, feature.dataset.namespace, feature.dataset.name)]
            )
        }
        around = used | {place._replace(field=field) for place in used for field in ("", *holders(place.field))}
        return next(((by, place) for place in fields if place in around or _is_inside(place, used)), None)
    return next((("DATASET", place) for place in fields if place.dataset_id in version.inputs.values()), None)


def _is_inside(place: Place, used: Collection[Place]) -> bool:
    return any(place._replace(field=field) in used for field in holders(place.field))


def _canonical(version: Trained, namespace: str, name: str) -> int:
    dataset = ids.dataset_id(namespace, name)
    return version.inputs.get(dataset, dataset)


def _field_path(before: Mapping[Place, Place], place: Place, nodes: Mapping[int, Node]) -> list[str]:
    way = [place]
    while before[way[-1]] != way[-1]:
        way.append(before[way[-1]])
    told = [(nodes[at.dataset_id], at.field) for at in reversed(way) if at.dataset_id in nodes]
    return [field_node_id(node.namespace, node.name, name) if name else node.id for node, name in told]


def _passed(run: ReadingRun) -> PassedRun:
    return PassedRun(
        id=f"{NodeKind.RUN}:{run.uuid}",
        job=JobName(namespace=run.namespace, name=run.job),
        state=run.state,
        startedAt=run.started_at,
        endedAt=run.end,
    )


def _job_path(version: Trained) -> list[str]:
    run = version.shown.trainedBy
    return [job_node_id(run.job.namespace, run.job.name)] if run else []
