"""The graph at another time, or of all times: as much of it as is reached from some nodes.

It is read where the present graph leads, many hops in a statement, as most of what was there then still is; hop by hop where
that is not so, or where the present graph is not in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Arrays, Ids, Part
from headwater.lineage.graph.binary import numbers
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.sql import past_statement

_MOST = 100_000  # nodes: more would take minutes
# Nodes to read ahead at first, and for each that was reached: what is read in vain takes a fraction of the time of the rest.
_AHEAD, _AHEAD_EACH = 500, 3
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
# An array a column, which numpy takes as they are.
_EDGES = f"""
SELECT array_agg(source_id), array_agg(target_id), array_agg(owner_id), array_agg(kind::bigint)
FROM ({past_statement("past_edges")}) e (source_id, target_id, owner_id, kind)
"""
BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Since then: all of history."""
ALWAYS = datetime.max.replace(tzinfo=UTC)
"""At that time: the present, whatever the times of its events."""
DATA = (EdgeKind.INPUT, EdgeKind.OUTPUT, EdgeKind.DATASET_LINEAGE, EdgeKind.JOB_LINEAGE)
_HANDED_OVER = (EdgeKind.JOB_LINEAGE, EdgeKind.JOB_DEPENDENCY)

Near: TypeAlias = Callable[[Sequence[int], bool, int | None, int], Sequence[int]]
"""What may be reached from some nodes, downstream or not, in so many steps (None: any number); no more than so many nodes."""


class Past:
    """What one question needs. ``kinds`` may hold control flow too."""

    def __init__(
        self,
        conn: Connection,
        at: datetime,
        since: datetime | None = None,
        kinds: Sequence[EdgeKind] = DATA,
        near: Near | None = None,
    ) -> None:
        self._conn = conn
        self._at = at
        self._since = since
        self._kinds = [int(kind) for kind in kinds]
        self._near = near
        self._learned: set[int] = set()  # of these it is known under which names events know them
        self._canonical: dict[int, int] = {}  # of a name that is another's
        self._names: dict[int, set[int]] = {}  # of a dataset with several
        self._hidden: set[int] = set()
        self._ends: dict[bool, dict[int, list[int]]] = {True: {}, False: {}}  # where the edges lead, by node and way
        self._sinks: set[int] = set()
        self._parts: list[Part] = []

    async def flow(
        self, start: Iterable[int], *, downstream: bool, hops: int | None, both: bool = False, most: int = _MOST
    ) -> Flow:
        """As it is reached from ``start`` in that many edges; no further than ``most`` nodes. ``both``: on each side so, and the
        edges from what is upstream to what is downstream."""
        begun = set(start)
        await self._learn(begun)
        begun = {self._canonical.get(node, node) for node in begun}
        complete, seen = await self._walk(begun, downstream=downstream, hops=hops, most=most)
        if both:
            whole, others = await self._walk(begun, downstream=not downstream, hops=hops, most=most)
            complete = complete and whole
            await self._walk(others if downstream else seen, downstream=True, hops=0, most=most)
        once = both or bool(self._names)  # else each is read once
        arrays = Arrays([_distinct(self._parts)] if once else self._parts)
        return Flow(arrays, self._sinks, self._hidden, self._canonical, complete, self._at, self._since)

    async def flow_for(self, question: Question) -> Flow:
        """As far as the question goes. A step of another grain is several edges, and by free ones any number."""
        hops = question.depth if question.grain is Grain.ALL and not question.through else None
        return await self.flow(question.start, downstream=question.downstream, both=question.both, hops=hops)

    async def _walk(
        self, start: AbstractSet[int], *, downstream: bool, hops: int | None, most: int
    ) -> tuple[bool, AbstractSet[int]]:
        """Reads the edges of all that is reached. Gives whether that is all, and the nodes."""
        known = self._ends[downstream]
        seen, level = set(start), set(start)
        while level and (hops is None or hops >= 0):
            if len(seen) > most:
                return False, seen
            if unread := {node for node in level if node not in known}:
                if self._near:
                    ahead = _AHEAD + _AHEAD_EACH * len(seen) - len(known)
                    unread |= {node for node in self._near([*unread], downstream, hops, ahead) if node not in known}
                await self._read(unread, downstream=downstream)
            hops = hops - 1 if hops is not None else None
            level = {end for node in level for end in known[node]} - seen
            seen |= level
        return True, seen

    async def _read(self, nodes: AbstractSet[int], *, downstream: bool) -> None:
        await self._learn(nodes)
        names = values(name for node in nodes for name in self._names.get(node, (node,)))
        asked = {"ids": names, "owners": "{}", "downstream": downstream, "since": self._since, "kinds": self._kinds}
        sources, targets, owners, kinds = await _told(self._conn, self._at, asked)
        await self._learn([*sources.tolist(), *targets.tolist()])
        sources, targets = self._renamed(sources), self._renamed(targets)
        known = self._ends[downstream]
        known.update((node, []) for node in nodes)
        begins, ends = (sources, targets) if downstream else (targets, sources)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            known[begin].append(end)
        part, sinks = _with_sinks(sources, targets, owners, kinds)
        self._parts.append(part)
        self._sinks |= sinks

    def _renamed(self, ids: Ids) -> Ids:
        if not self._canonical:
            return ids
        return np.array([self._canonical.get(identifier, identifier) for identifier in ids.tolist()], np.int64)

    async def _learn(self, ids: Iterable[int]) -> None:
        """All names of the datasets of which these are names."""
        if not (asked := set(ids) - self._learned):
            return
        self._learned |= asked
        for name, dataset, hidden in await (await self._conn.execute(_NAMES, {"ids": values(asked)})).fetchall():
            self._names.setdefault(dataset, {dataset}).add(name)
            if name != dataset:
                self._canonical[name] = dataset
            elif hidden:
                self._hidden.add(name)


async def load_owned(conn: Connection, at: datetime, owners: Iterable[int]) -> tuple[Part, set[int]]:
    """The edges that these had at a time, datasets by the id under which events name them; and the sinks among their targets."""
    asked = {"ids": "{}", "owners": values(owners), "downstream": True, "since": None, "kinds": [*map(int, DATA)]}
    return _with_sinks(*await _told(conn, at, asked))


async def _told(conn: Connection, at: datetime, asked: Mapping[str, Any]) -> tuple[Ids, Ids, Ids, Ids]:
    told = (await conn.execute(_EDGES, {"at": at, **asked}, binary=True)).pgresult
    return numbers(told, 0), numbers(told, 1), numbers(told, 2), numbers(told, 3)


def _with_sinks(sources: Ids, targets: Ids, owners: Ids, kinds: Ids) -> tuple[Part, set[int]]:
    """Of edges of which a negative kind leads into the sink of its target."""
    sunk, told = kinds < 0, np.abs(kinds).astype(np.int8)
    targets = np.where(sunk, targets ^ SINK, targets)
    over = np.isin(told, _HANDED_OVER)
    part = (
        np.append(sources, sources[over] ^ SINK), np.append(targets, targets[over]), np.append(owners, owners[over]),
        np.append(told, told[over]),
    )  # fmt: skip
    return part, set(targets[sunk].tolist())


def _distinct(parts: Sequence[Part]) -> Part:
    """Those of all, each once."""
    columns = [np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True)]
    sources, targets, owners, kinds = np.unique(np.stack(columns, axis=1), axis=0).T
    return sources, targets, owners, kinds.astype(np.int8)
