from __future__ import annotations

import json

import pytest

from headwater.catalog.contents import search_datasets, search_jobs
from headwater.catalog.page import Page
from headwater.db.pool import Connection, Pool
from headwater.entities.search import DatasetHits, JobHits
from headwater.openlineage.facets import OWN_TAG
from tests.build import Event, Facets, dataset, dataset_event, job_event, run_event, run_uuid, schema, store
from tests.queries import recorded


def _sql(query: str) -> Facets:
    return {"sql": {"query": query}}


def _columns(**told: Facets) -> Facets:
    return {"columnLineage": {"fields": told}}


def _names(found: JobHits | DatasetHits) -> list[str]:
    assert len(found.hits) == len(found.highlights)
    return [hit.name for hit in found.hits]


async def _jobs(pool: Pool, text: str, limit: int = 10) -> JobHits:
    async with pool.connection() as conn:
        return await search_jobs(conn, text, limit)


async def _datasets(pool: Pool, text: str, limit: int = 10) -> DatasetHits:
    async with pool.connection() as conn:
        return await search_datasets(conn, text, limit)


async def test_a_job_is_shown_with_its_latest_run(database: str, pool: Pool) -> None:
    engine = {"processing_engine": {"name": "spark", "version": "3.5"}}
    facets = {**_sql("select 1"), "jobType": {"processingType": "STREAMING"}}
    await store(database, [
        run_event("COMPLETE", "08:00", "load", "old"),
        run_event("START", "09:00", "load", "new", job_facets=facets, run_facets=engine),
        run_event("FAIL", "10:00", "load", "new"),
    ])  # fmt: skip
    (hit,) = (await _jobs(pool, "load")).hits
    assert (hit.name, hit.namespace, hit.type, hit.run_id, hit.eventType) == ("load", "shop", "STREAM", run_uuid("new"), "FAIL")
    assert (set(hit.facets), set(hit.runFacets)) == ({"sql", "jobType"}, {"processing_engine"})


@pytest.mark.parametrize(
    ("kinds", "shown"),
    [
        (["START"], "START"), (["START", "RUNNING"], "RUNNING"), (["COMPLETE"], "COMPLETE"), (["ABORT"], "ABORT"),
        (["OTHER"], "OTHER"), ([None], None),
    ],
)  # fmt: skip
async def test_types_of_events(database: str, pool: Pool, kinds: list[str | None], shown: str | None) -> None:
    await store(database, [run_event(kind, f"08:0{n}", outputs=["out"]) for n, kind in enumerate(kinds)])
    assert (await _jobs(pool, "load")).hits[0].eventType == shown
    assert (await _datasets(pool, "out")).hits[0].eventType == shown


async def test_a_dataset_is_shown_with_the_run_that_touched_it_last(database: str, pool: Pool) -> None:
    wrote = dataset("orders", schema("id"), outputFacets={"outputStatistics": {"rowCount": 1}})
    reader = {**schema("wrong"), "dataSource": {"name": "db"}}
    read = dataset("orders", reader, inputFacets={"dataQualityMetrics": {"rowCount": 2}})
    await store(database, [
        run_event("COMPLETE", "08:00", "load", "w", outputs=[wrote]), run_event("START", "09:00", "use", "r", inputs=[read]),
        dataset_event("07:00", "declared"),
    ])  # fmt: skip
    (hit,) = (await _datasets(pool, "orders")).hits
    assert (hit.name, hit.namespace, hit.run_id, hit.eventType) == ("orders", "db://shop", run_uuid("r"), "START")
    assert (set(hit.facets), set(hit.inputFacets), set(hit.outputFacets)) == (
        {"schema", "dataSource"}, {"dataQualityMetrics"}, {"outputStatistics"},
    )  # fmt: skip
    assert b"wrong" not in bytes(hit.facets["schema"])
    declared = (await _datasets(pool, "declared")).hits[0]
    assert (declared.run_id, declared.eventType) == (None, None)


JOBS = [
    run_event("COMPLETE", "08:00", "by_sql", "a", job_facets=_sql("SELECT gross\nFROM public.\u00fcbersicht_2")),
    run_event("COMPLETE", "08:01", "by_code", "b", job_facets={"sourceCode": {"language": "scala", "sourceCode": "val margin"}}),
    run_event("COMPLETE", "08:02", "by_engine", "c", run_facets={"processing_engine": {"name": "Flink", "_producer": "x://net"}}),
    run_event("RUNNING", "08:03", "by_type", "d", job_facets={"jobType": {"processingType": "STREAMING"}}),
    run_event("COMPLETE", "08:04", "by_namespace", "e", namespace="s3://far/away"),
    job_event("08:05", "declared", facets=_sql("select 'it''s \\ <b>odd</b>' from dual")),
]


