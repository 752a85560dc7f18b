from __future__ import annotations

from contextlib import AsyncExitStack

from tests.build import store
from tests.lineage.graphs import complete

from headwater import ids
from headwater.db.pool import Connection, Pool
from headwater.lineage.neighbourhood.remembered import UNREAD, Graph, Node
from headwater.lineage.neighbourhood.view import Expand, View
from headwater.lineage.snapshot import snapshot


class _Interrupted(View):
    """While it waits for the database, a query with an older snapshot puts in what that sees."""

    def __init__(self, conn: Connection, graph: Graph, other: View) -> None:
        super().__init__(conn, graph)
        self.other = other

    async def _read(self, nodes: list[Node], expand: Expand) -> list[tuple[object, ...]]:
        rows = await super()._read(nodes, expand)
        await self.other.prove(nodes, expand)
        return rows


async def test_what_another_query_puts_in_while_we_wait_is_not_proven_by_us(database: str, pool: Pool) -> None:
    graph = Graph()
    node = graph.job(ids.job_id("shop", "j"))
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(snapshot(pool))
        await (await old.execute("SELECT")).fetchone()
        await store(database, [complete("j", "a", "b")])
        new = await stack.enter_async_context(snapshot(pool))
        await View(new, graph).prove([node], Expand.OWNERS)
        assert node.name == "j"
        view = _Interrupted(new, graph, View(old, graph))
        await view.prove([node], Expand.OWNERS)
        assert node.version == UNREAD, "there is none in the older snapshot"
        assert view.unproven([node]) == [node]
