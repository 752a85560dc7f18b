from __future__ import annotations

import pytest

from headwater.catalog import gauges
from headwater.db.pool import Pool
from tests.build import dataset, job_event, run_event, store

_STREAM = {"datasetType": {"datasetType": "TOPIC"}}
_ALIAS = {"symlinks": {"identifiers": [{"namespace": "s3", "name": "orders", "type": "TABLE"}]}}
_EVENTS = [
    run_event("COMPLETE", "08:00", run="a", inputs=["raw", dataset("clicks", _STREAM)], outputs=[dataset("orders", _ALIAS)]),
    run_event("COMPLETE", "09:00", run="b", outputs=[dataset("orders", namespace="s3"), dataset("seen", _STREAM)]),
    run_event("START", "10:00", run="c", inputs=["orders"]),
    job_event("07:00", "listen", facets={"jobType": {"processingType": "STREAMING"}}, namespace="events"),
]


async def test_totals(database: str, pool: Pool) -> None:
    await store(database, _EVENTS)
    async with pool.connection() as conn:
        assert await gauges.totals(conn) == {"namespaces": 5, "sources": 1, "active": 0, "completed": 2}
    await store(database, [run_event("START", f"11:0{n}", run=f"more {n}") for n in range(3)])
    async with pool.connection() as conn:
        assert (await gauges.totals(conn))["active"] == 2


async def test_datasets_and_jobs_by_namespace_and_type(database: str, pool: Pool) -> None:
    await store(database, _EVENTS)
    async with pool.connection() as conn:
        assert await gauges.datasets(conn) == {("db://shop", "DB_TABLE"): 2, ("db://shop", "STREAM"): 2}
        assert await gauges.jobs(conn) == {("shop", "BATCH"): 1, ("events", "STREAM"): 1}


async def test_small_namespaces_have_no_label_of_their_own(database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "_MOST_NAMESPACES", 1)
    written = [dataset(name, namespace=namespace) for namespace, name in ("ax", "ay", "bx", "cx")]
    await store(database, [run_event("COMPLETE", "08:00", outputs=written)])
    async with pool.connection() as conn:
        assert await gauges.datasets(conn) == {("a", "DB_TABLE"): 2, ("", "DB_TABLE"): 2}
