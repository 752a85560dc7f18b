"""Events with good defaults, and a way to store them: whole events go through ingestion, as they would over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from headwater.db.pool import connect
from headwater.ingest.commit import Memory, commit
from headwater.ingest.prepare import prepare
from headwater.ingest.words import renew_all
from headwater.settings import Settings

GOLDEN = Path(__file__).parents[2] / "shared" / "golden"
NAMESPACE = "shop"
PRODUCER = "https://example.com/tests"
_RUNS = UUID("5f2b1c1e-9f0a-4d0e-8a55-3d9f3c1f7a10")

Facets = Mapping[str, Any]  # by key
Event = dict[str, Any]


def run_uuid(name: str) -> UUID:
    """The same name gives the same run."""
    return uuid5(_RUNS, name)


def dataset(name: str, facets: Facets | None = None, *, namespace: str = "db://shop", **io_facets: Facets) -> Event:
    """An input or output. ``io_facets`` is ``inputFacets`` or ``outputFacets``."""
    return {"namespace": namespace, "name": name, "facets": facets or {}, **io_facets}


def run_event(
    kind: str | None,
    time: str,
    job: str = "load",
    run: str = "one",
    *,
    inputs: Sequence[Event | str] = (),
    outputs: Sequence[Event | str] = (),
    run_facets: Facets | None = None,
    job_facets: Facets | None = None,
    namespace: str = NAMESPACE,
) -> Event:
    """``time`` is a time of day (of 2026-03-01), or a whole one."""
    return {
        **_frame(time),
        **({"eventType": kind} if kind else {}),
        "run": {"runId": str(run_uuid(run)), "facets": run_facets or {}},
        "job": {"namespace": namespace, "name": job, "facets": job_facets or {}},
        "inputs": _datasets(inputs),
        "outputs": _datasets(outputs),
    }


def belonging(event: Event, parent: str, run: str | None = None) -> Event:
    """A RunEvent as that of a job of which ``parent`` is the parent, as an Airflow DAG is of its tasks."""
    told = {"run": {"runId": str(run_uuid(run or parent))}, "job": {"namespace": NAMESPACE, "name": parent}}
    return {**event, "run": {**event["run"], "facets": {**event["run"]["facets"], "parent": told}}}


def job_event(
    time: str,
    job: str,
    *,
    inputs: Sequence[Event | str] = (),
    outputs: Sequence[Event | str] = (),
    facets: Facets | None = None,
    namespace: str = NAMESPACE,
) -> Event:
    return {
        **_frame(time),
        "job": {"namespace": namespace, "name": job, "facets": facets or {}},
        "inputs": _datasets(inputs),
        "outputs": _datasets(outputs),
    }


def dataset_event(time: str, name: str, facets: Facets | None = None, *, namespace: str = "db://shop") -> Event:
    return {**_frame(time), "dataset": dataset(name, facets, namespace=namespace)}


def schema(*fields: str) -> Facets:
    """A schema facet; each field is ``name`` or ``name:type``."""
    told = [dict(zip(("name", "type"), field.split(":"), strict=False)) for field in fields]
    return {"schema": {"fields": told}}


def golden_events() -> list[bytes]:
    """The bodies that the recorded Marquez was given, in their order. Skips where there are none beside the checkout."""
    if not GOLDEN.is_dir():
        pytest.skip(f"NOT COMPARED WITH MARQUEZ: there is no {GOLDEN}")
    return [path.read_bytes() for path in sorted((GOLDEN / "events").iterdir())]


async def store(database: str, events: Iterable[Event | bytes]) -> None:
    """Ingests the events in one batch, and makes their words searchable."""
    bodies = [e if isinstance(e, bytes) else json.dumps(e, ensure_ascii=False).encode() for e in events]
    conn = await connect(database)
    try:
        await commit(conn, [prepare(body, Settings()) for body in bodies], Memory())
        async for _ in renew_all(conn):
            pass
    finally:
        await conn.close()


def _frame(time: str) -> Event:
    whole = time if "T" in time else f"2026-03-01T{time}Z"
    return {"eventTime": whole, "producer": PRODUCER, "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json"}


def _datasets(told: Sequence[Event | str]) -> list[Event]:
    return [dataset(d) if isinstance(d, str) else d for d in told]
