"""What a page costs: the same number of statements for 10 rows as for 1,000."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from headwater import ids
from headwater.catalog import datasets, events, job_versions, jobs, namespaces, runs, search, sources, store, tags
from headwater.catalog.names import Names
from headwater.catalog.page import Page
from headwater.db.pool import Connection, Pool
from headwater.ingest import dead_letters
from headwater.ingest.prepare import compress
from tests import build
from tests.build import NAMESPACE, dataset, run_event, schema
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
    "jobs by name": (lambda c, p: jobs.list_jobs(c, p, NAMESPACE, names=Names("job", "b1")), 5),
    "datasets by name": (lambda c, p: datasets.list_datasets(c, DB, p, Names("d", "1")), 5),
    "events of a namespace": (lambda c, p: events.list_events(c, events.Window(), p, namespace=NAMESPACE), 2),
    "dead letters": (lambda c, p: dead_letters.list_page(c, p.limit, p.offset), 2),
    "conformance": (lambda c, p: store.conformance(c, p.limit, p.offset), 2),
    "search": (lambda c, p: search.search(c, search.Query("job", limit=p.limit)), 1),
}


async def test_a_list_costs_the_same_whatever_its_page(database: str, pool: Pool) -> None:
    """One test, as filling takes longer than asking."""
    await _fill(database, pool)
    costs: dict[str, list[int]] = {}
    async with pool.connection() as conn:
        for noun, (read, _) in LISTS.items():
            for limit in (10, 100, 1_000):
                with recorded() as statements:
                    await read(conn, Page(limit))
                costs.setdefault(noun, []).append(len(statements))
    assert costs == {noun: [cost] * 3 for noun, (_, cost) in LISTS.items()}


_REFUSED = """
INSERT INTO dead_letters (source, status, message, errors, body)
SELECT 'tests', 400, 'm', '[]', %s FROM generate_series(1, 1010)
"""
_FINDINGS = """
INSERT INTO conformance (finding_id, producer, path, message, events, first_at, last_at)
SELECT n, n, '$', 'm', 1, now(), now() FROM generate_series(1, 1010) n
"""


async def _fill(database: str, pool: Pool) -> None:
    """Over 1,000 of everything: jobs with a dataset each, and one job with many runs that differ in what they read."""
    told = []
    for i in range(1_010):
        facets = {
            **schema(f"c{i}"),
            "dataSource": {"name": f"s{i}", "uri": f"pg://{i}"},
            "tags": {"tags": [{"key": f"t{i}"}]},
        }
        out = dataset(f"d{i}", facets)
        kind = "FAIL" if i % 10 else "COMPLETE"
        code = {"sourceCodeLocation": {"url": f"https://git/{i}"}}
        told.append(run_event(kind, f"08:00:00.{i:04}", f"job{i}", f"r{i}", inputs=["hub"], outputs=[out], job_facets=code))
        told.append(
            run_event("COMPLETE", f"09:00:00.{i:04}", "busy", f"b{i}", inputs=[f"d{i}"], outputs=["hub"], job_facets=code)
        )
        told.append(run_event("COMPLETE", f"07:00:00.{i:04}", "far", f"f{i}", namespace=f"n{i}"))
    await build.store(database, told)
    async with pool.connection() as conn:
        await conn.execute(_REFUSED, [compress(b"{}")])
        await conn.execute(_FINDINGS)
