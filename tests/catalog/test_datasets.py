from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from headwater.catalog import datasets
from headwater.catalog.page import Page
from headwater.db.pool import Pool
from headwater.entities.dataset import Dataset, StreamDataset
from headwater.errors import NotFound
from tests.build import Event, dataset, dataset_event, job_event, run_event, run_uuid, schema, store

DB = "db://shop"


async def _after(database: str, pool: Pool, events: Sequence[Event], name: str = "t") -> Dataset:
    await store(database, events)
    async with pool.connection() as conn:
        return await datasets.get_dataset(conn, DB, name)


async def test_facets_say_what_is_shown(database: str, pool: Pool) -> None:
    facets = {
        "schema": {
            "fields": [
                {"name": "address", "type": "struct", "fields": [{"name": "city", "type": "text", "description": "where"}]},
                {"name": "id"},
                {"type": "no name"},
                "no object",
            ]
        },
        "documentation": {"description": "customers"},
        "dataSource": {"name": "warehouse", "uri": "pg://x"},
        "ownership": {"owners": [{"name": "team:a", "type": "OWNER"}, {"name": "b"}, {"type": "nobody"}]},
        "tags": {
            "tags": [
                {"key": "PII", "value": "true"},
                {"key": "tier", "value": "gold"},
                {"key": "KEY", "value": True, "field": "address.city"},
            ]
        },
        "lifecycleStateChange": {"lifecycleStateChange": "CREATE"},
    }
    shown = await _after(database, pool, [run_event("COMPLETE", "08:00", outputs=[dataset("t", facets)])])
    assert [(f.name, f.type, f.description, f.tags) for f in shown.fields] == [
        ("address", "struct", None, []),
        ("address.city", "text", "where", ["KEY"]),
        ("id", None, None, []),
    ]
    assert (shown.description, shown.sourceName, shown.lastLifecycleState) == ("customers", "warehouse", "CREATE")
    assert [(o.name, o.type) for o in shown.owners] == [("team:a", "OWNER"), ("b", None)]
    assert shown.tags == ["PII", "tier=gold"]
    assert shown.facets.keys() == facets.keys()
    assert (shown.type, shown.deleted, shown.columnLineage, shown.lastModifiedAt) == ("DB_TABLE", False, None, None)


async def test_what_a_later_event_does_not_repeat_stays(database: str, pool: Pool) -> None:
    facets = {"documentation": {"description": "customers"}, "dataSource": {"name": "warehouse", "uri": "pg://x"}}
    told = [
        run_event("START", "08:00", outputs=[dataset("t", {**facets, **schema("a")})]),
        run_event("COMPLETE", "09:00", outputs=["t"]),
    ]
    shown = await _after(database, pool, told)
    assert (shown.description, shown.sourceName, [f.name for f in shown.fields]) == ("customers", "warehouse", ["a"])
    moved = dataset("t", {"dataSource": {"name": "lake", "uri": "s3://y"}})
    assert (await _after(database, pool, [run_event("COMPLETE", "10:00", run="r2", outputs=[moved])])).sourceName == "lake"


async def test_a_field_without_a_type_is_one_however_often_it_is_told(database: str, pool: Pool) -> None:
    source = {"inputFields": [{"namespace": DB, "name": "s", "field": "x"}]}
    facets = {**schema("a"), "columnLineage": {"fields": {"a": source}}}
    told = [run_event("COMPLETE", f"0{i}:00", run=str(i), inputs=["s"], outputs=[dataset("t", facets)]) for i in range(3)]
    shown = await _after(database, pool, told)
    assert [(f.name, f.type) for f in shown.fields] == [("a", None)]
    assert [(c.name, len(c.inputFields)) for c in shown.columnLineage or []] == [("a", 1)]


async def test_a_failed_run_makes_no_current_version(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", "08:00", run="good", outputs=[dataset("t", schema("a"))]),
        run_event("FAIL", "09:00", run="bad", outputs=[dataset("t", {**schema("b"), "documentation": {"description": "d"}})]),
    ]
    shown = await _after(database, pool, events)
    assert [f.name for f in shown.fields] == ["a"]
    assert json.loads(bytes(shown.facets["schema"])) == schema("a")["schema"]
    assert shown.description == "d"
    async with pool.connection() as conn:
        versions = (await datasets.list_dataset_versions(conn, DB, "t", Page())).versions
    assert [v.createdByRun and v.createdByRun.state for v in versions] == ["FAILED", "COMPLETED"]
    assert shown.currentVersion == versions[1].version


