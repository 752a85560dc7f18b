"""The directed graph of jobs and datasets as arrays: built at once, changed owner by owner, walked a level at a time.

Nodes are places in the arrays (``int32``); what they stand for is an 8-byte id. 17 bytes an edge and 18 a node. What has
changed since it was built is kept beside the arrays, in dicts, until there is so much of it that building anew is better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.ranks import ranks
from headwater.lineage.graph.rows import Places, distinct, edges_of, found_in, offsets_of

Ids: TypeAlias = NDArray[np.int64]
Kinds: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.bool_]
Part: TypeAlias = tuple[Ids, Ids, Ids, Kinds]  # of each edge its source, target, owner and kind

_DENSE = 64  # to look at so many flags is as quick as to sort a place
_SOME = 500  # nodes of a level: of two million, 200 to 1,000 meet as soon, 4,000 take twice as long, and all ten times
NOWHERE: Places = np.empty(0, np.int32)
_FROM_JOB = (EdgeKind.OUTPUT, EdgeKind.JOB_LINEAGE, EdgeKind.JOB_DEPENDENCY)
_TO_JOB = (EdgeKind.INPUT, EdgeKind.JOB_LINEAGE, EdgeKind.JOB_DEPENDENCY)


class Edge(NamedTuple):
    """By ids."""

    source: int
    target: int
    kind: int


@dataclass(frozen=True)
class Reached:
    """What a walk found, nearest first; the start is in it, at distance 0."""

    places: Places
    distances: Places  # of each, in steps
    before: Places  # of each place found, that from which it was reached; of a start, itself. Empty if not traced
    complete: bool  # False: there is more than the depth let it see


class Arrays:
    """Edges have an owner: the node whose edges are replaced together."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """The same edge may be there with several owners."""
        self._ids, (sources, targets, owners) = _numbered(parts)  # sorted
        size = len(self._ids)
        rank = ranks(sources, targets, size)
        self._by_place: Places = np.argsort(rank, kind="stable").astype(np.int32)  # which of the ids
        self._of_id: Places = np.empty(size, np.int32)  # of each id its place
        self._of_id[self._by_place] = np.arange(size, dtype=np.int32)
        # Where each rank begins; where new nodes do, which come after all; and where these end.
        self._ranks: Places = np.append(offsets_of(rank, 0), np.iinfo(np.int32).max).astype(np.int32)
        sources, targets, owners = (self._of_id[column] for column in (sources, targets, owners))
        order = np.argsort(sources, kind="stable")
        sources, self._targets, self._owners = sources[order], targets[order], owners[order]
        self._kinds: Kinds = _joined([part[3] for part in parts], np.int8)[order]
        self._is_job: Flags = np.zeros(size, bool)
        self._is_job[sources[np.isin(self._kinds, _FROM_JOB)]] = True
        self._is_job[self._targets[np.isin(self._kinds, _TO_JOB)]] = True
        self._out = offsets_of(sources, size)
        self._by_target: Places = np.argsort(self._targets, kind="stable").astype(np.int32)
        self._sources: Places = sources[self._by_target]  # in the order of the targets
        self._in = offsets_of(self._targets, size)
        # Edges whose owner is at neither end, by owner.
        foreign = np.flatnonzero((self._owners != sources) & (self._owners != self._targets)).astype(np.int32)
        self._foreign: Places = foreign[np.argsort(self._owners[foreign], kind="stable")]
        self._foreign_owners: Places = self._owners[self._foreign]
        self._gone: Flags | None = None  # edges of the arrays that are no more
        self._changed: Flags = np.zeros(size, bool)  # nodes of the arrays with edges in the dicts
        self._new_ids: list[int] = []
        self._new_places: dict[int, int] = {}
        self._new_jobs: set[int] = set()
        self._added_out: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # (other end, kind)
        self._added_in: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._added_by: dict[int, list[tuple[int, int, int]]] = {}
        self._falling: dict[int, list[tuple[int, int]]] = {}  # by owner, of those added, which lead to a lesser rank
        self.changes = 0  # edges put in or taken out since it was built

    def __len__(self) -> int:
        return len(self._ids) + len(self._new_ids)

    @property
    def edges(self) -> int:
        return len(self._targets)

    @property
    def jobs(self) -> Flags:
        """Of each place. Of the others some are datasets, and some, owners without edges, may be either."""
        if not self._new_ids:
            return self._is_job
        new = np.array([place in self._new_jobs for place in range(len(self._ids), len(self))], bool)
        return np.concatenate((self._is_job, new))

    def ids(self, places: Places) -> Ids:
        if not self._new_ids:
            return self._ids[self._by_place[places]]
        is_new, found = places >= len(self._ids), np.empty(places.shape, np.int64)
        found[~is_new] = self._ids[self._by_place[places[~is_new]]]
        found[is_new] = np.array(self._new_ids, np.int64)[places[is_new] - len(self._ids)]
        return found

    def places(self, ids: Iterable[int]) -> Places:
        """Of those that have ever had an edge; others are left out."""
        found = self._find(np.array([*ids], np.int64))
        return found[found >= 0]

    def owned(self, owner: int) -> list[Edge]:
        place = self._place(owner)
        return self._told(self._owned(place), self._added_by.get(place, ())) if place is not None else []

    def replace(self, owner: int, edges: Sequence[Edge]) -> None:
        """Puts ``edges`` in the place of all that the owner had."""
        if not edges and self._place(owner) is None:
            return
        place = self._add(owner)
        known, added = self._owned(place), self._added_by.get(place, [])
        had = len(known) + len(added)
        if had == len(edges) and set(self._told(known, added)) == set(edges):
            return
        self._take_out(place, known)
        ends = self._add_all([end for edge in edges for end in edge[:2]])
        self._put_in(place, [(ends[2 * i], ends[2 * i + 1], edge.kind) for i, edge in enumerate(edges)])
        self.changes += had + len(edges)

    def _told(self, known: Places, added: Sequence[tuple[int, int, int]]) -> list[Edge]:
        """Edges of the arrays, and of the dicts."""
        sources = np.searchsorted(self._out, known, "right") - 1
        columns = (sources, self._targets[known], self._kinds[known])
        rows = [*zip(*(column.tolist() for column in columns), strict=True), *added]
        ids = self.ids(np.array([row[:2] for row in rows], np.int32).reshape(-1, 2)).tolist()
        return [Edge(source, target, kind) for (source, target), (_, _, kind) in zip(ids, rows, strict=True)]

    def _put_in(self, owner: int, added: list[tuple[int, int, int]]) -> None:
        if not added:
            return
        self._added_by[owner] = added
        for source, target, kind in added:
            self._added_out[source].append((target, kind))
            self._added_in[target].append((source, kind))
            self._note_jobs(source, target, kind)
        first_of_rank = self._ranks[np.searchsorted(self._ranks, [source for source, _, _ in added], "right") - 1]
        if falling := [edge[:2] for edge, first in zip(added, first_of_rank.tolist(), strict=True) if edge[1] < first]:
            self._falling[owner] = falling
        for node in {n for edge in added for n in edge[:2] if n < len(self._ids)}:
            self._changed[node] = True

    def without(self, owners: Ids) -> Arrays:
        """A copy in which these own nothing; what does not change is of both."""
        gone = np.zeros(len(self), bool)
        places = self._find(owners)
        gone[places[places >= 0]] = True
        other = copy(self)
        other._gone = gone[self._owners] if self._gone is None else self._gone | gone[self._owners]
        other._changed, other._is_job = self._changed.copy(), self._is_job.copy()
        other._new_ids, other._new_places = [*self._new_ids], {**self._new_places}
        other._new_jobs = {*self._new_jobs}
        other._added_out, other._added_in, other._added_by, other._falling = defaultdict(list), defaultdict(list), {}, {}
        for owner, edges in self._added_by.items():
            if not gone[owner]:
                other._put_in(owner, edges)
        return other

    def walk(
        self,
        start: Places,
        *,
        downstream: bool,
        depth: int | None = None,
        avoid: Places = NOWHERE,
        stop_at: Places = NOWHERE,
        free: Flags | None = None,
        trace: bool = True,
    ) -> Reached:
        """Breadth-first. ``avoid`` is never entered; ``stop_at`` is, but not left. To enter a ``free`` node is no step."""
        size = len(self)
        seen, barrier = np.zeros(size, bool), np.zeros(size, bool)
        seen[avoid], barrier[stop_at] = True, True
        before = np.empty(size if trace else 0, np.int32)
        level = _enter(start, seen)
        if trace:
            before[level] = level
        levels, distances, distance = [level], [0], 0
        ahead: list[Places] = []  # nodes of the next distance that are known already
        while True:
            open_ = level[~barrier[level]] if len(stop_at) else level
            sources, targets = self._next(open_, downstream, named=trace)
            if trace:
                fresh = np.flatnonzero(~seen[targets])
                targets = targets[fresh]
                before[targets] = sources[fresh]
            level = _enter(targets, seen)
            if free is not None:
                at_once = free[level]
                ahead.append(level[~at_once])
                level = level[at_once]
                if len(level):
                    levels.append(level)
                    distances.append(distance)
                    continue
                level, ahead = np.concatenate(ahead), []
            more = bool(len(level))
            if not more or (depth is not None and distance >= depth):
                lengths = [len(level) for level in levels]
                return Reached(np.concatenate(levels), np.repeat(np.array(distances, np.int32), lengths), before, not more)
            distance += 1
            levels.append(level)
            distances.append(distance)

    def near(self, start: Places, *, downstream: bool, hops: int | None, most: int) -> Places:
        """Of what is reached in so many steps the nearest ``most``, without the start."""
        seen, found = np.zeros(len(self), bool), [NOWHERE]
        level = _enter(start, seen)
        while len(level) and most > 0 and (hops is None or hops > 0):
            _, targets = self._next(level, downstream, named=False)
            level = _enter(targets, seen)[:most]
            found.append(level)
            most -= len(level)
            hops = hops - 1 if hops is not None else None
        return np.concatenate(found)

    def reaches(self, start: Places, end: Places) -> bool:
        """Whether a way leads from one to the other; walks from both ends, always where there is less to look at.

        First on a few nodes of each level: where much lies between, these meet long before all do, if there is a way. Only
        where they do not, and some were left out, all are looked at.
        """
        met = self._meet(start, end, _SOME)
        return met if met is not None else bool(self._meet(start, end, len(self)))

    def _meet(self, start: Places, end: Places, most: int) -> bool | None:
        """By at most so many nodes of a level. None: not by these, and there were more."""
        seen = {True: np.zeros(len(self), bool), False: np.zeros(len(self), bool)}
        levels = {True: _enter(start, seen[True]), False: _enter(end, seen[False])}
        if seen[True][levels[False]].any():
            return True
        first, last = self._between(start, end)
        whole = True
        while len(levels[True]) and len(levels[False]):
            downstream = self._cost(levels[True], True) <= self._cost(levels[False], False)
            _, targets = self._next(levels[downstream], downstream, named=False)
            if seen[not downstream][targets].any():
                return True
            level = _enter(targets[targets < last if downstream else targets >= first], seen[downstream])
            every = -(-len(level) // most)
            whole = whole and every <= 1
            levels[downstream] = level[:: max(every, 1)]
        return False if whole else None

    def neighbours(self, level: Places, *, downstream: bool) -> tuple[Places, Places, Kinds]:
        """All edges from (or, upstream, to) these nodes: these, their neighbours, kinds."""
        sources, targets = self._next(level, downstream)
        edges, _ = self._edges(level, downstream)
        kinds = self._kinds[edges if downstream else self._by_target[edges]]
        added = [kind for *_, kind in self._added(level, downstream)]
        return sources, targets, np.append(kinds, added).astype(np.int8)

    def _next(self, level: Places, downstream: bool, *, named: bool = True) -> tuple[Places, Places]:
        """As ``neighbours``, without kinds; unless ``named`` the first are not told, which takes a fifth of the time."""
        edges, sources = self._edges(level, downstream, named=named)
        targets = (self._targets if downstream else self._sources)[edges]
        if not (added := self._added(level, downstream)):
            return sources, targets
        more = np.array(added, np.int32).T
        return np.concatenate((sources, more[0])), np.concatenate((targets, more[1]))

    def _edges(self, level: Places, downstream: bool, *, named: bool = False) -> tuple[Places, Places]:
        """Of the arrays: places in the order of the sources (or, upstream, of the targets); of each, if ``named``, the node."""
        old = level[level < len(self._ids)] if self._new_ids else level
        edges, counts = edges_of(self._out if downstream else self._in, old)
        nodes = np.repeat(old, counts) if named else NOWHERE
        if self._gone is None:
            return edges, nodes
        there = ~self._gone[edges if downstream else self._by_target[edges]]
        return edges[there], nodes[there] if named else NOWHERE

    def _between(self, start: Places, end: Places) -> tuple[int, int]:
        """All ways from one to the other are of places from the first of these to before the second."""
        falling = [edge for edges in self._falling.values() for edge in edges]
        starts, ends = start.tolist() + [target for _, target in falling], end.tolist() + [source for source, _ in falling]
        return min((self._rank(place)[0] for place in starts), default=0), max(
            (self._rank(place)[1] for place in ends), default=0
        )

    def _rank(self, place: int) -> tuple[int, int]:
        """Where the places of its rank begin and end."""
        rank = int(np.searchsorted(self._ranks, place, "right"))
        return int(self._ranks[rank - 1]), int(self._ranks[rank])

    def _added(self, level: Places, downstream: bool) -> list[tuple[int, int, int]]:
        """From the dicts: nodes, their neighbours, kinds."""
        if not (added := self._added_out if downstream else self._added_in):
            return []
        size = len(self._ids)
        old = level[level < size]
        changed = level[level >= size].tolist() + old[self._changed[old]].tolist()
        return [(node, other, kind) for node in changed for other, kind in added.get(node, ())]

    def _cost(self, level: Places, downstream: bool) -> int:
        old = level[level < len(self._ids)]
        offsets = self._out if downstream else self._in
        return int((offsets[old + 1] - offsets[old]).sum()) + len(level)

    def _place(self, identifier: int) -> int | None:
        found = int(np.searchsorted(self._ids, identifier))
        if found < len(self._ids) and self._ids[found] == identifier:
            return int(self._of_id[found])
        return self._new_places.get(identifier)

    def _find(self, ids: Ids) -> Places:
        """-1 for one that never had an edge."""
        found, known = found_in(self._ids, ids)
        places = np.full(len(ids), -1, np.int32)
        places[known] = self._of_id[found[known]]
        if self._new_places:
            places[~known] = [self._new_places.get(identifier, -1) for identifier in ids[~known].tolist()]
        return places

    def _add(self, identifier: int) -> int:
        place = self._place(identifier)
        if place is None:
            place = self._new_places[identifier] = len(self)
            self._new_ids.append(identifier)
        return place

    def _add_all(self, ids: Sequence[int]) -> list[int]:
        places = self._find(np.array(ids, np.int64)).tolist()
        return [place if place >= 0 else self._add(identifier) for identifier, place in zip(ids, places, strict=True)]

    def _note_jobs(self, source: int, target: int, kind: int) -> None:
        for place, known in ((source, kind in _FROM_JOB), (target, kind in _TO_JOB)):
            if known and place < len(self._ids):
                self._is_job[place] = True
            elif known:
                self._new_jobs.add(place)

    def _owned(self, owner: int) -> Places:
        """Edges of the arrays that are still there."""
        if owner >= len(self._ids):
            return NOWHERE
        ends = np.concatenate(
            (np.arange(self._out[owner], self._out[owner + 1]), self._by_target[self._in[owner] : self._in[owner + 1]])
        ).astype(np.int32)
        low, high = (np.searchsorted(self._foreign_owners, owner, side) for side in ("left", "right"))
        edges = np.concatenate((distinct(ends[self._owners[ends] == owner]), self._foreign[low:high]))
        return edges if self._gone is None else edges[~self._gone[edges]]

    def _take_out(self, owner: int, known: Places) -> None:
        """``known``: its edges of the arrays."""
        if len(known):
            if self._gone is None:
                self._gone = np.zeros(self.edges, bool)
            self._gone[known] = True
        self._falling.pop(owner, None)
        for source, target, kind in self._added_by.pop(owner, ()):
            self._added_out[source].remove((target, kind))
            self._added_in[target].remove((source, kind))


def _numbered(parts: Sequence[Part]) -> tuple[Ids, NDArray[np.int32]]:
    """All ids, sorted; and which of these the sources, targets and owners are."""
    ids: Ids = distinct(_joined([distinct(np.concatenate(part[:3])) for part in parts], np.int64))
    columns = []
    for part in parts:
        known, found = np.unique(np.concatenate(part[:3]), return_inverse=True)  # in order they are near each other in memory
        columns.append(np.searchsorted(ids, known).astype(np.int32)[found].reshape(3, -1))
    return ids, np.concatenate(columns, axis=1) if columns else np.empty((3, 0), np.int32)


def _enter(places: Places, seen: Flags) -> Places:
    """Those that were not seen yet, sorted, each once; now they are."""
    if not len(places):
        return NOWHERE
    first, end = int(places.min()), int(places.max()) + 1
    if len(places) * _DENSE < end - first:
        entered = distinct(places[~seen[places]])
        seen[entered] = True
        return entered
    before = seen[first:end].copy()
    seen[places] = True
    entered = np.flatnonzero(seen[first:end] ^ before).astype(np.int32)
    entered += first
    return entered


def _joined(parts: Sequence[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)
