"""One hash for all that the events say, and for nothing else."""

from __future__ import annotations

import pytest
from tests.build import dataset, run_event
from tests.ingest.orders import connected, prepared, reset

from headwater.db.tables import PROJECTIONS
from headwater.ingest.commit import Memory, commit
from headwater.ingest.state import state_hash, table_hashes

_FACETS = {"tags": {"tags": [{"key": "k"}]}, "datasetType": {"datasetType": "MODEL"}}
EVENTS = [
    run_event("START", "08:00", inputs=["a"], outputs=[dataset("b", _FACETS)]),
    run_event("COMPLETE", "09:00"),
]


async def test_two_databases_with_the_same_events_agree(database: str) -> None:
    async with connected(database) as conn:
        await commit(conn, prepared(EVENTS), Memory())
        first = await state_hash(conn)
        await reset(conn)
        for event in EVENTS[::-1]:
            await commit(conn, prepared([event]), Memory())
        assert await state_hash(conn) == first
        assert len(first) == 32
        await commit(conn, prepared([run_event("FAIL", "10:00")]), Memory())
        assert await state_hash(conn) != first


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET floor_at = NULL", "UPDATE datasets SET facets = '{}' WHERE name = 'b'", "DELETE FROM edges",
        "UPDATE runs SET month = '2000-01-01'", "UPDATE run_io SET last_at = now()", "DELETE FROM facet_bodies",
        "DELETE FROM models",
        "UPDATE event_counts SET starts = starts + 1", "UPDATE event_counts SET bucket = bucket + interval '15 minutes'",
    ],
)  # fmt: skip
async def test_it_sees_every_row(database: str, statement: str) -> None:
    async with connected(database) as conn:
        await commit(conn, prepared(EVENTS), Memory())
        before = await state_hash(conn)
        await conn.execute(statement)
        assert await state_hash(conn) != before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET is_hidden = true", "UPDATE datasets SET is_hidden = true", "UPDATE run_io SET merged = false",
        "UPDATE jobs SET heard_at = now(), hidden_at = now()", "UPDATE tags SET description = 'mine'",
        "INSERT INTO dead_letters (source, status, message, errors, body) VALUES ('s', 400, 'm', '[]', '')",
        "UPDATE namespaces SET first_at = now() WHERE name = 'default'", "SET TIME ZONE 'Asia/Kolkata'",
        "UPDATE event_counts SET shard = 2000", "INSERT INTO event_counts SELECT bucket, 2000, 0, 0, 0, 0, 0 FROM event_counts",
    ],
)  # fmt: skip
async def test_it_does_not_see_what_people_did_nor_how_it_is_read(database: str, statement: str) -> None:
    async with connected(database) as conn:
        await commit(conn, prepared(EVENTS), Memory())
        before = await state_hash(conn)
        await conn.execute(statement)
        assert await state_hash(conn) == before


async def test_the_tables_one_by_one(database: str) -> None:
    async with connected(database) as conn:
        empty = await table_hashes(conn)
        assert empty.keys() == {table.name for table in PROJECTIONS}
        assert set(empty.values()) == {"0:0"}
        await commit(conn, prepared(EVENTS), Memory())
        full = await table_hashes(conn)
        rows = {name: int(found.partition(":")[0]) for name, found in full.items()}
        assert [rows[name] for name in ("jobs", "datasets", "edges", "runs")] == [1, 2, 2, 1]
