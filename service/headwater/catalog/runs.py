"""Runs, with what they read and wrote."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from headwater import ids
from headwater.catalog import meaning, versions
from headwater.catalog.facets import FacetMap, decode, load_bodies, show
from headwater.catalog.page import Page, count
from headwater.catalog.versions import Candidate
from headwater.db.pool import Connection
from headwater.entities.run import (
    DatasetVersionId,
    JobName,
    JobVersionId,
    Run,
    RunDatasetVersion,
    RunFacets,
    Runs,
    RunState,
)
from headwater.errors import NotFound
from headwater.openlineage.facets import OWN_RUN

_MILLISECOND = timedelta(milliseconds=1)
_ENDED = ("COMPLETED", "ABORTED", "FAILED")

STARTED_AT = "coalesce(r.started_at, CASE WHEN r.running OR r.other THEN r.first_at END)"
"""When a run (``runs r``) began; null where nothing but its end is known."""

# What it read and wrote comes as JSON in the same row, with the versions that each input may be.
RUN_COLUMNS = f"""
       r.run_id, r.month, r.run_uuid, r.job_id, n.name, j.name, r.parent_run_uuid, r.first_at,
       coalesce(r.last_at, r.first_at),
       {STARTED_AT}, r.ended_at,
       r.state, r.streaming, r.version_id, r.facets::text,
       (SELECT json_agg(json_build_array(
            reading.dataset_id, n.name, c.name, io.output, io.io_facets,
            ARRAY(SELECT v.external_version FROM run_versions v
                  WHERE v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
                  ORDER BY v.first_at, v.external_version),
            (SELECT coalesce(json_agg(json_build_array(
                 v.named, v.weight, v.at, v.member, v.version_id, v.external_version)), '[]')
             FROM (
{versions.CANDIDATES}) v WHERE NOT io.output)
        ) ORDER BY n.name COLLATE "C", c.name COLLATE "C", io.dataset_id)
        FROM run_io io
        JOIN datasets d ON d.dataset_id = io.dataset_id
        JOIN datasets c ON c.dataset_id = d.canonical_id
        JOIN namespaces n ON n.namespace_id = c.namespace_id
        CROSS JOIN LATERAL (
            SELECT r.run_id, r.month, io.dataset_id, c.dataset_id AS canonical_id,
                   (io.facets->'schema'->>1)::bigint AS schema_id, coalesce(r.started_at, r.first_at) AS start
        ) reading
        WHERE io.run_id = r.run_id AND io.month = r.month)::text
"""
"""What ``shown_run`` takes, of ``runs r``, its ``jobs j`` and ``namespaces n``."""
_RUNS = f"""
SELECT {RUN_COLUMNS}
FROM runs r JOIN jobs j ON j.job_id = r.job_id JOIN namespaces n ON n.namespace_id = j.namespace_id
WHERE r.run_id = ANY(%s) AND r.month = ANY(%s)
"""
# Several jobs under one UUID are several runs: one that sent events of its own comes before one known as a parent only.
_FIND = """
SELECT run_id, month FROM runs WHERE run_uuid = %s AND month = %s ORDER BY last_at IS NULL, first_at, run_id LIMIT 1
"""
_OF_EVENTS = "SELECT run_uuid FROM runs WHERE run_uuid = ANY(%s) AND month = ANY(%s) AND NOT facets ? %s"
_PAGE = f"""
SELECT r.run_id, r.month FROM runs r WHERE r.job_id = %s
ORDER BY {STARTED_AT} DESC NULLS LAST, r.first_at DESC, r.run_id LIMIT %s OFFSET %s
"""
_COUNT = "SELECT count(*) FROM runs WHERE job_id = %s"
_JOB_OF_RUN = """
SELECT n.name, j.name, r.raw_job_id
FROM runs r JOIN jobs j ON j.job_id = r.job_id JOIN namespaces n ON n.namespace_id = j.namespace_id
WHERE r.run_id = %s AND r.month = %s
"""
_RUN_FACETS = "SELECT facets::text FROM runs WHERE run_id = %s AND month = %s"
_JOB_FACETS = "SELECT job_facets::text FROM runs WHERE run_id = %s AND month = %s"


@dataclass(frozen=True, slots=True)
class RunKey:
    run_id: int
    month: date


@dataclass(frozen=True, slots=True)
class _Row:
    run_id: int
    month: date
    uuid: UUID
    job_id: int
    namespace: str
    job: str
    parent: UUID | None
    first_at: datetime
    last_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    state: RunState
    streaming: bool
    version_id: int
    facets: str
    io: str | None


class _Io(msgspec.Struct, array_like=True, frozen=True):
    dataset_id: int
    namespace: str
    name: str
    output: bool
    facets: FacetMap
    externals: list[str]
    candidates: list[Candidate]

    def shown(self, run_id: int) -> list[RunDatasetVersion]:
        facets = show(self.facets, {})
        return [
            RunDatasetVersion(
                datasetVersionId=DatasetVersionId(namespace=self.namespace, name=self.name, version=version), facets=facets
            )
            for version in (self._written(run_id) if self.output else versions.read(self.candidates))
        ]

    def _written(self, run_id: int) -> list[UUID]:
        externals: Sequence[str | None] = self.externals or [None]
        return [ids.dataset_version_uuid(run_id, self.dataset_id, external) for external in externals]


_decode_io = msgspec.json.Decoder(list[_Io]).decode


async def get_run(conn: Connection, uuid: UUID) -> Run:
    """Raises NotFound."""
    key = await _find(conn, uuid)
    return (await load_runs(conn, [key]))[key.run_id]


async def exists(conn: Connection, uuid: UUID) -> bool:
    return await (await conn.execute(_FIND, (uuid, ids.run_month(uuid)))).fetchone() is not None


async def of_events(conn: Connection, uuids: Collection[UUID]) -> set[UUID]:
    """Those of which events told, and that no REST call made."""
    months = {ids.run_month(uuid) for uuid in uuids}
    rows = await (await conn.execute(_OF_EVENTS, (list(uuids), list(months), OWN_RUN))).fetchall()
    return {uuid for (uuid,) in rows}


async def find_job_of_run(conn: Connection, uuid: UUID) -> tuple[str, str]:
    """Namespace and name of a run's job, as the run's own events name it. Raises NotFound."""
    key = await _find(conn, uuid)
    row = await (await conn.execute(_JOB_OF_RUN, (key.run_id, key.month))).fetchone()
    assert row is not None
    namespace, name, raw_job_id = row
    # What is stored may have the parent's name in front.
    names = [name, *(name[i + 1 :] for i, letter in enumerate(name) if letter == ".")]
    return namespace, next((n for n in names if ids.job_id(namespace, n) == raw_job_id), name)


async def list_runs(conn: Connection, job_id: int, page: Page) -> Runs:
    """Runs of a job by their start, newest first; those without one last."""
    rows = await (await conn.execute(_PAGE, (job_id, page.limit, page.offset))).fetchall()
    runs = await load_runs(conn, [RunKey(*row) for row in rows])
    return Runs(totalCount=await count_runs(conn, job_id), runs=list(runs.values()))


async def count_runs(conn: Connection, job_id: int) -> int:
    return await count(conn, _COUNT, (job_id,))


async def get_run_facets(conn: Connection, uuid: UUID, kind: str) -> RunFacets:
    """Facets of the run, or (``kind`` JOB) of its job as the run's events had them. Raises NotFound."""
    key = await _find(conn, uuid)
    if kind not in ("RUN", "JOB"):
        return RunFacets(runId=uuid, facets={})
    statement = _RUN_FACETS if kind == "RUN" else _JOB_FACETS
    row = await (await conn.execute(statement, (key.run_id, key.month))).fetchone()
    facets: FacetMap = decode(row[0]) if row else {}
    return RunFacets(runId=uuid, facets=meaning.public(show(facets, await load_bodies(conn, [facets]))))