@pytest.mark.parametrize(
    ("text", "name", "field", "snippet"),
    [
        ("gross from PUBLIC.über", "by_sql", "facets.sql.query",
         "SELECT <em>gross</em>\n<em>FROM</em> <em>public</em>.<em>übersicht</em>_2"),
        ("marg", "by_code", "facets.sourceCode.sourceCode", "val <em>margin</em>"),
        ("Scala", "by_code", "facets.sourceCode.language", "<em>scala</em>"),
        ("flink", "by_engine", "runFacets.processing_engine.name", "<em>Flink</em>"),
        ("stream", "by_type", "type", "<em>STREAM</em>"),
        ("far/AW", "by_namespace", "namespace", "s3://<em>far/aw</em>ay"),
        ("y_sq", "by_sql", "name", "b<em>y_sq</em>l"),
        ("it's \\ <b>odd", "declared", "facets.sql.query",
         "select '<em>it</em>''<em>s</em> \\ <<em>b</em>><em>odd</em></b>' from dual"),
        (str(run_uuid("c")), "by_engine", "run_id", f"<em>{run_uuid('c')}</em>"),
    ],
)  # fmt: skip
async def test_jobs_are_found_by(database: str, pool: Pool, text: str, name: str, field: str, snippet: str) -> None:
    await store(database, JOBS)
    found = await _jobs(pool, text)
    assert _names(found) == [name]
    assert found.highlights[0] == {field: [snippet]}


@pytest.mark.parametrize(
    "text", ["net", "query", "select 2", "from gross", "ross", "producer", "language", "?!", "%", "_x", "'", '"']
)
async def test_jobs_are_not_found_by(database: str, pool: Pool, text: str) -> None:
    """Keys of JSON, facets' producers, words in another order, the middle of a word, punctuation."""
    await store(database, JOBS)
    assert _names(await _jobs(pool, text)) == []


MADE = {
    "inputFields": [
        {"namespace": "db://far", "name": "raw_lines", "field": "net", "transformations": [{"description": "summed up"}]}
    ],
    "transformationDescription": "rounded",
    "transformationType": "MASKED",
}
DATASETS: list[Event] = [
    run_event("COMPLETE", "08:00", "j", "a", outputs=[dataset("mart", {**schema("net_total:DECIMAL"), **_columns(total=MADE)})]),
    run_event("COMPLETE", "08:01", "k", "b", inputs=[dataset("seen", schema("only_read:TEXT"))]),
]
_TOTAL = "facets.columnLineage.fields.total"


@pytest.mark.parametrize(
    ("text", "name", "seen"),
    [
        ("total", "mart", {"facets.schema.fields.name": ["net_<em>total</em>"]}),
        ("decimal", "mart", {"facets.schema.fields.type": ["<em>DECIMAL</em>"]}),
        ("RAW lines", "mart", {f"{_TOTAL}.inputFields.name": ["<em>raw</em>_<em>lines</em>"]}),
        ("summed", "mart", {f"{_TOTAL}.inputFields.transformations.description": ["<em>summed</em> up"]}),
        ("rounded", "mart", {f"{_TOTAL}.transformationDescription": ["<em>rounded</em>"]}),
        ("masked", "mart", {f"{_TOTAL}.transformationType": ["<em>MASKED</em>"]}),
        ("only_read", "seen", {"facets.schema.fields.name": ["<em>only</em>_<em>read</em>"]}),
        (str(run_uuid("b")), "seen", {"run_id": [f"<em>{run_uuid('b')}</em>"]}),
    ],
)
async def test_datasets_are_found_by(database: str, pool: Pool, text: str, name: str, seen: dict[str, list[str]]) -> None:
    await store(database, DATASETS)
    found = await _datasets(pool, text)
    assert (_names(found), found.highlights) == ([name], [seen])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("margin, da", {"facets.documentation.description": ["The <em>margin</em>, <em>daily</em>"]}),
        ("TEAM:s", {"facets.ownership.owners.name": ["<em>team</em>:<em>sales</em>"]}),
        ("gdpr=strict", {"tags": ["<em>gdpr</em>=<em>strict</em>"]}),
        ("team=data", {"tags": ["<em>team</em>=<em>data</em>"]}),
        ("gold", {"tags": ["<em>gold</em>"]}),
    ],
)
async def test_jobs_are_found_by_what_is_said_of_them(database: str, pool: Pool, text: str, seen: dict[str, list[str]]) -> None:
    tags = [{"key": "gdpr", "value": "strict"}, {"key": "team", "value": "data", "field": "a"}, {"key": "pii"}]
    said = {
        "documentation": {"description": "The margin, daily"},
        "ownership": {"owners": [{"name": "team:sales"}, {"name": "ann"}]},
        "tags": {"tags": tags},
        f"{OWN_TAG}gold": {"tag": "gold"},
    }
    await store(database, [run_event("COMPLETE", "08:00", job_facets=said)])
    found = await _jobs(pool, text)
    assert (_names(found), found.highlights) == (["load"], [seen])


