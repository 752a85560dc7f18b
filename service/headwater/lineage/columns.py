"""Column lineage: what fields derive from and, if asked, what derives from them.

``depth`` counts edges; less than one is one. Upstream is walked for upstream and downstream for downstream, so a field that
merely shares an input with the one asked about is no part of the answer. What bears on a dataset as a whole, or comes from
an unknown field, is told with the fields but not followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from headwater import ids
from headwater.catalog.datasets import load_datasets
from headwater.catalog.jobs import load_io
from headwater.db.pool import Connection
from headwater.entities.dataset import Dataset
from headwater.entities.lineage import ColumnGraph
from headwater.errors import Invalid, NotFound
from headwater.lineage.column_graph import Columns, Place, Shown
from headwater.lineage.column_versions import version_columns
from headwater.lineage.node_ids import NodeKind, Resolved, resolve
from headwater.lineage.sql import statement
from headwater.lineage.walk import Hop, walk


async def get_column_lineage(conn: Connection, node_id: str, depth: int, with_downstream: bool) -> ColumnGraph:
    """Raises InvalidNodeId, Invalid, NotFound."""
    node = await resolve(conn, node_id)
    if node.hidden:
        raise NotFound("Node", node_id)
    if node.version is not None:
        if with_downstream:
            raise Invalid("Downstream of a version is not kept: ask without the version, or without withDownstream.")
        return await version_columns(conn, node, node_id, depth)
    columns, start = Columns(), await _start(conn, node)
    await walk(_upstream(conn, columns), start, max(depth, 1))
    if with_downstream:
        await walk(_downstream(conn, columns), start, max(depth, 1))
    wanted = {dataset for dataset, _ in columns.datasets()} | {place.dataset_id for place in start}
    datasets = {_id(d): d for d in await load_datasets(conn, sorted(wanted))}
    if not columns.places() and not _has_field(node, datasets.get(node.id)):
        raise NotFound("Node", node_id)
    shown = {dataset_id: _shown(dataset) for dataset_id, dataset in datasets.items()}
    return columns.graph(lambda place: shown.get(place.dataset_id), versioned=False)


async def derived_columns(conn: Connection, start: Place) -> dict[Place, Place]:
    """The fields that derive from one now, each with the one before it on a shortest way; before the start is itself. A
    statement a step."""
    columns, before = Columns(), {start: start}
    level = [start]
    while level:
        found: dict[Place, Place] = {}
        for output, source in await _edges(conn, "columns_downstream", level, columns):
            if output not in before:
                found.setdefault(output, source)
        before |= found
        level = list(found)
    return before


async def _start(conn: Connection, node: Resolved) -> list[Place]:
    if node.kind is not NodeKind.JOB:
        return [Place(node.id, node.field)]
    io = (await load_io(conn, [node.id])).get(node.id)
    return [Place(ids.dataset_id(d.namespace, d.name), "") for d in io.outputs] if io else []


def _upstream(conn: Connection, columns: Columns) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        return [source for _, source in await _edges(conn, "columns_upstream", level, columns) if source.field]

    return hop


def _downstream(conn: Connection, columns: Columns) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        return [output for output, _ in await _edges(conn, "columns_downstream", level, columns)]

    return hop


async def _edges(conn: Connection, name: str, level: Sequence[Place], columns: Columns) -> list[tuple[Place, Place]]:
    asked = {
        "datasets": [place.dataset_id for place in level if place.field],
        "fields": [place.field for place in level if place.field],
        "whole": [place.dataset_id for place in level if not place.field],
    }
    met = []
    for output, output_field, source, source_field, told in await (await conn.execute(statement(name), asked)).fetchall():
        edge = Place(output, output_field), Place(source, source_field)
        columns.add(*edge, told)
        if output_field:
            met.append(edge)
    return met


def _id(dataset: Dataset) -> int:
    return ids.dataset_id(dataset.namespace, dataset.name)


def _has_field(node: Resolved, dataset: Dataset | None) -> bool:
    if node.kind is not NodeKind.DATASET_FIELD:
        return True
    return dataset is not None and any(field.name == node.field for field in dataset.fields)


def _shown(dataset: Dataset) -> Shown:
    version: UUID | None = dataset.currentVersion
    return Shown(dataset.namespace, dataset.name, version, {field.name: field.type for field in dataset.fields})
