from __future__ import annotations

import pytest

from headwater.catalog import datasets, jobs, namespaces, tags
from headwater.catalog.page import Page
from headwater.catalog.runs import list_runs
from headwater.catalog.store import counts
from headwater.db.pool import Connection, Pool
from tests.build import Event, dataset, dataset_event, golden_events, run_event, schema, store

_ALL = Page(limit=10_000)
_ALIAS = {"symlinks": {"identifiers": [{"namespace": "s3", "name": "orders", "type": "TABLE"}]}}
_EVENTS = [
    run_event("COMPLETE", "08:00", run="a", inputs=["raw"], outputs=[dataset("orders", _ALIAS)]),
    run_event("COMPLETE", "09:00", run="b", outputs=[dataset("orders", namespace="s3")]),
    run_event("START", "10:00", run="c", inputs=["orders", dataset("raw", {"version": {"datasetVersion": "7"}})]),
    dataset_event("07:00", "raw", schema("x")),
    dataset_event("07:00", "declared", schema("x")),
    dataset_event("07:00", "declared", schema("x", "y")),
]


async def _listed(conn: Connection) -> dict[str, int]:
    """The same counts, as the lists have them."""
    found = await namespaces.list_namespaces(conn, _ALL)
    all_jobs = await jobs.list_jobs(conn, _ALL)
    runs = [(await list_runs(conn, await jobs.find_job(conn, j.namespace, j.name), Page(0))).totalCount for j in all_jobs.jobs]
    versions = [
        (await datasets.list_dataset_versions(conn, one.namespace, one.name, Page(0))).totalCount
        for namespace in found.namespaces
        for one in (await datasets.list_datasets(conn, namespace.name, _ALL)).datasets
    ]
    return {
        "namespaces": len(found.namespaces),
        "datasets": len(versions),
        "dataset versions": sum(versions),
        "jobs": len(all_jobs.jobs),
        "runs": sum(runs),
        "tags": len((await tags.list_tags(conn, _ALL)).tags),
    }


@pytest.mark.parametrize("events", [[], _EVENTS])
async def test_counts_are_those_of_the_lists(database: str, pool: Pool, events: list[Event]) -> None:
    await store(database, events)
    async with pool.connection() as conn:
        assert await counts(conn) == await _listed(conn)


async def test_counts_of_a_recorded_history(database: str, pool: Pool) -> None:
    await store(database, golden_events())
    async with pool.connection() as conn:
        assert await counts(conn) == await _listed(conn)