async def test_every_field_where_it_stands_is_shown(database: str, pool: Pool) -> None:
    await store(database, DATASETS)
    found = await _datasets(pool, "net")
    assert found.highlights == [
        {"facets.schema.fields.name": ["<em>net</em>_total"], f"{_TOTAL}.inputFields.field": ["<em>net</em>"]}
    ]
    assert [list(seen) for seen in (await _datasets(pool, "shop")).highlights] == [["namespace"]] * 2


async def test_names_come_first_and_the_shortest_that_begins_so_before_all(database: str, pool: Pool) -> None:
    told = ["all_orders", "orders_by_day", "orders", "Orders_2"]
    await store(database, [
        *(run_event("COMPLETE", f"08:0{n}", name, f"r{n}", outputs=[name]) for n, name in enumerate(told)),
        run_event("COMPLETE", "09:00", "newer", "x", job_facets=_sql("from orders"), outputs=[dataset("a", schema("orders_id"))]),
        run_event("COMPLETE", "08:30", "older", "y", job_facets=_sql("orders"), outputs=[dataset("b", schema("orders"))]),
    ])  # fmt: skip
    by_name = ["orders", "Orders_2", "orders_by_day", "all_orders"]
    assert _names(await _jobs(pool, "ORDERS")) == [*by_name, "newer", "older"]
    assert _names(await _datasets(pool, " orders ")) == [*by_name, "a", "b"]
    assert _names(await _jobs(pool, "orders", 5)) == [*by_name, "newer"]
    assert _names(await _jobs(pool, "orders", 2)) == by_name[:2]
    assert _names(await _jobs(pool, "orders", 0)) == []


async def test_a_tag_that_was_taken_away_is_not_found(database: str, pool: Pool) -> None:
    told = [{"tag": "gold"}, {"tag": "gold", "removed": True}]
    for n, tag in enumerate(told):
        await store(database, [run_event("COMPLETE", f"08:0{n}", outputs=[dataset("a", {f"{OWN_TAG}gold": tag})])])
        assert _names(await _datasets(pool, "gold")) == ["a"][n:]


