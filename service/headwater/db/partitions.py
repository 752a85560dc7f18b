"""Monthly partitions: made when the first row of a month is about to be written.

Rows without a month of their own (runs whose UUID tells no time, events dated outside 2015–2099) live in the DEFAULT
partition, as do all of a month whose partition could not be made. Where a row is stored changes no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date

from psycopg import errors, sql
from psycopg.pq import TransactionStatus

from headwater.db.pool import Connection
from headwater.errors import Unavailable

FIRST, LAST = date(2015, 1, 1), date(2099, 12, 1)

_LOCK = 0x68772D7061727473  # 'hw-parts'
_PATIENCE_MS = 10_000  # making a partition waits for every reader of the table, and new readers wait for it
_RETRY_AFTER_S = 5
# Rows of runs are updated by each event of the run: room on the page keeps the indexes out of it. PostgreSQL takes
# storage parameters for partitions only, so they cannot be inherited.
_STORAGE = {"runs": sql.SQL(" WITH (fillfactor = 80)")}

_EXISTING = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relnamespace = to_regnamespace(current_schema())"


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
