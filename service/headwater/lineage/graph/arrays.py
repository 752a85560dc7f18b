"""The directed graph of jobs and datasets as arrays: built at once, changed owner by owner, walked a level at a time.

Nodes are places in the arrays (``int32``); what they stand for is an 8-byte id. 17 bytes an edge and 18 a node. What has
changed since it was built is kept beside the arrays, in dicts, until there is so much of it that building anew is better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headwater.lineage.edges import EdgeKind

Places: TypeAlias = NDArray[np.int32]
Ids: TypeAlias = NDArray[np.int64]
Kinds: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.bool_]
Part: TypeAlias = tuple[Ids, Ids, Ids, Kinds]  # of each edge its source, target, owner and kind

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
    before: Places  # the place from which each was first reached; of a start, itself
    complete: bool  # False: there is more than the depth let it see


class Arrays:
    """Edges have an owner: the node whose edges are replaced together."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """The same edge may be there with several owners."""
        self._ids: Ids = np.unique(_joined([np.unique(np.concatenate(part[:3])) for part in parts], np.int64))
        found = [tuple(map(self._find, part[:3])) for part in parts]
        sources, targets, owners = (_joined([part[i] for part in found], np.int32) for i in range(3))
        del found
        size, order = len(self._ids), np.argsort(sources, kind="stable")
        self._sources: Places = sources[order]
        self._targets: Places = targets[order]
        self._owners: Places = owners[order]
        self._kinds: Kinds = _joined([part[3] for part in parts], np.int8)[order]
        self._is_job: Flags = np.zeros(size, bool)
        self._is_job[self._sources[np.isin(self._kinds, _FROM_JOB)]] = True
        self._is_job[self._targets[np.isin(self._kinds, _TO_JOB)]] = True
        self._out = _offsets(self._sources, size)
        self._by_target: Places = np.argsort(self._targets, kind="stable").astype(np.int32)
        self._in = _offsets(self._targets[self._by_target], size)
        # Edges whose owner is at neither end, by owner.
        foreign = np.flatnonzero((self._owners != self._sources) & (self._owners != self._targets)).astype(np.int32)
        self._foreign: Places = foreign[np.argsort(self._owners[foreign], kind="stable")]
        self._gone: Flags | None = None  # edges of the arrays that are no more
        self._changed: Flags = np.zeros(size, bool)  # nodes of the arrays with edges in the dicts
        self._new_ids: list[int] = []
        self._new_places: dict[int, int] = {}
        self._new_jobs: set[int] = set()
        self._added_out: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # (other end, kind)
        self._added_in: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._added_by: dict[int, list[tuple[int, int, int]]] = {}
        self.changes = 0  # edges put in or taken out since it was built

    def __len__(self) -> int:
        return len(self._ids) + len(self._new_ids)

    @property
    def edges(self) -> int:
        return len(self._sources)

    def ids(self, places: Places) -> Ids:
        if not self._new_ids:
            return self._ids[places]
        return np.concatenate((self._ids, np.array(self._new_ids, np.int64)))[places]

    def is_job(self, places: Places) -> Flags:
        """Of the others some are datasets, and some, owners without edges, may be either."""
        if not self._new_ids:
            return self._is_job[places]
        new = np.array([place in self._new_jobs for place in range(len(self._ids), len(self))], bool)
        return np.concatenate((self._is_job, new))[places]

    def places(self, ids: Iterable[int]) -> Places:
        """Of those that have ever had an edge; others are left out."""
        found = [place for identifier in ids if (place := self._place(identifier)) is not None]
        return np.array(found, np.int32)

    def owned(self, owner: int) -> list[Edge]:
        place = self._place(owner)
        if place is None:
            return []
        edges = self._owned(place)
        columns = (self._sources[edges], self._targets[edges], self._kinds[edges])
        known = [*zip(*(column.tolist() for column in columns), strict=True), *self._added_by.get(place, ())]
        ids = self.ids(np.array([row[:2] for row in known], np.int32).reshape(-1, 2)).tolist()
        return [Edge(source, target, kind) for (source, target), (_, _, kind) in zip(ids, known, strict=True)]

    def replace(self, owner: int, edges: Sequence[Edge]) -> None:
        """Puts ``edges`` in the place of all that the owner had."""
        known = self.owned(owner)
        if len(known) == len(edges) and set(known) == set(edges):
            return
        place = self._add(owner)
        self._take_out(place)
        added = [(self._add(source), self._add(target), kind) for source, target, kind in edges]
        if added:
            self._added_by[place] = added
        for source, target, kind in added:
            self._added_out[source].append((target, kind))
            self._added_in[target].append((source, kind))
            self._note_jobs(source, target, kind)
        for node in {n for edge in added for n in edge[:2] if n < len(self._ids)}:
            self._changed[node] = True
        self.changes += len(known) + len(edges)

    def walk(
        self,
        start: Places,
        *,
        downstream: bool,
        depth: int | None = None,
        avoid: Places = NOWHERE,
        stop_at: Places = NOWHERE,
        free: Flags | None = None,
    ) -> Reached:
        """Breadth-first. ``avoid`` is never entered; ``stop_at`` is, but not left. To enter a ``free`` node is no step."""
        size = len(self)
        seen, barrier = np.zeros(size, bool), np.zeros(size, bool)
        seen[avoid], barrier[stop_at] = True, True
        level = np.unique(start[~seen[start]])
        seen[level] = True
        mark = np.empty(size, np.int32)
        found = _Found(level)
        ahead = NOWHERE, NOWHERE  # nodes of the next distance that are known already, and those before them
        while True:
            level = level[~barrier[level]] if len(stop_at) else level
            sources, targets, _ = self._next(level, downstream)
            fresh = ~seen[targets]
            sources, targets = _first(sources[fresh], targets[fresh], mark)
            if free is not None:
                at_once = free[targets]
                level = targets[at_once]
                seen[level] = True
                found.add(level, sources[at_once])
                ahead = np.concatenate((ahead[0], targets[~at_once])), np.concatenate((ahead[1], sources[~at_once]))
                if len(level):
                    continue
                targets, sources = ahead
                ahead = NOWHERE, NOWHERE
                sources, targets = _first(sources, targets, mark)
            if not len(targets):
                return found.reached(complete=True)
            if depth is not None and found.distance >= depth:
                return found.reached(complete=False)
            level = targets
            seen[level] = True
            found.distance += 1
            found.add(level, sources)

    def reaches(self, start: Places, end: Places) -> bool:
        """Whether a way leads from one to the other; walks from both ends, always where there is less to look at."""
        seen = {True: np.zeros(len(self), bool), False: np.zeros(len(self), bool)}
        levels = {True: np.unique(start), False: np.unique(end)}
        for downstream, level in levels.items():
            seen[downstream][level] = True
        if seen[True][levels[False]].any():
            return True
        while len(levels[True]) and len(levels[False]):
            downstream = self._cost(levels[True], True) <= self._cost(levels[False], False)
            _, targets, _ = self._next(levels[downstream], downstream)
            if seen[not downstream][targets].any():
                return True
            targets = np.unique(targets[~seen[downstream][targets]])
            seen[downstream][targets] = True
            levels[downstream] = targets
        return False

    def neighbours(self, level: Places, *, downstream: bool) -> tuple[Places, Places, Kinds]:
        """All edges from (or, upstream, to) these nodes: these, their neighbours, kinds."""
        return self._next(level, downstream)

    def _next(self, level: Places, downstream: bool) -> tuple[Places, Places, Kinds]:
        old = level[level < len(self._ids)] if self._new_ids else level
        offsets = self._out if downstream else self._in
        starts = offsets[old]
        counts = offsets[old + 1] - starts
        sources = np.repeat(old, counts)
        # Places of the edges: of each node, from its start on.
        edges = np.arange(len(sources), dtype=np.int32) + np.repeat(starts - (np.cumsum(counts, dtype=np.int32) - counts), counts)
        if not downstream:
            edges = self._by_target[edges]
        if self._gone is not None:
            there = ~self._gone[edges]
            sources, edges = sources[there], edges[there]
        targets = (self._targets if downstream else self._sources)[edges]
        added = self._added(level, self._added_out if downstream else self._added_in)
        if not added:
            return sources, targets, self._kinds[edges]
        more = np.array(added, np.int32).T
        return (
            np.concatenate((sources, more[0])),
            np.concatenate((targets, more[1])),
            np.concatenate((self._kinds[edges], more[2].astype(np.int8))),
        )

    def _added(self, level: Places, added: dict[int, list[tuple[int, int]]]) -> list[tuple[int, int, int]]:
        if not added:
            return []
        size = len(self._ids)
        old = level[level < size]
        changed = level[level >= size].tolist() + old[self._changed[old]].tolist()
        return [(node, other, kind) for node in changed for other, kind in added.get(node, ())]

    def _cost(self, level: Places, downstream: bool) -> int:
        old = level[level < len(self._ids)]
        offsets = self._out if downstream else self._in
        return int((offsets[old + 1] - offsets[old]).sum()) + len(level)

    def _find(self, ids: Ids) -> Places:
        return np.searchsorted(self._ids, ids).astype(np.int32)

    def _place(self, identifier: int) -> int | None:
        place = int(np.searchsorted(self._ids, identifier))
        if place < len(self._ids) and self._ids[place] == identifier:
            return place
        return self._new_places.get(identifier)

    def _add(self, identifier: int) -> int:
        place = self._place(identifier)
        if place is None:
            place = self._new_places[identifier] = len(self)
            self._new_ids.append(identifier)
        return place

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
        foreign = self._owners[self._foreign]
        low, high = np.searchsorted(foreign, owner), np.searchsorted(foreign, owner, "right")
        edges = np.concatenate((np.unique(ends[self._owners[ends] == owner]), self._foreign[low:high]))
        return edges if self._gone is None else edges[~self._gone[edges]]

    def _take_out(self, owner: int) -> None:
        if len(edges := self._owned(owner)):
            if self._gone is None:
                self._gone = np.zeros(len(self._sources), bool)
            self._gone[edges] = True
        for source, target, kind in self._added_by.pop(owner, ()):
            self._added_out[source].remove((target, kind))
            self._added_in[target].remove((source, kind))


def _offsets(sorted_places: Places, size: int) -> Places:
    """Where the edges of each node begin, and one place more."""
    return np.concatenate(([0], np.cumsum(np.bincount(sorted_places, minlength=size)))).astype(np.int32)


def _first(sources: Places, targets: Places, mark: Places) -> tuple[Places, Places]:
    """One edge to each target. The one that is written into the mark last stays there: no sorting."""
    order = np.arange(len(targets), dtype=np.int32)
    mark[targets] = order
    first = mark[targets] == order
    return sources[first], targets[first]


def _joined(parts: Sequence[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


class _Found:
    """Of a walk that goes on."""

    def __init__(self, start: Places) -> None:
        self.distance = 0
        self._places, self._before, self._distances = [start], [start], [np.zeros(len(start), np.int32)]

    def add(self, places: Places, before: Places) -> None:
        self._places.append(places)
        self._before.append(before)
        self._distances.append(np.full(len(places), self.distance, np.int32))

    def reached(self, *, complete: bool) -> Reached:
        parts = self._places, self._distances, self._before
        places, distances, before = map(np.concatenate, parts)
        return Reached(places, distances, before, complete)
