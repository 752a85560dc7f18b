"""Runs and versions as answers tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from headwater.catalog.data_versions import Facts, Use, load_facts
from headwater.db.pool import Connection
from headwater.entities.graph import Node
from headwater.entities.run_graph import RunEdge, RunNode, VersionNode
from headwater.lineage.node_ids import NodeKind
from headwater.lineage.runs.graph import RunGraph
from headwater.lineage.runs.upstream import ReadingRun

Pair: TypeAlias = tuple[int, int]  # nodes


@dataclass(slots=True)
class Told:
    """What is told of runs and versions, by their nodes. Those of a job or dataset that is hidden are not told."""

    graph: RunGraph
    owners: Mapping[int, Node]
    facts: Mapping[tuple[int, UUID | None], Facts] = field(default_factory=dict)

    async def load_facts(self, conn: Connection, nodes: Iterable[int]) -> None:
        self.facts = await load_facts(conn, [self.graph.versions[node] for node in nodes if node in self.graph.versions])

    def hidden(self) -> frozenset[int]:
        return frozenset(node for node in (*self.graph.runs, *self.graph.versions) if self.of(node) is None)

    def state(self, node: int) -> str | None:
        return self.graph.runs[node].state if node in self.graph.runs else None

    def of(self, node: int) -> Node | None:
        return self.owners.get(self.graph.owner(node))

    def shown(self, node: int) -> RunNode | VersionNode | None:
        of = self.of(node)
        if node in self.graph.runs:
            return run_node(self.graph.runs[node], of)
        return self._version(self.graph.versions[node], of) if of else None

    def id(self, node: int) -> str | None:
        if (of := self.of(node)) is None:
            return None
        return _run_id(self.graph.runs[node]) if node in self.graph.runs else _version_id(of, self.graph.versions[node])

    def _version(self, use: Use, of: Node) -> VersionNode:
        assert use.version is not None
        facts = self.facts.get((use.canonical_id, use.version))
        return VersionNode(
            **{**of.__dict__, "id": _version_id(of, use), "kind": "VERSION"},
            version=use.version,
            externalVersion=facts.external_version if facts else None,
            createdAt=facts.created_at if facts else None,
        )

    def edges(self, pairs: Iterable[Pair]) -> list[RunEdge]:
        edges = [
            RunEdge(origin=origin, destination=destination, kind="WROTE" if pair in self.graph.wrote else "READ")
            for pair in pairs
            if (origin := self.id(pair[0])) and (destination := self.id(pair[1]))
        ]
        return sorted(edges, key=lambda edge: (edge.origin, edge.destination))


def run_node(run: ReadingRun, of: Node | None) -> RunNode | None:
    if of is None:
        return None
    members = {**of.__dict__, "id": _run_id(run), "kind": "RUN"}
    return RunNode(**members, state=run.state, startedAt=run.started_at, endedAt=run.end)


def _run_id(run: ReadingRun) -> str:
    return f"{NodeKind.RUN}:{run.uuid}"


def _version_id(of: Node, use: Use) -> str:
    return f"{of.id}#{use.version}"
