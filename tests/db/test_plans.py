"""What ingestion, a search for what is rare, and answers of the API cost does not grow with the store: among many rows, each is
found by an index. Nor do counts of events.

Seen in PostgreSQL's own statistics of what was read, so every statement counts as it is really planned.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import httpx
import pytest
from tests.build import Event, Facets, dataset, dataset_event, job_event, run_event, run_uuid
from tests.ingest.orders import prepared

from headwater import ids
from headwater.api.app import create_app
from headwater.api.kept import Answers
from headwater.catalog import datasets, jobs, stats
from headwater.catalog.contents import search_datasets, search_jobs
from headwater.catalog.names import Names
from headwater.catalog.page import Page
from headwater.catalog.search import Query, search
from headwater.db.looking import running_looking
from headwater.db.pool import Connection, Pool, connect, open_pool
from headwater.errors import NotFound
from headwater.ingest.commit import Memory, commit
from headwater.ingest.words import renew_all
from headwater.lineage.columns.edges import Then, column_edges
from headwater.lineage.columns.gone import not_found
from headwater.lineage.columns.graph import Place
from headwater.lineage.diff.past_columns import columns_at
from headwater.lineage.diff.past_facets import causes, facets_at
from headwater.lineage.graph.begun import load_begun
from headwater.lineage.graph.ended import load_ended
from headwater.lineage.graph.present import running_present
from headwater.lineage.near import find_node
from headwater.lineage.runs.downstream import Readers
from headwater.settings import Settings

_GROWS = (
    "lineage_events", "event_counts", "runs", "run_io", "run_versions", "edges", "jobs", "job_names", "datasets", "symlinks",
    "facet_bodies", "job_words", "dataset_words", "column_",
)  # fmt: skip
_SCANS = """
SELECT relname, seq_scan FROM pg_stat_user_tables
WHERE seq_scan > 0 AND (SELECT bool_or(starts_with(relname, t)) FROM unnest(%s::text[]) t) AND n_live_tup > 500
"""


def _alias(name: str) -> Facets:
    return {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": name}]}}


def _parent(job: str) -> Facets:
    return {"parent": {"run": {"runId": str(run_uuid(job))}, "job": {"namespace": "shop", "name": job}}}


def _columns(source: str) -> Facets:
    return {"columnLineage": {"fields": {"y": {"inputFields": [{"namespace": "db://shop", "name": source, "field": "x"}]}}}}


# So many that no planner reads them from end to end for a few rows of them; nothing else of them is right.
_MANY = """
INSERT INTO namespaces (namespace_id, name, first_at) VALUES (1, 'many', now());
INSERT INTO jobs (job_id, namespace_id, name, first_at, last_at) SELECT n, 1, n, now(), now() FROM generate_series(1, 50000) n;
INSERT INTO datasets (dataset_id, namespace_id, name, canonical_id, first_at, last_at)
    SELECT n, 1, n, n / 2, now(), now() FROM generate_series(1, 50000) n;
INSERT INTO symlinks (primary_id, alias_id, first_at) SELECT n / 2, n, now() FROM generate_series(1, 50000) n;
INSERT INTO edges (source_id, target_id, kind, owner_id, first_at, last_at)
    SELECT n, n + 1, 1, n, now(), now() FROM generate_series(1, 50000) n;
INSERT INTO facet_bodies (body_id, body) SELECT n, '{}' FROM generate_series(1, 50000) n;
INSERT INTO column_sets (set_id, ordinal, output_field, input_dataset_id, input_field, transformations)
    SELECT n, 0, 'x', n, 'y', '[]' FROM generate_series(1, 50000) n;
INSERT INTO column_lineage (dataset_id, owner_id, set_id, adds, first_at, last_at)
    SELECT n, n, n, false, now(), now() FROM generate_series(1, 50000) n;
INSERT INTO runs (run_id, month, run_uuid, job_id, raw_job_id, parented, first_at, running, other, streaming, linked, io_digest,
                  code_id)
    SELECT n, '1970-01-01', gen_random_uuid(), n % 5000, 1, false, now(), true, false, false, true, 0, 0
    FROM generate_series(1, 50000) n;
