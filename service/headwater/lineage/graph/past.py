"""The graph at another time, or of all times: as much of it as is reached from some nodes, a statement a hop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.sql import past_statement

_MOST = 100_000  # nodes: read hop by hop, more would take minutes
# Only what is particular is told: that a name is another's, or that it is hidden. Nearly all are neither.
_NAMES = """
WITH asked AS (SELECT unnest(%(ids)s::bigint[]) AS id),
told AS MATERIALIZED (
    SELECT dataset_id, canonical_id, is_hidden FROM datasets
    WHERE dataset_id = ANY(%(ids)s::bigint[]) AND (canonical_id <> dataset_id OR is_hidden)
)
SELECT * FROM told
UNION ALL
SELECT d.dataset_id, d.canonical_id, d.is_hidden FROM datasets d
WHERE d.canonical_id = ANY(ARRAY(SELECT id FROM asked UNION SELECT canonical_id FROM told)) AND d.canonical_id <> d.dataset_id
UNION ALL
SELECT d.dataset_id, d.canonical_id, d.is_hidden FROM datasets d
WHERE d.dataset_id = ANY(ARRAY(SELECT canonical_id FROM told WHERE canonical_id <> dataset_id))
"""
_EDGES = past_statement("past_edges")
BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Since then: all of history."""
ALWAYS = datetime.max.replace(tzinfo=UTC)
"""At that time: the present, whatever the times of its events."""
DATA = (EdgeKind.INPUT, EdgeKind.OUTPUT, EdgeKind.DATASET_LINEAGE, EdgeKind.JOB_LINEAGE)


@dataclass(frozen=True, slots=True)
class _Read:
    """Edges, each a source, a target, an owner and a kind."""

    edges: set[tuple[int, int, int, int]] = field(default_factory=set)
    sinks: set[int] = field(default_factory=set)

    def add(self, source: int, target: int, owner: int, kind: int) -> None:
        sink = target ^ SINK if kind < 0 else target
        if kind < 0:
            self.sinks.add(sink)
        self.edges.add((source, sink, owner, abs(kind)))
        if kind in (EdgeKind.JOB_LINEAGE, EdgeKind.JOB_DEPENDENCY):
            self.edges.add((source ^ SINK, target, owner, kind))


class Past:
    """What one question needs. ``kinds`` may hold control flow too."""

    def __init__(self, conn: Connection, at: datetime, since: datetime | None = None, kinds: Sequence[EdgeKind] = DATA) -> None:
        self._conn = conn
        self._at = at
        self._since = since
        self._kinds = [int(kind) for kind in kinds]
        self._canonical: dict[int, int] = {}
        self._names: dict[int, set[int]] = {}
        self._hidden: set[int] = set()

    async def flow(
        self, start: Iterable[int], *, downstream: bool, hops: int | None, both: bool = False, most: int = _MOST
    ) -> Flow:
        """As it is reached from ``start`` in that many edges; no further than ``most`` nodes. ``both``: on each side so, and the
        edges from what is upstream to what is downstream."""
        read, begun = _Read(), set(start)
        complete, seen = await self._read(read, begun, downstream=downstream, hops=hops, most=most)
        if both:
            whole, others = await self._read(read, begun, downstream=not downstream, hops=hops, most=most)
            complete = complete and whole
            await self._read(read, others if downstream else seen, downstream=True, hops=0, most=most)
        columns = np.array(sorted(read.edges), np.int64).reshape(-1, 4).T
        arrays = Arrays([(columns[0], columns[1], columns[2], columns[3].astype(np.int8))])
        return Flow(arrays, read.sinks, self._hidden, self._canonical, complete, self._at, self._since)

    async def _read(
        self, read: _Read, start: AbstractSet[int], *, downstream: bool, hops: int | None, most: int
    ) -> tuple[bool, AbstractSet[int]]:
        """Whether it is all, and the nodes."""
        seen = set(start)
        level = list(seen)
        while level and (hops is None or hops >= 0):
            if len(seen) > most:
                return False, seen
            hops = hops - 1 if hops is not None else None
            ends: set[int] = set()
            for source, target, owner, kind in await self._hop(level, downstream=downstream):
                read.add(source, target, owner, kind)
                ends.add(target if downstream else source)
            level = list(ends - seen)
            seen |= ends
        return True, seen

    async def _hop(self, level: Sequence[int], *, downstream: bool) -> list[tuple[int, int, int, int]]:
        await self._learn(level)
        asked = {
            "ids": values(name for node in level for name in self._names.get(node, (node,))),
            "downstream": downstream,
            "at": self._at,
            "since": self._since,
            "kinds": self._kinds,
        }
        rows: list[tuple[int, int, int, int]] = await (await self._conn.execute(_EDGES, asked)).fetchall()
        await self._learn({end for row in rows for end in row[:2]} - self._canonical.keys())
        canonical = self._canonical
        return [(canonical.get(s, s), canonical.get(t, t), owner, kind) for s, t, owner, kind in rows]

    async def _learn(self, ids: Iterable[int]) -> None:
        """All names of the datasets of which these are names."""
        asked = [identifier for identifier in ids if identifier not in self._names]
        if not asked:
            return
        for identifier in asked:
            self._canonical.setdefault(identifier, identifier)
            self._names.setdefault(identifier, {identifier})
        for name, dataset, hidden in await (await self._conn.execute(_NAMES, {"ids": values(asked)})).fetchall():
            self._canonical[name] = dataset
            self._names.setdefault(dataset, {dataset}).add(name)
            if hidden and name == dataset:
                self._hidden.add(name)
