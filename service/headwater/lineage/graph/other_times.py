"""The graph of another time, from the present one: only what was otherwise then is read.

Which jobs that may be, and which had not begun, says ``steady``. Where few were otherwise, they are put into a copy of the
present graph, kept for who asks of the same time again; a small question is quicker answered by reading what it reaches.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from headwater.db.pool import Connection, Pool
from headwater.lineage.graph.arrays import Arrays, Edge
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.past import Past, load_owned
from headwater.lineage.graph.question import FlowOf, Question
from headwater.lineage.graph.steady import Owners, Steady
from headwater.lineage.snapshot import snapshot

_log = logging.getLogger(__name__)
_MOST_NOTED = 50_000  # owners: then all is read anew
_MOST_OTHER = 2_000  # owners with other edges: to put in so many takes a tenth of a second
_WORTH = 5  # nodes are read in the time in which an owner is put in
_COPIED = 2_000  # nodes are, in the time in which one is read


@dataclass(eq=False, slots=True)
class _Then:
    """The graph at a time."""

    at: datetime
    arrays: Arrays
    sinks: AbstractSet[int]
    changed: set[int]  # whose edges may be others than these arrays have


class OtherTimes:
    """Its caller sees to it that one is asked at a time."""

    def __init__(self) -> None:
        self._steady: Steady | None = None
        self._noted: set[int] = set()  # owners that have changed since that was read
        self._forgot = 0  # how often that was forgotten
        self._then: _Then | None = None
        self._asked_of: datetime | None = None

    @property
    def ready(self) -> bool:
        return self._steady is not None

    async def load(self, pool: Pool, reading: AbstractAsyncContextManager[object]) -> None:
        """``reading``: that of the present graph, which notes what changes from then on."""
        try:
            async with reading:
                forgot = self._forgot
                self._noted.clear()
            async with snapshot(pool) as conn:
                steady = await Steady.load(conn)
            if forgot == self._forgot:
                self._steady = steady
        except Exception:  # noqa: BLE001 - until it can be, the past is read hop by hop
            _log.warning("the graph of other times could not be prepared", exc_info=True)

    def note(self, changed: Collection[int]) -> None:
        """Whose edges, of now or of any time, may be others."""
        self._noted.update(changed)
        if len(self._noted) > _MOST_NOTED:
            self.forget()
        if self._then is not None:
            self._then.changed.update(changed)

    def forget(self) -> None:
        """That anything is known."""
        self._steady, self._forgot = None, self._forgot + 1
        self._noted.clear()
        self.forget_graph()

    def forget_graph(self) -> None:
        self._then = None

    async def flow_of(self, conn: Connection, now: Flow, at: datetime) -> FlowOf | None:
        """What gives the graph of that time for a question. None: too much was otherwise, or nothing is known."""
        if self._steady is None:
            return None
        if self._noted:
            await self._steady.renew(conn, self._noted)
            self._noted.clear()
        owners = self._steady.at(at)
        if len(owners.other) > _MOST_OTHER:
            return None

        async def flow(question: Question) -> Flow:
            if not self._is_worth(now, at, owners, question):
                found = await Past(conn, at, near=now.near).flow_for(question)
                if found.complete:
                    return found
            return await self._whole(conn, now, at, owners)

        return flow

    def _is_worth(self, now: Flow, at: datetime, owners: Owners, question: Question) -> bool:
        """To have all of the graph: for who asks of the time again, or of much."""
        again, self._asked_of = self._asked_of == at, at
        if again or not any(map(len, owners)):
            return True
        most = _WORTH * len(owners.other) + len(now.arrays) // _COPIED
        sides = (True, False) if question.both else (question.downstream,)
        return sum(len(now.near(question.start, side, question.depth, most)) for side in sides) >= most

    async def _whole(self, conn: Connection, now: Flow, at: datetime, owners: Owners) -> Flow:
        if not any(map(len, owners)):
            arrays, sinks = now.arrays, now.sinks
        else:
            then = self._then
            if then is None or then.at != at or len(then.changed) > _MOST_OTHER:
                copy = await asyncio.to_thread(now.arrays.without, np.concatenate(owners))
                then = _Then(at, copy, now.sinks, set(owners.other.tolist()))
            await self._put_in(conn, then, now)
            self._then = then
            arrays, sinks = then.arrays, then.sinks
        return Flow(arrays, sinks, now.hidden, now.aliases, at=at)

    async def _put_in(self, conn: Connection, then: _Then, now: Flow) -> None:
        """What those that are noted there as changed had at that time."""
        if not then.changed:
            return
        (sources, targets, owners, kinds), sinks = await load_owned(conn, then.at, then.changed)
        edges: defaultdict[int, list[Edge]] = defaultdict(list)
        for source, target, owner, kind in zip(*(column.tolist() for column in (sources, targets, owners, kinds)), strict=True):
            edges[owner].append(Edge(now.aliases.get(source, source), now.aliases.get(target, target), kind))
        for owner in then.changed:
            then.arrays.replace(owner, edges[owner])
        then.sinks = {*then.sinks, *sinks}
        then.changed.clear()
