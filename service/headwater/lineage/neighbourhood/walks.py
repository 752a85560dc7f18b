"""The jobs around a job or dataset, with their datasets: what a lineage graph shows first.

Jobs are neighbours when they share a dataset, whichever of them reads or writes it, or when one hands over to the other
without a dataset. ``depth`` counts the steps from job to job; each job comes with all its datasets. Where a DatasetEvent
declares that a dataset derives from another, the jobs of either are neighbours of the jobs of the other; a chain of such
derivations takes a step each.

Hidden jobs are no part of the graph. A hidden dataset is not shown, but its jobs still share it: deleting a table does not
take its pipelines apart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from headwater.db.looking import Era, one_era
from headwater.db.pool import Connection
from headwater.lineage.neighbourhood.remembered import UNREAD, Graph, Node
from headwater.lineage.neighbourhood.view import Expand, View
from headwater.lineage.snapshot import expecting_much
from headwater.lineage.walk import walk

_MUCH = 1_000  # nodes; to prove fewer costs no more than to ask whether they must be
_by_node_id = attrgetter("node_id")
_SPARE_ROUNDS = 8  # beyond a statement a hop; used up only if other queries keep changing the shared graph under this one


@dataclass(eq=False)
class Found:
    """What a walk found. The same object stands for the same nodes with the same edges."""

    nodes: list[Node]  # to show, by node id
    relied_on: list[Node]  # all whose rows say so
    complete: bool  # False: something on the way had not been read
    shape: int  # of the graph that was walked
    proven: Proven | None = None


class Proven(NamedTuple):
    """The last proof. It holds for as long as all is the same, however much it was that was proven."""

    era: int | None  # of the database, as ``looking.Era`` has it: None is never the same
    state: str  # of the database
    changes: int  # of the graph


class Walks:
    """What the last walks found, so that one need not be done again while only versions of rows have changed."""

    def __init__(self, graph: Graph, limit: int = 64, era: Era = one_era) -> None:
        self.graph = graph
        self.era = era
        self._limit = limit
        self._found: OrderedDict[tuple[int, int], Found] = OrderedDict()

    async def around(self, start: int, is_job: bool, depth: int) -> Found:
        """A walk over what is known; never waits."""
        known = self._found.get((start, depth))
        if known is not None and known.shape == self.graph.shape:
            self._found.move_to_end((start, depth))
            return known
        found = self._found[start, depth] = await _Attempt(self.graph).around(start, is_job, depth)
        if len(self._found) > self._limit:
            self._found.popitem(last=False)
        return found


async def neighbourhood(conn: Connection, walks: Walks, start: int, is_job: bool, depth: int) -> Found:
    """What to show around a job, or around the canonical id of a dataset: nothing where that is hidden.

    The nodes found must be looked at before anything else is waited for: another query may then put in what it sees.

    Each round walks as far as the graph is known, then proves all that it relied on, and reads what it missed, in one
    statement. Where all is known and no edge has changed, there is one round; where nothing is known, one a hop.
    Much that was proven before is asked for only if anything at all was committed since.
    """
    walks.graph.trim()
    known = await walks.around(start, is_job, depth)
    if len(known.relied_on) < _MUCH:
        return await _proven(conn, walks, start, is_job, depth)
    state, era = await expecting_much(conn), await walks.era()
    if era is not None and known.proven == (era, state, walks.graph.changes):
        return known
    found = await _proven(conn, walks, start, is_job, depth)
    found.proven = Proven(era, state, walks.graph.changes)
    return found


async def _proven(conn: Connection, walks: Walks, start: int, is_job: bool, depth: int) -> Found:
    view, rounds = View(conn, walks.graph), 0
    while True:
        changes = walks.graph.changes
        found = await walks.around(start, is_job, depth)
        unproven = view.unproven(found.relied_on)
        if not unproven:
            return found
        expand = Expand.WRITERS if found.complete else Expand.OWNERS
        if not await view.prove(unproven, expand) and walks.graph.changes == changes:
            return found
        rounds += 1
        if rounds == depth + _SPARE_ROUNDS:
            walks = Walks(Graph())
            view = View(conn, walks.graph)


class _Attempt:
    """One walk over what is known; never waits, so that no other query can change the graph meanwhile."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._visit = graph.next_visit()
        self._opened: set[Node] = set()
        self._relied_on: list[Node] = []
        self._complete = True

    async def around(self, start: int, is_job: bool, depth: int) -> Found:
        shape = self._graph.shape
        node = self._graph.job(start) if is_job else self._graph.dataset(start)
        self._rely_on((node,))
        self._complete = node.version != UNREAD
        nodes: set[Node] = set()
        if not node.hidden:
            reached = await walk(self._hop, [node] if is_job else [node, *self._open(node)], depth)
            nodes = self._with_datasets(reached)
        return Found(sorted(nodes, key=_by_node_id), self._relied_on, self._complete, shape)

    async def _hop(self, level: Sequence[Node]) -> list[Node]:
        """Neighbours of jobs, and of datasets that a derivation led to."""
        found: list[Node] = []
        for node in level:
            if not node.is_job:
                self._derive(node, found)
                continue
            self._rely_on(node.owners)
            for neighbour in chain(node.incoming, node.outgoing):
                if neighbour.is_job:
                    self._rely_on((neighbour,))
                    if not neighbour.hidden:
                        found.append(neighbour)
                elif neighbour.canonical not in self._opened:
                    found += self._open(neighbour.canonical)
                    self._derive(neighbour.canonical, found)
        return found

    def _derive(self, dataset: Node, found: list[Node]) -> None:
        for member in dataset.members:
            for other in member.derived:
                if other.canonical not in self._opened:
                    found += self._open(other.canonical)
                    found.append(other.canonical)

    def _open(self, dataset: Node) -> list[Node]:
        """The jobs that use a dataset now."""
        self._opened.add(dataset)
        if dataset.version == UNREAD:
            self._complete = False
        self._rely_on(dataset.members)
        self._rely_on(dataset.owners)
        jobs = [j for member in dataset.members for j in chain(member.incoming, member.outgoing) if j.is_job]
        self._rely_on(jobs)
        return [job for job in jobs if not job.hidden]

    def _rely_on(self, nodes: Iterable[Node]) -> None:
        visit, relied_on = self._visit, self._relied_on
        for node in nodes:
            if node.visit != visit:
                node.visit = visit
                relied_on.append(node)

    def _with_datasets(self, reached: Iterable[Node]) -> set[Node]:
        nodes = set(reached)
        for node in list(nodes):
            self._rely_on(node.owners)
            nodes.update(n.canonical for n in chain(node.incoming, node.outgoing) if node.is_job and not n.is_job)
        for dataset in [n for n in nodes if not n.is_job]:
            # Its writers say which version is current; other datasets' events may tell that one derives from the other.
            self._rely_on(dataset.members)
            self._rely_on(dataset.writers)
            self._rely_on(owner for owner in dataset.owners if not owner.is_job)
        return {node for node in nodes if not node.hidden}
