"""Which models stand on a dataset, or on a job with all that belong to it: by the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from headwater.catalog.models import models_among
from headwater.db.pool import Connection
from headwater.entities.model import Affected
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.models.affected import Found, Hit, Told, answer
from headwater.lineage.models.serving import Bounds
from headwater.lineage.models.trained import Trained, load_trained
from headwater.lineage.runs.upstream import EVER


async def affected_by_nodes(
    conn: Connection, flow: Flow, node_id: str, question: Question, kinds: Collection[EdgeKind]
) -> Affected:
    """``flow`` must not be changed meanwhile. In a constant number of statements beside those of ``load_serving``."""
    graph = await asyncio.to_thread(reach, flow, question)
    reached, at = graph.ids.tolist(), flow.at or EVER.at
    trainings = await load_trained(conn, await models_among(conn, [*reached, *question.start]), at)
    places = [index for index, identifier in enumerate(reached) if identifier in trainings.of]
    ways = {index: graph.way(index) for index in places}
    nodes = await describe(conn, {identifier for way in ways.values() for identifier in way})
    judge = _Judge(question, reached)
    hits = [
        Hit(
            nodes[reached[index]],
            int(graph.distances[index]),
            [nodes[identifier].id for identifier in ways[index] if identifier in nodes],
            judge.told(trainings.of[reached[index]]),
        )
        for index in places
        if reached[index] in nodes
    ]
    # Of what has to be passed through, only the start lies on the ways from a model to its own deployments.
    direct = not question.through or not {*question.start}.isdisjoint(question.through)
    own = [trained.written for model in question.start if direct for trained in trainings.of.get(model, ())]
    bounds = Bounds(frozenset(question.avoid), frozenset(question.stop_at))
    return await answer(conn, node_id, Found("DATASET", hits, trainings, graph.cut, at, own, bounds=bounds), question, kinds)


class _Judge:
    """A version counts where its run read a dataset that is reached and gone on from, or is one of a job that is asked about."""

    def __init__(self, question: Question, reached: Collection[int]) -> None:
        self._jobs = {*question.start}
        self._shut = {*question.avoid, *question.stop_at}
        self._touched = {*reached, *question.start} - self._shut

    def told(self, versions: Collection[Trained]) -> list[Told]:
        return [(version, "DATASET") for version in versions if self._counts(version)]

    def _counts(self, version: Trained) -> bool:
        read = not self._touched.isdisjoint(version.inputs.values())
        return version.job_id not in self._shut and (read or version.job_id in self._jobs)