async def test_readers_are_asked_where_no_writer_says_anything(database: str, pool: Pool) -> None:
    read = dataset("t", {**schema("seen"), "documentation": {"description": "reader's"}})
    first = await _after(database, pool, [run_event("COMPLETE", "08:00", run="r", inputs=[read])])
    assert [f.name for f in first.fields] == ["seen"]
    assert first.currentVersion is not None
    written = run_event("COMPLETE", "09:00", "w", "w", outputs=[dataset("t", schema("mine"))])
    second = await _after(database, pool, [written, run_event("COMPLETE", "10:00", run="r2", inputs=[read])])
    assert [f.name for f in second.fields] == ["mine"]
    assert second.description == "reader's"
    assert second.currentVersion != first.currentVersion


async def test_a_dropped_dataset_is_deleted_until_it_is_written_again(database: str, pool: Pool) -> None:
    drop = dataset("t", {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}})
    shown = await _after(database, pool, [run_event("COMPLETE", "08:00", outputs=[drop])])
    assert (shown.deleted, shown.lastLifecycleState) == (True, "DROP")
    shown = await _after(database, pool, [run_event("COMPLETE", "09:00", "r", "r", inputs=["t"])])
    assert shown.deleted
    shown = await _after(database, pool, [run_event("COMPLETE", "10:00", "w", "w", outputs=["t"])])
    assert (shown.deleted, shown.lastLifecycleState) == (False, "")
    assert "lifecycleStateChange" not in shown.facets


async def test_a_deleted_facet_is_not_shown(database: str, pool: Pool) -> None:
    events = [
        dataset_event("08:00", "t", {"documentation": {"description": "old"}, **schema("a")}),
        dataset_event("09:00", "t", {"documentation": {"_deleted": True}}),
    ]
    shown = await _after(database, pool, events)
    assert shown.description is None
    assert shown.facets.keys() == {"schema"}


async def test_symlinks_are_names_of_one_dataset(database: str, pool: Pool) -> None:
    links = {"symlinks": {"identifiers": [{"namespace": DB, "name": "alias", "type": "TABLE"}]}}
    events = [
        run_event("COMPLETE", "08:00", run="w", outputs=[dataset("t", {**links, **schema("a")})]),
        run_event("COMPLETE", "09:00", "other", "w2", outputs=[dataset("alias", schema("b"))]),
    ]
    shown = await _after(database, pool, events)
    assert [f.name for f in shown.fields] == ["b"]
    async with pool.connection() as conn:
        assert await datasets.get_dataset(conn, DB, "alias") == shown
        listed = await datasets.list_datasets(conn, DB, Page())
        versions = await datasets.list_dataset_versions(conn, DB, "alias", Page())
        assert shown.currentVersion is not None
        current = await datasets.get_dataset_version(conn, DB, "t", shown.currentVersion)
    assert (listed.totalCount, listed.datasets) == (1, [shown])
    assert [v.createdByRun and v.createdByRun.id for v in versions.versions] == [run_uuid("w2"), run_uuid("w")]
    assert current == versions.versions[0]


async def test_a_name_that_is_an_alias_elsewhere_is_a_name_here(database: str, pool: Pool) -> None:
    links = {"symlinks": {"identifiers": [{"namespace": "hive://m", "name": "t", "type": "TABLE"}]}}
    await store(database, [run_event("COMPLETE", "08:00", outputs=["t", dataset("other", links)])])
    async with pool.connection() as conn:
        assert (await datasets.get_dataset(conn, DB, "t")).name == "t"
        assert (await datasets.list_dataset_versions(conn, DB, "t", Page())).totalCount == 1
        assert (await datasets.get_dataset(conn, "hive://m", "t")).name == "other"


