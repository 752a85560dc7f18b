from __future__ import annotations

from headwater.catalog import datasets
from headwater.db.pool import Pool
from headwater.entities.dataset import Transformation
from tests.build import dataset, run_event, store

DB = "db://shop"


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
