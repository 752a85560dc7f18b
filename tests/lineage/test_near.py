from __future__ import annotations

import pytest

from headwater.db.pool import Pool
from headwater.errors import NotFound
from headwater.lineage.near import find_node, nearest
from headwater.lineage.node_ids import Cut
from tests.build import dataset, run_event, store
from tests.lineage.graphs import complete
from tests.queries import recorded


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("dataset:db://shop:ordrs", ["dataset:db://shop:orders", "dataset:db://shop:raw_orders"]),
        ("dataset:db://shop:ORDERS", ["dataset:db://shop:orders", "dataset:db://shop:raw_orders"]),
        ("dataset:db://shopp:orders", ["dataset:db://shop:orders", "dataset:lake:orders"]),
        ("dataset:db://shop:zzzz", []),
        ("job:shop:laod", ["job:shop:load"]),
        ("job:sh:load", ["job:shop:load"]),
        ("job:shop:orders", []),
    ],
)
async def test_what_may_have_been_meant(database: str, pool: Pool, asked: str, near: list[str]) -> None:
    other = run_event("COMPLETE", "09:00", "other", "o", outputs=[dataset("orders", namespace="lake")])
    await store(database, [complete("load", "raw_orders", "orders"), other])
    async with pool.connection() as conn:
        with pytest.raises(NotFound) as raised:
            await find_node(conn, asked)
    told = f" Near names: {', '.join(near)}" if near else ""
    assert raised.value.message.endswith(f"not found.{told}")


async def test_names_in_a_large_namespace_are_found_by_where_they_stand_and_by_their_parts(database: str, pool: Pool) -> None:
    await store(database, [complete("w", "", " ".join(f"table_{i:04}" for i in range(600)))])
    async with pool.connection() as conn:
        with recorded() as statements, pytest.raises(NotFound, match="table_0301"):
            await find_node(conn, "dataset:db://shop:table_0301x")
        with pytest.raises(NotFound, match="table_0301"):
            await find_node(conn, "dataset:db://shop:xtable_0301")
        for mistyped in ("tbale_0301", "tab1e_0301", "table_x0301"):
            with pytest.raises(NotFound, match="table_0301"):
                await find_node(conn, f"dataset:db://shop:{mistyped}")
        with pytest.raises(NotFound, match="not found"):
            await find_node(conn, "dataset:db://shop:%%%___%%%\\\\")
    assert len(statements) == 3


@pytest.mark.parametrize("asked", ["datasetField:db://shop:orders:x", "run:12345678-1234-8234-9234-123456789abc"])
async def test_fields_and_runs_have_no_near_names(database: str, pool: Pool, asked: str) -> None:
    async with pool.connection() as conn:
        with pytest.raises(NotFound, match=r"not found\.$"):
            await find_node(conn, asked)


def test_at_most_five_the_likest_first() -> None:
    known = [("ns", f"name{i}") for i in range(8)] + [("ns", "nama"), ("elsewhere", "name"), ("elsewhere", "name1")]
    found = nearest([Cut("ns", "name")], known)
    assert found == [("elsewhere", "name"), *(("ns", f"name{i}") for i in range(4))]
