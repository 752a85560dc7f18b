"""Retention: history older than some days goes, what is current stays whatever its age.

A run goes that ended before, unless something present follows from it: it is the latest of its job, it tells of edges that are
current, or it wrote the current version of a dataset. With it go its inputs, outputs and versions, and its events in the log;
then edges and column lineage that are no longer current, and dead letters. Jobs, datasets and what is declared without a run
stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from headwater.catalog.columns import current_columns
from headwater.db import partitions
from headwater.db.pool import Connection, connect
from headwater.ingest.statements import QUARTER
from headwater.settings import Settings
from headwater.tasks import end

_log = logging.getLogger(__name__)
_LOCK = 0x68772D72657461  # 'hw-reta': one process at a time
_FEW = 10_000  # rows of a month that may move in one go: well under a second
_LEAST_ID = -(1 << 63)
_MONTHLY = ("lineage_events", "runs", "run_io", "run_versions")

# What a run that goes must not be is written from the cheapest to the dearest. See lineage.edges for floors, and
# catalog/sql/current_versions.sql for versions.
_RETIRED = """
CREATE TEMP TABLE retired AS
SELECT r.run_id, r.month
FROM runs r JOIN jobs j USING (job_id)
WHERE coalesce(r.last_at, r.first_at) < %(before)s
  AND (j.floor_at IS NULL OR coalesce(r.last_at, r.first_at) < j.floor_at)
  AND r.run_id <> (SELECT l.run_id FROM runs l WHERE l.job_id = r.job_id ORDER BY l.first_at DESC, l.run_id LIMIT 1)
  AND NOT EXISTS (
      SELECT FROM run_io io
      WHERE io.run_id = r.run_id AND io.month = r.month AND io.output AND (r.state = 'COMPLETED' OR r.streaming)
        AND NOT EXISTS (
            SELECT FROM run_io later JOIN runs w USING (run_id, month)
            WHERE later.dataset_id = io.dataset_id AND later.output AND later.last_at > io.last_at
              AND (w.state = 'COMPLETED' OR w.streaming)
        )
  )
"""
_INDEX = "CREATE INDEX ON retired (run_id)"
_COUNT_RUNS = "SELECT count(*) FROM retired"
# Both give how many rows they took, and where the next batch goes on: nowhere, if there was nothing to look at.
_TAKE_RUNS = """
WITH batch AS (SELECT run_id, month FROM retired WHERE run_id > %(since)s ORDER BY run_id LIMIT %(rows)s),
run AS (
    DELETE FROM runs r USING batch b
    WHERE (r.run_id, r.month) = (b.run_id, b.month) AND coalesce(r.last_at, r.first_at) < %(before)s
    RETURNING r.run_id, r.month
),
io AS (DELETE FROM run_io io USING run WHERE (io.run_id, io.month) = (run.run_id, run.month)),
version AS (DELETE FROM run_versions v USING run WHERE (v.run_id, v.month) = (run.run_id, run.month))
SELECT (SELECT count(*) FROM run), (SELECT max(run_id) FROM batch)
"""
# Of times before there is less to tell, of nearly all jobs.
_NOTE = "INSERT INTO graph_changes (owner_id) VALUES (NULL)"
_OLD_EVENTS = """
FROM lineage_events e
WHERE e.kind = 1 AND e.event_time < %(before)s AND NOT EXISTS (
    SELECT FROM runs r WHERE r.run_uuid = e.run_uuid AND NOT EXISTS (SELECT FROM retired t WHERE t.run_id = r.run_id)
)
"""
_COUNT_EVENTS = f"SELECT count(*) {_OLD_EVENTS}"
_TAKE_EVENTS = f"""
WITH batch AS (
    SELECT e.event_time, e.event_id {_OLD_EVENTS} AND e.event_time >= %(since)s
    ORDER BY e.event_time, e.event_id LIMIT %(rows)s
), taken AS (
    DELETE FROM lineage_events e USING batch b WHERE (e.event_time, e.event_id) = (b.event_time, b.event_id)
    RETURNING e.event_time
), counted AS (
    INSERT INTO event_counts AS t (bucket, shard, starts, completes, fails, aborts, events)
    SELECT {QUARTER}, 0, 0, 0, 0, 0, -count(*) FROM taken GROUP BY 1
    ON CONFLICT (bucket, shard) DO UPDATE SET events = t.events + excluded.events
)
SELECT (SELECT count(*) FROM taken), (SELECT max(event_time) FROM batch)
"""
_OLD_EDGES = """
FROM edges e USING jobs o
WHERE o.job_id = e.owner_id AND e.kind IN (1, 2, 3, 4) AND e.last_at < %(before)s AND e.last_at < o.floor_at
  AND NOT EXISTS (
      SELECT FROM runs r WHERE r.run_id = e.last_run_id AND NOT EXISTS (SELECT FROM retired t WHERE t.run_id = r.run_id)
  )
