"""Order does not matter: random histories of runs, late, twice, shuffled, in other batches and by two writers at once, end
in one state; and replay arrives at the same."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.db.pool import connect
from headwater.db.tables import PROJECTIONS
from headwater.ingest.prepare import prepare
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from headwater.ingest.writer import running_writer
from headwater.settings import Settings

SETTINGS = Settings()
START = datetime(2026, 1, 31, 23, 58, tzinfo=UTC)
Event = dict[str, Any]


def _facet(**content: Any) -> dict[str, Any]:
    return {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/f.json", **content}


_minutes = st.integers(0, 6)
_names = st.sampled_from(["a", "b", "c", "d"])
_schema = st.sampled_from([_facet(fields=[{"name": n, "type": "INT"} for n in names]) for names in ("x", "xy", "z")])
_column_lineage = st.builds(
    lambda output, name, field: _facet(fields={output: {"inputFields": [{"namespace": "db", "name": name, "field": field}]}}),
    st.sampled_from("xyz"),
    _names,
    st.sampled_from("xyz"),
)
_symlinks = st.builds(lambda name: _facet(identifiers=[{"namespace": "db", "name": name, "type": "TABLE"}]), _names)
_dataset_facets = st.fixed_dictionaries(
    {},
    optional={
        "schema": _schema,
        "columnLineage": _column_lineage,
        "symlinks": _symlinks,
        "version": st.builds(lambda v: _facet(datasetVersion=v), st.sampled_from(["1", "2"])),
        "documentation": st.builds(lambda t: _facet(description=t), st.sampled_from(["one", "two"])),
        "dataSource": st.builds(lambda u: _facet(name="db", uri=u), st.sampled_from(["db://one", "db://two"])),
    },
)
_datasets = st.lists(
    st.builds(lambda name, facets: {"namespace": "db", "name": name, "facets": facets}, _names, _dataset_facets), max_size=2
)
_parent = st.builds(
    lambda n: _facet(run={"runId": str(UUID(int=900 + n))}, job={"namespace": "etl", "name": f"dag{n}"}), st.integers(0, 1)
)
_run_facets = st.fixed_dictionaries({}, optional={"parent": _parent, "custom": st.builds(lambda n: _facet(n=n), _minutes)})
_job_facets = st.fixed_dictionaries(
    {},
    optional={
        "sql": st.builds(lambda q: _facet(query=q), st.sampled_from(["select 1", "select 2"])),
        "jobType": st.just(_facet(processingType="STREAMING", integration="FLINK")),
        "sourceCodeLocation": st.builds(lambda v: _facet(type="git", url="https://example.com/r", version=v), st.sampled_from("ab")),
    },
)


def _event(minute: int, job: str, inputs: list[Any], outputs: list[Any], job_facets: Any) -> Event:
    return {
        "eventTime": (START + timedelta(minutes=minute)).isoformat(),
        "producer": "https://example.com/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "job": {"namespace": "etl", "name": job, "facets": job_facets},
        "inputs": inputs,
        "outputs": outputs,
    }


def _run_event(base: Event, run: int, event_type: str | None, facets: Any) -> Event:
    # Version 7 of January and February beside version 4: runs in several partitions.
    uuid = [UUID("019c0a00-0000-7000-8000-000000000001"), UUID("019c2a00-0000-7000-8000-000000000002"), UUID(int=3)][run]
    return {**base, "eventType": event_type, "run": {"runId": str(uuid), "facets": facets}}


_jobs = st.sampled_from(["load", "train", "dag0.load"])
_base = st.builds(_event, _minutes, _jobs, _datasets, _datasets, _job_facets)
_types = st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER", None])
_run_events = st.builds(_run_event, _base, st.integers(0, 2), _types, _run_facets)
_dataset_events = st.builds(
    lambda base, name, facets: {
        **{k: base[k] for k in ("eventTime", "producer", "schemaURL")},
        "dataset": {"namespace": "db", "name": name, "facets": facets},
    },
    _base,
    _names,
    _dataset_facets,
)
_histories = st.lists(st.one_of(_run_events, _run_events, _run_events, _base, _dataset_events), min_size=1, max_size=12)


async def _reset(url: str) -> None:
    conn = await connect(url)
    await conn.execute("TRUNCATE lineage_events, tags, " + ", ".join(t.name for t in PROJECTIONS if t.name != "namespaces"))
    await conn.execute("DELETE FROM namespaces WHERE name <> 'default'")
    await conn.close()


async def _state(url: str) -> dict[str, str]:
    conn = await connect(url)
    hashes = await table_hashes(conn)
    await conn.close()
    return hashes


async def _ingest(url: str, batches: list[list[Event]]) -> None:
    async with running_writer(url, SETTINGS) as writer:
        for batch in batches:
            await asyncio.gather(*[writer.put(prepare(json.dumps(e).encode(), SETTINGS)) for e in batch])


async def _one_by_one(url: str, events: list[Event]) -> None:
    await _ingest(url, [[e] for e in events])


async def _two_writers(url: str, events: list[Event]) -> None:
    await asyncio.gather(_ingest(url, [[e] for e in events[::2]]), _ingest(url, [[e] for e in events[1::2]]))


async def _batched_twice(url: str, events: list[Event]) -> None:
    half = len(events) // 2
    await _ingest(url, [events[half:], events[:half] + events[half:]])


WAYS: list[Callable[[str, list[Event]], Coroutine[Any, Any, None]]] = [_one_by_one, _two_writers, _batched_twice]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=_histories, seed=st.integers(0, 2**32))
def test_any_order_any_batches_any_writers(database: str, history: list[Event], seed: int) -> None:
    async def check() -> None:
        await _reset(database)
        await _ingest(database, [history])
        expected = await _state(database)
        for n, way in enumerate(WAYS):
            events = list(history)
            random.Random(seed + n).shuffle(events)
            await _reset(database)
            await way(database, events)
            assert await _state(database) == expected, way.__name__
        await replay(database, SETTINGS, lambda done, total: None)
        assert await _state(database) == expected, "replay"

    asyncio.run(check())


@pytest.mark.parametrize("parent_first", [True, False])
async def test_a_run_whose_parent_is_told_late_moves_to_its_full_name(database: str, parent_first: bool) -> None:
    base = _event(0, "load", [], [{"namespace": "db", "name": "a"}], {})
    parent = _facet(run={"runId": str(UUID(int=900))}, job={"namespace": "etl", "name": "dag0"})
    bare, told = _run_event(base, 0, "START", {}), _run_event({**base, "eventTime": START.isoformat()}, 0, "COMPLETE", {"parent": parent})
    await _one_by_one(database, [told, bare] if parent_first else [bare, told])
    conn = await connect(database)
    jobs = await (await conn.execute("SELECT name FROM jobs ORDER BY name")).fetchall()
    await conn.close()
    assert jobs == [("dag0",), ("dag0.load",)]
