"""From which run, or version of a dataset, a walk from run to run starts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from headwater.catalog.datasets import LATEST, load_known, named_version
from headwater.catalog.versions import Reading, versions_read
from headwater.db.pool import Connection
from headwater.errors import Invalid, NotFound
from headwater.lineage.near import find_versioned
from headwater.lineage.node_ids import NodeKind, Resolved, parse
from headwater.lineage.runs.downstream import Written, written
from headwater.lineage.runs.upstream import EVER, Span, find_run, load_opened_run

_LATEST_RUN = "SELECT run_id FROM runs WHERE job_id = %s AND first_at <= %s ORDER BY first_at DESC, run_id LIMIT 1"
_NO_RUN = 0  # no run's id is 0


class StartRun(NamedTuple):
    """A run, and all that belong to it."""

    run_ids: tuple[int, ...]


Start: TypeAlias = StartRun | Written


async def find_start(conn: Connection, node_id: str, span: Span = EVER) -> Start | Resolved:
    """What ``run:<uuid>`` or ``dataset:<namespace>:<name>#<version>`` stands for, the latest being that at the span's end; of
    other ids, the node. Raises InvalidNodeId, Invalid, NotFound."""
    kind, rest = parse(node_id)
    if kind is NodeKind.RUN:
        return StartRun(await load_opened_run(conn, await find_run(conn, _uuid(rest), span), span))
    node, told = await find_versioned(conn, node_id)
    node.require_shown()
    if told is None:
        return node
    if kind is not NodeKind.DATASET:
        raise Invalid("Of versions, only those of datasets can be asked about here.")
    return await _version(conn, node, told, span)


async def latest_of(conn: Connection, node: Resolved, span: Span = EVER) -> Start:
    """A job's latest run, a dataset's current version, at the span's end. Raises NotFound where there is none."""
    if node.kind is not NodeKind.JOB:
        return await _version(conn, node, LATEST, span)
    row = await (await conn.execute(_LATEST_RUN, (node.id, span.at))).fetchone()
    if row is None:
        raise NotFound("Run of job", node.name)
    return StartRun(await load_opened_run(conn, row[0], span))


async def _version(conn: Connection, node: Resolved, told: str, span: Span) -> Written:
    known = (await load_known(conn, [node.id]))[node.id]
    if told == LATEST and span.at != EVER.at:
        if (then := (await versions_then(conn, [node.id], span.at)).get(node.id)) is None:
            raise NotFound("Dataset version", told)
        told = str(then)
    version = await named_version(conn, known, told)
    if version is None or version.first_at > span.at:
        raise NotFound("Dataset version", told)
    return written(known, version)


async def versions_then(conn: Connection, datasets: Iterable[int], at: datetime) -> dict[int, UUID]:
    """By canonical id the version that a run would have read that had begun then."""
    readings = [Reading(_NO_RUN, at.date(), dataset, dataset, None, at) for dataset in datasets]
    found = await versions_read(conn, readings)
    return {dataset: versions[0] for (_, dataset), versions in found.items()}


def _uuid(told: str) -> UUID:
    try:
        return UUID(told)
    except ValueError:
        raise NotFound("Run", told) from None
