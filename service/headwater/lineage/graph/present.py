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
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic

import numpy as np

from headwater.db.looking import Era, one_era
from headwater.db.pool import Connection, Pool
from headwater.lineage.graph.arrays import Arrays, Edge, Ids, Part
from headwater.lineage.graph.binary import numbers
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.other_times import OtherTimes
from headwater.lineage.graph.question import FlowOf
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
FORGET_S = 600.0
"""What is older is read anew; housekeeping must keep changes for longer."""


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
        self._past = OtherTimes()
        self._preparing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def reading(self, pool: Pool) -> AsyncIterator[tuple[Connection, Flow]]:
        """A connection, and the graph as that sees it. One query at a time, as the next may change the arrays."""
        async with self._lock, snapshot(pool) as conn:
            yield conn, Flow(await self._fresh(conn), self._sinks, self._hidden, self._aliases)

    @asynccontextmanager
    async def reading_at(
        self, pool: Pool, moment: Callable[[Connection], Awaitable[datetime]]
    ) -> AsyncIterator[tuple[Connection, FlowOf] | None]:
        """A connection, and what gives the graph of another time for a question. None: it must be read hop by hop, as too much
        was otherwise then, or it is not known yet what was."""
        if not self._past.ready or self._is_old():
            self.prepare(pool)
            yield None
            return
        async with self._lock, snapshot(pool) as conn:
            now = Flow(await self._fresh(conn), self._sinks, self._hidden, self._aliases)
            flow_of = await self._past.flow_of(conn, now, await moment(conn))
            if flow_of is not None:
                yield conn, flow_of
                return
        yield None

    def prepare(self, pool: Pool) -> asyncio.Task[None]:
        """Reads in the background what questions of other times need."""
        if self._preparing is None or self._preparing.done():
            self._preparing = asyncio.create_task(self._past.load(pool, self.reading(pool)))
        return self._preparing

    async def end(self) -> None:
        if self._preparing is not None:
            await end(self._preparing)

    def near(self, nodes: Sequence[int], downstream: bool, hops: int | None, most: int) -> Sequence[int]:
        """What some nodes led to when it was last asked, as ``past.Near`` has it."""
        if (arrays := self._arrays) is None:
            return ()
        return Flow(arrays, self._sinks, self._hidden, self._aliases).near(nodes, downstream, hops, most)

    def _is_old(self) -> bool:
        return monotonic() - self._read_at > FORGET_S

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
        if lost or _ALL in changed or self._is_old():
            arrays = None
            self._past.forget()
        if arrays is None or _worn(arrays):
            self._arrays = None  # no need to hold two
            self._past.forget_graph()
            arrays = await self._load(conn)
        elif changed:
            changed = await self._refresh(conn, arrays, changed)
        self._past.note(changed)
        self._arrays, self._since, self._noted, self._read_at, self._read_in = arrays, since, noted, now, era
        return arrays

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
