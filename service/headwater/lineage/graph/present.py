"""The present graph of a database, kept in the process and made fresh by each query.

Triggers note in ``graph_changes`` whose edges a transaction may have changed (see ``db.tables``). A query asks what was noted
since the last one, and reads the edges of these owners again: so an event that is acknowledged is in the answer. A transaction
is known by its number; numbers are not those of commits, so all are asked for that had not ended when it was last asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import numpy as np

from headwater.db.looking import Era, one_era
from headwater.db.pool import Connection, Pool
from headwater.lineage.graph.arrays import Arrays, Edge, Ids, Part
from headwater.lineage.graph.binary import numbers
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.past import load_owned
from headwater.lineage.graph.steady import Steady
from headwater.lineage.snapshot import snapshot
from headwater.lineage.sql import statement
from headwater.tasks import end

_log = logging.getLogger(__name__)
_CHANGES = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, coalesce(array_agg(xid), '{}'), coalesce(array_agg(owner_id), '{}')
FROM (SELECT DISTINCT xid, coalesce(owner_id, 0) AS owner_id FROM graph_changes WHERE xid >= %s) c
"""
_NAMES = "SELECT dataset_id, canonical_id, is_hidden FROM datasets WHERE canonical_id <> dataset_id OR is_hidden"
_NAMES_OF = "SELECT dataset_id, canonical_id, is_hidden FROM datasets WHERE dataset_id = ANY(%s)"
_OWNERS_AT = "SELECT DISTINCT owner_id FROM edges WHERE source_id = ANY(%(ids)s) OR target_id = ANY(%(ids)s)"
_EDGES = statement("present_edges").decode().replace("{sink}", str(SINK))
_EDGES_OF = _EDGES.format(which="o.id = ANY(%s)")
# In parts, so that never all is held twice.
_ALL_EDGES = f"""
SELECT array_agg(source_id), array_agg(target_id), array_agg(owner_id), array_agg(kind::bigint)
FROM ({_EDGES.format(which="true")}) e GROUP BY owner_id & 63
"""
_ALL = 0  # an owner's id is never 0
_MOST_UNSTEADY = 50_000
_MOST_OTHER = 2_000  # owners with other edges then: to put in so many takes a tenth of a second
FORGET_S = 600.0
"""What is older is read anew; housekeeping must keep changes for longer."""


@dataclass(eq=False, slots=True)
class _Then:
    """The graph at another time: who asks one question of that mostly asks more."""

    at: datetime
    arrays: Arrays
    sinks: AbstractSet[int]
    changed: set[int]  # whose edges may be others than these arrays have


