"""Hard deletes: a namespace with all that is in it, a job or a dataset goes for good, with its runs, versions and edges, and the
datasets that only it used.

The delete is an event in the log. It ends an *era*: what was told before it is projected, then the thing is taken out of the
projections, then comes what was told after it. Writers live through this in the same order as a replay does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from headwater import ids
from headwater.db.pool import Connection
from headwater.ingest import symlinks
from headwater.ingest.prepare import Incoming, decompress, stored
from headwater.ingest.statements import IO_DIGEST
from headwater.ingest.writes import Erase
from headwater.openlineage.parse import Kind
from headwater.openlineage.times import to_datetime

# In the order in which writers come to these tables, so that they and we seldom wait for each other; readers go on.
_LOCK = """
LOCK TABLE facet_bodies, namespaces, sources, tags, column_sets, dataset_versions, lineage_events IN SHARE ROW EXCLUSIVE MODE
"""
_ERA = "SELECT coalesce(max(era), 0) FROM erasures"
_END_ERA = "INSERT INTO erasures (era) SELECT coalesce(max(era), 0) + 1 FROM erasures"
_TOLD = """
SELECT e.event_id FROM unnest(%s::timestamptz[], %s::uuid[]) AS v(event_time, event_id)
JOIN lineage_events e USING (event_time, event_id) WHERE e.era < %s
"""
_WRITTEN = "SELECT event_id, body FROM lineage_events WHERE kind = %s AND EXISTS (SELECT FROM erasures)"

# A dataset goes with all of its names; of a dataset elsewhere that has a name in the namespace, the name.
_ALL_NAMES = """
SELECT id FROM asked
UNION SELECT d.dataset_id FROM asked JOIN datasets d ON d.canonical_id = id AND d.canonical_id <> d.dataset_id
"""
_ONE_DATASET = f"WITH asked (id) AS (SELECT canonical_id FROM datasets WHERE dataset_id = %s) {_ALL_NAMES}"
_DATASETS_IN = f"WITH asked (id) AS (SELECT dataset_id FROM datasets WHERE namespace_id = %s) {_ALL_NAMES}"
_JOBS_IN = "SELECT job_id FROM jobs WHERE namespace_id = %s"
_LOSING_NAMES = "SELECT canonical_id FROM datasets WHERE dataset_id = ANY(%(datasets)s) AND canonical_id <> ALL(%(datasets)s)"
# What has an edge with them, or knows one of them as its parent: its row is written anew, as readers see by it that they must
# look again (see lineage.graph).
_AROUND = """
SELECT unnest(ARRAY[source_id, target_id, owner_id]) FROM edges
WHERE owner_id = ANY(%(all)s) OR source_id = ANY(%(all)s) OR target_id = ANY(%(all)s)
UNION SELECT job_id FROM jobs WHERE parent_id = ANY(%(jobs)s)
"""
_REWRITE = (
    "UPDATE jobs SET heard_at = heard_at WHERE job_id = ANY(%s)",
    "UPDATE datasets SET heard_at = heard_at WHERE dataset_id = ANY(%s)",
)
_USED = """
SELECT io.dataset_id FROM run_io io JOIN runs r USING (run_id, month) WHERE r.job_id = ANY(%(jobs)s)
UNION SELECT s.input_dataset_id FROM column_lineage l JOIN column_sets s USING (set_id) WHERE l.owner_id = ANY(%(jobs)s)
UNION SELECT dataset_id FROM datasets WHERE dataset_id = ANY(%(around)s)
"""
_UNUSED = """
SELECT dataset_id FROM unnest(%s::bigint[]) AS v(dataset_id)
WHERE NOT EXISTS (SELECT FROM run_io io WHERE io.dataset_id = v.dataset_id)
  AND NOT EXISTS (SELECT FROM edges e WHERE e.source_id = v.dataset_id OR e.target_id = v.dataset_id)
  AND NOT EXISTS (SELECT FROM dataset_versions d WHERE d.dataset_id = v.dataset_id AND d.declared)
  AND NOT EXISTS (SELECT FROM symlinks s WHERE s.primary_id = v.dataset_id OR s.alias_id = v.dataset_id)
  AND NOT EXISTS (SELECT FROM column_sets s JOIN column_lineage USING (set_id) WHERE s.input_dataset_id = v.dataset_id)