INSERT INTO run_io (run_id, month, dataset_id, output, first_at, last_at)
    SELECT n, '1970-01-01', n, true, now(), now() FROM generate_series(1, 50000) n;
INSERT INTO lineage_events (event_time, event_id, kind, namespace, name, run_uuid, body)
    SELECT '2026-03-01'::timestamptz + n * interval '1 second', gen_random_uuid(), 1 + n % 3, 'n', n, gen_random_uuid(),
           '\\x28b52ffd20021100007b7d'  -- {} by zstd
    FROM generate_series(1, 50000) n;
INSERT INTO event_counts (bucket, shard, starts, completes, fails, aborts, events)
    SELECT '2026-03-02'::timestamptz - n / 4 * interval '15 minutes', 2000 + n % 4, 1, 1, 1, 1, 4
    FROM generate_series(1, 50000) n;
"""


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    """Of a database with a lot in it, and two jobs of 1,000 runs each."""
    opened = await connect(database)
    try:
        seed = [run_event("COMPLETE", f"07:00:00.{n:06}", "busy", f"busy{n}", inputs=["hub"], outputs=["c"]) for n in range(1000)]
        seed += [run_event("COMPLETE", f"07:00:00.{n:06}", "idle", f"idle{n}") for n in range(1000)]
        await commit(opened, prepared(seed), Memory())
        for statement in _MANY.split(";\n"):
            await opened.execute(statement)
        await opened.execute("VACUUM ANALYZE")
        yield opened
    finally:
        await opened.close()


async def _scanned(conn: Connection, batches: Sequence[Sequence[Event]]) -> dict[str, int]:
    """How often each table of any size was read from one end to the other."""
    memory = Memory()
    await commit(conn, prepared([run_event("START", "00:00", "warm", "warm")]), memory)  # PostgreSQL looks into its catalogue
    await conn.execute("SELECT pg_stat_reset()")
    for batch in batches:
        await commit(conn, prepared(batch), memory)
    return await _scans(conn)


async def _scans(conn: Connection) -> dict[str, int]:
    await conn.execute("SELECT pg_stat_force_next_flush()")
    await conn.execute("ANALYZE")  # counts rows again, and no scans
    return dict(await (await conn.execute(_SCANS, [list(_GROWS)])).fetchall())


_BUSY = run_event("START", "23:00", "busy", "new", inputs=["hub"], outputs=["c1"])
BATCHES: dict[str, list[list[Event]]] = {
    "a run that is new": [[run_event("START", "23:00", "job7", "new", inputs=["a7"], outputs=[dataset("b7", _columns("a7"))])]],
    "a run that is known": [[run_event("FAIL", "23:00", "job7", "r7", inputs=["a7"], outputs=["x"])]],
    "a job with many runs": [[_BUSY], [run_event("COMPLETE", "23:01", "busy", "new")]],
    "a job with many runs that name nothing": [[run_event("START", "23:00", "idle", "new")]],
    "a large batch": [[run_event("RUNNING", "23:00", f"job{n}", f"r{n}", inputs=[f"b{n}"]) for n in range(300)]],
    "symlinks": [
        [run_event("COMPLETE", "23:00", "job7", "new", outputs=[dataset("t7", _alias("t9")), dataset("z", _alias("b12"))])]
    ],
    "events without a run": [
        [job_event("23:00", "job7", inputs=["a7"], outputs=["b7"]), dataset_event("23:00", "b7", _columns("a9"))]
    ],
    "a run that moves": [
        [run_event("START", "23:00", "job7", "new", inputs=["a7"])],
        [run_event("COMPLETE", "23:01", "job7", "new", run_facets=_parent("dag"))],
    ],
}


async def test_nothing_is_read_from_end_to_end(conn: Connection) -> None:
    assert {kind: await _scanned(conn, batches) for kind, batches in BATCHES.items()} == {kind: {} for kind in BATCHES}


@pytest.mark.parametrize("job", ["busy", "idle"])
async def test_a_floor_costs_the_same_whatever_the_history(conn: Connection, job: str) -> None:
    """Of a job whose runs name no dataset too: most tasks of an orchestrator are such."""
    await _scanned(conn, [[run_event("COMPLETE", "23:00", job, "new")]])
    cursor = await conn.execute("SELECT sum(idx_tup_fetch) FROM pg_stat_user_tables WHERE relname LIKE 'runs%'")
    row = await cursor.fetchone()
    assert row is not None
    assert row[0] < 50, row


SEARCHES: dict[str, Callable[[Connection], Awaitable[object]]] = {
    "by name": lambda c: search(c, Query("4999")),
    "by name, with marks": lambda c: search(c, Query("4999%_")),
    "jobs by name": lambda c: search_jobs(c, "4999"),
    "datasets by name": lambda c: search_datasets(c, "4999"),
    "jobs, in vain": lambda c: search_jobs(c, "nobody's margin"),
    "jobs by a rare word": lambda c: search_jobs(c, "margin777"),
    "datasets by a rare word": lambda c: search_datasets(c, "margin777"),
    "datasets, in vain": lambda c: search_datasets(c, "nobody's margin"),
}


_WORDS = """
INSERT INTO {0}_words ({0}_id, bodies, words)
SELECT n, '{{}}', to_tsvector('simple', 'select margin' || n) FROM generate_series(1, 50000) n
"""


@pytest.fixture
async def with_words(conn: Connection) -> Connection:
    for noun in ("job", "dataset"):
        await conn.execute(_WORDS.format(noun))
        await conn.execute(f"VACUUM ANALYZE {noun}_words")
    return conn


@pytest.mark.parametrize("kind", SEARCHES)
async def test_what_is_searched_is_found_by_an_index(with_words: Connection, kind: str) -> None:
    conn = with_words
    await SEARCHES[kind](conn)
    await conn.execute("SELECT pg_stat_reset()")
    await SEARCHES[kind](conn)
    assert await _scans(conn) == {}


async def test_words_are_renewed_by_indexes(with_words: Connection) -> None:
    conn = with_words
    facets = {"documentation": {"description": "net"}}
    told = [
        run_event("COMPLETE", "23:00", f"job{n}", f"new{n}", job_facets=facets, outputs=[dataset(f"b{n}", facets)])
        for n in range(300)
    ]
    await commit(conn, prepared(told), Memory())
    for _ in range(2):
        await conn.execute("SELECT pg_stat_reset()")
        stale = [renewed async for renewed in renew_all(conn)]
        assert await _scans(conn) == {}
    assert sum(stale) == 0


async def test_names_are_searched_without_the_extension_too(conn: Connection) -> None:
    found = await search(conn, Query("4999"))
    await conn.execute("DROP EXTENSION pg_trgm CASCADE")
    assert await search(conn, Query("4999")) == found
    assert found.totalCount == 25
    assert len((await search_jobs(conn, "4999")).hits) == 10


@pytest.mark.parametrize("noun", ["datasets", "jobs"])
async def test_a_list_by_the_beginning_of_names_reads_these(conn: Connection, noun: str) -> None:
    """Of one namespace of 50,000."""
    namespace = ids.namespace_id("large")
    await conn.execute("INSERT INTO namespaces (namespace_id, name, first_at) VALUES (%s, 'large', now())", [namespace])
    alone = ", canonical_id = dataset_id" if noun == "datasets" else ""
    await conn.execute(f"UPDATE {noun} SET namespace_id = %s {alone} WHERE namespace_id = 1", [namespace])
    await conn.execute(f"VACUUM ANALYZE {noun}")
    page, names = Page(5), Names("4999")

    async def read() -> int:
        if noun == "datasets":
            return (await datasets.list_datasets(conn, "large", page, names)).totalCount
        return (await jobs.list_jobs(conn, page, "large", names=names)).totalCount

    assert await read() == 11
    ((scans, rows),) = [(scans, rows) for table, scans, _, rows in await _read(conn, read) if table == noun]
    assert scans == 0
    assert rows < 100


_HUB, _BUSY_JOB, _C = ids.dataset_id("db://shop", "hub"), ids.job_id("shop", "busy"), ids.dataset_id("db://shop", "c")
_SEVEN, _EIGHT = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (7, 8))
_EDGES, _NAMES = {(_HUB, _BUSY_JOB), (_BUSY_JOB, _C)}, {_HUB: "hub", _BUSY_JOB: "busy", _C: "c"}


async def _mistyped(conn: Connection) -> None:
    for node_id in ("dataset:db://shop:hubb", "job:shop:bus"):
        with pytest.raises(NotFound, match="Near names"):
            await find_node(conn, node_id)
    for node_id in ("dataset:db://shop:long enough to have trigrams", "job:shop:long enough to have trigrams"):
        with pytest.raises(NotFound):
            await find_node(conn, node_id)


PAST: dict[str, Callable[[Connection], Awaitable[object]]] = {
    "names like one": _mistyped,
    "edges that ended": lambda conn: load_ended(conn, _EDGES, _EIGHT, _NAMES),
    "edges that began": lambda conn: load_begun(conn, _EDGES, _SEVEN, _EIGHT),
    "facets": lambda conn: facets_at(conn, [*_NAMES], _EIGHT),
    "columns": lambda conn: columns_at(conn, [_C], _EIGHT),
    "columns downstream": lambda conn: column_edges(conn, [Place(7, ""), Place(8, "y")], downstream=True, then=Then(_EIGHT)),
    "columns upstream": lambda conn: column_edges(conn, [Place(7, ""), Place(8, "x")], downstream=False, then=Then(_EIGHT)),
    "columns inside of others": lambda conn: column_edges(conn, [Place(8, "y")], downstream=True, then=Then(_EIGHT), nested=True),
    "a field that is gone": lambda conn: not_found(conn, "Field", "y", Place(_HUB, "y")),
    "causes": lambda conn: causes(conn, [(_HUB, "schema", 1), (_BUSY_JOB, "jobType", 1)], _SEVEN, _EIGHT),
}


@pytest.mark.parametrize("question", PAST)
async def test_the_past_is_read_by_indexes(conn: Connection, question: str) -> None:
    await _read(conn, lambda: PAST[question](conn))
    await conn.execute("ANALYZE")
    assert await (await conn.execute(_SCANS, [list(_GROWS)])).fetchall() == []


_FEW_DATASETS = """
DELETE FROM run_io;
INSERT INTO run_io (run_id, month, dataset_id, output, first_at, last_at)
    SELECT n, '1970-01-01', n % 20, true, now(), now() FROM generate_series(1, 50000) n;
