"""The present graph, as much of it as was asked for, kept in the process and proven fresh by each query.

A node stands for one row, of ``jobs`` or ``datasets``, and remembers the row's version (xmin). A query walks what is here
without waiting for anything, then shows the row versions that it relied on to the database (``vertices.sql``): what differs
comes back and is put in, all else is as good as read now. This is sound because the writer rewrites, in the transaction of
each event, the rows of all jobs and datasets that the event names:

- the edges that a job or dataset owns change only by its own events (or by hiding it), which rewrite its row;
- an edge that is new to a dataset, or to another job, comes with an event that names it, which rewrites that row;
- an alias joins or leaves a dataset by a change of the alias's row.

Row versions are compared, never ordered, so that their wrap-around after 2³² transactions does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import msgspec

from headwater.lineage.edges import EdgeKind
from headwater.lineage.node_ids import dataset_node_id, job_node_id

Edge: TypeAlias = tuple[int, int, int]  # kind, source, target; datasets by the id under which events name them

UNREAD = 0  # no row has this version
_DECLARED = EdgeKind.DATASET_LINEAGE.value


class VertexRow(NamedTuple):
    """A row of vertices.sql, which says what is in it."""

    is_job: bool
    id: int
    namespace: str | None
    name: str | None
    is_hidden: bool | None
    rows: list[int] | None
    versions: list[int] | None
    owners: list[int] | None
    writers: list[int] | None
    declarers: list[int] | None
    kinds: list[int] | None
    sources: list[int] | None
    targets: list[int] | None


class Node:
    """A job, a dataset, or an alias of a dataset; ``version`` UNREAD: known by id only, from the edges of others."""

    __slots__ = (
        "canonical", "derived", "edges", "hidden", "id", "incoming", "is_job", "members", "name", "namespace", "node_id",
        "outgoing", "owners", "put_at", "quoted", "surroundings", "version", "visit", "writers",
    )  # fmt: skip

    def __init__(self, identifier: int, is_job: bool) -> None:
        self.id = identifier
        self.is_job = is_job
        self.version: int = UNREAD
        self.namespace = self.name = self.node_id = ""
        self.quoted = b""  # node_id as JSON
        self.hidden = True
        self.canonical: Node = self  # the dataset of which this is a name
        self.members: tuple[Node, ...] = (self,)  # all names of this dataset
        self.edges: tuple[Edge, ...] = ()  # current ones that it owns
        self.owners: tuple[Node, ...] = ()  # other nodes that ever owned an edge here
        self.writers: tuple[Node, ...] = ()  # those of them that ever wrote this dataset
        # Neighbours by current edges of any owner that is read, and how many edges say so.
        self.incoming: dict[Node, int] = {}
        self.outgoing: dict[Node, int] = {}
        self.derived: dict[Node, int] = {}  # datasets from which, or to which, an event declares a derivation
        self.surroundings: object = None  # whatever a reader derives from the neighbours; dropped when these change
        self.put_at = 0  # Graph.changes when it was last put in
        self.visit = 0  # stamp of the last walk that relied on it


class Graph:
    """Nodes by id. Forgets everything when it holds more than ``limit`` nodes (about 1.5 kB each)."""

    def __init__(self, limit: int = 400_000) -> None:
        self._limit = limit
        self._nodes: dict[int, Node] = {}
        self._visits = 0
        self.changes = 0  # counts the times that something was put in
        self.shape = 0  # counts those that changed more than rows' versions: only with it can a walk find something else
        self.regroupings = 0  # counts those that gave a dataset that was known other names

    def job(self, identifier: int) -> Node:
        return self._nodes.get(identifier) or self._add(identifier, True)

    def dataset(self, identifier: int) -> Node:
        return self._nodes.get(identifier) or self._add(identifier, False)

    def next_visit(self) -> int:
        """A stamp for ``Node.visit`` that no node has yet."""
        self._visits += 1
        return self._visits

    def trim(self) -> None:
        if len(self._nodes) > self._limit:
            self._nodes = {}
            self.shape += 1  # who remembers the old nodes must not go on with them

    def put(self, rows: Iterable[tuple[Any, ...]]) -> list[Node]:
        """Takes in rows of vertices.sql; gives the nodes that they are about."""
        self.changes += 1
        # Those that are gone first: what was a dataset may by now be an alias, of another row's dataset.
        nodes = [node for row in sorted(map(VertexRow._make, rows), key=_exists) for node in self._put(row)]
        for node in nodes:
            node.put_at = self.changes
        return nodes

    def _add(self, identifier: int, is_job: bool) -> Node:
        node = self._nodes[identifier] = Node(identifier, is_job)
        return node

    def _put(self, row: VertexRow) -> tuple[Node, ...]:
        node = self.job(row.id) if row.is_job else self.dataset(row.id)
        before, was_read = _shape(node), node.version != UNREAD
        node.version = UNREAD
        node.hidden = row.is_hidden is not False
        node.canonical = node
        _rename(node, row.namespace or "", row.name or "")
        node.owners = (*map(self.job, row.owners or ()), *map(self.dataset, row.declarers or ()))
        node.writers = tuple(map(self.job, row.writers or ()))
        self._own(node, () if node.hidden else tuple(zip(row.kinds or (), row.sources or (), row.targets or (), strict=True)))
        former = node.members
        node.members = tuple(self._members(row, node))
        if before != _shape(node):
            self.regroupings += was_read and former != node.members
            self._change_shape({node, *former, *node.members})
        return node.members

    def _members(self, row: VertexRow, node: Node) -> Iterator[Node]:
        yield node
        for identifier, version in zip(row.rows or (), row.versions or (), strict=True) if _exists(row) else ():
            member = node if identifier == row.id else self.dataset(identifier)
            member.version = version
            if member is not node:
                member.canonical, member.members, member.owners, member.writers = node, (member,), (), ()
                self._own(member, ())
                yield member

    def _own(self, owner: Node, edges: tuple[Edge, ...]) -> None:
        """Replaces the edges that ``owner`` owns. Most events repeat what is known, so nothing is done for these."""
        if len(edges) == len(owner.edges) and set(edges) == set(owner.edges):
            return
        self.shape += 1
        for edge in owner.edges:
            self._count(edge, owner, -1)
        for edge in edges:
            self._count(edge, owner, 1)
        owner.edges = edges

    def _change_shape(self, nodes: Iterable[Node]) -> None:
        self.shape += 1
        for node in nodes:
            for neighbour in (node, *node.incoming, *node.outgoing):
                neighbour.surroundings = neighbour.canonical.surroundings = None

    def _count(self, edge: Edge, owner: Node, by: int) -> None:
        kind, source, target = edge
        a = self.job(source) if kind in _FROM_JOB else self.dataset(source)
        b = self.job(target) if kind in _TO_JOB else self.dataset(target)
        a.surroundings = a.canonical.surroundings = b.surroundings = b.canonical.surroundings = None
        _add(a.outgoing, b, by)
        _add(b.incoming, a, by)
        if kind == _DECLARED and not owner.is_job:
            _add(a.derived, b, by)
            _add(b.derived, a, by)


_FROM_JOB = (EdgeKind.OUTPUT.value, EdgeKind.JOB_LINEAGE.value)
_TO_JOB = (EdgeKind.INPUT.value, EdgeKind.JOB_LINEAGE.value)


def _exists(row: VertexRow) -> bool:
    return row.name is not None


def _shape(node: Node) -> tuple[object, ...]:
    return node.hidden, node.canonical, node.node_id, node.owners, node.writers, node.members


def _rename(node: Node, namespace: str, name: str) -> None:
    if (node.namespace, node.name) != (namespace, name):
        node.namespace, node.name = namespace, name
        node.node_id = job_node_id(namespace, name) if node.is_job else dataset_node_id(namespace, name)
        node.quoted = msgspec.json.encode(node.node_id)


def _add(counts: dict[Node, int], node: Node, by: int) -> None:
    count = counts.get(node, 0) + by
    if count:
        counts[node] = count
    else:
        del counts[node]
