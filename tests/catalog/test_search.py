from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from headwater.catalog.search import Query, search
from headwater.db.pool import Pool
from headwater.entities.search import SearchResults
from tests.build import dataset, run_event, store


@pytest.fixture
async def names(database: str, pool: Pool) -> Pool:
    links = {"symlinks": {"identifiers": [{"namespace": "hive", "name": "catalogue.Orders", "type": "TABLE"}]}}
    events = [
        run_event("COMPLETE", "2026-03-01T08:00:00Z", "load_orders", "1", outputs=[dataset("orders_1", links)]),
        run_event("COMPLETE", "2026-03-02T08:00:00Z", "100%", "2", outputs=["orders%", "ÜBUNG"]),
    ]
    await store(database, events)
    return pool


async def _search(pool: Pool, query: Query) -> SearchResults:
    async with pool.connection() as conn:
        return await search(conn, query)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ORDERS", ["load_orders", "orders%", "orders_1"]),
        ("orders_", ["orders_1"]),
        ("%", ["100%", "orders%"]),
        ("\\", []),
        ("catalogue", ["orders_1"]),
        ("übung", ["ÜBUNG"]),
    ],
)
async def test_names_are_found_by_any_part(names: Pool, text: str, found: list[str]) -> None:
    answer = await _search(names, Query(text))
    assert ([r.name for r in answer.results], answer.totalCount) == (found, len(found))


async def test_results_can_be_narrowed_and_sorted(names: Pool) -> None:
    query = Query("orders")
    newest = await _search(names, replace(query, sort="UPDATED_AT", limit=1))
    assert ([r.nodeId for r in newest.results], newest.totalCount) == (["dataset:db://shop:orders%"], 3)
    assert [r.type for r in (await _search(names, replace(query, kinds=("JOB",)))).results] == ["JOB"]
    assert (await _search(names, replace(query, namespace="nope"))).totalCount == 0
    assert (await _search(names, replace(query, namespace="shop"))).totalCount == 1
    assert (await _search(names, replace(query, before=date(2026, 3, 2)))).totalCount == 2
    assert (await _search(names, replace(query, after=date(2026, 3, 2)))).totalCount == 1
    nothing = await _search(names, replace(query, limit=0))
    assert (nothing.results, nothing.totalCount) == ([], 3)


async def test_hidden_things_are_not_found(names: Pool) -> None:
    async with names.connection() as conn:
        await conn.execute("UPDATE jobs SET is_hidden = true")
        await conn.execute("UPDATE datasets SET is_hidden = true WHERE name = 'orders_1'")
    assert [r.name for r in (await _search(names, Query("orders"))).results] == ["orders%"]
