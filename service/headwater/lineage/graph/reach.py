"""Which nodes a question reaches, how far away they are, and over which way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headwater.lineage.graph.arrays import Flags, Ids, Places, Reached
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question

_FAR = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Reach:
    """The nodes found, nearest first, then by id; where the question started is not among them."""

    ids: Ids
    distances: Places
    jobs: Flags
    cut: tuple[str, ...]  # why there may be more: `depth` as asked, or `size`, as the graph is larger than was read
    _flow: Flow
    _places: Places
    _before: Places  # by place; of a start, itself. A way by a node (`through`) goes on from it at places above all others.

    @property
    def complete(self) -> bool:
        return not self.cut

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
        """Each of the nodes at ``indexes`` behind the one before it on its way, of these and the starts; by ids."""
        ids, size = self.ids[list(indexes)], len(self._flow.arrays)
        is_stop = np.zeros(size, bool)
        is_stop[self._flow.places(ids.tolist())] = True
        stops: dict[int, int] = {}  # by place, the last stop on the way to it, itself included

        def stop(place: int) -> int:
            way = []
            while place not in stops:
                way.append(place)
                before = int(self._before[place])
                if is_stop[place % size] or before == place:
                    stops[place] = place
                else:
                    place = before
            stops.update(dict.fromkeys(way, stops[place]))
            return stops[place]

        before = [stop(place) for place in self._before[self._places[list(indexes)]].tolist()]
        return list(zip(self._flow.ids(np.array(before, np.int32) % size).tolist(), ids.tolist(), strict=True))


def reach(flow: Flow, question: Question) -> Reach:
    return _Reaching(flow, question).reach()


class _Reaching:
    def __init__(self, flow: Flow, question: Question) -> None:
        self._flow = flow
        self._arrays = arrays = flow.arrays
        self._question = question
        self._is_job = arrays.is_job(np.arange(len(arrays), dtype=np.int32))
        self._free = {Grain.ALL: None, Grain.DATASET: self._is_job, Grain.JOB: ~self._is_job}[question.grain]
        self._avoid = self._flow.places(question.avoid)
        self._stop_at = self._flow.places(question.stop_at)

    def reach(self) -> Reach:
        question = self._question
        found = self._walk(self._flow.places(question.start), downstream=question.downstream, depth=question.depth)
        size = len(self._arrays)
        before, distances = (np.full(size, -1, np.int32) for _ in range(2))
        before[found.places] = found.before
        distances[found.places] = found.distances
        places, complete = found.places, found.complete
        if question.through:
            places, distances, before = self._through(distances, before)
            if question.depth is not None:
                near = distances[places] <= question.depth
                places, complete = places[near], complete and bool(near.all())
        ids, jobs = self._flow.ids(places % size), self._is_job[places % size]
        start = map(self._flow.shown, question.start)
        kept = ~np.isin(ids, np.array([*start, *self._flow.hidden], np.int64))
        if question.grain is not Grain.ALL:
            kept &= jobs == (question.grain is Grain.JOB)
        ids, places, jobs = ids[kept], places[kept], jobs[kept]
        order = np.lexsort((ids, distances[places]))
        order = order[np.sort(np.unique(ids[order], return_index=True)[1])]  # a job and its sink are one
        places = places[order]
        cut = (*(() if complete else ("depth",)), *(() if self._flow.complete else ("size",)))
        return Reach(ids[order], distances[places], jobs[order], cut, self._flow, places, before)

    def _through(self, distances: Places, before: Places) -> tuple[Places, Places, Places]:
        """Only what lies on a way by these nodes: those before them, and those after, whose ways and distances are by them.

        As a way may come by a node before and after it was there, those after have places of their own, above all others.
        """
        size = len(distances)
        through = self._flow.places(self._question.through)
        through = through[distances[through] >= 0]
        shut = np.setdiff1d(self._stop_at, through)  # nothing leads on from these, so nothing comes by them
        avoid = np.concatenate((self._avoid, shut))
        towards = self._arrays.walk(through, downstream=not self._question.downstream, avoid=avoid, free=self._free).places
        towards = towards[distances[towards] >= 0]
        beyond, before_beyond = np.full(size, _FAR, np.int32), np.full(size, -1, np.int32)
        for node in through.tolist():
            found = self._walk(np.array([node], np.int32), downstream=self._question.downstream)
            by_node = found.distances + distances[node]
            nearer = by_node < beyond[found.places]
            beyond[found.places[nearer]] = by_node[nearer]
            before_beyond[found.places[nearer]] = found.before[nearer] + size
        led_to = before[through]
        before_beyond[through] = np.where(led_to == through, through + size, led_to)
        after = np.setdiff1d(np.flatnonzero(beyond < _FAR), towards) + size
        places = np.concatenate((towards, after.astype(np.int32)))
        return places, np.concatenate((distances, beyond)), np.concatenate((before, before_beyond))

    def _walk(self, start: Places, *, downstream: bool, depth: int | None = None) -> Reached:
        return self._arrays.walk(
            start, downstream=downstream, depth=depth, avoid=self._avoid, stop_at=self._stop_at, free=self._free
        )
