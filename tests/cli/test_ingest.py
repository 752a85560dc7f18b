from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.build import run_event
from tests.cli.conftest import Command

EVENTS = [run_event(kind, time, outputs=["orders"]) for kind, time in (("START", "08:00"), ("COMPLETE", "08:01"))]
LINES = "".join(json.dumps(event) + "\n" for event in EVENTS)

pytestmark = pytest.mark.usefixtures("on_database")


def tally(out: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(out)
    return {key: told[key] for key in ("accepted", "duplicate", "dead")}


def letters(database: str) -> list[tuple[str, str]]:
    with psycopg.connect(database) as conn:
        return conn.execute("SELECT source, message FROM dead_letters ORDER BY 1, 2").fetchall()


def test_lines_and_again(headwater: Command, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(LINES + "\n" + LINES)
    first = headwater("ingest", file)
    assert (first.status, first.out) == (0, "Taken in: 2. There already: 2. Refused (dead letters): 0.\n")
    assert tally(headwater("ingest", file, "--json").out) == {"accepted": 0, "duplicate": 4, "dead": 0}


def test_folders_with_all_that_is_in_them(headwater: Command, tmp_path: Path) -> None:
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    (deep / "array.json").write_text(json.dumps(EVENTS, indent=2))
    (deep / "one.json").write_text(json.dumps(run_event("START", "09:00"), indent=2))
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(json.dumps(run_event("START", "10:00")).encode()))
    (tmp_path / "notes.txt").write_text("not read")
    assert tally(headwater("ingest", tmp_path, "--json").out) == {"accepted": 4, "duplicate": 0, "dead": 0}


def test_stdin(headwater: Command) -> None:
    assert tally(headwater("ingest", "-", "--json", stdin=LINES.encode()).out)["accepted"] == 2


def test_what_is_refused_becomes_dead_letters_and_the_rest_goes_in(headwater: Command, tmp_path: Path, on_database: str) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b'{"a":\n' + LINES.encode() + b'{"eventTime": "2026-01-01T00:00:00Z"}\n\xff\n')
    done = headwater("ingest", file)
    assert done.status == 3
    assert done.out == "Taken in: 2. There already: 0. Refused (dead letters): 3.\n"
    assert "line 4: $.job: is required" in done.err
    assert [(Path(source), message) for source, message in letters(on_database)] == [
        (file, "line 1: $: is not JSON: Input data was truncated"),
        (file, "line 4: $.job: is required"),
        (file, "line 5: $: is not UTF-8 (byte 0)"),
    ]


def test_only_the_first_refused_ones_are_told(headwater: Command, tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text('{"path": "/api/v1/lineage"}\n' * 12)
    done = headwater("ingest", file)
    assert len(done.err.splitlines()) == 11
    assert "and 2 more; headwater dead-letters list has them all" in done.err


def test_a_line_that_is_too_long(headwater: Command, tmp_path: Path, on_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_MAX_BODY_BYTES", "2000")
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps({"a": "x" * 5000}) + "\n" + LINES)
    assert headwater("ingest", file).status == 3
    assert letters(on_database) == [(str(file), "line 1: $: has more than 2,000 bytes; only its beginning is kept")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.ndjson.gz", gzip.compress(LINES.encode())[:-12], "cannot be read to its end: it is damaged or cut short"),
        ("bad.json", b"[1, 2", "is no JSON array of events"),
        ("missing.json", None, "No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_others_are_read(
    headwater: Command, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.ndjson").write_text(LINES)
    done = headwater("ingest", tmp_path / name, tmp_path / "good.ndjson", "--json")
    assert done.status == 1
    assert f"{tmp_path / name}: {reason}" in done.err
    assert done.json["unread"][0].startswith(str(tmp_path / name))
    assert done.json["accepted"] + done.json["duplicate"] >= 2


def test_a_folder_without_events(headwater: Command, tmp_path: Path) -> None:
    done = headwater("ingest", tmp_path)
    assert done.status == 1
    assert "has no files that end in .json, .ndjson, .jsonl" in done.err


def test_a_database_that_is_away_is_one_line(headwater: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/d")
    done = headwater("ingest", "-", stdin=LINES.encode())
    assert done.status == 1
    assert len(done.err.splitlines()) == 1
    assert "secret" not in done.err