async def load_runs(conn: Connection, keys: Sequence[RunKey]) -> dict[int, Run]:
    """The runs with these keys by run id, in the order of the keys, by one statement."""
    if not keys:
        return {}
    asked = [key.run_id for key in keys], list({key.month for key in keys})
    rows = {row[0]: row for row in await (await conn.execute(_RUNS, asked)).fetchall()}
    return {key.run_id: shown_run(rows[key.run_id]) for key in keys if key.run_id in rows}


# To make one takes 85 µs, and a list of jobs shows ten of each, of which most have ended long ago. 2,048 are about 25 MB.
@lru_cache(maxsize=2_048)
def shown_run(columns: tuple[Any, ...]) -> Run:
    """From ``RUN_COLUMNS``."""
    row = _Row(*columns)
    inputs: list[RunDatasetVersion] = []
    outputs: list[RunDatasetVersion] = []
    for io in _decode_io(row.io or "[]"):
        (outputs if io.output else inputs).extend(io.shown(row.run_id))
    return _run(row, inputs, outputs)


async def _find(conn: Connection, uuid: UUID) -> RunKey:
    row = await (await conn.execute(_FIND, (uuid, ids.run_month(uuid)))).fetchone()
    if row is None:
        raise NotFound("Run", str(uuid))
    return RunKey(*row)


def _run(row: _Row, inputs: list[RunDatasetVersion], outputs: list[RunDatasetVersion]) -> Run:
    facets = show(decode(row.facets), {})
    nominal_start, nominal_end = meaning.nominal_times(facets)
    ended_at = row.ended_at if row.state in _ENDED else None
    return Run(
        id=row.uuid,
        createdAt=row.first_at,
        updatedAt=row.last_at,
        nominalStartTime=nominal_start,
        nominalEndTime=nominal_end,
        state=row.state,
        startedAt=row.started_at,
        endedAt=ended_at,
        durationMs=(ended_at - row.started_at) // _MILLISECOND if row.started_at and ended_at else None,
        args=meaning.run_args(facets),
        jobVersion=_job_version(row),
        inputDatasetVersions=inputs,
        outputDatasetVersions=outputs,
        facets=meaning.public(facets),
        job=JobName(namespace=row.namespace, name=row.job),
        parentRunUuid=row.parent,
    )


def _job_version(row: _Row) -> JobVersionId | None:
    if not (row.streaming or row.state in _ENDED):
        return None
    version = ids.job_version_uuid(row.job_id, row.version_id)
    return JobVersionId(namespace=row.namespace, name=row.job, version=version)
