"""Monthly partitions: made when the first row of a month is about to be written.

Rows without a month of their own (runs whose UUID tells no time, events dated outside 2015–2099) live in the DEFAULT
partition, as do all of a month whose partition could not be made. Where a row is stored changes no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from contextlib import suppress
from datetime import date

from psycopg import errors, sql
from psycopg.pq import TransactionStatus

from headwater.db.pool import Connection
from headwater.errors import Unavailable

FIRST, LAST = date(2015, 1, 1), date(2099, 12, 1)

_LOCK = 0x68772D7061727473  # 'hw-parts'
_PATIENCE_MS = 10_000  # making a partition waits for every reader of the table, and new readers wait for it
_RETRY_AFTER_S = 5
_SHORT_PATIENCE_MS = 1_000  # for what can be done another time
# Rows of runs are updated by each event of the run: room on the page keeps the indexes out of it. PostgreSQL takes
# storage parameters for partitions only, so they cannot be inherited.
_STORAGE = {"runs": sql.SQL(" WITH (fillfactor = 80)")}

_EXISTING = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relnamespace = to_regnamespace(current_schema())"

_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
"""
# A generated column cannot be given a value.
_STORED = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


def partition_name(table: str, month: date) -> str:
    return f"{table}_{month:%Y_%m}"


def following(month: date) -> date:
    """First day of the month after that of ``month``."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


async def ensure(conn: Connection, table_months: Mapping[str, Set[date]], patience_ms: int = _PATIENCE_MS) -> None:
    """Makes the missing partitions of each table for the given months (first days); others may do the same meanwhile.

    Must be called outside a transaction, in which its locks would last. One statement when nothing is missing.
    Raises Unavailable when readers hold a table for too long.
    """
    assert conn.info.transaction_status == TransactionStatus.IDLE, "partitions are made outside a transaction"
    wanted = {
        partition_name(table, month): (table, month)
        for table, months in table_months.items()
        for month in months
        if FIRST <= month <= LAST
    }
    missing = await _missing(conn, list(wanted))
    if not missing:
        return
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL lock_timeout = {int(patience_ms)}")
            await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            for name in await _missing(conn, missing):
                await _create(conn, name, *wanted[name])
    except errors.LockNotAvailable as error:
        raise Unavailable("A partition could not be made: its table is in use.", _RETRY_AFTER_S) from error


async def fold(conn: Connection, table: str, before: date, most_rows: int) -> list[str]:
    """Drops the partitions of months that ended before ``before``, the few rows that are left in one moving to the DEFAULT
    partition; gives their names. Left as they are: partitions of more than ``most_rows`` rows, and those that somebody reads
    just now. Must be called outside a transaction."""
    cursor = await conn.execute(_PARTITIONS, [table])
    old = [name for (name,) in await cursor.fetchall() if _month_after(table, name) <= before]
    return [name for name in sorted(old) if await _folded(conn, table, name, most_rows)]


def _month_after(table: str, name: str) -> date:
    year, _, month = name.removeprefix(f"{table}_").partition("_")
    return following(date(int(year), int(month), 1))


async def _folded(conn: Connection, table: str, name: str, most_rows: int) -> bool:
    parent, partition = sql.Identifier(table), sql.Identifier(name)
    few = sql.SQL("SELECT count(*) <= {0} FROM (SELECT FROM {1} LIMIT {0} + 1) r").format(sql.Literal(most_rows), partition)
    if not await _true(conn, few):
        return False
    with suppress(errors.LockNotAvailable):
        async with conn.transaction():
            await conn.execute(f"SET LOCAL lock_timeout = {_SHORT_PATIENCE_MS}")
            await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            await conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(parent))
            if not await _true(conn, few):  # somebody wrote to it meanwhile
                return False
            rows = await conn.execute(_STORED, [table])
            columns = sql.SQL(", ").join(sql.Identifier(column) for (column,) in await rows.fetchall())
            await conn.execute(sql.SQL("CREATE TEMP TABLE rest ON COMMIT DROP AS SELECT {} FROM {}").format(columns, partition))
            await conn.execute(sql.SQL("DROP TABLE {}").format(partition))
            await conn.execute(sql.SQL("INSERT INTO {} ({}) SELECT * FROM rest").format(parent, columns))
        return True
    return False


async def _true(conn: Connection, query: sql.Composed) -> bool:
    row = await (await conn.execute(query)).fetchone()
    return row is not None and bool(row[0])


async def _missing(conn: Connection, names: list[str]) -> list[str]:
    if not names:
        return []
    cursor = await conn.execute(_EXISTING, [names])
    existing = {name for (name,) in await cursor.fetchall()}
    return sorted(set(names) - existing)


async def _create(conn: Connection, name: str, table: str, month: date) -> None:
    statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({}){}").format(
        sql.Identifier(name),
        sql.Identifier(table),
        sql.Literal(f"{month:%Y-%m-%d}" + _zone(table)),
        sql.Literal(f"{following(month):%Y-%m-%d}" + _zone(table)),
        _STORAGE.get(table, sql.SQL("")),
    )
    try:
        async with conn.transaction():
            await conn.execute(statement)
    except errors.CheckViolation:
        return  # the DEFAULT partition holds rows of that month already: it keeps the month


def _zone(table: str) -> str:
    return " 00:00+00" if table == "lineage_events" else ""  # the only one whose key is a time
