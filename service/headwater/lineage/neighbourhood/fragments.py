"""The answer to a lineage query, put together from encoded pieces: only what has changed is loaded and encoded anew."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from time import monotonic
from typing import NamedTuple

from headwater.db.pool import Connection
from headwater.entities import encode
from headwater.lineage.neighbourhood.node_data import load_node_data
from headwater.lineage.neighbourhood.remembered import Graph, Node
from headwater.lineage.neighbourhood.walks import Found

# Which version of an input a job's latest run read can be corrected by a late event of the run that wrote it, which rewrites
# no row of the job. Each event about a busy dataset would make all its readers stale, so this is looked at now and then.
_REVISION_S = 30.0
_ANSWERS = 4  # whose list of pieces is kept; the pieces themselves are mostly shared
_by_node_id = attrgetter("node_id")


class _Fragment(NamedTuple):
    versions: tuple[int, ...]  # of the rows that the data comes from
    around: int  # digest of the versions of the rows around, which may correct it
    checked_at: float
    data: bytes


class _Surroundings(NamedTuple):
    """The end of a node's JSON, which tells of its neighbours; valid if all of these are shown."""

    neighbours: tuple[Node, ...]
    text: bytes


class _Answer:
    """Pieces of an answer, four a node: a separator, its head, its data, its neighbours."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        shown = set(nodes)
        self.nodes = nodes
        self.as_of = -1  # Graph.changes when the data was looked at
        self.checked_at = 0.0
        self.passing: set[Node] = set()  # nodes whose data must be loaded each time
        self.pieces: list[bytes] = []
        for node in nodes:
            self.pieces += (b"," if self.pieces else b'{"graph":[', _head(node), b"", _surroundings(node, shown))
        self.pieces += (b"]}",) if nodes else (b'{"graph":[]}',)

    def stale(self) -> list[int]:
        """Positions of the nodes that may have other data than the pieces say."""
        as_of = self.as_of
        return [
            i
            for i, node in enumerate(self.nodes)
            if node.put_at > as_of or (not node.is_job and any(n.put_at > as_of for n in chain(node.members, node.writers)))
        ]


class Fragments:
    """Encoded data of nodes, those least recently asked for forgotten first."""

    def __init__(self, limit: int = 64 * 1024 * 1024) -> None:
        self._limit = limit  # bytes
        self._size = 0
        self._regroupings = 0
        self._kept: OrderedDict[Node, _Fragment] = OrderedDict()
        self._answers: OrderedDict[Found, _Answer] = OrderedDict()

    async def answer(self, conn: Connection, graph: Graph, found: Found) -> list[bytes]:
        """JSON of ``{"graph": […]}``, in pieces. ``conn`` must see what ``found`` was just proven by."""
        if graph.regroupings != self._regroupings:  # rare; jobs tell the names of what they read
            self._regroupings = graph.regroupings
            self._kept.clear()
            self._answers.clear()
            self._size = 0
        changes, now = graph.changes, monotonic()
        answer = self._answers.pop(found, None) or _Answer(found.nodes)
        if now - answer.checked_at > _REVISION_S:
            answer.as_of, answer.checked_at = -1, now
        stale = answer.stale() if answer.as_of != changes or answer.passing else []
        data, answer.passing = await self._data(conn, [found.nodes[i] for i in stale], now)
        for i in stale:
            answer.pieces[4 * i + 2] = data[found.nodes[i]]
        answer.as_of = changes
        self._answers[found] = answer
        if len(self._answers) > _ANSWERS:
            self._answers.popitem(last=False)
        return answer.pieces.copy()  # the next query changes them while these are still on their way

    async def _data(self, conn: Connection, nodes: Sequence[Node], now: float) -> tuple[dict[Node, bytes], set[Node]]:
        """Of each node; and those whose data is not kept, as it tells of datasets that the graph does not watch for it."""
        # What nodes are made of is noted before anything is waited for, as other queries may put in newer versions.
        data = {node: fragment.data for node in nodes if (fragment := self._fresh(node, now)) is not None}
        stale = {node: (_versions(node), _around(node), _datasets(node)) for node in nodes if node not in data}
        jobs, datasets = await load_node_data(
            conn, [node.id for node in stale if node.is_job], [node.id for node in stale if not node.is_job]
        )
        passing: set[Node] = set()
        for node, (versions, around, watched) in stale.items():
            data[node] = jobs[node.id].told if node.is_job else datasets[node.id]
            if node.is_job and not jobs[node.id].datasets <= watched:
                passing.add(node)
            else:
                self._keep(node, _Fragment(versions, around, now, data[node]))
        self._trim()
        return data, passing

    def _fresh(self, node: Node, now: float) -> _Fragment | None:
        kept = self._kept.get(node)
        if kept is None or kept.versions != _versions(node):
            return None
        self._kept.move_to_end(node)
        if node.is_job and now - kept.checked_at > _REVISION_S:
            if kept.around != _around(node):
                return None
            self._kept[node] = kept._replace(checked_at=now)
        return kept

    def _keep(self, node: Node, fragment: _Fragment) -> None:
        known = self._kept.pop(node, None)
        self._size += len(fragment.data) - (len(known.data) if known else 0)
        self._kept[node] = fragment

    def _trim(self) -> None:
        while self._size > self._limit:
            _, fragment = self._kept.popitem(last=False)
            self._size -= len(fragment.data)


def _versions(node: Node) -> tuple[int, ...]:
    """Of a dataset also its writers': when their runs end, its current version is another."""
    if node.is_job:
        return (node.version,)
    return tuple([n.version for n in chain(node.members, node.writers)])


def _datasets(node: Node) -> set[int]:
    """Canonical ids of those around a job."""
    return {n.canonical.id for n in chain(node.incoming, node.outgoing)} if node.is_job else set()


def _around(node: Node) -> int:
    """Of the datasets that a job reads, and of their writers."""
    if not node.is_job:
        return 0
    read = {n.canonical for n in node.incoming if not n.is_job}
    return hash(frozenset((n.id, n.version) for d in read for n in chain(d.members, d.writers)))


def _head(node: Node) -> bytes:
    return b'{"id":%b,"type":"%b","data":{' % (node.quoted, b"JOB" if node.is_job else b"DATASET")


def _surroundings(node: Node, shown: set[Node]) -> bytes:
    known = node.surroundings
    if isinstance(known, _Surroundings) and shown.issuperset(known.neighbours):
        return known.text
    sources = {n.canonical for member in node.members for n in member.incoming}
    targets = {n.canonical for member in node.members for n in member.outgoing}
    io = b',"inputs":%b,"outputs":%b' % (_names(sources), _names(targets)) if node.is_job else b""
    if not node.is_job:  # a dataset derived from itself, under another name, is no edge
        sources.discard(node)
        targets.discard(node)
    text = b'%b},"inEdges":[%b],"outEdges":[%b]}' % (
        io,
        b",".join([b'{"origin":%b,"destination":%b}' % (n.quoted, node.quoted) for n in _sorted(sources & shown)]),
        b",".join([b'{"origin":%b,"destination":%b}' % (node.quoted, n.quoted) for n in _sorted(targets & shown)]),
    )
    if shown.issuperset(sources) and shown.issuperset(targets):
        node.surroundings = _Surroundings((*sources, *targets), text)
    return text


def _sorted(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=_by_node_id)


def _names(nodes: Iterable[Node]) -> bytes:
    return encode([{"namespace": n.namespace, "name": n.name} for n in _sorted(nodes) if not n.is_job and n.name])