"""
_FORGET_JOBS = (
    """
    WITH run AS (DELETE FROM runs WHERE job_id = ANY(%(jobs)s) RETURNING run_id, month),
    io AS (DELETE FROM run_io io USING run WHERE (io.run_id, io.month) = (run.run_id, run.month))
    DELETE FROM run_versions v USING run WHERE (v.run_id, v.month) = (run.run_id, run.month)
    """,
    "DELETE FROM column_lineage WHERE owner_id = ANY(%(jobs)s)",
    "DELETE FROM edges WHERE owner_id = ANY(%(jobs)s) OR source_id = ANY(%(jobs)s) OR target_id = ANY(%(jobs)s)",
    "DELETE FROM job_words WHERE job_id = ANY(%(jobs)s)",
    "DELETE FROM jobs WHERE job_id = ANY(%(jobs)s)",
)
# A run's io_digest is that of the inputs and outputs which it still has.
_FORGET_DATASETS = (
    f"""
    WITH io AS (DELETE FROM run_io WHERE dataset_id = ANY(%(datasets)s) RETURNING run_id, month, dataset_id, output),
    gone AS (SELECT run_id, month, {IO_DIGEST} AS digest FROM io GROUP BY run_id, month)
    UPDATE runs r SET io_digest = r.io_digest # gone.digest FROM gone WHERE (r.run_id, r.month) = (gone.run_id, gone.month)
    """,
    "DELETE FROM run_versions WHERE dataset_id = ANY(%(datasets)s)",
    "DELETE FROM dataset_versions WHERE dataset_id = ANY(%(datasets)s)",
    "DELETE FROM column_lineage WHERE dataset_id = ANY(%(datasets)s)",
    "DELETE FROM column_sets WHERE input_dataset_id = ANY(%(datasets)s)",
    "DELETE FROM edges WHERE owner_id = ANY(%(datasets)s) OR source_id = ANY(%(datasets)s) OR target_id = ANY(%(datasets)s)",
    "DELETE FROM symlinks WHERE primary_id = ANY(%(datasets)s) OR alias_id = ANY(%(datasets)s)",
    "DELETE FROM models WHERE dataset_id = ANY(%(datasets)s)",
    "DELETE FROM dataset_words WHERE dataset_id = ANY(%(datasets)s)",
    "DELETE FROM datasets WHERE dataset_id = ANY(%(datasets)s)",
)
_FORGET_NAMESPACE = "DELETE FROM namespaces WHERE namespace_id = %s AND name <> 'default'"


@dataclass(slots=True)
class _Target:
    jobs: list[int] = field(default_factory=list)
    datasets: list[int] = field(default_factory=list)
    namespace: int | None = None


async def lock(conn: Connection) -> None:
    """Nobody else writes until the caller's transaction ends; who waits finds a new era then."""
    await conn.execute(_LOCK)


async def current_era(conn: Connection) -> int:
    row = await (await conn.execute(_ERA)).fetchone()
    assert row is not None
    return int(row[0])


async def log_order(conn: Connection) -> str:
    """What to order the log by. Where nothing was erased, an index has that order."""
    return "era, event_time, event_id" if await current_era(conn) else "event_time, event_id"


async def end_era(conn: Connection) -> None:
    await conn.execute(_END_ERA)


async def told_before(conn: Connection, batch: Sequence[Incoming], era: int) -> set[UUID]:
    """Events of ``batch`` that are in the log from before ``era``: sent again, they bring nothing back."""
    asked = [to_datetime(i.event.at) for i in batch], [i.event_id for i in batch], era
    return {event_id for (event_id,) in await (await conn.execute(_TOLD, asked)).fetchall()}


async def erased(conn: Connection) -> set[Erase]:
    """All that was ever erased, told of again since or not. Goes through the log, if there is any such thing."""
    rows = await (await conn.execute(_WRITTEN, [Kind.WRITE])).fetchall()
    return {erases for event_id, body in rows if (erases := stored(event_id, decompress(body), []).erases)}


async def forget(conn: Connection, erase: Erase) -> None:
    """Takes it out of every projection, in the caller's transaction."""
    target = await _target(conn, erase)
    asked = {"jobs": target.jobs, "datasets": target.datasets, "all": [*target.jobs, *target.datasets]}
    losing_names = await _ids(conn, _LOSING_NAMES, asked)
    around = await _ids(conn, _AROUND, asked)
    used = await _ids(conn, _USED, {**asked, "around": around})
    for statement in _FORGET_JOBS:
        await conn.execute(statement, asked)
    await _forget_datasets(conn, target.datasets)
    await _forget_datasets(conn, await _ids(conn, _UNUSED, [used]))
    await symlinks.settle(conn, losing_names)
    for statement in _REWRITE:
        await conn.execute(statement, [around + losing_names])
    if target.namespace is not None:
        await conn.execute(_FORGET_NAMESPACE, [target.namespace])


async def _target(conn: Connection, erase: Erase) -> _Target:
    if erase.job is not None:
        return _Target(jobs=[ids.job_id(erase.namespace, erase.job)])
    if erase.dataset is not None:
        dataset = ids.dataset_id(erase.namespace, erase.dataset)
        return _Target(datasets=await _ids(conn, _ONE_DATASET, [dataset]))
    namespace = ids.namespace_id(erase.namespace)
    jobs, datasets = await _ids(conn, _JOBS_IN, [namespace]), await _ids(conn, _DATASETS_IN, [namespace])
    return _Target(jobs, datasets, namespace)


async def _forget_datasets(conn: Connection, datasets: Sequence[int]) -> None:
    for statement in _FORGET_DATASETS:
        await conn.execute(statement, {"datasets": datasets})


async def _ids(conn: Connection, statement: str, parameters: Sequence[object] | Mapping[str, object]) -> list[int]:
    return [identifier for (identifier,) in await (await conn.execute(statement, parameters)).fetchall()]
