from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from sqlalchemy import text
from tests.build import dataset, job_event, run_event, store

from headwater.db import migrate, tables
from headwater.errors import Unavailable
from headwater.ids import namespace_id

# What a table is made of, in PostgreSQL's own words; partitions are left out, which the models do not list.
DESCRIPTION = """
    SELECT c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0
      AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'
  UNION ALL
    SELECT c.relname, 'index', i.relname, pg_get_indexdef(x.indexrelid), x.indisunique, '', NULL
    FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'
  UNION ALL
    SELECT c.relname, 'constraint', k.conname, pg_get_constraintdef(k.oid), false, '', NULL
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'
  UNION ALL
    SELECT c.relname, 'partitioned', '', pg_get_partkeydef(c.oid), false, '', NULL
    FROM pg_class c WHERE c.relkind = 'p' AND c.relnamespace = 'public'::regnamespace
"""


def _description(url: str) -> set[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return {row for row in conn.execute(DESCRIPTION) if row[2] not in tables.TRIGRAM_INDEXES}


def test_the_models_are_the_migrated_database(database: str, empty_database: str) -> None:
    engine = migrate.engine(empty_database)
    tables.metadata.create_all(engine)
    engine.dispose()
    assert _description(database) ^ _description(empty_database) == set()
    assert len(_description(database)) > 100


def test_check_is_content_with_a_migrated_database(database: str) -> None:
    assert migrate.check(database) == []


def test_check_names_the_missing_revision(empty_database: str) -> None:
    assert migrate.check(empty_database) == [f"the database is at revision none, this release needs {migrate.head()}"]


def test_what_is_pending_is_required(database: str, empty_database: str) -> None:
    migrate.require(database)
    with pytest.raises(Unavailable, match="at revision none"):
        migrate.require(empty_database)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0001'")
        with pytest.raises(Unavailable, match="at revision 0001"):
            migrate.require(database)
        conn.execute("UPDATE alembic_version SET version_num = 'of a later release'")
    migrate.require(database)


def test_check_finds_what_was_changed_by_hand(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("ALTER TABLE jobs ADD COLUMN colour text")
        conn.execute("DROP INDEX edges_owner_id_idx")
    assert sorted(line.partition(",")[0] for line in migrate.check(database)) == ["('add_index'", "('remove_column'"]


def test_upgrading_twice_is_upgrading_once(database: str) -> None:
    before = _description(database)
    migrate.upgrade(database)
    assert _description(database) == before


def test_several_processes_may_upgrade_at_once(empty_database: str) -> None:
    with get_context("spawn").Pool(2) as processes:
        processes.map(migrate.upgrade, [empty_database] * 2)
    assert migrate.check(empty_database) == []


def test_several_threads_may_upgrade_at_once(empty_database: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate.upgrade, [empty_database] * 3))
    assert migrate.check(empty_database) == []


def _indexes(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        return {
            name
            for (name,) in conn.execute("SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)", [[*tables.TRIGRAM_INDEXES]])
        }


def test_names_are_searched_by_indexes(database: str) -> None:
    assert _indexes(database) == set(tables.TRIGRAM_INDEXES)


def test_extensions_may_be_forbidden(empty_database: str) -> None:
    role = f"plain_{uuid4().hex}"
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role}")
        conn.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        try:
            migrate.upgrade(f"{empty_database}{'&' if '?' in empty_database else '?'}options=-c%20role%3D{role}")
            assert _indexes(empty_database) == set()
            assert migrate.check(empty_database) == []
        finally:
            conn.execute(f"DROP OWNED BY {role}")
            conn.execute(f"DROP ROLE {role}")


def test_names_of_jobs_are_kept_once_and_as_long_as_the_jobs(database: str) -> None:
    with psycopg.connect(database) as conn:
        for _ in range(2):
            conn.execute(
                "INSERT INTO jobs (job_id, namespace_id, name, first_at) VALUES (1, 1, 'a', now())"
                " ON CONFLICT (job_id) DO UPDATE SET first_at = now()"
            )
        assert conn.execute("SELECT job_id, name FROM job_names").fetchall() == [(1, "a")]
        conn.execute("DELETE FROM jobs")
        assert conn.execute("SELECT job_id, name FROM job_names").fetchall() == []


def _downgrade(database: str, revision: str, statement: str = "SELECT 1") -> None:
    """To an earlier revision, where ``statement`` is run."""
    with migrate.engine(database).connect() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrate.location()))
        command.downgrade(config, revision)
        connection.execute(text(statement))
        connection.commit()


