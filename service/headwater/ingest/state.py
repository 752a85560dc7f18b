"""The state hash: one text for all that the projections say. The same set of events gives the same one, in whatever order
they came, on whatever installation."""

from __future__ import annotations

from hashlib import blake2b

from headwater.db.pool import Connection
from headwater.db.tables import PROJECTIONS

# Not of the events: `late`, `merged`, `moving`, `prior_at` and `shard` are for the statements that write; what is hidden depends
# on when events came.
_OURS = {"late", "merged", "moving", "prior_at", "shard", "is_hidden", "hidden_at", "heard_at"}
# The rows of a bucket are as many as connections have counted in it.
_ALL_SHARDS = """(
    SELECT bucket, sum(starts) AS starts, sum(completes) AS completes, sum(fails) AS fails, sum(aborts) AS aborts,
           sum(events) AS events
    FROM event_counts GROUP BY bucket) AS event_counts"""


def _statement(table: str, columns: list[str]) -> str:
    """Count, and the sum of the rows' hashes: no sorting, one pass over the table."""
    row = ", ".join(columns)
    where = ""
    if table == "namespaces":
        where = " WHERE name <> 'default'"  # is there from the start, since an hour that is not of any event
    rows = _ALL_SHARDS if table == "event_counts" else table
    return f"SELECT count(*), coalesce(sum(hashtextextended(ROW({row})::text, 0)::numeric), 0) FROM {rows}{where}"


async def table_hashes(conn: Connection) -> dict[str, str]:
    """``rows:hash`` of each projection, for finding where two states differ."""
    found = {}
    for table in PROJECTIONS:
        columns = [c.name for c in table.columns if c.name not in _OURS]
        row = await (await conn.execute(_statement(table.name, columns))).fetchone()
        assert row is not None
        found[table.name] = f"{row[0]}:{row[1]}"
    return found


async def state_hash(conn: Connection) -> str:
    """32 hexadecimal digits, from one snapshot of the database."""
    async with conn.transaction():
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await conn.execute("SET LOCAL TIME ZONE 'UTC'")  # times are hashed as texts
        hashes = await table_hashes(conn)
    return blake2b(repr(sorted(hashes.items())).encode(), digest_size=16).hexdigest()
