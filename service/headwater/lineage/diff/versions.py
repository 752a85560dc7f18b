"""What differs between two versions of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from headwater import ids
from headwater.catalog.datasets import get_dataset_version
from headwater.catalog.version_columns import VersionKey, load_version_columns
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetVersion
from headwater.entities.diff import DiffCounts, VersionDiff, VersionSide
from headwater.entities.graph import Node, Tally
from headwater.lineage.diff.compare import Told, compared, compared_columns, explicit_columns, statistics, told_columns
from headwater.lineage.diff.runs import diff_runs
from headwater.lineage.freshness import load_freshness
from headwater.lineage.node_ids import job_node_id


async def diff_versions(conn: Connection, node: Node, before: UUID, after: UUID) -> VersionDiff:
    """Of a dataset. Raises NotFound where it has no such version."""
    old = await get_dataset_version(conn, node.namespace, node.name, before)
    new = await get_dataset_version(conn, node.namespace, node.name, after)
    columns = await _columns(conn, ids.dataset_id(node.namespace, node.name), (old, new))
    run_told = [ids.version_of(version.version) for version in (old, new) if version.createdByRun is not None]
    changes = [*compared(node.id, old.facets, new.facets, is_job=False), *compared_columns(node.id, *columns)]
    numbers = statistics(old.facets, new.facets)
    runs = await diff_runs(conn, *run_told) if len(run_told) == 2 and run_told[0] != run_told[1] else None
    now, freshness = await load_freshness(conn)
    cause = {"at": new.createdAt, "run": new.createdByRun.id if new.createdByRun else None}
    return VersionDiff(
        node=node,
        before=_side(old),
        after=_side(new),
        changes=[change.model_copy(update=cause) for change in changes],
        statistics=numbers,
        runs=runs,
        complete=runs is None or runs.complete,
        counts=_counts(len(changes) + len(numbers)),
        asOf=now,
        freshness=freshness,
    )


async def _columns(conn: Connection, dataset: int, versions: Sequence[DatasetVersion]) -> list[Told]:
    """Of each what is told explicitly, else by its facet."""
    keys = [VersionKey(ids.version_of(version.version), _month(version), dataset) for version in versions]
    explicit = await load_version_columns(conn, keys)
    return [
        told_columns(version.facets.get("columnLineage")) if told is None else explicit_columns(told)
        for version, key in zip(versions, keys, strict=True)
        for told in [explicit.get((key.version_id, dataset))]
    ]


def _month(version: DatasetVersion) -> date:
    return ids.run_month(version.createdByRun.id) if version.createdByRun is not None else version.createdAt.date()


def _counts(changes: int) -> DiffCounts:
    nodes = min(changes, 1)
    told = Tally(found=changes, returned=changes)
    return DiffCounts(found=nodes, datasets=nodes, returned=nodes, edges=Tally(found=0, returned=0), changes=told, cut=[])


def _side(version: DatasetVersion) -> VersionSide:
    run = version.createdByRun
    return VersionSide(
        version=version.version,
        createdAt=version.createdAt,
        externalVersion=version.externalVersion,
        lifecycleState=version.lifecycleState or None,
        run=run.id if run else None,
        job=job_node_id(run.job.namespace, run.job.name) if run else None,
    )