"""
_COUNT_EDGES = f"SELECT count(*) {_OLD_EDGES.replace('edges e USING jobs o', 'edges e CROSS JOIN jobs o')}"
_OLD_COLUMNS = f"""
FROM column_lineage c
WHERE c.last_at < %(before)s AND NOT EXISTS ({current_columns("(SELECT c.*)")}) AND c.last_run_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM runs r WHERE r.run_id = c.last_run_id AND NOT EXISTS (SELECT FROM retired t WHERE t.run_id = r.run_id)
)
"""
_OLD_LETTERS = "FROM dead_letters WHERE received_at < %(before)s"


@dataclass(frozen=True, slots=True)
class Retired:
    """How much went, or would go."""

    runs: int
    events: int
    edges: int
    dead_letters: int


def before(days: int) -> datetime:
    """The instant so many days ago."""
    return datetime.now(UTC) - timedelta(days=days)


async def retire(conn: Connection, before: datetime, rows: int = 1_000, *, dry_run: bool = False) -> Retired | None:
    """Takes away what is older than ``before``, in transactions of ``rows`` rows; with ``dry_run`` it only counts. None where
    another process is at it. ``conn`` must be outside a transaction."""
    row = await (await conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])).fetchone()
    if row is None or not row[0]:
        return None
    try:
        await conn.execute(_RETIRED, {"before": before})
        await conn.execute(_INDEX)
        return await (_count(conn, before) if dry_run else _take(conn, before, rows))
    finally:
        await conn.execute("DROP TABLE IF EXISTS retired")
        await conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


async def _count(conn: Connection, before: datetime) -> Retired:
    statements = (_COUNT_RUNS, _COUNT_EVENTS, _COUNT_EDGES, f"SELECT count(*) {_OLD_LETTERS}")
    rows = [await (await conn.execute(statement, {"before": before})).fetchone() for statement in statements]
    return Retired(*(int(row[0]) for row in rows if row))


async def _take(conn: Connection, before: datetime, rows: int) -> Retired:
    runs = await _take_batches(conn, _TAKE_RUNS, before, rows, _LEAST_ID)
    if runs:
        await conn.execute(_NOTE)
    events = await _take_batches(conn, _TAKE_EVENTS, before, rows, datetime.min.replace(tzinfo=UTC))
    edges = (await conn.execute(f"DELETE {_OLD_EDGES}", {"before": before})).rowcount
    await conn.execute(f"DELETE {_OLD_COLUMNS}", {"before": before})
    letters = (await conn.execute(f"DELETE {_OLD_LETTERS}", {"before": before})).rowcount
    for table in _MONTHLY:
        await partitions.fold(conn, table, before.date(), _FEW)
    return Retired(runs, events, edges, letters)


async def _take_batches(conn: Connection, statement: str, before: datetime, rows: int, since: object) -> int:
    taken = 0
    while since is not None:
        row = await (await conn.execute(statement, {"before": before, "rows": rows, "since": since})).fetchone()
        assert row is not None
        taken, since = taken + row[0], row[1]
    return taken


@asynccontextmanager
async def running_retention(url: str, settings: Settings) -> AsyncIterator[None]:
    """Retires now and then, where the settings say after how many days."""
    if settings.retention_days is None:
        yield
        return
    task = asyncio.create_task(_keep_retiring(url, settings, settings.retention_days), name="retention")
    try:
        yield
    finally:
        await end(task)


async def _keep_retiring(url: str, settings: Settings, days: int) -> None:
    while True:
        try:
            async with await connect(url) as conn:
                retired = await retire(conn, before(days), settings.retention_batch_rows)
            if retired and retired != Retired(0, 0, 0, 0):
                _log.info("retention took away %s", retired)
        except psycopg.Error:
            _log.warning("retention failed, and will be tried again", exc_info=True)
        await asyncio.sleep(settings.retention_every_minutes * 60)
