"""A Marquez that is read from its PostgreSQL. Knows the tables of Marquez 0.47 to 0.51; nothing is written there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec
from psycopg import ProgrammingError, errors
from psycopg.conninfo import conninfo_to_dict

from headwater.db.pool import Connection, DatabaseUnavailable, connect
from headwater.errors import Invalid, Unavailable
from headwater.marquez.nouns import Chunk, Dataset, Job, Namespace, Run, Source, Tag

_T = TypeVar("_T")
_FETCH = 100  # rows at once, as events may have megabytes

_EVENT_COUNT = "SELECT count(*) FROM lineage_events WHERE event_time >= %s"
_EVENTS = "SELECT event_time, event::text FROM lineage_events WHERE event_time >= %s ORDER BY event_time"
# By the namespace's uuid: it is what Marquez's indexes of jobs and datasets begin with.
_RUN_COUNT = """
SELECT count(*) FROM runs r JOIN jobs j ON j.uuid = r.job_uuid JOIN namespaces n ON n.uuid = j.namespace_uuid
WHERE n.name = %s AND j.name = %s
"""
_VERSION_COUNT = """
SELECT count(*) FROM dataset_versions v JOIN datasets d ON d.uuid = v.dataset_uuid JOIN namespaces n ON n.uuid = d.namespace_uuid
WHERE n.name = %s AND d.name = %s
"""


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Raises Unavailable, and Invalid where nothing of Marquez is there."""
    name = place(url)
    try:
        conn = await connect(url)
    except DatabaseUnavailable as error:
        raise Unavailable(f"Marquez's database does not answer: {' '.join(str(error).split())}") from None
    try:
        await conn.execute("SET default_transaction_read_only = on")
        yield Database(name, conn)
    except (errors.UndefinedTable, errors.UndefinedColumn) as error:
        raise Invalid(f"{name} has no tables of Marquez 0.47 to 0.51: {error.diag.message_primary}.") from None
    finally:
        await conn.close()


def place(url: str) -> str:
    """Where a database is: what tells it from others, and no secret. Raises Invalid."""
    try:
        told = conninfo_to_dict(url)
    except ProgrammingError:
        raise Invalid("--database is no URL of PostgreSQL, such as postgresql://marquez@db:5432/marquez.") from None
    return f"postgresql://{told.get('host') or 'localhost'}:{told.get('port') or 5432}/{told.get('dbname') or ''}"


class Database:
    def __init__(self, name: str, conn: Connection) -> None:
        self.name = name
        self._conn = conn

    async def event_count(self, since: datetime | None) -> int:
        return await self._count(_EVENT_COUNT, since or "-infinity")

    async def events(self, since: datetime | None) -> AsyncGenerator[Chunk, None]:
        """From one snapshot. The index on event_time gives the order, so that the first come at once."""
        async with self._conn.transaction(), self._conn.cursor(name="events") as rows:
            await rows.execute(_EVENTS, [since or "-infinity"])
            while page := await rows.fetchmany(_FETCH):
                yield Chunk([event.encode() for _, event in page], page[-1][0])

    def namespaces(self) -> AsyncIterator[Namespace]:
        return self._listed(Namespace, "namespaces")

    def sources(self) -> AsyncIterator[Source]:
        return self._listed(Source, "sources")

    def tags(self) -> AsyncIterator[Tag]:
        return self._listed(Tag, "tags")

    def datasets(self, namespace: str) -> AsyncIterator[Dataset]:
        return self._listed(Dataset, "datasets", namespace=namespace)

    def jobs(self, namespace: str) -> AsyncIterator[Job]:
        return self._listed(Job, "jobs", namespace=namespace)

    def runs(self, job: Job) -> AsyncIterator[Run]:
        return self._listed(Run, "runs", namespace=job.namespace, job=job.name)

    async def run_count(self, job: Job) -> int:
        return await self._count(_RUN_COUNT, job.namespace, job.name)

    async def version_count(self, dataset: Dataset) -> int:
        return await self._count(_VERSION_COUNT, dataset.namespace, dataset.name)

    async def _listed(self, noun: type[_T], statement: str, **parameters: Any) -> AsyncIterator[_T]:
        """Rows of a key, by which they are ordered, and the noun as JSON, as Marquez's API has it."""
        asked = {**parameters, "after": "", "limit": _FETCH}
        while rows := await (await self._conn.execute(_sql(statement), asked)).fetchall():
            for _, noun_as_json in rows:
                yield msgspec.json.decode(noun_as_json, type=noun)
            asked["after"] = rows[-1][0]

    async def _count(self, statement: str, *parameters: Any) -> int:
        row = await (await self._conn.execute(statement, parameters)).fetchone()
        assert row is not None
        return int(row[0])
