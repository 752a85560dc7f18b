"""What is told of a service whose database answers, and of one whose database is away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.build import run_event
from tests.serving import in_process


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as client:
        yield client


@contextmanager
def _away(database: str) -> Iterator[None]:
    """It refuses connections, and has ended those that there were."""
    name = urlsplit(database).path.removeprefix("/")
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(database, dbname="postgres", autocommit=True) as conn:
        conn.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        try:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            conn.execute(allow.format(sql.Identifier(name), sql.Literal(True)))


async def _statuses(http: httpx.AsyncClient) -> dict[str, int]:
    paths = ("/health/live", "/ping", "/health/ready", "/healthcheck", "/metrics")
    return {path: (await http.get(path)).status_code for path in paths}


async def test_all_is_well(http: httpx.AsyncClient) -> None:
    assert set((await _statuses(http)).values()) == {200}
    assert 'headwater_graph_rows{table="jobs"}' in (await http.get("/metrics")).text


async def test_the_database_is_away(database: str, http: httpx.AsyncClient) -> None:
    """Just then somebody looks at the metrics."""
    await http.get("/metrics")
    with _away(database):
        assert await _statuses(http) == {
            "/health/live": 200, "/ping": 200, "/health/ready": 503, "/healthcheck": 503, "/metrics": 200,
        }  # fmt: skip
        told = (await http.get("/metrics")).text
    assert "headwater_queue_events" in told
    assert "headwater_graph_rows{" not in told
    assert "marquez_namespace_total NaN" in told
    assert "marquez_job_total{" not in told


async def test_what_marquez_counts_is_among_the_metrics(http: httpx.AsyncClient) -> None:
    for job, run in (("one", "a"), ("two", "b")):
        await http.post("/api/v1/lineage", json=run_event("COMPLETE", "08:00", job, run, inputs=["x"]))
    shown = (await http.get("/metrics")).text.splitlines()
    assert 'marquez_dataset_total{dataset_type="DB_TABLE",namespace_name="db://shop"} 1.0' in shown
    assert 'marquez_job_total{job_type="BATCH",namespace_name="shop"} 2.0' in shown
    assert {"marquez_namespace_total 3.0", "marquez_source_total 1.0"} <= set(shown)
    assert {"marquez_job_runs_active 0.0", "marquez_job_runs_completed 2.0"} <= set(shown)
