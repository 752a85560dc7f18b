"""Reading a Marquez from its tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from headwater.errors import Invalid
from headwater.ingest.prepare import prepare
from headwater.marquez.database import opened, place
from headwater.marquez.nouns import Job
from headwater.settings import Settings
from tests.build import dataset_event, job_event, run_event, run_uuid
from tests.marquez.tables import Tables

DECLARED = '[{"namespace": "db", "name": "declared"}]'
RUN = UUID("5f2b1c1e-9f0a-4d0e-8a55-3d9f3c1f7a10")


@pytest.fixture
def tables(empty_database: str) -> Iterator[Tables]:
    made = Tables(empty_database)
    yield made
    made.close()


def told(thing: Any) -> dict[str, Any]:
    """What it says, without what it leaves open."""
    content: dict[str, Any] = msgspec.to_builtins(thing)
    return {key: value for key, value in content.items() if value not in (None, [], {})}


async def read(tables: Tables, what: str, *arguments: Any) -> list[dict[str, Any]]:
    async with opened(tables.url) as marquez:
        return [told(thing) async for thing in getattr(marquez, what)(*arguments)]


async def jobs(tables: Tables, namespace: str) -> list[Job]:
    async with opened(tables.url) as marquez:
        return [job async for job in marquez.jobs(namespace)]


async def test_events_of_all_kinds_oldest_first(tables: Tables) -> None:
    for event in (run_event("COMPLETE", "09:00"), dataset_event("07:00", "d"), job_event("08:00", "j", inputs=["d"])):
        tables.event(event)
    async with opened(tables.url) as marquez:
        assert await marquez.event_count(None) == 3
        chunks = [chunk async for chunk in marquez.events(None)]
        at_eight = datetime(2026, 3, 1, 8, tzinfo=UTC)
        assert await marquez.event_count(at_eight) == 2
        later = [body async for chunk in marquez.events(at_eight) for body in chunk.bodies]
    bodies = [body for chunk in chunks for body in chunk.bodies]
    assert [prepare(body, Settings()).event.kind.name for body in bodies] == ["DATASET", "JOB", "RUN"]
    assert chunks[-1].reached == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert later == bodies[1:]


async def test_more_events_than_are_fetched_at_once(tables: Tables) -> None:
    for n in range(250):
        tables.event(run_event("RUNNING", f"08:00:{n // 10:02}", run=f"r{n}"))
    async with opened(tables.url) as marquez:
        chunks = [chunk async for chunk in marquez.events(None)]
    assert [len(chunk.bodies) for chunk in chunks] == [100, 100, 50]
    assert len({body for chunk in chunks for body in chunk.bodies}) == 250


async def test_namespaces_sources_and_tags(tables: Tables) -> None:
    tables.namespace("b", is_hidden=True)
    tables.namespace("a", current_owner_name="ada", description="all")
    tables.source("pg", connection_url="jdbc:x", description="old")
    tables.tag("PII", description="personal")
    at = "2026-03-01T08:00:00Z"
    assert await read(tables, "namespaces") == [
        {"name": "a", "createdAt": at, "ownerName": "ada", "description": "all", "isHidden": False},
        {"name": "b", "createdAt": at, "ownerName": "anonymous", "isHidden": True},
    ]
    source = {"name": "pg", "type": "POSTGRESQL", "updatedAt": at, "connectionUrl": "jdbc:x", "description": "old"}
    assert await read(tables, "sources") == [source]
    assert await read(tables, "tags") == [{"name": "PII", "description": "personal"}]


async def test_a_dataset_has_the_fields_of_its_version_and_the_tags_of_now(tables: Tables) -> None:
    pii, gold = tables.tag("PII"), tables.tag("GOLD")
    dataset, version = tables.dataset("n", "t", {"id": "INT", "email": "TEXT"}, type="STREAM", source_name="kafka")
    tables.add("datasets_tag_mapping", dataset_uuid=dataset, tag_uuid=gold)
    tables.add("dataset_fields_tag_mapping", dataset_field_uuid=tables.field(dataset, "email"), tag_uuid=pii)
    tables.add("stream_versions", dataset_version_uuid=version, schema_location="https://schema")
    tables.dataset("n", "hidden", is_hidden=True)
    tables.dataset("other", "x")
    hidden, stream = await read(tables, "datasets", "n")
    assert (hidden["name"], hidden["isHidden"]) == ("hidden", True)
    assert (stream["type"], stream["sourceName"], stream["schemaLocation"], stream["tags"]) == (
        "STREAM",
        "kafka",
        "https://schema",
        ["GOLD"],
    )
    assert [(f["name"], f["type"], f["tags"]) for f in stream["fields"]] == [("email", "TEXT", ["PII"]), ("id", "INT", [])]


async def test_a_job_reads_what_was_declared_and_what_its_current_version_does(tables: Tables) -> None:
    job = tables.job("n", "j", current_location="https://git", current_inputs=DECLARED)
    tables.add("jobs_tag_mapping", job_uuid=job, tag_uuid=tables.tag("T"))
    for name, io, current in (("in", "INPUT", True), ("old", "INPUT", False), ("out", "OUTPUT", True)):
        dataset, _ = tables.dataset("db", name)
        tables.add("job_versions_io_mapping", dataset_uuid=dataset, io_type=io, job_uuid=job, is_current_job_version=current)
    tables.run(RUN, job, external_id="x")
    tables.job("n", "renamed", symlink_target_uuid=job)
    (found,) = await read(tables, "jobs", "n")
    assert [d["name"] for d in found["inputs"]] == ["declared", "in"]
    assert [d["name"] for d in found["outputs"]] == ["out"]
    assert (found["location"], found["tags"], found["latestRuns"]) == ("https://git", ["T"], [{"id": str(RUN)}])


async def test_only_runs_that_no_event_told(tables: Tables) -> None:
    job = tables.job("n", "j")
    dataset, version = tables.dataset("db", "in")
    args = tables.add("run_args", args='{"k": "v"}')
    times = {"started_at": "2026-03-01T09:00:00", "ended_at": "2026-03-01T09:30:00"}
    tables.run(RUN, job, run_args_uuid=args, current_run_state="COMPLETED", **times)
    tables.add("runs_input_mapping", run_uuid=RUN, dataset_version_uuid=version)
    tables.version("db", "out", dataset, run_uuid=RUN)
    tables.event(run_event("START", "08:00", run="one"))
    tables.run(run_uuid("one"), job)
    tables.run(run_uuid("parent"), job, external_id=str(run_uuid("parent")))
    (stored,) = await jobs(tables, "n")
    (run,) = await read(tables, "runs", stored)
    assert (run["id"], run["state"], run["args"]) == (str(RUN), "COMPLETED", {"k": "v"})
    assert (run["startedAt"], run["endedAt"]) == ("2026-03-01T09:00:00", "2026-03-01T09:30:00")
    assert run["inputDatasetVersions"] == [{"datasetVersionId": {"namespace": "db", "name": "in"}}]
    assert run["outputDatasetVersions"] == [{"datasetVersionId": {"namespace": "db", "name": "out"}}]
    async with opened(tables.url) as marquez:
        assert await marquez.run_count(stored) == 3


async def test_lists_are_read_to_their_end(tables: Tables) -> None:
    names = [f"n{n:03}" for n in range(205)]
    for name in names:
        tables.tag(name)
    assert [tag["name"] for tag in await read(tables, "tags")] == names


async def test_a_database_that_is_no_marquez(empty_database: str) -> None:
    with pytest.raises(Invalid, match=r'has no tables of Marquez 0\.47 to 0\.51: relation "tags" does not exist'):
        async with opened(empty_database) as marquez:
            _ = [tag async for tag in marquez.tags()]


async def test_a_url_of_another_kind() -> None:
    with pytest.raises(Invalid, match="--database is no URL of PostgreSQL"):
        async with opened("jdbc:postgresql://db:5432/marquez"):
            pass


async def test_nothing_can_be_written_there(tables: Tables) -> None:
    async with opened(tables.url) as marquez:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await marquez._conn.execute("DELETE FROM tags")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:secret@db:5433/marquez", "postgresql://db:5433/marquez"),
        ("postgresql://db/marquez?password=secret", "postgresql://db:5432/marquez"),
        ("host=db dbname=m password=secret", "postgresql://db:5432/m"),
    ],
)
def test_a_place_has_no_secrets(url: str, told: str) -> None:
    assert place(url) == told
