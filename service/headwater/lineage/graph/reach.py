"""Which nodes a question reaches, how far away they are, and over which way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headwater.lineage.graph.arrays import Flags, Ids, Places, Reached
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question


@dataclass(frozen=True)
class Reach:
    """The nodes found, nearest first, then by id; where the question started is not among them."""

    ids: Ids
    distances: Places
    jobs: Flags
    cut: tuple[str, ...]  # why there may be more: `depth` as asked, or `size`, as the graph is larger than was read
    _flow: Flow
    _places: Places
    _before: Places  # by place; of a start, itself

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
        return [self._flow.shown(identifier) for identifier in self._flow.arrays.ids(np.array(way[::-1], np.int32)).tolist()]

    def edges(self, indexes: Sequence[int]) -> list[tuple[int, int]]:
        """Each of the nodes at ``indexes`` behind the one before it on its way, of these and the starts; by ids."""
        ids = self.ids[list(indexes)]
        is_stop = np.zeros(len(self._before), bool)
        is_stop[self._flow.places(ids.tolist())] = True
        stops: dict[int, int] = {}  # by place, the last stop on the way to it, itself included

        def stop(place: int) -> int:
            way = []
            while place not in stops:
                way.append(place)
                before = int(self._before[place])
                if is_stop[place] or before == place:
                    stops[place] = place
                else:
                    place = before
            stops.update(dict.fromkeys(way, stops[place]))
            return stops[place]

        before = [stop(place) for place in self._before[self._places[list(indexes)]].tolist()]
        return list(zip(self._flow.ids(np.array(before, np.int32)).tolist(), ids.tolist(), strict=True))


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
        before, distances = (np.full(len(self._arrays), -1, np.int32) for _ in range(2))
        before[found.places] = found.before
        distances[found.places] = found.distances
        places = self._through(distances, before) if question.through else found.places
        ids = self._flow.ids(places)
        start = map(self._flow.shown, question.start)
        kept = ~np.isin(ids, np.array([*start, *self._flow.hidden], np.int64))
        if question.grain is not Grain.ALL:
            kept &= self._is_job[places] == (question.grain is Grain.JOB)
        ids, places = ids[kept], places[kept]
        order = np.lexsort((ids, distances[places]))
        order = order[np.sort(np.unique(ids[order], return_index=True)[1])]  # a job and its sink are one
        ids, places = ids[order], places[order]
        return Reach(
            ids,
            distances[places],
            self._is_job[places],
            (*(() if found.complete else ("depth",)), *(() if self._flow.complete else ("size",))),
            self._flow,
            places,
            before,
        )

    def _through(self, distances: Places, before: Places) -> Places:
        """Only what lies on a way by these nodes: those before them, and those after, whose distances are now by that way."""
        through = self._flow.places(self._question.through)
        through = through[distances[through] >= 0]
        towards = self._walk(through, downstream=not self._question.downstream).places
        towards = towards[distances[towards] >= 0]
        beyond = self._walk(through, downstream=self._question.downstream)
        later = ~np.isin(beyond.places, towards)
        after, nodes_before = beyond.places[later], beyond.before[later]
        for place, node_before in zip(after.tolist(), nodes_before.tolist(), strict=True):  # nearest first
            before[place] = node_before
            distances[place] = distances[node_before] + (self._free is None or not self._free[place])
        places = np.concatenate((towards, after))
        return places if self._question.depth is None else places[distances[places] <= self._question.depth]

    def _walk(self, start: Places, *, downstream: bool, depth: int | None = None) -> Reached:
        return self._arrays.walk(
            start, downstream=downstream, depth=depth, avoid=self._avoid, stop_at=self._stop_at, free=self._free
        )
