from __future__ import annotations

import psycopg
import pytest
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