async def test_events_that_were_there_before_are_counted(database: str) -> None:
    told = [run_event(kind, time) for kind, time in (("START", "08:00"), ("RUNNING", "08:01"), ("COMPLETE", "08:20"))]
    await store(database, [*told, job_event("08:02", "j")])
    with psycopg.connect(database, autocommit=True) as conn:
        counted = "SELECT bucket, sum(events), sum(starts) FROM event_counts GROUP BY bucket ORDER BY bucket"
        before = conn.execute(counted).fetchall()
        assert [events for _, events, _ in before] == [2, 1]
        _downgrade(database, "0006")
        migrate.upgrade(database)
        assert conn.execute(counted).fetchall() == before


def test_what_was_there_before_the_search_is_found_by_name(database: str) -> None:
    _downgrade(database, "0001", "INSERT INTO jobs (job_id, namespace_id, name, first_at) VALUES (1, 1, 'a', now())")
    migrate.upgrade(database)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT job_id, name FROM job_names").fetchall() == [(1, "a")]
    assert (migrate.check(database), _indexes(database)) == ([], set(tables.TRIGRAM_INDEXES))


async def test_the_source_of_datasets_that_tell_none_is_made(database: str) -> None:
    told = dataset("told", {"dataSource": {"name": "warehouse", "uri": "pg://x"}})
    with psycopg.connect(database, autocommit=True) as conn:
        for event in (run_event("COMPLETE", "07:00", outputs=[told]), run_event("COMPLETE", "08:00", outputs=["untold"])):
            await store(database, [event])
            before = conn.execute("SELECT * FROM sources ORDER BY name").fetchall()
            _downgrade(database, "0012", "DELETE FROM sources WHERE name = 'default'")
            migrate.upgrade(database)
            assert conn.execute("SELECT * FROM sources ORDER BY name").fetchall() == before
    assert [row[2] for row in before] == ["default", "warehouse"]


def test_the_default_namespace_has_the_id_of_its_name(database: str) -> None:
    with psycopg.connect(database) as conn:
        rows = conn.execute("SELECT namespace_id, name, owner, is_hidden FROM namespaces").fetchall()
    assert rows == [(namespace_id("default"), "default", "anonymous", False)]


@pytest.mark.parametrize("table", ["runs_undated", "jobs", "datasets", "edges", "event_counts"])
def test_rows_that_events_update_have_room(database: str, table: str) -> None:
    with psycopg.connect(database) as conn:
        row = conn.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [table]).fetchone()
    assert row == (["fillfactor=80"],)


BIGINTS = st.integers(-(2**63), 2**63 - 1)
# Few keys and times, so that they meet.
ENTRIES = st.tuples(st.integers(0, 3) | BIGINTS, st.integers(-1, 1) | BIGINTS)
FACETS = st.dictionaries(st.sampled_from(["a", "b", 'c"d', ""]), ENTRIES.map(list), max_size=4)


@given(st.lists(st.tuples(FACETS, FACETS), min_size=1, max_size=200))
def _merges_as_python_would(conn: psycopg.Connection[tuple[object, ...]], pairs: list[tuple[dict[str, list[int]], ...]]) -> None:
    left, right = [[Jsonb(pair[side]) for pair in pairs] for side in (0, 1)]
    merged = conn.execute(
        "SELECT merge_facets(a, b), merge_facets(b, a), merge_facets(merge_facets(a, b), a)"
        " FROM unnest(%s::jsonb[], %s::jsonb[]) WITH ORDINALITY AS t (a, b, n) ORDER BY n",
        [left, right],
    ).fetchall()
    for (a, b), row in zip(pairs, merged, strict=True):
        expected = {key: max(m[key] for m in (a, b) if key in m) for key in a | b}
        assert row == (expected, expected, expected)


def test_merging_facets(database: str) -> None:
    """Of each key the greater (time, digest), whatever the order and however often."""
    with psycopg.connect(database) as conn:
        _merges_as_python_would(conn)
