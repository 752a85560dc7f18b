from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from tests.build import dataset_event, job_event, run_event, schema, store
from tests.cli.conftest import Command

EVENTS = [
    run_event("COMPLETE", "08:01", inputs=["raw"], outputs=["orders"]),
    run_event("START", "08:00"),
    job_event("07:00", "report", inputs=["orders"]),
    dataset_event("09:00", "orders", schema("id:bigint")),
]


@pytest.fixture
def stored(on_database: str) -> str:
    asyncio.run(store(on_database, EVENTS))
    return on_database


def test_replay_arrives_at_the_hash(headwater: Command, stored: str) -> None:
    told = headwater("events", "hash")
    assert (told.status, len(told.last)) == (0, 32)
    replayed = headwater("events", "replay")
    assert (replayed.status, replayed.last) == (0, told.last)
    assert "Rebuilt from 4 events" in replayed.out


def test_replay_mends_what_was_broken(headwater: Command, stored: str) -> None:
    import psycopg  # noqa: PLC0415

    whole = headwater("events", "hash").last
    with psycopg.connect(stored) as conn:
        conn.execute("DELETE FROM jobs")
    assert headwater("events", "hash").last != whole
    assert headwater("events", "replay").last == whole


def test_export_is_in_the_order_of_event_time_and_as_it_was_sent(headwater: Command, stored: str) -> None:
    done = headwater("events", "export")
    lines = done.out.splitlines()
    assert [json.loads(line)["eventTime"][11:16] for line in lines] == ["07:00", "08:00", "08:01", "09:00"]
    assert lines[0] == json.dumps(EVENTS[2], ensure_ascii=False)
    assert done.err == "4 events written.\n"


@pytest.mark.parametrize("name", ["all.ndjson", "all.ndjson.gz"])
def test_an_export_taken_in_elsewhere_gives_the_same_state(
    headwater: Command, stored: str, tmp_path: Path, name: str, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / name
    assert headwater("events", "export", "--output", file).status == 0
    assert (file.read_bytes()[:2] == gzip.compress(b"")[:2]) is name.endswith(".gz")
    assert list(tmp_path.iterdir()) == [file]
    whole = headwater("events", "hash").last
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("HEADWATER_MIGRATE_ON_START", "true")
    assert headwater("ingest", file).status == 0
    assert headwater("events", "hash").last == whole


def test_an_export_that_cannot_be_written(headwater: Command, stored: str, tmp_path: Path) -> None:
    done = headwater("events", "export", "-o", tmp_path / "missing/all.ndjson")
    assert done.status == 1
    assert done.err == f"{tmp_path}/missing/all.ndjson cannot be written: No such file or directory.\n"
