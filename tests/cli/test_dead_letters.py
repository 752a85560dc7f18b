from __future__ import annotations

import json

import psycopg
import pytest
from tests.build import run_event
from tests.cli.conftest import Command

GOOD = run_event("START", "08:00")
BAD = {**GOOD, "run": {"runId": "one"}}


@pytest.fixture
def refused(headwater: Command, on_database: str) -> int:
    """Id of a dead letter."""
    assert headwater("ingest", "-", stdin=json.dumps(BAD).encode()).status == 3
    return int(headwater("dead-letters", "list", "--json").json["deadLetters"][0]["id"])


def test_list_and_show(headwater: Command, refused: int) -> None:
    listed = headwater("dead-letters", "list")
    assert "stdin: line 1: $.run.runId: is no UUID" in listed.out
    shown = headwater("dead-letters", "show", refused)
    assert "422" in shown.out
    assert '"runId": "one"' in shown.out
    assert json.loads(headwater("dead-letters", "show", refused, "--json").json["body"]) == BAD


def test_retry_is_refused_again_until_it_fits(headwater: Command, refused: int, on_database: str) -> None:
    again = headwater("dead-letters", "retry", refused)
    assert (again.status, again.out) == (3, "Taken in: 0. Refused again: 1.\n")
    assert again.err == f"{refused}: $.run.runId: is no UUID\n"


def test_retry_all_passes_over_what_is_in(
    headwater: Command, refused: int, monkeypatch: pytest.MonkeyPatch, on_database: str
) -> None:
    monkeypatch.setenv("HEADWATER_ANY_RUN_ID", "true")
    assert headwater("dead-letters", "retry", "--all").out == "Taken in: 1. Refused again: 0.\n"
    assert headwater("dead-letters", "retry", "--all").out == "Taken in: 0. Refused again: 0.\n"
    assert "went in" in headwater("dead-letters", "list").out
    with psycopg.connect(on_database) as conn:
        assert conn.execute("SELECT count(*) FROM lineage_events").fetchall() == [(1,)]


def test_one_that_is_not_there(headwater: Command, on_database: str) -> None:
    for command in ("show", "retry"):
        done = headwater("dead-letters", command, 7)
        assert (done.status, done.err) == (1, "Dead letter '7' not found.\n")


@pytest.mark.parametrize("arguments", [[], ["7", "--all"]])
def test_retry_takes_either_one_or_all(headwater: Command, on_database: str, arguments: list[str]) -> None:
    assert headwater("dead-letters", "retry", *arguments).status == 2
