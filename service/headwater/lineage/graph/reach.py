"""Which nodes a question reaches, how far away they are, and over which way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headwater.entities.graph import Direction
from headwater.lineage.graph.arrays import Flags, Ids, Reached
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Cursor, Grain, Question
from headwater.lineage.graph.rows import Places

_FAR = np.iinfo(np.int32).max
_NONE: Ids = np.empty(0, np.int64)
_SIDES: Sequence[Direction] = ("downstream", "upstream", "both", "both")


@dataclass(frozen=True)
class Reach:
    """The nodes found, nearest first; where the question started is not among them."""

    distances: Places
    cut: tuple[str, ...]  # why there may be more: `depth` as asked, or `size`, as the graph is larger than was read
    _flow: Flow
    _start: Places
    _places: Places
    _before: Places  # by place; of a start, itself. A way by a node (`through`) goes on from it at places above all others.
    _turn: int  # places from here on are those of ways upstream
    _twice: Ids = field(default_factory=lambda: _NONE)  # found on both sides

    @property
    def complete(self) -> bool:
        return not self.cut

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def ids(self) -> Ids:
        return self._flow.ids(self.nodes)

    @cached_property
    def jobs(self) -> Flags:
        return self._flow.arrays.jobs[self.nodes]

    @property
    def upstream(self) -> Flags:
        """Of each whether its way leads upstream, against the data."""
        return self._places >= self._turn

    def sides(self) -> list[Direction]:
        """Of each on which side of the start it lies."""
        return [_SIDES[where] for where in (self.upstream + 2 * np.isin(self.ids, self._twice)).tolist()]

    def pick(self, indices: Sequence[int] | NDArray[np.intp]) -> Reach:
        chosen = np.asarray(indices, np.intp)
        return replace(self, distances=self.distances[chosen], _places=self._places[chosen])

    def nearest(self, most: int) -> Reach:
        """The first of them by distance, then by id. Of all only those of one distance are looked at."""
        first, end = (0, len(self)) if most >= len(self) else self._of_distance(int(self.distances[most]))
        chosen = np.arange(end)
        if most < end:
            chosen[first:] = first + np.argpartition(self.pick(chosen[first:]).ids, most - first)
        within = self.pick(chosen[:most])
        return within.pick(np.lexsort((within.ids, within.distances)))

    def after(self, cursor: Cursor) -> Reach:
        first, end = self._of_distance(cursor.distance)
        same = np.arange(first, end)
        return self.pick(np.concatenate((same[self.pick(same).ids > cursor.id], np.arange(end, len(self)))))

    def way(self, index: int) -> list[int]:
        """Ids on a shortest way from the start to the node at ``index``, both included."""
        place = int(self._places[index])
        way = [place]
        while (before := int(self._before[place])) != place:
            way.append(before)
            place = before
        ids = self._flow.arrays.ids(np.array(way[::-1], np.int32) % len(self._flow.arrays)).tolist()
        return [self._flow.shown(identifier) for identifier in ids]

    def edges(self, indexes: Sequence[int]) -> list[tuple[int, int]]:
        """Each of the nodes at ``indexes`` with the one before it on its way, of these and the starts; by ids, as data flows."""
        ids, size = self.ids[list(indexes)], len(self._flow.arrays)
        is_stop = np.zeros(size, bool)
        is_stop[self._flow.places(ids.tolist())] = True
        is_stop[self._start] = True
        stops: dict[int, int] = {}  # by place, the last stop on the way to it, itself included

        def stop(place: int) -> int:
            way = []
            while place not in stops:
                way.append(place)
                if is_stop[place % size]:
                    stops[place] = place
                else:
                    place = int(self._before[place])
            stops.update(dict.fromkeys(way, stops[place]))
            return stops[place]

        before = [stop(place) for place in self._before[self._places[list(indexes)]].tolist()]
        nears, upstream = self._flow.ids(np.array(before, np.int32) % size), self.upstream[list(indexes)]
        return list(zip(np.where(upstream, ids, nears).tolist(), np.where(upstream, nears, ids).tolist(), strict=True))

    def count_edges(self, start: Sequence[int]) -> int:
        """How many lead from one of these, or of the ids where it started, to another; however many tell of one."""
        return self._flow.count_edges(np.concatenate((self.nodes, self._flow.places(start))))

    @cached_property
    def nodes(self) -> Places:
        """Places in the arrays."""
        size = len(self._flow.arrays)
        return self._places % size if len(self._before) > size else self._places

    def _of_distance(self, distance: int) -> tuple[int, int]:
        """The indices from and before which those of one distance are."""
        first, end = np.searchsorted(self.distances, [distance, distance + 1])
        return int(first), int(end)


def reach(flow: Flow, question: Question, *, ways: bool = True) -> Reach:
    """Without ``ways`` it is quicker, and neither ways nor edges can be asked of it. Of both sides each is walked by itself."""
    if question.both:
        return _united(*(_Reaching(flow, side, ways=True).reach() for side in question.sides()))
    return _Reaching(flow, question, ways).reach()


def _united(downstream: Reach, upstream: Reach) -> Reach:
    """Each node once, by its shorter way; downstream where both are as long."""
    turn = len(downstream._before)
    either = replace(
        downstream,
        distances=np.concatenate((downstream.distances, upstream.distances)),
        cut=tuple(sorted({*downstream.cut, *upstream.cut})),
        _places=np.concatenate((downstream._places, upstream._places + turn)),
        _before=np.concatenate((downstream._before, upstream._before + turn)),
        _turn=turn,
        _twice=np.intersect1d(downstream.ids, upstream.ids),
    )
    nearest = either.pick(np.argsort(either.distances, kind="stable"))
    return nearest.pick(_first(nearest.ids))


class _Reaching:
    def __init__(self, flow: Flow, question: Question, ways: bool) -> None:
        self._flow = flow
        self._arrays = arrays = flow.arrays
        self._question = question
        self._trace = ways or bool(question.through)
        self._turn = _FAR if question.downstream else 0
        self._start = flow.places(question.start)
        self._is_job = arrays.jobs
        self._free = {Grain.ALL: None, Grain.DATASET: self._is_job, Grain.JOB: ~self._is_job}[question.grain]
        self._avoid = self._flow.places(question.avoid)
        self._stop_at = self._flow.places(question.stop_at)

    def reach(self) -> Reach:
        question = self._question
        found = self._walk(self._start, downstream=question.downstream, depth=question.depth)
        told = Reach(found.distances, (), self._flow, self._start, found.places, found.before, self._turn)
        complete = found.complete
        if question.through:
            told = self._through(found)
            if question.depth is not None:
                near = np.flatnonzero(told.distances <= question.depth)
                complete = complete and len(near) == len(told)
                told = told.pick(near)
        cut = (*(() if complete else ("depth",)), *(() if self._flow.complete else ("size",)))
        told = replace(told, cut=cut).pick(np.flatnonzero(self._shown()[told.nodes]))
        return told.pick(_first(told.ids)) if self._flow.sinks else told

    def _shown(self) -> Flags:
        """Of each place whether it may be told."""
        shown = np.ones(len(self._arrays), bool)
        if self._question.grain is not Grain.ALL:
            shown = self._is_job == (self._question.grain is Grain.JOB)
        shown[self._flow.places(map(self._flow.shown, self._question.start))] = False
        shown[self._arrays.places(self._flow.hidden)] = False
        return shown

    def _through(self, found: Reached) -> Reach:
        """Only what lies on a way by these nodes: those before them, and those after, whose ways and distances are by them.

        As a way may come by a node before and after it was there, those after have places of their own, above all others.
        """
        size = len(self._arrays)
        distances = np.full(size, -1, np.int32)
        distances[found.places] = found.distances
        through = self._flow.places(self._question.through)
        through = through[distances[through] >= 0]
        shut = np.setdiff1d(self._stop_at, through)  # nothing leads on from these, so nothing comes by them
        avoid = np.concatenate((self._avoid, shut))
        towards = self._arrays.walk(through, downstream=not self._question.downstream, avoid=avoid, free=self._free).places
        towards = towards[distances[towards] >= 0]
        beyond, before_beyond = np.full(size, _FAR, np.int32), np.full(size, -1, np.int32)
        for node in through.tolist():
            after_it = self._walk(np.array([node], np.int32), downstream=self._question.downstream)
            by_node = after_it.distances + distances[node]
            nearer = by_node < beyond[after_it.places]
            places = after_it.places[nearer]
            beyond[places] = by_node[nearer]
            before_beyond[places] = after_it.before[places] + size
        led_to = found.before[through]
        before_beyond[through] = np.where(led_to == through, through + size, led_to)
        after = np.setdiff1d(np.flatnonzero(beyond < _FAR), towards) + size
        places = np.concatenate((towards, after.astype(np.int32)))
        distances = np.concatenate((distances, beyond))[places]
        nearest = np.argsort(distances, kind="stable")
        before = np.concatenate((found.before, before_beyond))
        return Reach(distances[nearest], (), self._flow, self._start, places[nearest], before, self._turn)

    def _walk(self, start: Places, *, downstream: bool, depth: int | None = None) -> Reached:
        return self._arrays.walk(
            start,
            downstream=downstream,
            depth=depth,
            avoid=self._avoid,
            stop_at=self._stop_at,
            free=self._free,
            trace=self._trace,
        )


def _first(ids: Ids) -> NDArray[np.intp]:
    """Where each is for the first time: a job and its sink are one."""
    return np.sort(np.unique(ids, return_index=True)[1])
