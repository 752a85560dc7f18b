"""Which models stand on a run, or on a version of a dataset: by the versions that runs really read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from headwater.catalog.models import models_among
from headwater.db.pool import Connection
from headwater.entities.model import Affected, PassedRun
from headwater.entities.run import JobName
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import Reach
from headwater.lineage.models.affected import Found, Hit, answer
from headwater.lineage.models.serving import Bounds
from headwater.lineage.models.trained import load_trained
from headwater.lineage.node_ids import NodeKind
from headwater.lineage.runs.downstream import Written
from headwater.lineage.runs.graph import RunGraph, version_node
from headwater.lineage.runs.start import Start, StartRun
from headwater.lineage.runs.upstream import ReadingRun, Span


@dataclass(frozen=True, slots=True)
class Walked:
    """What was reached in ``graph`` from the start, runs and versions both being steps."""

    start: Start
    graph: RunGraph
    found: Reach
    direct: bool  # whether the start itself need not be left by way of anything
    span: Span
    bounds: Bounds


def steps(start: Start, depth: int | None) -> int | None:
    """Of runs and versions, to the versions written by runs within ``depth`` steps from run to run."""
    return None if depth is None else 2 * depth + isinstance(start, StartRun)


async def affected_by_runs(
    conn: Connection, node_id: str, walked: Walked, question: Question, kinds: Collection[EdgeKind]
) -> Affected:
    """In a constant number of statements beside those of ``load_serving``."""
    graph, start, at = walked.graph, walked.start, walked.span.at
    reached = walked.found.ids.tolist()
    places = [(index, use) for index, node in enumerate(reached) if (use := graph.versions.get(node)) is not None]
    asked = [start] if isinstance(start, Written) else []
    models = await models_among(conn, {use.canonical_id for _, use in places} | {version.canonical_id for version in asked})
    trainings, nodes = await load_trained(conn, models, at), await describe(conn, models)
    there = {version_node(trained.uuid) for of in trainings.of.values() for trained in of}
    nearest: dict[int, tuple[int, int, int]] = {}  # by model
    for index, use in places:
        # What was still being written then is no version yet.
        if use.canonical_id in nodes and (reached[index] in there or not trainings.complete):
            near = int(walked.found.distances[index]), reached[index], index
            nearest[use.canonical_id] = min(near, nearest.get(use.canonical_id, near))
    versions, runs, hits = {reached[index] for index, _ in places}, dict[str, PassedRun](), []
    for model, (distance, _, index) in nearest.items():
        passed = [_passed(graph.runs[step]) for step in walked.found.way(index)[1:] if step in graph.runs]
        runs |= {run.id: run for run in passed}
        path = [node_id, *(run.id for run in passed), nodes[model].id]
        told = [trained for trained in trainings.of[model] if version_node(trained.uuid) in versions]
        # On the way from run to run each second step is a version.
        hits.append(Hit(nodes[model], distance // 2, path, [(trained, "VERSION") for trained in told]))
    own = [version for version in asked if walked.direct and version.canonical_id in models]
    found = Found("VERSION", hits, trainings, walked.found.cut, at, own, runs, walked.bounds)
    return await answer(conn, node_id, found, question, kinds)


def _passed(run: ReadingRun) -> PassedRun:
    return PassedRun(
        id=f"{NodeKind.RUN}:{run.uuid}",
        job=JobName(namespace=run.namespace, name=run.job),
        state=run.state,
        startedAt=run.started_at,
        endedAt=run.end,
    )