class Present:
    """One a process and database. Holds no truth: dropping it costs time only."""

    def __init__(self, era: Era = one_era) -> None:
        self._era = era
        self._lock = asyncio.Lock()
        self._arrays: Arrays | None = None
        self._aliases: dict[int, int] = {}
        self._hidden: set[int] = set()
        self._sinks: set[int] = set()
        self._since = 0  # every transaction with a lesser number has been seen
        self._noted: set[tuple[int, int]] = set()  # what was, by transactions of this number and greater ones
        self._read_at = 0.0
        self._read_in: int | None = None  # era
        self._steady: Steady | None = None
        self._unsteady: set[int] = set()  # owners that have changed since that was read
        self._forgot = 0  # how often that was forgotten
        self._then: _Then | None = None
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def reading(self, pool: Pool) -> AsyncIterator[tuple[Connection, Flow]]:
        """A connection, and the graph as that sees it. One query at a time, as the next may change the arrays."""
        async with self._lock, snapshot(pool) as conn:
            yield conn, Flow(await self._fresh(conn), self._sinks, self._hidden, self._aliases)

    @asynccontextmanager
    async def reading_at(
        self, pool: Pool, moment: Callable[[Connection], Awaitable[datetime]]
    ) -> AsyncIterator[tuple[Connection, Flow] | None]:
        """The same for the graph at another time. None: it must be read hop by hop, as too much was otherwise then, or it is not
        known yet what was."""
        if self._steady is None:
            self._prepare(pool)
            yield None
            return
        async with self._lock, snapshot(pool) as conn:
            arrays = await self._fresh(conn)
            at = await moment(conn)
            flow = await self._at(conn, arrays, at)
            if flow is not None:
                yield conn, flow
                return
        yield None

    async def end(self) -> None:
        if self._task is not None:
            await end(self._task)

    def near(self, nodes: Sequence[int], downstream: bool, hops: int | None, most: int) -> list[int]:
        """What some nodes led to when it was last asked, as ``past.Near`` has it."""
        if (arrays := self._arrays) is None:
            return []
        flow = Flow(arrays, self._sinks, self._hidden, self._aliases)
        found: list[int] = flow.ids(arrays.near(flow.places(nodes), downstream=downstream, hops=hops, most=most)).tolist()
        return found

    def _dataset(self, identifier: int) -> int:
        """Of a name of a dataset the dataset; of everything else itself."""
        return self._aliases.get(identifier, identifier)

    async def _fresh(self, conn: Connection) -> Arrays:
        now = monotonic()
        row = await (await conn.execute(_CHANGES, (self._since,))).fetchone()
        assert row is not None
        since, xids, owners = row
        noted = set(zip(xids, owners, strict=True))
        changed = {owner for _, owner in noted - self._noted}
        arrays = self._arrays
        # After a crash others may have the numbers of transactions that were rolled back.
        era = await self._era()
        lost = era is None or era != self._read_in
        if lost or _ALL in changed or now - self._read_at > FORGET_S:
            arrays = None
            self._forget_past()
        if arrays is None or _worn(arrays):
            self._arrays = self._then = None  # no need to hold two
            arrays = await self._load(conn)
        elif changed:
            changed = await self._refresh(conn, arrays, changed)
        self._note(arrays, changed)
        self._arrays, self._since, self._noted, self._read_at, self._read_in = arrays, since, noted, now, era
        return arrays

    def _note(self, arrays: Arrays, changed: Collection[int]) -> None:
        """For those who ask of another time."""
        self._unsteady.update(changed)
        if len(self._unsteady) > _MOST_UNSTEADY:
            self._forget_past()
        if self._then is not None and changed:
            self._then.changed.update(changed)
            if self._then.arrays is arrays or len(self._then.changed) > _MOST_OTHER:
                self._then = None

    def _forget_past(self) -> None:
        self._steady, self._then, self._forgot = None, None, self._forgot + 1
        self._unsteady.clear()

    def _prepare(self, pool: Pool) -> None:
        """Reads in the background since when owners have the edges that they have."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._load_steady(pool))

    async def _load_steady(self, pool: Pool) -> None:
        try:
            async with self.reading(pool):
                forgot = self._forgot
                self._unsteady.clear()
            async with snapshot(pool) as conn:
                steady = await Steady.load(conn)
            if forgot == self._forgot:
                self._steady = steady
        except Exception:  # noqa: BLE001 - the past is read hop by hop then
            _log.warning("the graph of other times could not be prepared", exc_info=True)

    async def _at(self, conn: Connection, arrays: Arrays, at: datetime) -> Flow | None:
        if self._steady is None:
            return None
        if self._unsteady:
            await self._steady.renew(conn, self._unsteady)
            self._unsteady.clear()
        then = self._then
        if then is None or then.at != at:
            told = self._steady.at(at)
            if len(told.other) > _MOST_OTHER:
                return None
            otherwise = await asyncio.to_thread(arrays.without, np.concatenate(told)) if any(map(len, told)) else arrays
            then = _Then(at, otherwise, self._sinks, set(told.other.tolist()))
        if then.changed:
            await self._put_in(conn, then)
        self._then = then
        return Flow(then.arrays, then.sinks, self._hidden, self._aliases, at=at)

    async def _put_in(self, conn: Connection, then: _Then) -> None:
        """What those that are noted there as changed had at that time."""
        (sources, targets, owners, kinds), sinks = await load_owned(conn, then.at, then.changed)
        edges: defaultdict[int, list[Edge]] = defaultdict(list)
        ends = ([*map(self._dataset, ids.tolist())] for ids in (sources, targets))
        for source, target, owner, kind in zip(*ends, owners.tolist(), kinds.tolist(), strict=True):
            edges[owner].append(Edge(source, target, kind))
        for owner in then.changed:
            then.arrays.replace(owner, edges[owner])
        then.sinks = {*then.sinks, *sinks}
        then.changed.clear()

    async def _load(self, conn: Connection) -> Arrays:
        rows = await (await conn.execute(_NAMES)).fetchall()
        self._aliases = {name: dataset for name, dataset, _ in rows if name != dataset}
        self._hidden = {name for name, _, hidden in rows if hidden}
        names = np.array(sorted(self._aliases), np.int64)
        canonical = np.array([self._aliases[name] for name in names.tolist()], np.int64)
        self._sinks = set()
        parts: list[Part] = []
        async with conn.cursor(name="edges", binary=True) as cursor:
            await cursor.execute(_ALL_EDGES)
            while await cursor.fetchmany(1):
                sources, targets, owners, kinds = (numbers(cursor.pgresult, column) for column in range(4))
                ends = _renamed(sources, names, canonical), _renamed(targets, names, canonical)
                self._sinks.update(targets[kinds < 0].tolist())
                parts.append((*ends, owners, np.abs(kinds).astype(np.int8)))
        return await asyncio.to_thread(Arrays, parts)

    async def _refresh(self, conn: Connection, arrays: Arrays, changed: Collection[int]) -> set[int]:
        """Gives whose edges were read again."""
        names = await (await conn.execute(_NAMES_OF, (list(changed),))).fetchall()
        self._hidden -= {name for name, _, hidden in names if not hidden}
        self._hidden |= {name for name, _, hidden in names if hidden}
        renamed = [name for name, dataset, _ in names if self._aliases.get(name, name) != dataset]
        owners = set(changed)
        if renamed:
            self._aliases |= {name: dataset for name, dataset, _ in names}
            owners |= {owner for (owner,) in await (await conn.execute(_OWNERS_AT, {"ids": renamed})).fetchall()}
        edges: defaultdict[int, list[Edge]] = defaultdict(list)
        rows = await (await conn.execute(_EDGES_OF, (list(owners),), binary=True)).fetchall()
        for source, target, owner, kind in rows:
            edges[owner].append(Edge(self._dataset(source), self._dataset(target), abs(kind)))
        self._sinks.update(target for _, target, _, kind in rows if kind < 0)
        for owner in owners:
            arrays.replace(owner, edges[owner])
        return owners


@asynccontextmanager
async def running_present(era: Era) -> AsyncIterator[Present]:
    present = Present(era)
    try:
        yield present
    finally:
        await present.end()


def _worn(arrays: Arrays) -> bool:
    """So much has changed that walks would be slow."""
    return arrays.changes > 20_000 + arrays.edges // 10


def _renamed(ids: Ids, names: Ids, canonical: Ids) -> Ids:
    if not len(names):
        return ids
    places = np.minimum(np.searchsorted(names, ids), len(names) - 1)
    return np.where(names[places] == ids, canonical[places], ids)


@asynccontextmanager
async def running_housekeeping(pool: Pool, keep_s: float = 2 * FORGET_S) -> AsyncIterator[None]:
    """Deletes, in the background, changes that every process has seen or given up."""
    task = asyncio.create_task(_housekeeping(pool, keep_s))
    try:
        yield
    finally:
        await end(task)


async def _housekeeping(pool: Pool, keep_s: float) -> None:
    seen: tuple[int] | None = None
    while True:
        try:
            async with pool.connection() as conn:
                if seen is not None:
                    await conn.execute("DELETE FROM graph_changes WHERE xid < %s", seen)
                seen = await (await conn.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).fetchone()
        except Exception:  # noqa: BLE001 - the database may be away for a while; it is only disk space
            _log.warning("old changes of the graph could not be deleted", exc_info=True)
        await asyncio.sleep(keep_s)
