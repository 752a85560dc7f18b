"""What a page costs: the same number of statements for 10 rows as for 100."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from headwater import ids
from headwater.catalog import datasets, events, job_versions, jobs, namespaces, runs, search, sources, tags
from headwater.catalog.page import Page
from headwater.db.pool import Connection, Pool
from tests.build import NAMESPACE, dataset, run_event, schema, store
from tests.queries import recorded

DB = "db://shop"
LISTS: dict[str, tuple[Callable[[Connection, Page], Awaitable[object]], int]] = {
    "namespaces": (namespaces.list_namespaces, 2),
    "sources": (sources.list_sources, 2),
    "tags": (tags.list_tags, 2),
    "datasets": (lambda c, p: datasets.list_datasets(c, DB, p), 5),
    "dataset versions": (lambda c, p: datasets.list_dataset_versions(c, DB, "hub", p), 5),
    "jobs": (lambda c, p: jobs.list_jobs(c, p, NAMESPACE), 5),
    "jobs of all namespaces, failed": (lambda c, p: jobs.list_jobs(c, p, states=["FAILED"]), 5),
    "job versions": (lambda c, p: job_versions.list_job_versions(c, NAMESPACE, "busy", p), 6),
    "runs": (lambda c, p: runs.list_runs(c, ids.job_id(NAMESPACE, "busy"), p), 3),
    "events": (lambda c, p: events.list_events(c, events.Window(), p), 2),
    "search": (lambda c, p: search.search(c, search.Query("job", limit=p.limit)), 1),
}


@pytest.mark.parametrize("noun", LISTS)
async def test_a_list_costs_the_same_whatever_its_page(database: str, pool: Pool, noun: str) -> None:
    await _fill(database)
    read, cost = LISTS[noun]
    costs = []
    async with pool.connection() as conn:
        for limit in (10, 100):
            with recorded() as statements:
                await read(conn, Page(limit))
            costs.append(len(statements))
    assert costs == [cost, cost]


async def _fill(database: str) -> None:
    """Over 100 of everything: jobs with a dataset each, and one job with many runs that differ in what they read."""
    told = []
    for i in range(110):
        facets = {
            **schema(f"c{i}"),
            "dataSource": {"name": f"s{i}", "uri": f"pg://{i}"},
            "tags": {"tags": [{"key": f"t{i}"}]},
        }
        out = dataset(f"d{i}", facets)
        kind = "FAIL" if i % 10 else "COMPLETE"
        code = {"sourceCodeLocation": {"url": f"https://git/{i}"}}
        told.append(run_event(kind, f"08:00:00.{i:03}", f"job{i}", f"r{i}", inputs=["hub"], outputs=[out], job_facets=code))
        told.append(
            run_event("COMPLETE", f"09:00:00.{i:03}", "busy", f"b{i}", inputs=[f"d{i}"], outputs=["hub"], job_facets=code)
        )
        told.append(run_event("COMPLETE", f"07:00:00.{i:03}", "far", f"f{i}", namespace=f"n{i}"))
    await store(database, told)
