from __future__ import annotations

from typing import Any

from headwater import ids
from headwater.catalog.version_columns import VersionKey, load_version_columns
from headwater.db.pool import Connection, Pool
from headwater.lineage.snapshot import snapshot
from tests.build import Event, dataset, dataset_event, run_event, run_uuid, store

_T = ids.dataset_id("db://shop", "t")


def _entry(output: str, **fields: str) -> dict[str, Any]:
    told = {
        name: {"inputs": [{"type": "DATASET", "namespace": "db://shop", "name": "raw", "field": source}]}
        for name, source in fields.items()
    }
    return {"type": "DATASET", "namespace": "db://shop", "name": output, "fields": told}


def _wrote(time: str, run: str, *entries: dict[str, Any]) -> Event:
    """With a facet that says something else of ``t``."""
    other = {"inputFields": [{"namespace": "db://shop", "name": "raw", "field": "other"}]}
    out = dataset("t", {"columnLineage": {"fields": {"a": other}}})
    facets = {"lineage": {"entries": list(entries)}} if entries else {}
    return run_event("COMPLETE", time, f"make {run}", run, inputs=["raw"], outputs=[out, "u"], job_facets=facets)


async def _key(conn: Connection, run: str) -> VersionKey:
    row = await (await conn.execute("SELECT run_id, month FROM runs WHERE run_uuid = %s", (run_uuid(run),))).fetchone()
    assert row is not None
    return VersionKey(row[0], row[1], _T)


async def test_what_a_job_tells_explicitly_counts_and_not_its_facet(database: str, pool: Pool) -> None:
    await store(
        database,
        [
            _wrote("08:00", "explicit", _entry("t", a="x", b="y")),
            _wrote("09:00", "of another", _entry("u", a="x")),
            _wrote("10:00", "by facet"),
        ],
    )
    async with snapshot(pool) as conn:
        keys = {run: await _key(conn, run) for run in ("explicit", "of another", "by facet")}
        found = await load_version_columns(conn, list(keys.values()))
    told = {run: found.get((key.version_id, _T)) for run, key in keys.items()}
    assert [(c.output, c.namespace, c.name, c.field) for c in told["explicit"] or []] == [
        ("a", "db://shop", "raw", "x"), ("b", "db://shop", "raw", "y"),
    ]  # fmt: skip
    assert (told["of another"], told["by facet"]) == ([], None)


async def test_of_a_declared_version_what_was_declared_last(database: str, pool: Pool) -> None:
    def declared(time: str, source: str) -> Event:
        sources = [{"type": "DATASET", "namespace": "db://shop", "name": "raw", "field": source}]
        return dataset_event(time, "t", {"lineage": {"fields": {"a": {"inputs": sources}}}, "version": {"datasetVersion": time}})

    await store(database, [declared("08:00", "x"), declared("09:00", "y")])
    async with snapshot(pool) as conn:
        rows = await (await conn.execute("SELECT version_id, first_at::date FROM dataset_versions ORDER BY first_at")).fetchall()
        found = await load_version_columns(conn, [VersionKey(row[0], row[1], _T) for row in rows])
    assert [[column.field for column in found[row[0], _T]] for row in rows] == [["x"], ["y"]]
