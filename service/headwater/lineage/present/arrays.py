"""A directed graph as arrays: built at once, changed edge set by edge set, walked a level at a time.

Nodes are places in the arrays (``int32``); what they stand for is an 8-byte id. 17 bytes an edge and 17 a node. What has
changed since it was built is kept beside the arrays, in dicts, until there is so much of it that building anew is better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.int32]
Ids: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_NONE: Places = np.empty(0, np.int32)


@dataclass(frozen=True)
class Reached:
    """What a walk found, nearest first; the start is in it, at distance 0."""

    places: Places
    distances: Places  # of each, in edges
    before: Places  # the place from which each was first reached; of a start, itself
    complete: bool  # False: there is more than the depth let it see


class Arrays:
    """Edges have an owner: the node whose edges are replaced together."""

    def __init__(self, sources: Ids, targets: Ids, owners: Ids) -> None:
        """Of each edge one element; the same edge may be there with several owners."""
        self._ids: Ids = np.unique(np.concatenate((sources, targets, owners)))
        order = np.argsort(sources, kind="stable")
        self._sources = self._find(sources[order])
        self._targets = self._find(targets[order])
        self._owners = self._find(owners[order])
        size = len(self._ids)
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
        self._added_out: defaultdict[int, list[int]] = defaultdict(list)
        self._added_in: defaultdict[int, list[int]] = defaultdict(list)
        self._added_by: dict[int, list[tuple[int, int]]] = {}
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

    def places(self, ids: Iterable[int]) -> Places:
        """Of those that have ever had an edge; others are left out."""
        found = [place for identifier in ids if (place := self._place(identifier)) is not None]
        return np.array(found, np.int32)

    def replace(self, owner: int, edges: Sequence[tuple[int, int]]) -> None:
        """Puts ``edges`` (source, target) in the place of all that the owner had."""
        known = self._known(owner)
        if len(known) == len(edges) and set(known) == set(edges):
            return
        place = self._add(owner)
        self._take_out(place)
        added = [(self._add(source), self._add(target)) for source, target in edges]
        if added:
            self._added_by[place] = added
        for source, target in added:
            self._added_out[source].append(target)
            self._added_in[target].append(source)
        for node in {n for edge in added for n in edge if n < len(self._ids)}:
            self._changed[node] = True
        self.changes += len(known) + len(edges)

    def walk(
        self, start: Places, *, downstream: bool, depth: int | None = None, avoid: Places = _NONE, stop_at: Places = _NONE
    ) -> Reached:
        """Breadth-first. ``avoid`` is never entered; ``stop_at`` is, but not left."""
        size = len(self)
        seen, barrier = np.zeros(size, bool), np.zeros(size, bool)
        seen[avoid], barrier[stop_at] = True, True
        level = np.unique(start[~seen[start]])
        seen[level] = True
        mark = np.empty(size, np.int32)
        places, before, sizes = [level], [level], [len(level)]
        while True:
            level = level[~barrier[level]] if len(stop_at) else level
            sources, targets = self._next(level, downstream)
            fresh = ~seen[targets]
            sources, targets = sources[fresh], targets[fresh]
            if not len(targets):
                return _reached(places, before, sizes, complete=True)
            if depth is not None and len(sizes) > depth:
                return _reached(places, before, sizes, complete=False)
            # Of several edges to one node, the one that was written last into the mark stays: no sorting.
            order = np.arange(len(targets), dtype=np.int32)
            mark[targets] = order
            first = mark[targets] == order
            level, sources = targets[first], sources[first]
            seen[level] = True
            places.append(level)
            before.append(sources)
            sizes.append(len(level))

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
            _, targets = self._next(levels[downstream], downstream)
            if seen[not downstream][targets].any():
                return True
            targets = np.unique(targets[~seen[downstream][targets]])
            seen[downstream][targets] = True
            levels[downstream] = targets
        return False

    def rebuilt(self) -> Arrays:
        """The same edges without anything beside the arrays."""
        kept = slice(None) if self._gone is None else ~self._gone
        added = [(s, t, o) for o, edges in self._added_by.items() for s, t in edges]
        columns = np.array(added, np.int32).reshape(-1, 3).T
        parts = (self._sources, self._targets, self._owners)
        return Arrays(*(self.ids(np.concatenate((old[kept], new))) for old, new in zip(parts, columns, strict=True)))

    def neighbours(self, level: Places, *, downstream: bool) -> tuple[Places, Places]:
        """All edges from (or, upstream, to) these nodes, as (these, their neighbours)."""
        return self._next(level, downstream)

    def _next(self, level: Places, downstream: bool) -> tuple[Places, Places]:
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
        return self._with_added(level, sources, targets, self._added_out if downstream else self._added_in)

    def _with_added(
        self, level: Places, sources: Places, targets: Places, added: dict[int, list[int]]
    ) -> tuple[Places, Places]:
        if not added:
            return sources, targets
        size = len(self._ids)
        changed = [n for n in level.tolist() if n >= size] if len(self._new_ids) else []
        old = level[level < size]
        changed += old[self._changed[old]].tolist()
        more = [(node, other) for node in changed for other in added.get(node, ())]
        if not more:
            return sources, targets
        new = np.array(more, np.int32).T
        return np.concatenate((sources, new[0])), np.concatenate((targets, new[1]))

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

    def _known(self, owner: int) -> list[tuple[int, int]]:
        place = self._place(owner)
        if place is None:
            return []
        edges = self._owned(place)
        known = list(zip(self._sources[edges].tolist(), self._targets[edges].tolist(), strict=True))
        known += self._added_by.get(place, [])
        flat = self.ids(np.array(known, np.int32).reshape(-1)).tolist()
        return list(zip(flat[::2], flat[1::2], strict=True))

    def _owned(self, owner: int) -> Places:
        """Edges of the arrays that are still there."""
        if owner >= len(self._ids):
            return _NONE
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
        for source, target in self._added_by.pop(owner, ()):
            self._added_out[source].remove(target)
            self._added_in[target].remove(source)


def _offsets(sorted_places: Places, size: int) -> Places:
    """Where the edges of each node begin, and one place more."""
    return np.concatenate(([0], np.cumsum(np.bincount(sorted_places, minlength=size)))).astype(np.int32)


def _reached(places: list[Places], before: list[Places], sizes: list[int], *, complete: bool) -> Reached:
    distances = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return Reached(np.concatenate(places), distances, np.concatenate(before), complete)
