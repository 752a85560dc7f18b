"""Which columns a question reaches, how far away they are, and whether by their values or by their rows. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from headwater import ids
from headwater.entities.graph import Affects
from headwater.lineage.columns.flow import ColumnFlow, Effect, effects
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.via import NOWHERE, Among
from headwater.lineage.sides import Sided


class _State(NamedTuple):
    """A place as one way has left it."""

    place: Place
    effect: Effect
    passed: bool  # by what the ways must go through; true where they need not


@dataclass(frozen=True, slots=True)
class Found(Sided):
    """A column that is reached; ``id`` orders those of one distance. All is of its way ``downstream``, or else upstream."""

    id: int
    place: Place
    distance: int
    affects: Affects
    masked: bool
    resolved: bool
    ends: bool | None
    best: _State


@dataclass(frozen=True, slots=True)
class ColumnReach:
    """Nearest first, then by id; where the question started is not among them."""

    found: list[Found]
    complete: bool  # False: there is more
    flow: ColumnFlow
    _distances: Mapping[_State, int]  # nearest first
    _before: Mapping[_State, _State]

    def datasets(self) -> dict[int, int]:
        """How far away the nearest column is of each dataset, the start's included, from which the ways that count go on."""
        found = dict[int, int]()
        for state, distance in self._distances.items():
            if state.passed:
                found.setdefault(state.place.dataset_id, distance)
        return found

    def way(self, found: Found) -> list[Place]:
        """From the start, both ends included; as it is walked."""
        state = found.best
        way = [state.place]
        while (before := self._before.get(state)) is not None:
            state = before
            way.append(state.place)
        return way[::-1]


class Carried(NamedTuple):
    """What comes by some ways, alike in whether it is known column by column."""

    affects: Affects
    masked: bool
    resolved: bool


def carried(flow: ColumnFlow, way: Sequence[Place]) -> Carried:
    """By one way: of the edges between two of its places the surest count."""
    found = {Effect.VALUES}
    for near, far in pairwise(way):
        told = {e for edge in flow.onward[near][far] for e in effects(edge.transformations, edge.scope)}
        found = {_both(before, then) for before in found for then in told}
    return _carried(found, resolved=any(not effect & Effect.UNRESOLVED for effect in found))


def place_id(place: Place) -> int:
    return ids.content_id(f"{place.dataset_id}:{place.field}".encode())


def reach_columns(flow: ColumnFlow, start: Collection[Place], depth: int | None, through: Among = NOWHERE) -> ColumnReach:
    """To know whether there is more beyond ``depth``, the flow must be read one hop further."""
    begun = [_State(place, Effect.VALUES, not through or through.holds(place)) for place in start]
    distances, before, level, distance = dict.fromkeys(begun, 0), dict[_State, _State](), begun, 0
    while level and (depth is None or distance < depth):
        distance += 1
        fresh = []
        for state in level:
            for after in _steps(flow, state, through):
                if after not in distances:
                    distances[after] = distance
                    before[after] = state
                    fresh.append(after)
        level = fresh
    known = {(state.place, state.passed) for state in distances}
    whole = {place.dataset_id for place in start if not place.field}
    beyond = {
        (after.place, after.passed)
        for state in level
        for after in _steps(flow, state, through)
        if after.place.dataset_id not in whole
    }
    leading = _leading(flow, known, through)
    by_place: dict[Place, list[_State]] = {}
    for state in distances:
        if state.passed or state.place in leading:
            by_place.setdefault(state.place, []).append(state)
    for place in start:
        by_place.pop(place, None)
    found = [_found(flow, states, distances) for place, states in by_place.items() if place.dataset_id not in whole]
    return ColumnReach(
        sorted(found, key=lambda f: (f.distance, f.id)), flow.complete and beyond <= known, flow, distances, before
    )


def _steps(flow: ColumnFlow, state: _State, through: Among) -> Iterator[_State]:
    for place, told in flow.onward.get(state.place, {}).items():
        passed = state.passed or through.holds(place)
        for edge in told:
            for effect in effects(edge.transformations, edge.scope):
                yield _State(place, _both(state.effect, effect), passed or edge.owner in through.jobs)


def _leading(flow: ColumnFlow, known: AbstractSet[tuple[Place, bool]], through: Among) -> set[Place]:
    """The places from which a way leads to where it has to pass: of these the ways that have not passed yet count too."""
    if not through:
        return set()
    before = defaultdict[Place, set[Place]](set)
    level = {place for place, _ in known if through.holds(place)}
    for near, onward in flow.onward.items():
        for far, told in onward.items():
            before[far].add(near)
            if (far, True) in known and any(edge.owner in through.jobs for edge in told):
                level.add(near)
    leading = set[Place]()
    while level:
        leading |= level
        level = {near for far in level for near in before[far]} - leading
    return leading


def _both(first: Effect, then: Effect) -> Effect:
    """Of a value that is touched in part it is not known which of the columns inside of it are."""
    effect = (first | then) & ~Effect.INWARD
    if first & Effect.PARTLY and then & Effect.INWARD:
        effect |= Effect.UNRESOLVED
    return effect & ~(Effect.MASKED | Effect.PARTLY) if effect & Effect.ROWS else effect


def _found(flow: ColumnFlow, states: list[_State], distances: Mapping[_State, int]) -> Found:
    """The best way is one that is known column by column, then the shortest, then one of values."""
    best = min(states, key=lambda s: (s.effect & Effect.UNRESOLVED, distances[s], s.effect & Effect.ROWS, s.effect))
    place = best.place
    return Found(
        id=place_id(place),
        place=place,
        distance=distances[best],
        **_carried((s.effect for s in states), resolved=not best.effect & Effect.UNRESOLVED)._asdict(),
        ends=not flow.onward.get(place) if place in flow.read else None,
        best=best,
        downstream=flow.downstream,
    )


def _carried(effects: Iterable[Effect], *, resolved: bool) -> Carried:
    alike = [effect for effect in effects if resolved is not bool(effect & Effect.UNRESOLVED)]
    values = [effect for effect in alike if not effect & Effect.ROWS]
    return Carried(
        affects="ROWS" if not values else "VALUES" if len(values) == len(alike) else "BOTH",
        masked=bool(values) and all(effect & Effect.MASKED for effect in values),
        resolved=resolved,
    )
