from __future__ import annotations

import pytest

from headwater.catalog import datasets
from headwater.db.pool import Pool
from headwater.entities.dataset import Transformation
from tests.build import Event, Facets, dataset, dataset_event, job_event, run_event, store
from tests.ingest.orders import assert_orderless

DB = "db://shop"


def _source(told: str) -> Facets:
    name, field = told.split(".")
    return {"type": "DATASET", "namespace": DB, "name": name, "field": field}


def _facet(**sources: str) -> Facets:
    return {"columnLineage": {"fields": {field: {"inputFields": [_source(told)]} for field, told in sources.items()}}}


def _entries(output: str = "t", **sources: str) -> Facets:
    fields = {field: {"inputs": [_source(told)]} for field, told in sources.items()}
    return {"lineage": {"entries": [{"type": "DATASET", "namespace": DB, "name": output, "fields": fields}]}}


def _ran(kind: str, time: str, facet: Facets, run: str = "one") -> Event:
    return run_event(kind, time, run=run, outputs=[dataset("t", facet)])


def _explicitly(kind: str, time: str, facet: Facets, run: str = "one", outputs: tuple[str, ...] = ()) -> Event:
    return run_event(kind, time, run=run, outputs=outputs, job_facets=facet)


# history, and the columns of t that hold at its end
HISTORIES: dict[str, tuple[list[Event], str]] = {
    "the later facet of a run replaces the one before": (
        [_ran("START", "08:00", _facet(x="a.x", y="a.y")), _ran("COMPLETE", "09:00", _facet(y="a.z"))],
        "y<a.z",
    ),
    "a facet that comes back": (
        [_ran("COMPLETE", f"0{n}:00", _facet(y=source), f"r{n}") for n, source in enumerate(("a.x", "a.z", "a.x"))],
        "y<a.x",
    ),
    "a run without the facet keeps what the one before told": (
        [_ran("COMPLETE", "08:00", _facet(y="a.x"), "r1"), _ran("COMPLETE", "09:00", {}, "r2")],
        "y<a.x",
    ),
    "explicit lineage adds up over the events of a run": (
        [
            _explicitly("START", "08:00", _entries(x="a.x")), _explicitly("RUNNING", "08:30", _entries(y="a.y")),
            _explicitly("COMPLETE", "09:00", _entries()),
        ],
        "x<a.x y<a.y",
    ),
    "and at one time": (
        [_explicitly("START", "08:00", _entries(x="a.x")), _explicitly("OTHER", "08:00", _entries(y="a.y"))],
        "x<a.x y<a.y",
    ),
    "the next run's takes its place once that has ended": (
        [
            _explicitly("COMPLETE", "08:00", _entries(x="a.x"), "r1"), _explicitly("START", "09:00", _entries(y="a.y"), "r2"),
            _explicitly("COMPLETE", "10:00", _entries(z="a.z"), "r2"),
        ],
        "y<a.y z<a.z",
    ),
    "while it is going both hold": (
        [_explicitly("COMPLETE", "08:00", _entries(x="a.x"), "r1"), _explicitly("START", "09:00", _entries(y="a.y"), "r2")],
        "x<a.x y<a.y",
    ),
    "explicit lineage goes before a facet, whichever is later": (
        [_explicitly("START", "08:00", _entries(x="a.x")), _ran("COMPLETE", "09:00", _facet(y="a.y"))],
        "x<a.x",
    ),
    "also where it tells no columns of an output": (
        [_ran("START", "08:00", _facet(y="a.y")), _explicitly("COMPLETE", "09:00", _entries("u", x="a.x"), outputs=("t",))],
        "",
    ),
    "but a later run may go back to facets": (
        [_explicitly("COMPLETE", "08:00", _entries(x="a.x"), "r1"), _ran("COMPLETE", "09:00", _facet(y="a.y"), "r2")],
        "y<a.y",
    ),
    "what a JobEvent declares replaces what another did": (
        [job_event("08:00", "load", facets=_entries(x="a.x")), job_event("09:00", "load", facets=_entries(y="a.y"))],
        "y<a.y",
    ),
    "a DatasetEvent's replaces what another told": (
        [
            dataset_event("08:00", "t", _facet(x="a.x")),
            dataset_event("09:00", "t", {"lineage": {"fields": {"y": {"inputs": [_source("a.y")]}}}}),
        ],
        "y<a.y",
    ),
    "some events of a run tell the parent": (
        [
            _ran("START", "08:00", _facet(x="a.x")), _ran("RUNNING", "08:30", _facet(y="a.y")),
            run_event("COMPLETE", "09:00", run_facets={"parent": {
                "run": {"runId": "00000000-0000-0000-0000-000000000001"}, "job": {"namespace": "shop", "name": "dag"}}}),
        ],
        "y<a.y",
    ),
}  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES)
async def test_the_columns_that_hold(database: str, pool: Pool, history: str) -> None:
    events, expected = HISTORIES[history]
    await assert_orderless(database, events)
    async with pool.connection() as conn:
        shown = (await datasets.get_dataset(conn, DB, "t")).columnLineage or []
    assert {f"{c.name}<{source.dataset}.{source.field}" for c in shown for source in c.inputFields} == set(expected.split())


async def test_fields_come_with_what_was_done_to_them(database: str, pool: Pool) -> None:
    direct = {"type": "DIRECT", "subtype": "AGGREGATION", "description": "sum", "masking": True}
    facet = {
        "fields": {
            "total": {"inputFields": [{"namespace": DB, "name": "s", "field": "amount", "transformations": [direct]}]},
            "old": {
                "inputFields": [{"namespace": DB, "name": "s", "field": "x"}],
                "transformationType": "IDENTITY",
                "transformationDescription": "same",
            },
        },
        "dataset": [{"namespace": DB, "name": "s", "field": "filtered"}],
    }
    await store(database, [run_event("COMPLETE", "08:00", inputs=["s"], outputs=[dataset("t", {"columnLineage": facet})])])
    async with pool.connection() as conn:
        shown = (await datasets.get_dataset(conn, DB, "t")).columnLineage
    assert shown is not None
    assert [(c.name, c.transformationType, c.transformationDescription) for c in shown] == [
        ("total", "DIRECT", "sum"),
        ("old", "IDENTITY", "same"),
    ]
    (amount,) = shown[0].inputFields
    assert (amount.namespace, amount.dataset, amount.field) == (DB, "s", "amount")
    assert amount.transformations == [Transformation(type="DIRECT", subtype="AGGREGATION", description="sum", masking=True)]


async def test_columns_of_a_job_that_writes_it_no_more_are_gone(database: str, pool: Pool) -> None:
    facet = {"fields": {"a": {"inputFields": [{"namespace": DB, "name": "s", "field": "b"}]}}}
    events = [
        run_event("COMPLETE", "08:00", run="1", inputs=["s"], outputs=[dataset("t", {"columnLineage": facet})]),
        run_event("COMPLETE", "09:00", run="2", inputs=["s"], outputs=["elsewhere"]),
    ]
    await store(database, events)
    async with pool.connection() as conn:
        assert (await datasets.get_dataset(conn, DB, "t")).columnLineage is None