async def test_external_versions_are_versions(database: str, pool: Pool) -> None:
    def wrote(time: str, version: str) -> Event:
        return run_event("RUNNING", time, run="w", outputs=[dataset("t", {"version": {"datasetVersion": version}})])

    shown = await _after(database, pool, [wrote("08:00", "1"), wrote("08:01", "2"), run_event("COMPLETE", "08:02", run="w")])
    async with pool.connection() as conn:
        first = await datasets.list_dataset_versions(conn, DB, "t", Page(1))
        rest = await datasets.list_dataset_versions(conn, DB, "t", Page(1, 1))
        for version in (*first.versions, *rest.versions):
            assert await datasets.get_dataset_version(conn, DB, "t", version.version) == version
    assert (first.totalCount, rest.totalCount) == (2, 2)
    assert [v.externalVersion for v in (*first.versions, *rest.versions)] == ["2", "1"]
    assert shown.currentVersion == first.versions[0].version


async def test_a_declared_version_is_current_at_once(database: str, pool: Pool) -> None:
    shown = await _after(database, pool, [dataset_event("08:00", "t", schema("a"))])
    async with pool.connection() as conn:
        versions = await datasets.list_dataset_versions(conn, DB, "t", Page())
        assert shown.currentVersion is not None
        assert await datasets.get_dataset_version(conn, DB, "t", shown.currentVersion) == versions.versions[0]
    assert [(v.version, v.createdByRun) for v in versions.versions] == [(shown.currentVersion, None)]
    assert versions.versions[0].facets.keys() == {"schema"}


async def test_a_dataset_that_is_only_planned_has_no_version(database: str, pool: Pool) -> None:
    shown = await _after(database, pool, [job_event("08:00", "plan", outputs=["t"])])
    assert (shown.currentVersion, shown.lastLifecycleState, shown.fields) == (None, None, [])


async def test_a_schema_version_does_not_depend_on_order(database: str, pool: Pool) -> None:
    events = [
        run_event("COMPLETE", f"0{i}:00", run=f"w{i}", outputs=[dataset("t", schema(*fields))])
        for i, fields in enumerate([("a:int", "b"), ("b", "a:int"), ("a:text", "b")])
    ]
    await store(database, events)
    async with pool.connection() as conn:
        versions = (await datasets.list_dataset_versions(conn, DB, "t", Page())).versions
    third, second, first = (v.currentSchemaVersion for v in versions)
    assert first == second != third


async def test_streams_are_told_by_their_facet(database: str, pool: Pool) -> None:
    topic = dataset("t", {"datasetType": {"datasetType": "TOPIC"}})
    shown = await _after(database, pool, [run_event("COMPLETE", "08:00", outputs=[topic])])
    assert isinstance(shown, StreamDataset)
    assert shown.type == "STREAM"


async def test_lists_are_pages_by_name(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00", outputs=["b", "a", "c"])])
    async with pool.connection() as conn:
        page = await datasets.list_datasets(conn, DB, Page(2, 1))
        empty = await datasets.list_datasets(conn, DB, Page(0))
    assert (page.totalCount, [d.name for d in page.datasets]) == (3, ["b", "c"])
    assert (empty.totalCount, empty.datasets) == (3, [])


async def test_every_dataset_of_a_list_has_its_facets(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00", outputs=[dataset(f"t{i}", schema(f"c{i}")) for i in range(25)])])
    async with pool.connection() as conn:
        listed = (await datasets.list_datasets(conn, DB, Page(25))).datasets
        assert listed == [await datasets.get_dataset(conn, DB, shown.name) for shown in listed]
    assert [json.loads(bytes(d.facets["schema"]))["fields"] for d in listed] == [[{"name": f"c{d.name[1:]}"}] for d in listed]


async def test_a_hidden_dataset_is_not_there(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00", outputs=["t", "u"])])
    async with pool.connection() as conn:
        await conn.execute("UPDATE datasets SET is_hidden = true WHERE name = 't'")
        with pytest.raises(NotFound, match="Dataset 't' not found"):
            await datasets.get_dataset(conn, DB, "t")
        assert (await datasets.list_datasets(conn, DB, Page())).totalCount == 1
