"""What flows between columns, as far as it is reached from some of them: a statement a hop.

A place without a field is, downstream, a dataset of which all columns are reached alike (a filter bears on each row); upstream,
one of which some column is meant that is not known. Either way the walk goes on from every column of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntFlag
from functools import lru_cache
from typing import NamedTuple

from headwater.db.pool import Connection
from headwater.entities.graph import Scope
from headwater.lineage.columns.edges import Then, column_edges
from headwater.lineage.columns.graph import Place, transformations
from headwater.lineage.columns.nested import holders
from headwater.lineage.columns.via import ANY, Via
from headwater.lineage.walk import walk

SCOPES: Sequence[Scope] = ("FIELD", "PART", "WHOLE", "DATASET", "UNRESOLVED")
"""The surest first."""
_MOST = 100_000  # columns: read hop by hop, more would take minutes
_ENDLESS = 1_000_000  # hops; no graph is deeper
_OF_VALUES = ("CONDITIONAL", "WINDOW")  # indirect, and yet what makes the value another, not the rows


class Effect(IntFlag):
    """What a change at one end does at the other. Along a way effects add up: beyond rows there are only rows."""

    VALUES = 0
    ROWS = 1
    MASKED = 2  # the value comes, but hidden
    UNRESOLVED = 4  # by way of a column that is not known
    PARTLY = 8  # of the value only what is inside of it, by way of a column that holds the one that changes
    INWARD = 16  # of an edge alone: it is told of a column inside of the one that is reached


_OF_SCOPES = {"UNRESOLVED": Effect.UNRESOLVED, "PART": Effect.INWARD, "WHOLE": Effect.PARTLY}


class Told(NamedTuple):
    """An edge as one set of columns has it."""

    transformations: str  # JSON
    owner: int  # the job, or dataset, whose events say so
    scope: Scope


@dataclass(slots=True)
class ColumnFlow:
    """``onward`` in the direction of the walk: ``downstream``, as data flows, or against it."""

    onward: dict[Place, dict[Place, list[Told]]] = field(default_factory=dict)
    read: set[Place] = field(default_factory=set)  # of which every edge onward is known
    complete: bool = True  # False: there is more than was read
    downstream: bool = True

    def add(self, place: Place, far: Place, told: Told) -> None:
        known = self.onward.setdefault(place, {}).setdefault(far, [])
        if told not in known:
            known.append(told)

    def between(self, source: Place, target: Place) -> list[Told]:
        """The edges as data flows."""
        near, far = (source, target) if self.downstream else (target, source)
        return self.onward.get(near, {}).get(far, [])

    def edges(self, places: AbstractSet[Place]) -> list[tuple[Place, Place]]:
        """Those between some places, as data flows; each once, however many tell of it."""
        pairs = [(near, far) for near in places for far in self.onward.get(near, ()) if far in places]
        return pairs if self.downstream else [(source, target) for target, source in pairs]

    def tellers(self) -> dict[Place, set[int]]:
        """Of each place who tells of an edge to it."""
        found = defaultdict[Place, set[int]](set)
        for onward in self.onward.values():
            for far, told in onward.items():
                found[far].update(edge.owner for edge in told)
        return found


@dataclass(frozen=True, slots=True)
class Between:
    """How a flow is read for the ways from some columns to others. Of what stands for all of a dataset, and is to be told
    ``apart``, the columns are told, as edges name them. What is told of a field ``toward`` which the flow goes, or of what holds
    it or is inside of it, is an edge to that one as well."""

    apart: frozenset[Place] = frozenset()
    toward: tuple[Place, ...] = ()
    most: int | None = None  # columns; None: as many as can be read in some minutes


async def read_flow(  # noqa: PLR0913 - what a hop asks for, how far, and what is made of it
    conn: Connection,
    start: Iterable[Place],
    *,
    downstream: bool,
    hops: int | None,
    via: Via = ANY,
    then: Then | None = None,
    explicit: bool | None = None,
    between: Between = Between(),
) -> ColumnFlow:
    """As far as that many edges lead, and ``via`` lets through."""
    flow, ends = ColumnFlow(downstream=downstream), _Concerned(between.toward)
    most = _MOST if between.most is None else between.most

    async def hop(level: Sequence[Place]) -> set[Place]:
        if len(flow.read) + len(level) > most:
            flow.complete = False
            return set()
        level = [place for place in level if not via.stop_at.holds(place)]
        flow.read.update(level)
        concerned = _Concerned(level)
        found = set()
        edges = await column_edges(conn, level, downstream=downstream, then=then, nested=True, explicit=explicit)
        for output, source, told, owner in edges:
            near, far = (source, output) if downstream else (output, source)
            for place, fit in concerned.by(near):
                if via.shuts(owner) or via.avoid.holds(far):
                    flow.read.discard(place)
                else:
                    start = near if place in between.apart else place
                    flow.add(start, far, Told(told, owner, _scope(output, source, fit)))
                    for end, end_fit in ends.by(far):
                        flow.add(start, end, Told(told, owner, _scope(output, source, _both(fit, end_fit))))
                    found.add(far)
        return found

    await walk(hop, start, hops if hops is not None else _ENDLESS)
    return flow


@lru_cache(maxsize=4096)
def effects(told: str, scope: Scope) -> frozenset[Effect]:
    """Of an edge with these transformations. An input of a column that says nothing about itself is taken for its value."""
    more = _OF_SCOPES.get(scope, Effect.VALUES)
    found = {_effect(t.type, t.subtype, masked=bool(t.masking)) for t in transformations(told)}
    return frozenset(e | more for e in found or {Effect.ROWS if scope == "DATASET" else Effect.VALUES})


def _effect(kind: str | None, subtype: str | None, *, masked: bool) -> Effect:
    if (kind or "").upper() == "INDIRECT" and (subtype or "").upper() not in _OF_VALUES:
        return Effect.ROWS
    return Effect.MASKED if masked or (kind or "").upper() == "MASKED" else Effect.VALUES


class _Concerned:
    """Places by the names of what may be told of them: a set of columns has thousands, and so may have a level."""

    def __init__(self, level: Iterable[Place]) -> None:
        self._level = frozenset(level)
        self._told = defaultdict[Place, list[tuple[Place, Scope]]](list)
        for place in self._level:
            self._told[place].append((place, "FIELD"))
            if place.field:
                self._told[place._replace(field="")].append((place, "FIELD"))
                for holder in holders(place.field):
                    self._told[place._replace(field=holder)].append((place, "WHOLE"))

    def by(self, told: Place) -> Iterator[tuple[Place, Scope]]:
        """Those that something told of a field, or of all, concerns, and how."""
        yield from self._told.get(told, ())
        if told.field:
            for field in ("", *holders(told.field)):
                if (place := told._replace(field=field)) in self._level:
                    yield place, "PART" if field else "FIELD"


def _both(fit: Scope, end_fit: Scope) -> Scope:
    """From one part of a column to a part of another it is not known whether they are the same."""
    return "UNRESOLVED" if fit == end_fit == "WHOLE" else max(fit, end_fit, key=SCOPES.index)


def _scope(output: Place, source: Place, fit: Scope) -> Scope:
    if not source.field:
        return "UNRESOLVED"
    return fit if output.field else "DATASET"
