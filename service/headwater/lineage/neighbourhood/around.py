"""The graph around a job or dataset, as JSON; what it remembers from query to query is here."""

from __future__ import annotations

from headwater.db.looking import Era, one_era
from headwater.db.pool import Pool
from headwater.errors import InvalidNodeId, NotFound
from headwater.lineage.near import find_versioned
from headwater.lineage.neighbourhood.fragments import Fragments
from headwater.lineage.neighbourhood.remembered import Graph
from headwater.lineage.neighbourhood.walks import Walks, neighbourhood
from headwater.lineage.node_ids import NodeKind
from headwater.lineage.snapshot import snapshot


class Surveyor:
    """One a process and database. Holds no truth: dropping it costs time only."""

    def __init__(self, nodes: int = 400_000, fragment_bytes: int = 64 * 1024 * 1024, era: Era = one_era) -> None:
        self._graph = Graph(nodes)
        self._walks = Walks(self._graph, era=era)
        self._fragments = Fragments(fragment_bytes)

    async def around(self, pool: Pool, node_id: str, depth: int) -> list[bytes]:
        """JSON of ``entities.lineage.Lineage``, in pieces. Raises InvalidNodeId, NotFound."""
        async with snapshot(pool) as conn:
            node, version = await find_versioned(conn, node_id)
            if node.kind is NodeKind.DATASET_FIELD:
                raise NotFound("Node", node_id)
            if version is not None:
                raise InvalidNodeId("This graph is the present one, of which no version can be asked.")
            node.require_shown()
            found = await neighbourhood(conn, self._walks, node.id, node.kind is NodeKind.JOB, max(depth, 0))
            return await self._fragments.answer(conn, self._graph, found)