async def test_what_was_told_before_is_not_found(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", f"0{n}:00", job_facets=_sql(f"select v{n}")) for n in (1, 2)])
    assert _names(await _jobs(pool, "v1")) == []
    assert _names(await _jobs(pool, "v2")) == ["load"]


async def test_a_symlink_finds_its_dataset(database: str, pool: Pool) -> None:
    links = {"symlinks": {"identifiers": [{"namespace": "hive", "name": "catalogue.orders"}]}}
    read = dataset("catalogue.orders", schema("margin"), namespace="hive")
    await store(database, [
        run_event("COMPLETE", "08:00", outputs=[dataset("s3/orders", links)]),
        run_event("START", "09:00", "use", "u", inputs=[read]),
    ])  # fmt: skip
    found = await _datasets(pool, "catalogue")
    assert (_names(found), found.highlights) == (["s3/orders"], [{"name": ["<em>catalogue</em>.orders"]}])
    assert found.hits[0].run_id == run_uuid("u")
    assert _names(await _datasets(pool, "margin")) == ["s3/orders"]


async def test_hidden_things_and_aliases_are_left_out(database: str, pool: Pool) -> None:
    def parent(job: str) -> Facets:
        return {"parent": {"run": {"runId": str(run_uuid(job))}, "job": {"namespace": "shop", "name": job}}}

    await store(database, [
        run_event("COMPLETE", "08:00", "inner", "inner", run_facets=parent("outer")),
        run_event("COMPLETE", "08:01", "leaf", "leaf", run_facets=parent("inner"), job_facets=_sql("margin")),
        *DATASETS,
    ])  # fmt: skip
    assert "inner" not in _names(await _jobs(pool, "inner"))
    assert "outer.inner" in _names(await _jobs(pool, "inner"))
    async with pool.connection() as conn:
        await conn.execute("UPDATE jobs SET is_hidden = true")
        await conn.execute("UPDATE datasets SET is_hidden = true")
    for text in ("leaf", "margin", "shop", str(run_uuid("leaf"))):
        assert _names(await _jobs(pool, text)) == []
    for text in ("mart", "net", "shop", str(run_uuid("a"))):
        assert _names(await _datasets(pool, text)) == []


async def test_bodies_that_cannot_be_read_are_passed_over(database: str, pool: Pool) -> None:
    """They are stored all the same."""
    odd = [
        _sql("margin \0"), _sql("margin \ud800"), {"sql": {"query": "margin", "big": "BIG"}}, {"sql": {"query": ["margin"]}},
        _sql("w" * 3_000_000), _sql(" ".join(f"w{n}" for n in range(200_000))), _sql("margin"),
    ]  # fmt: skip
    told = [run_event("COMPLETE", f"08:0{n}", f"j{n}", f"r{n}", job_facets=facets) for n, facets in enumerate(odd)]
    await store(database, [json.dumps(event).replace('"BIG"', "1e400000").encode() for event in told])
    assert _names(await _jobs(pool, "margin")) == ["j6", "j1", "j0"]
    assert _names(await _jobs(pool, "w17 w18")) == ["j5"]


async def test_of_common_words_the_latest_are_shown(database: str, pool: Pool) -> None:
    """Of the 1,000 that are compared."""
    await store(database, [
        run_event("COMPLETE", f"08:00:00.{n:04}", f"j{n}", f"r{n}", job_facets=_sql("select"),
                  outputs=[dataset(f"d{n}", schema("id"))])
        for n in range(1010)
    ])  # fmt: skip
    for names in (_names(await _jobs(pool, "select")), _names(await _datasets(pool, "id"))):
        told = [int(name[1:]) for name in names]
        assert len(told) == 10
        assert told == sorted(told, reverse=True)
        assert told[0] > 900


@pytest.mark.parametrize(
    "text",
    ["x" * 10_000, "x " * 5_000, "'" * 10_000, "' | 'a':* & !b <-> (", "\\", "a\\'b", "\ufffd", "²", "e\u0301", "😀", "-- ;"],
)
async def test_odd_texts_find_nothing_and_do_no_harm(database: str, pool: Pool, text: str) -> None:
    await store(database, [*JOBS, *DATASETS])
    assert (_names(await _jobs(pool, text)), _names(await _datasets(pool, text))) == ([], [])


async def test_long_names_are_found(database: str, pool: Pool) -> None:
    name = "n_" * 4_900
    await store(database, [run_event("COMPLETE", "08:00", name, outputs=[name])])
    found = await _jobs(pool, name)
    assert (_names(found), found.highlights) == ([name], [{"name": [f"<em>{name}</em>"]}])
    assert _names(await _datasets(pool, name)) == [name]


@pytest.mark.parametrize("search", [search_jobs, search_datasets])
async def test_a_search_costs_the_same_whatever_its_page(database: str, pool: Pool, search: object) -> None:
    read = search_jobs if search is search_jobs else search_datasets
    await store(database, [
        run_event("COMPLETE", f"08:00:00.{n:03}", f"j{n}", f"r{n}", job_facets=_sql(f"margin {n}"),
                  outputs=[dataset(f"d{n}", schema(f"margin{n}"))])
        for n in range(120)
    ])  # fmt: skip
    async with pool.connection() as conn:
        costs = [await _cost(conn, read, Page(limit)) for limit in (10, 100)]
    assert costs == [(10, 5), (100, 5)]


async def _cost(conn: Connection, read: object, page: Page) -> tuple[int, int]:
    with recorded() as statements:
        found = await (search_jobs if read is search_jobs else search_datasets)(conn, "margin", page.limit)
    return len(found.hits), len(statements)
