"""The simple paths between two sets of nodes, shortest first. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from headwater.lineage.graph.arrays import Flags
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain
from headwater.lineage.graph.rows import Places

Pair: TypeAlias = tuple[int, int]  # ids of a source and a target

MOST_WORK = 400_000
"""Nodes and edges looked at: some tenths of a second."""


@dataclass(frozen=True, slots=True)
class Ways:
    """``paths`` are of ids, and ``edges`` all that they go over: at a grain there may be several between two of its nodes."""

    paths: list[list[int]]
    edges: set[Pair] = field(default_factory=set)
    cut: frozenset[str] = frozenset()  # the rules that left something out: k, depth, work, size
    work: int = 0  # nodes and edges looked at


@dataclass(frozen=True, slots=True)
class _Partial:
    """A path that goes on; ``passed``: it has come by what it has to pass through, or need not."""

    place: int
    length: int
    passed: bool
    before: _Partial | None

    def places(self) -> list[int]:
        """Backwards, from its last to its first."""
        places, part = [self.place], self.before
        while part is not None:
            places.append(part.place)
            part = part.before
        return places


class Between:
    """What leads from the ``starts`` to the ``ends``, by ids. At a grain the nodes of the other kind are no steps. ``avoid`` is
    never entered; ``stop_at`` is at the start of a path only. Of ``through``, unless it is None, one is on each path."""

    def __init__(  # noqa: PLR0913 - ends, and which ways count
        self,
        flow: Flow,
        starts: Collection[int],
        ends: Collection[int],
        grain: Grain = Grain.ALL,
        *,
        downstream: bool = True,
        avoid: Collection[int] = (),
        stop_at: Collection[int] = (),
        through: Collection[int] | None = None,
    ) -> None:
        self._flow = flow
        self._downstream = downstream
        self._avoid, self._stop_at = flow.places(avoid), flow.places(stop_at)
        self._arrays = arrays = flow.arrays
        self._starts, self._ends = self._flow.places(starts), self._flow.places(ends)
        is_job = arrays.jobs
        self._free: Flags | None = {Grain.ALL: None, Grain.DATASET: is_job, Grain.JOB: ~is_job}[grain]
        self._is_start, self._is_end = set(self._starts.tolist()), set(self._ends.tolist())
        self._through = None if through is None else set(self._flow.places(through).tolist())
        self._steps: dict[int, list[int]] = {}

    def reachable(self) -> bool:
        """Whether there is a path. To find one through some nodes may take as long as to tell it."""
        if not (len(self._starts) and len(self._ends)):
            return False
        if self._through is not None:
            return bool(self.paths(1).paths)
        if len(self._avoid) or len(self._stop_at):
            return bool((self._to_go[self._starts] >= 0).any())
        return self._arrays.reaches(self._starts, self._ends)

    def paths(self, most: int, depth: int | None = None, *, starts: Collection[int] | None = None, work: int = MOST_WORK) -> Ways:
        """At most that many, of at most ``depth`` steps; from some of the starts only, if they are given.

        Best first: a path that goes on is as good as it can still end, which the distances to the ends say exactly but for
        cycles. So without cycles no step is in vain; with them the work is bounded.
        """
        heap: list[tuple[int, int, int, _Partial]] = []  # whole length, then the longest, then the oldest first
        cut: set[str] = set() if self._flow.complete else {"size"}
        for place in (self._starts if starts is None else self._flow.places(starts)).tolist():
            passed = self._through is None or place in self._through
            if (rest := self._rest(place, passed)) >= 0:
                heappush(heap, (rest + self._is_free(place), 0, len(heap), _Partial(place, 0, passed, None)))
        found: list[list[int]] = []
        done = pushed = len(heap)
        while heap and len(found) < most and done < work:
            whole, _, _, part = heappop(heap)
            if depth is not None and whole > depth:
                cut.add("depth")
                break
            if part.place in self._is_end:
                found.append(part.places()[::-1])
                continue
            behind, steps = set(part.places()), self._next(part.place)
            done += len(behind) + len(steps)
            length = part.length + 1
            for place in steps:
                passed = part.passed or self._passes(part.place, place)
                if place not in behind and (rest := self._rest(place, passed)) >= 0:
                    pushed += 1
                    heappush(heap, (length + rest, -length, pushed, _Partial(place, length, passed, part)))
        if heap and "depth" not in cut:
            cut.add("k" if len(found) >= most else "work")
        return self._told(found, cut, done)

    def _told(self, found: list[list[int]], cut: set[str], work: int) -> Ways:
        # An explicit job and its sink are one: so paths may be the same, or come by it twice.
        paths = {ids: path for path in reversed(found) if len(set(ids := self._ids(path))) == len(ids)}
        pairs = {pair for path in paths.values() for pair in pairwise(path)}
        edges = sorted({edge for pair in pairs for edge in self._edges(*pair)})
        ends = zip(*(self._ids(side) for side in zip(*edges, strict=True)), strict=True)
        return Ways([list(ids) for ids in reversed(paths)], set(ends), frozenset(cut), work)

    def _rest(self, place: int, passed: bool) -> int:
        """Steps that are left at least; -1 where there is no way."""
        if place in self._is_end:
            return 0 if passed else -1
        if passed:
            return int(self._to_go[place])
        near, beyond = int(self._to_through[0][place]), self._to_through[1]
        return near + beyond if near >= 0 else -1

    def _passes(self, source: int, target: int) -> bool:
        """Whether a step may go by what has to be passed through, which at a grain may be no step itself."""
        assert self._through is not None
        if target in self._through or not self._over_free:
            return target in self._through
        return any(not self._through.isdisjoint(edge) for edge in self._edges(source, target))

    @cached_property
    def _over_free(self) -> bool:
        return any(map(self._is_free, self._through or ()))

    @cached_property
    def _to_go(self) -> Places:
        """Steps from each place to an end, the start's own left out; -1 where there is no way that may be gone."""
        return self._steps_to(self._ends)

    @cached_property
    def _to_through(self) -> tuple[Places, int]:
        """Likewise to what has to be passed through; and from there at least."""
        through = np.array(sorted(place for place in self._through or () if self._to_go[place] >= 0), np.int32)
        return self._steps_to(through), int(self._to_go[through].min()) if len(through) else 0

    def _steps_to(self, places: Places) -> Places:
        to_go = np.full(len(self._arrays), -1, np.int32)
        if len(places):
            found = self._arrays.walk(
                places,
                downstream=not self._downstream,
                avoid=self._avoid,
                stop_at=self._stop_at,
                free=self._free,
                trace=False,
            )
            to_go[found.places] = found.distances
        return to_go

    def _next(self, place: int) -> list[int]:
        """The places one step on from which there is a way to an end."""
        if place not in self._steps:
            self._steps[place] = sorted({target for _, target in self._leaps(place) if self._is_stop(target)})
        return self._steps[place]

    def _leaps(self, start: int) -> Iterator[tuple[int, int]]:
        """The edges of one step: on from the start over whatever is no step, as far as there is a way to an end."""
        seen = {start}
        level = np.array([start], np.int32)
        while len(level):
            sources, targets, _ = self._arrays.neighbours(level, downstream=self._downstream)
            on = (self._to_go[targets] >= 0) & ~np.isin(targets, self._stop_at)
            edges = list(zip(sources[on].tolist(), targets[on].tolist(), strict=True))
            yield from edges
            fresh = {target for _, target in edges if not self._is_stop(target)} - seen
            seen |= fresh
            level = np.array(sorted(fresh), np.int32)

    def _edges(self, source: int, target: int) -> set[tuple[int, int]]:
        """Of one step, those by which this target is reached."""
        if self._free is None:
            return {(source, target)}
        before: dict[int, set[int]] = {}
        for edge in self._leaps(source):
            before.setdefault(edge[1], set()).add(edge[0])
        edges, level, seen = set[tuple[int, int]](), [target], {target}
        while level:
            found = {(node, place) for place in level for node in before.get(place, ())}
            edges |= found
            level = [node for node in {node for node, _ in found} - seen if node != source]
            seen.update(level)
        return edges

    def _is_stop(self, place: int) -> bool:
        return not self._is_free(place) or place in self._is_end or place in self._is_start

    def _is_free(self, place: int) -> bool:
        return self._free is not None and bool(self._free[place])

    def _ids(self, places: Collection[int]) -> tuple[int, ...]:
        ids = self._arrays.ids(np.array(places, np.int32)).tolist()
        return tuple(map(self._flow.shown, ids))
