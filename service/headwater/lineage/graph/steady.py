"""Since when each owner of edges has had those of now: at most times the graph is the present one but for a few jobs.

Kept in the process beside the present graph, which it is told in the same way when to look again at whose edges; what it says of
the times before stays as it is, whatever is told in the order of time (see decisions/0023-the-past-from-the-present.md).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from psycopg.pq.abc import PGresult

from headwater.db.digests import io_digest
from headwater.db.pool import Connection
from headwater.lineage.graph.arrays import Ids
from headwater.lineage.graph.binary import numbers
from headwater.lineage.graph.rows import found_in
from headwater.lineage.sql import statement

_RUNS = 100  # to go back from the latest: of a job that runs every hour four days, of one that runs every day three months
_STEADY = (
    statement("steady")
    .decode()
    .replace("{digest}", io_digest("e.kind = 2", "e.target_id", "e.source_id"))
    .replace("{runs}", str(_RUNS))
)
_MICROS = "(CASE WHEN {0} = 'infinity' THEN 9223372036854775807 ELSE extract(epoch FROM {0}) * 1000000 END)::bigint"
_COLUMNS = f"""
SELECT array_agg(owner_id), array_agg({_MICROS.format("born_at")}), array_agg({_MICROS.format("steady_at")})
FROM ({{0}}) s (owner_id, born_at, steady_at)
"""
_ALL = f"{_COLUMNS.format(_STEADY.replace('{jobs}', 'true').replace('{datasets}', 'true'))} GROUP BY owner_id & 63"
_OF = _COLUMNS.format(_STEADY.replace("{jobs}", "j.job_id = ANY(%(ids)s)").replace("{datasets}", "d.dataset_id = ANY(%(ids)s)"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = np.iinfo(np.int64).max
_NONE: Ids = np.empty(0, np.int64)


class Owners(NamedTuple):
    """At one time, by ids."""

    unborn: Ids  # that had no edges yet
    other: Ids  # of which it is not known that they had the edges of now


class Steady:
    """Times are microseconds since 1970."""

    def __init__(self, owners: Ids, born: Ids, since: Ids) -> None:
        order = np.argsort(owners)
        self._owners, self._born, self._since = owners[order], born[order], since[order]

    @classmethod
    async def load(cls, conn: Connection) -> Steady:
        await conn.execute("SET LOCAL statement_timeout = 0")  # nobody waits for it
        parts = [(_NONE, _NONE, _NONE)]
        async with conn.cursor(name="steady", binary=True) as cursor:
            await cursor.execute(_ALL)
            while await cursor.fetchmany(1):
                parts.append(_row(cursor.pgresult))
        return cls(*map(np.concatenate, zip(*parts, strict=True)))

    async def renew(self, conn: Connection, owners: Collection[int]) -> None:
        """Reads again what is there of these owners."""
        columns = _row((await conn.execute(_OF, {"ids": [*owners]}, binary=True)).pgresult)
        order = np.argsort(columns[0])
        told, born, since = (column[order] for column in columns)
        asked = np.fromiter(owners, np.int64, len(owners))
        places, known = found_in(self._owners, asked)
        self._born[places[known]] = _NEVER
        places, known = found_in(self._owners, told)
        self._born[places[known]], self._since[places[known]] = born[known], since[known]
        if not known.all():
            self._owners, self._born, self._since = (
                np.insert(old, places[~known], more[~known])
                for old, more in ((self._owners, told), (self._born, born), (self._since, since))
            )

    def at(self, time: datetime) -> Owners:
        micros = (time - _EPOCH) // timedelta(microseconds=1)
        unborn = self._born > micros
        return Owners(self._owners[unborn], self._owners[~unborn & (self._since > micros)])


def _row(result: PGresult | None) -> tuple[Ids, Ids, Ids]:
    return numbers(result, 0), numbers(result, 1), numbers(result, 2)
