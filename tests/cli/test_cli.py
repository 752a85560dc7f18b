"""The command as a whole: help, and what it says when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from headwater.cli import app


def _headwater(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "from headwater.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["db", "--help"]])
def test_help(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 0


def test_help_keeps_its_brackets() -> None:
    told = CliRunner().invoke(app, ["gate", "--help"]).output
    assert told.count("[[protect]]") == 2
    assert 'types = ["MODEL", "DASHBOARD"]' in told


def test_help_loads_nothing_heavy() -> None:
    heavy = ("alembic", "fastapi", "psycopg", "uvicorn")
    code = f"import sys, headwater.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_wrong_settings_are_named_without_their_values() -> None:
    done = _headwater("db", "check", HEADWATER_PORT="many", HEADWATER_DATABASE_URL="mysql://me:secret@h/d")
    assert done.returncode == 1
    assert "HEADWATER_PORT: Input should be a valid integer" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_database_that_is_away_is_one_line() -> None:
    done = _headwater("db", "check", HEADWATER_DATABASE_URL="postgresql://me:secret@127.0.0.1:1/d")
    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be reached: ")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
