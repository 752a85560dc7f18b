"""The models that are reached, with their versions and deployments: one page of them, and how many there are of all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from headwater import ids
from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Cut, Node, Tally
from headwater.entities.model import Affected, AffectedModel, AffectedVersion, Deployment, PassedRun
from headwater.lineage.counted import counted, cut_short
from headwater.lineage.edges import EdgeKind
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.question import Cursor, Filter, Question
from headwater.lineage.graph.states import load_states
from headwater.lineage.models.drawn import affected_graph
from headwater.lineage.models.serving import NONE, Bounds, load_serving
from headwater.lineage.models.trained import Trained, Trainings
from headwater.lineage.node_ids import dataset_node_id
from headwater.lineage.runs.downstream import Written
from headwater.lineage.runs.upstream import EVER, Span

By: TypeAlias = Literal["FEATURE", "COLUMN_LINEAGE", "DATASET", "VERSION"]
Told: TypeAlias = tuple[Trained, By]


@dataclass(frozen=True, slots=True)
class Hit:
    """A model that is reached; of its versions those that are affected, newest first."""

    node: Node
    distance: int
    path: list[str]
    versions: list[Told]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.distance, ids.dataset_id(self.node.namespace, self.node.name))


@dataclass(frozen=True, slots=True)
class Found:
    grain: Literal["DATASET", "COLUMN", "VERSION"]
    hits: list[Hit]
    trainings: Trainings
    cut: Sequence[str]  # rules that ended the walk
    at: datetime  # by which all of this was so
    own: Sequence[Written] = ()  # versions of a model that was itself asked about
    runs: Mapping[str, PassedRun] = field(default_factory=dict)  # on the ways, by node id
    bounds: Bounds = NONE  # of the way from a version to its deployments


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the models, with what is told of them."""

    models: list[AffectedModel]
    runs: list[PassedRun]
    deployments: list[Deployment]

    def counts(self) -> Counts:
        drawn = affected_graph(self.models, self.runs, self.deployments)
        kinds = {node["id"]: node["kind"] for node in drawn["nodes"]}
        kinds |= {f"{model.id}#{version.version}": "VERSION" for model in self.models for version in model.versions}
        return counted(kinds, [(edge["origin"], edge["destination"]) for edge in drawn["edges"]])


async def answer(conn: Connection, node_id: str, found: Found, asked: Question, kinds: Collection[EdgeKind]) -> Affected:
    """The page that ``asked`` has the filter, limit and cursor of, in a constant number of statements beside those of
    ``load_serving``."""
    hits = sorted(found.hits, key=lambda hit: hit.cursor)
    shown = await _passing(conn, asked.filter, hits, found.at)
    rest = [hit for hit in shown if asked.cursor is None or hit.cursor > asked.cursor]
    page = rest[: asked.limit]
    versions = [trained.written for hit in hits for trained, _ in hit.versions]
    serving = await load_serving(conn, [*versions, *found.own] if by_runs(kinds) else [], found.at, found.bounds)
    models = {hit.node.id: _model(hit, found.trainings) for hit in hits}

    def part(of: Iterable[Hit], *, own: bool = True) -> _Part:
        chosen = [models[hit.node.id] for hit in of]
        passed = {step for model in chosen for step in model.path} & found.runs.keys()
        left_out = models.keys() - {model.id for model in chosen}
        deployments = [one for one in serving.deployments if (at := _of_model(one)) not in left_out and (own or at in models)]
        return _Part(chosen, [found.runs[run] for run in sorted(passed)], deployments)

    told = part(page, own=bool(asked.limit) and asked.cursor is None)
    size = () if found.trainings.complete and serving.complete else ("size",)
    cut = cut_short(dict.fromkeys((*found.cut, *size)))
    now, freshness = await load_freshness(conn)
    return Affected(
        nodeId=node_id,
        grain=found.grain,
        models=told.models,
        runs=told.runs,
        deployments=told.deployments,
        complete=not cut,
        counts=_counts([part(hits), part(shown), told], asked.filter, cut),
        asOf=Span(found.at).as_of(now),
        freshness=freshness,
        cursor=str(page[-1].cursor) if 0 < len(page) < len(rest) else None,
    )


def by_runs(kinds: Collection[EdgeKind]) -> bool:
    """Whether what stands on a version is reached, which takes a run that reads it, and writes."""
    return not kinds or {EdgeKind.INPUT, EdgeKind.OUTPUT} <= {*kinds}


async def _passing(conn: Connection, by: Filter, hits: list[Hit], at: datetime) -> list[Hit]:
    """Of the jobs that trained the versions of a model one must be in the state."""
    if (test := by.test()) is None:
        return hits
    jobs = {hit.node.id: {trained.job_id for trained, _ in hit.versions} for hit in hits} if by.states else {}
    every = set[int]().union(*jobs.values())
    states = await load_states(conn, every, None if at == EVER.at else at) if every else {}

    def passes(hit: Hit) -> bool:
        told = [states.get(job) for job in jobs.get(hit.node.id, ())] or [None]
        return any(test(hit.node, state) for state in told)

    return [hit for hit in hits if passes(hit)]


def _model(hit: Hit, trainings: Trainings) -> AffectedModel:
    versions = [
        AffectedVersion(
            version=trained.uuid,
            externalVersion=trained.version.external_version,
            createdAt=trained.version.first_at,
            trainedBy=trained.run,
            current=trained.uuid == trainings.current.get(trained.model.canonical_id),
            by=by,
        )
        for trained, by in hit.versions
    ]
    return AffectedModel(**hit.node.__dict__, distance=hit.distance, path=hit.path, versions=versions)


def _of_model(deployment: Deployment) -> str:
    return dataset_node_id(deployment.model.namespace, deployment.model.name)


def _counts(parts: Sequence[_Part], by: Filter, cut: list[Cut]) -> Counts:
    """``parts`` are all that is found, what the filter lets pass of it, and what is on the page."""
    whole, passing, told = (part.counts() for part in parts)
    if by != Filter():
        cut = [*cut, Cut(rule="filter", nodes=whole.found - passing.found)]
    if told.found < passing.found:
        cut = [*cut, Cut(rule="limit", nodes=passing.found - told.found)]
    edges = Tally(found=whole.edges.found, returned=told.edges.found or 0)
    return whole.model_copy(update={"returned": told.found, "edges": edges, "cut": cut})
