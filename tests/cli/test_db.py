from __future__ import annotations

import asyncio

import psycopg
import pytest
from tests.build import run_event, store
from tests.cli.conftest import Command
from typer.testing import CliRunner

from headwater.cli import app
from headwater.db import migrate


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, empty_database: str) -> CliRunner:
    monkeypatch.setenv("HEADWATER_DATABASE_URL", empty_database)
    return CliRunner()


def test_check_then_upgrade_then_check(cli: CliRunner) -> None:
    before = cli.invoke(app, ["db", "check"])
    assert before.exit_code == 1
    assert f"this release needs {migrate.head()}" in before.stdout
    assert cli.invoke(app, ["db", "upgrade"]).exit_code == 0
    after = cli.invoke(app, ["db", "check"])
    assert (after.exit_code, after.stdout) == (0, f"The database is at revision {migrate.head()}, as it should be.\n")


def test_check_names_the_difference(cli: CliRunner, empty_database: str) -> None:
    cli.invoke(app, ["db", "upgrade"])
    with psycopg.connect(empty_database) as conn:
        conn.execute("ALTER TABLE jobs ADD COLUMN colour text")
    found = cli.invoke(app, ["db", "check"])
    assert found.exit_code == 1
    assert "colour" in found.stdout


def test_retention_counts_before_it_takes(headwater: Command, on_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run_event("COMPLETE", f"2026-01-0{day}T08:00:00Z", run=f"r{day}") for day in (1, 2, 3)]
    asyncio.run(store(on_database, runs))
    unset = headwater("db", "retention")
    assert (unset.status, unset.err) == (1, "How many days? Give --days or HEADWATER_RETENTION_DAYS.\n")
    told = "2 runs, 2 events, 0 edges, 0 dead letters.\n"
    assert headwater("db", "retention", "--days", 1, "--dry-run").out == f"Would go: {told}"
    monkeypatch.setenv("HEADWATER_RETENTION_DAYS", "1")
    assert headwater("db", "retention").out == f"Gone: {told}"
    with psycopg.connect(on_database) as conn:
        assert conn.execute("SELECT count(*) FROM lineage_events").fetchall() == [(1,)]
        conn.execute("SELECT pg_advisory_lock(%s)", [0x68772D72657461])
        assert headwater("db", "retention").err == "Another process is at it.\n"
