"""The remembered graph as one snapshot of the database has it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from headwater.db.pool import Connection
from headwater.lineage.neighbourhood.remembered import UNREAD, Graph, Node
from headwater.lineage.sql import statement


class Expand(IntEnum):
    """Which owners of the edges of the datasets read are read with them, in the same statement."""

    NO_OWNERS = 0
    OWNERS = 1
    WRITERS = 2


class View:
    """``conn`` must be in a REPEATABLE READ transaction, so that all statements see one state of the database."""

    def __init__(self, conn: Connection, graph: Graph) -> None:
        self._conn = conn
        self.graph = graph
        self._proven: dict[Node, int] = {}  # version of each node in this snapshot, UNREAD where it has no row

    def unproven(self, nodes: Iterable[Node]) -> list[Node]:
        """Those that were not read in this snapshot as they now are: another query may have put in what it sees."""
        proven = self._proven.get
        return [node for node in nodes if proven(node) != node.version]

    async def prove(self, nodes: Iterable[Node], expand: Expand) -> bool:
        """Compares the nodes with the database, in one statement. True if any differed; these are then put right."""
        asked = [(node, node.version) for node in nodes]
        rows = await self._read([node for node, _ in asked], expand)
        # As they were asked about: while we waited, another query may have put in what an older snapshot sees.
        self._proven.update(asked)
        if not rows:
            return False
        found = self.graph.put(rows)
        for node in found:
            self._proven[node] = node.version
        return True

    async def _read(self, nodes: list[Node], expand: Expand) -> list[tuple[object, ...]]:
        jobs = [node for node in nodes if node.is_job]
        datasets = [node for node in nodes if not node.is_job]
        parameters = {
            "job_ids": _array([node.id for node in jobs]),
            "job_versions": _array([node.version for node in jobs]),
            "dataset_ids": _array([node.id for node in datasets]),
            "dataset_versions": _array([node.version for node in datasets]),
            "groups": _array([node.canonical.id for node in datasets]),
            "expand": int(expand),
        }
        cursor = await self._conn.execute(statement("vertices"), parameters, binary=True)
        return await cursor.fetchall()


def _array(numbers: list[int]) -> str:
    """Text of a PostgreSQL array: one parameter, and three times as fast as psycopg's own form of a list."""
    return "{" + ",".join(map(str, numbers)) + "}"


__all__ = ["UNREAD", "Expand", "View"]
