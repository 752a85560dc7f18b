"""Which columns a question reaches, how far away they are, and whether by their values or by their rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from headwater import ids
from headwater.entities.graph import Affects
from headwater.lineage.columns.flow import ColumnFlow, Effect, effects
from headwater.lineage.columns.graph import Place


class _State(NamedTuple):
    """A place as one way has left it."""

    place: Place
    effect: Effect


@dataclass(frozen=True, slots=True)
class Found:
    """A column that is reached; ``id`` orders those of one distance."""

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
    _before: Mapping[_State, _State]

    def way(self, found: Found) -> list[Place]:
        """From the start, both ends included."""
        state = found.best
        way = [state.place]
        while (before := self._before.get(state)) is not None:
            state = before
            way.append(state.place)
        return way[::-1]


def reach_columns(flow: ColumnFlow, start: Iterable[Place], depth: int | None) -> ColumnReach:
    """To know whether there is more beyond ``depth``, the flow must be read one hop further."""
    begun = [_State(place, Effect.VALUES) for place in start]
    distances, before, level, distance = dict.fromkeys(begun, 0), dict[_State, _State](), begun, 0
    while level and (depth is None or distance < depth):
        distance += 1
        level = _next(flow, level, distances, before, distance)
    by_place: dict[Place, list[_State]] = {}
    for state in distances:
        by_place.setdefault(state.place, []).append(state)
    complete = flow.complete and all(by_place.keys() >= flow.onward.get(state.place, {}).keys() for state in level)
    for place in start:
        by_place.pop(place, None)
    whole = {place.dataset_id for place in start if not place.field}
    found = [_found(flow, states, distances) for place, states in by_place.items() if place.dataset_id not in whole]
    return ColumnReach(sorted(found, key=lambda f: (f.distance, f.id)), complete, flow, before)


def _next(
    flow: ColumnFlow, level: list[_State], distances: dict[_State, int], before: dict[_State, _State], distance: int
) -> list[_State]:
    found = []
    for state in level:
        for place, told in flow.onward.get(state.place, {}).items():
            for effect in {effect for edge in told for effect in effects(edge.transformations, edge.scope)}:
                after = _State(place, _both(state.effect, effect))
                if after not in distances:
                    distances[after] = distance
                    before[after] = state
                    found.append(after)
    return found


def _both(first: Effect, then: Effect) -> Effect:
    """Of a value that is touched in part it is not known which of the columns inside of it are."""
    effect = (first | then) & ~Effect.INWARD
    if first & Effect.PARTLY and then & Effect.INWARD:
        effect |= Effect.UNRESOLVED
    return effect & ~(Effect.MASKED | Effect.PARTLY) if effect & Effect.ROWS else effect


def _found(flow: ColumnFlow, states: list[_State], distances: Mapping[_State, int]) -> Found:
    """The best way is one that is known column by column, then the shortest, then one of values."""
    best = min(states, key=lambda s: (s.effect & Effect.UNRESOLVED, distances[s], s.effect & Effect.ROWS, s.effect))
    alike = [s.effect for s in states if s.effect & Effect.UNRESOLVED == best.effect & Effect.UNRESOLVED]
    values = [effect for effect in alike if not effect & Effect.ROWS]
    place = best.place
    return Found(
        id=ids.content_id(f"{place.dataset_id}:{place.field}".encode()),
        place=place,
        distance=distances[best],
        affects="ROWS" if not values else "VALUES" if len(values) == len(alike) else "BOTH",
        masked=bool(values) and all(effect & Effect.MASKED for effect in values),
        resolved=not best.effect & Effect.UNRESOLVED,
        ends=not flow.onward.get(place) if place in flow.read else None,
        best=best,
    )
