"""One transaction a batch: what it costs, what it leaves, and what it does when it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from psycopg import errors
from tests.build import Event, dataset, run_event
from tests.ingest.orders import connected, prepared
from tests.queries import recorded

from headwater.db.pool import Connection
from headwater.ingest import symlinks
from headwater.ingest.apply import IdCollision
from headwater.ingest.commit import Memory, commit
from headwater.ingest.prepare import Incoming
from headwater.ingest.state import table_hashes

MOST = 12  # the log, the runs known, names, rows, runs, floors, findings, and four for symlinks


def _everything(n: int) -> Event:
    """An event that leaves a row in every table; those of other numbers share nothing with it."""
    source = {"namespace": "db://shop", "name": f"a{n}", "field": "x"}
    facets = {
        "schema": {"fields": [{"name": f"c{n}"}]},
        "columnLineage": {"fields": {"y": {"inputFields": [source]}}},
        "dataSource": {"name": f"pg{n}", "uri": "pg://x"},
        "symlinks": {"identifiers": [{"namespace": "db://shop", "name": f"t{n}"}]},
        "tags": {"tags": [{"key": f"k{n}"}]},
        "version": {"datasetVersion": "1"},
    }
    target = {
        "type": "DATASET",
        "namespace": "db://shop",
        "name": f"c{n}",
        "inputs": [{"type": "JOB", "namespace": "x", "name": "y"}],
    }
    up = {"job": {"namespace": "shop", "name": f"up{n}"}}
    parent = {"run": {"runId": f"00000000-0000-0000-0000-{n:012}"}, "job": {"namespace": "shop", "name": f"dag{n}"}}
    return run_event(
        "COMPLETE",
        "08:00",
        f"load{n}",
        f"run{n}",
        inputs=[dataset(f"a{n}", {**facets, "symlinks": {"identifiers": []}})],
        outputs=[dataset(f"b{n}", {**facets, "datasetType": {"datasetType": "MODEL"}})],
        run_facets={"parent": parent, "jobDependencies": {"upstream": [up]}},
        job_facets={"sql": {"query": f"select {n}"}, **({"lineage": {"entries": [target]}} if n % 2 else {})},
    )


async def _ready(conn: Connection) -> Memory:
    """After the partitions of the month are made."""
    memory = Memory()
    await commit(conn, prepared([run_event("START", "07:00", "first", "first")]), memory)
    return memory


@pytest.mark.parametrize("size", [1, 2, 500])
async def test_the_statements_are_as_many_for_a_batch_as_for_an_event(database: str, size: int) -> None:
    batch = prepared([_everything(n) for n in range(size)])
    async with connected(database) as conn:
        memory = await _ready(conn)
        with recorded() as statements:
            new = await commit(conn, batch, memory)
        assert len(new) == size
        tables = await table_hashes(conn)
    assert len(statements) <= MOST
    told_by_people = ["put_sources"]
    assert [table for table, found in tables.items() if found.startswith("0:")] == told_by_people


async def test_what_is_known_costs_nothing_again(database: str) -> None:
    async with connected(database) as conn:
        memory = await _ready(conn)
        first, again = _everything(1), {**_everything(1), "eventTime": "2026-03-01T09:00:00Z"}
        costs = []
        for event in (first, again):
            with recorded() as statements:
                await commit(conn, prepared([event]), memory)
            costs.append(len(statements))
        assert costs[1] <= costs[0] - 3, "no new names, no symlinks to resolve"
        with recorded() as statements:
            assert await commit(conn, prepared([first, again]), memory) == set()
        assert len(statements) == 2, "what is merged again changes nothing, and nobody asks the log first"


async def test_one_event_twice_in_a_batch_is_one(database: str) -> None:
    async with connected(database) as conn:
        batch = prepared([run_event("START", "08:00", outputs=["a"])])
        assert len(await commit(conn, batch * 3, Memory())) == 1
        (count,) = await _row(conn, "SELECT count(*) FROM lineage_events")
    assert count == 1


async def test_a_batch_that_fails_leaves_nothing(database: str) -> None:
    async with connected(database) as conn:
        memory = await _ready(conn)
        before = await table_hashes(conn)
        await conn.execute("ALTER TABLE datasets ADD CHECK (name <> 'b7')")
        with pytest.raises(errors.CheckViolation):
            await commit(conn, prepared([_everything(n) for n in range(9)]), memory)
        assert await table_hashes(conn) == before
        await conn.execute("ALTER TABLE datasets DROP CONSTRAINT datasets_name_check")
        assert len(await commit(conn, prepared([_everything(n) for n in range(9)]), memory)) == 9
        assert (await _row(conn, "SELECT count(*) FROM facet_bodies"))[0] > 9, "what failed is not taken for stored"


@pytest.mark.parametrize("table", ["jobs", "datasets"])
async def test_two_names_with_one_id(database: str, table: str) -> None:
    async with connected(database) as conn:
        event = prepared([run_event("START", "08:00", outputs=["a"])])
        await commit(conn, event, Memory())
        await conn.execute(f"UPDATE {table} SET name = 'another'")
        with pytest.raises(IdCollision):
            await commit(conn, prepared([run_event("START", "09:00", run="two", outputs=["a"])]), Memory())


async def test_the_log_keeps_what_was_sent(database: str) -> None:
    event = {**run_event("START", "08:00:00.123456", "load", outputs=["a"]), "producer": 7}
    async with connected(database) as conn:
        (incoming,) = prepared([event])
        await commit(conn, [incoming], Memory())
        columns = await _row(conn, "SELECT event_id, kind, event_type, namespace, name, run_uuid FROM lineage_events")
        findings, body, time = await _row(conn, "SELECT findings, body, event_time::text FROM lineage_events")
    assert columns == (incoming.event_id, 1, "START", "shop", "load", incoming.event.run)
    assert (bytes(body), time) == (incoming.body, "2026-03-01 08:00:00.123456+00")
    assert [f["path"] for f in findings] == ["$.producer"]


async def test_findings_are_summed_up_by_producer(database: str) -> None:
    def batch(*times: str) -> list[Incoming]:
        return prepared([{**run_event("START", f"{time}:00"), "schemaURL": 7} for time in times])

    async with connected(database) as conn:
        memory = Memory()
        await commit(conn, batch("08:00", "10:00"), memory)
        await commit(conn, batch("09:00"), memory)
        await commit(conn, batch("09:00"), memory)  # again, and therefore not at all
        rows = await (await conn.execute("SELECT path, events, first_at::text, last_at::text FROM conformance")).fetchall()
    assert rows == [("$.schemaURL", 3, "2026-03-01 08:00:00+00", "2026-03-01 10:00:00+00")]


async def test_events_of_any_time_find_a_partition(database: str) -> None:
    times = [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "2015-01-01T00:00:00Z",
        "2099-12-31T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
    ]
    events = [run_event("START", time, run=time, outputs=["a"]) for time in times]
    async with connected(database) as conn:
        assert len(await commit(conn, prepared(events), Memory())) == 5
        stored = await (await conn.execute("SELECT (extract(epoch FROM first_at) * 1000000)::bigint FROM runs")).fetchall()
    assert sorted(micros for (micros,) in stored) == sorted(i.event.at for i in prepared(events))


@pytest.mark.parametrize("name", ["x" * 10_000, "é🦉" * 5000, '"; DROP TABLE jobs; --', "{a,b}", "NULL", "a\nb", "\\", "'"])
async def test_any_name_is_stored_as_it_is(database: str, name: str) -> None:
    facets = {name: {"v": name}, "tags": {"tags": [{"key": name}]}, "version": {"datasetVersion": name}}
    event = run_event("START", "08:00", name, outputs=[dataset(name, facets, namespace=name)], run_facets={name: {"v": name}})
    async with connected(database) as conn:
        assert len(await commit(conn, prepared([event]), Memory())) == 1
        assert await _row(conn, "SELECT j.name, d.name FROM jobs j, datasets d") == (name, name)
        (facet,) = await _row(conn, "SELECT facets FROM runs")
    assert json.loads(facet[name][2]) == {"v": name}


async def _row(conn: Connection, statement: str) -> tuple[Any, ...]:
    row = await (await conn.execute(statement)).fetchone()
    assert row is not None
    return row


async def test_symlinks_that_are_known_wait_for_nobody(database: str) -> None:
    """Some producers send them with every event: then all writers would go one after another."""
    facets = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": "t"}]}}
    first, again = prepared([run_event(kind, "08:00", outputs=[dataset("a", facets)]) for kind in ("START", "COMPLETE")])
    async with connected(database) as conn, connected(database) as other:
        memory = Memory()
        await commit(conn, [first], memory)
        await other.execute("BEGIN")
        await symlinks.lock(other)
        await conn.execute("SET lock_timeout = '200ms'")
        assert len(await commit(conn, [again], memory)) == 1