"""
_BLOCKS = "SELECT sum(idx_blks_hit + idx_blks_read)::int FROM pg_statio_user_tables WHERE relname LIKE 'run_io%'"


async def test_what_runs_wrote_is_found_by_the_runs(conn: Connection, database: str) -> None:
    """Where there are few datasets PostgreSQL is tempted to go through all of the index that begins with these."""
    for statement in (*_FEW_DATASETS.split(";\n")[:2], "VACUUM ANALYZE run_io"):
        await conn.execute(statement)
    async with open_pool(database, size=1) as pool, pool.connection() as reading:
        for _ in range(7):  # often enough for a plan that serves all
            assert len(await Readers(reading).outputs([1, 2, 3])) == 3
        await reading.execute("SELECT pg_stat_force_next_flush()")
        await conn.execute("SELECT pg_stat_reset()")
        await Readers(reading).outputs([1, 2, 3])
        await reading.execute("SELECT pg_stat_force_next_flush()")
        row = await (await conn.execute(_BLOCKS)).fetchone()
    assert row is not None
    assert row[0] < 50, row


_NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_READ = """
SELECT relname, seq_scan::int, idx_scan::int, coalesce(idx_tup_fetch, 0)::int FROM pg_stat_user_tables
WHERE seq_scan > 0 OR idx_scan > 0
"""


async def _read(conn: Connection, reading: Callable[[], Awaitable[object]]) -> list[tuple[str, int, int, int]]:
    """Of each table that is read: scans of the whole, scans by an index, and the rows that these give."""
    await reading()  # PostgreSQL looks into its catalogue
    for statement in ("SELECT pg_stat_force_next_flush()", "SELECT pg_stat_reset()"):
        await conn.execute(statement)
    await reading()
    await conn.execute("SELECT pg_stat_force_next_flush()")
    return await (await conn.execute(_READ)).fetchall()


@pytest.mark.parametrize(("period", "hours"), [("DAY", 24), ("WEEK", 7 * 24)])
async def test_events_are_counted_without_the_log(conn: Connection, period: stats.Period, hours: int) -> None:
    bounds = stats.bounds_of(period, "Asia/Kathmandu", _NOW)
    ((table, scans, _, rows),) = await _read(conn, lambda: stats.count_events(conn, bounds))
    assert (table, scans) == ("event_counts", 0)
    assert hours * 4 < rows <= hours * 4 * 4 + 1, "four connections in every quarter, and one in another"


@pytest.mark.parametrize("noun", ["jobs", "datasets", "sources"])
async def test_totals_are_counted_in_one_pass(conn: Connection, noun: stats.Noun) -> None:
    bounds = stats.bounds_of("DAY", None, _NOW)
    read = await _read(conn, lambda: stats.count_nouns(conn, noun, bounds))
    tables = {"sources": ["put_sources", "sources"]}.get(noun, [noun])
    assert sorted((table, scans + by_index) for table, scans, by_index, _ in read) == [(table, 1) for table in tables]


# ---------------------------------------------------------------- what the API reads

_LAST_RUN = run_uuid("busy last")
_DATASET_PATH = "/namespaces/db%3A%2F%2Fshop/datasets/c"
_JOB_PATH = "/namespaces/shop/jobs/busy"
_MODEL = "/models/db%3A%2F%2Fshop/c"
# Of each GET what is asked. {dataset} and {job} stand for their current versions. Events of a namespace are asked for by a
# window: without one their total is counted in the whole log.
ASKED = {
    "/namespaces": "/namespaces",
    "/namespaces/{namespace}": "/namespaces/shop",
    "/namespaces/{namespace}/datasets": "/namespaces/db%3A%2F%2Fshop/datasets",
    "/namespaces/{namespace}/datasets/{dataset}": _DATASET_PATH,
    "/namespaces/{namespace}/datasets/{dataset}/versions": f"{_DATASET_PATH}/versions?limit=20",
    "/namespaces/{namespace}/datasets/{dataset}/versions/{version}": f"{_DATASET_PATH}/versions/{{dataset}}",
    "/namespaces/{namespace}/jobs": "/namespaces/shop/jobs",
    "/namespaces/{namespace}/jobs/{job}": _JOB_PATH,
    "/namespaces/{namespace}/jobs/{job}/runs": f"{_JOB_PATH}/runs?limit=20",
    "/namespaces/{namespace}/jobs/{job}/versions": f"{_JOB_PATH}/versions",
    "/namespaces/{namespace}/jobs/{job}/versions/{version}": f"{_JOB_PATH}/versions/{{job}}",
    "/jobs": "/jobs?limit=20",
    "/jobs/runs/{run}": f"/jobs/runs/{_LAST_RUN}",
    "/jobs/runs/{run}/facets": f"/jobs/runs/{_LAST_RUN}/facets?type=run",
    "/sources": "/sources",
    "/sources/{source}": "/sources/pg",
    "/tags": "/tags",
    "/events": "/events",
    "/events/lineage": "/events/lineage?limit=20",
    "/events/{namespace}": "/events/n?limit=20",
    "/lineage": "/lineage?nodeId=job:shop:busy",
    "/column-lineage": "/column-lineage?nodeId=job:shop:busy&withDownstream=true",
    "/runlineage/upstream": f"/runlineage/upstream?runId={_LAST_RUN}",
    "/runlineage/downstream": f"/runlineage/downstream?runId={_LAST_RUN}",
    "/impact": "/impact?nodeId=dataset:db://shop:hub",
    "/paths": "/paths?from=dataset:db://shop:hub&to=dataset:db://shop:c",
    "/lineage/diff": "/lineage/diff?nodeId=dataset:db://shop:c&from=2026-03-01T07:00:00Z&depth=1",
    "/models": "/models",
    "/models/affected": "/models/affected?nodeId=job:shop:busy",
    "/models/{namespace}/{model}": _MODEL,
    "/models/{namespace}/{model}/versions": f"{_MODEL}/versions?limit=20",
    "/models/{namespace}/{model}/compare": f"{_MODEL}/compare?from=latest&to=latest",
    "/models/{namespace}/{model}/versions/{version}": f"{_MODEL}/versions/latest",
    "/models/{namespace}/{model}/versions/{version}/trace": f"{_MODEL}/versions/latest/trace",
    "/dead-letters": "/dead-letters",
    "/conformance": "/conformance",
    "/search": "/search?q=4999",
}
OTHERWISE = {  # with statements that the same calls do without, as they are asked above
    "by kinds and states": "/impact?nodeId=dataset:db://shop:hub&kinds=input&kinds=output&state=COMPLETED",
    "collapsed": "/impact?nodeId=dataset:db://shop:hub&collapse=parents",
    "from a run": f"/impact?nodeId=run:{_LAST_RUN}&paths=2",
    "from a version": "/impact?nodeId=dataset:db://shop:c&grain=version&direction=upstream&depth=2",
    "from a run, both ways": f"/impact?nodeId=run:{_LAST_RUN}&direction=both&limit=10",
    "of columns, both ways": "/impact?nodeId=dataset:db://shop:hub&grain=column&direction=both",
    "directed": "/lineage?nodeId=job:shop:busy&direction=both",
}
# All are counted in one pass. The one namespace has nearly all there is, so the planner may take it for all.
_COUNTED = {"/jobs": "jobs", "/namespaces/{namespace}/jobs": "jobs", "/namespaces/{namespace}/datasets": "datasets"}


async def test_no_answer_reads_a_table_from_end_to_end(conn: Connection, database: str) -> None:
    facets = {"dataSource": {"name": "pg", "uri": "pg://db"}, "datasetType": {"datasetType": "MODEL"}, **_columns("hub")}
    told = run_event("COMPLETE", "08:00", "busy", "busy last", inputs=["hub"], outputs=[dataset("c", facets)])
    await commit(conn, prepared([told]), Memory())
    app = create_app(Settings(), database)
    async with (
        open_pool(database, size=1) as app.state.pool,
        running_looking(database) as app.state.looking,
        running_present(app.state.looking.era) as app.state.present,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://headwater/api/v1") as http,
    ):
        scanned = {}
        for route, asked in {**ASKED, **OTHERWISE}.items():
            path = asked
            for noun, place in (("{dataset}", _DATASET_PATH), ("{job}", _JOB_PATH)):
                if noun in asked:
                    path = asked.replace(noun, (await http.get(place)).json()["currentVersion"])
            assert (await http.get(path)).status_code == 200, path  # what is read once only is read
            app.state.answers = Answers()  # nor is what is kept
            await _flushed(app.state.pool)
            await conn.execute("SELECT pg_stat_reset()")
            await http.get(path)
            await _flushed(app.state.pool)
            scanned[route] = await _scans(conn)
    assert {route: tables for route, tables in scanned.items() if tables and tables != {_COUNTED.get(route): 1}} == {}


async def _flushed(pool: Pool) -> None:
    """So that others see what the pool's connection has read."""
    async with pool.connection() as conn:
        await conn.execute("SELECT pg_stat_force_next_flush()")


def test_every_answer_is_looked_at() -> None:
    paths = create_app(Settings(), "postgresql://").openapi()["paths"]
    gets = {path.removeprefix("/api/v1") for path, told in paths.items() if "get" in told and path.startswith("/api/v1/")}
    assert {path for path in gets if not path.startswith("/stats/")} == ASKED.keys(), "those of /stats are above"
