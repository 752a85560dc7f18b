"""Column lineage: what fields derive from, and what derives from them.

``depth`` counts edges; less than one is one. Upstream is walked for upstream and downstream for downstream, so a field that
merely shares an input with the one asked about is no part of the answer. What bears on a dataset as a whole, or comes from
an unknown field, is told with the fields but not followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.columns import current_columns
from headwater.catalog.datasets import Known, load_known
from headwater.catalog.facets import Shown as Facets
from headwater.catalog.facets import load_bodies, show
from headwater.catalog.jobs import load_io
from headwater.db.pool import Connection
from headwater.errors import Invalid, NotFound
from headwater.lineage.columns.graph import Columns, Place, Shown
from headwater.lineage.columns.versions import version_columns
from headwater.lineage.node_ids import NodeKind, Resolved, resolve
from headwater.lineage.sql import statement
from headwater.lineage.walk import Hop, walk

_UPSTREAM = statement("columns_upstream").decode().format(sets=current_columns("k.dataset_id = m.dataset_id"))
_DOWNSTREAM = statement("columns_downstream").decode().format(sets=current_columns("k.set_id = told.set_id"))


async def get_column_lineage(
    conn: Connection, node_id: str, depth: int, *, upstream: bool = True, downstream: bool = False
) -> bytes:
    """JSON of a ``ColumnGraph``. Raises InvalidNodeId, Invalid, NotFound."""
    node = await resolve(conn, node_id)
    if node.hidden:
        raise NotFound("Node", node_id)
    if node.version is not None:
        if downstream:
            raise Invalid("Downstream of a version is not kept: ask without the version, or for upstream alone.")
        return await version_columns(conn, node, node_id, depth)
    columns, start = Columns(), await outset(conn, node)
    if upstream:
        await walk(_upstream(conn, columns), start, max(depth, 1))
    if downstream:
        await walk(_downstream(conn, columns), start, max(depth, 1))
    shown = await load_shown(conn, {dataset for dataset, _ in columns.datasets()} | {place.dataset_id for place in start})
    known = columns.places() or _has_field(node, shown.get(node.id))
    if not known and (upstream or not await is_told(conn, start[0], downstream=False)):
        raise NotFound("Node", node_id)
    # In a thread, as the graph of a hub takes long enough to hold up whoever sends events.
    return await asyncio.to_thread(columns.encode, lambda place: shown.get(place.dataset_id), versioned=False)


async def derived_columns(conn: Connection, start: Place) -> dict[Place, Place]:
    """The fields that derive from one now, each with the one before it on a shortest way; before the start is itself. A
    statement a step."""
    before, level = {start: start}, [start]
    while level:
        found: dict[Place, Place] = {}
        for output, source, _, _ in await column_edges(conn, level, downstream=True):
            if output.field and source.field and output not in before:
                found.setdefault(output, source)
        before |= found
        level = list(found)
    return before


async def outset(conn: Connection, node: Resolved) -> list[Place]:
    """Where a walk begins; of a job, at all fields of what it writes."""
    if node.kind is not NodeKind.JOB:
        return [Place(node.id, node.field)]
    io = (await load_io(conn, [node.id])).get(node.id)
    return [Place(ids.dataset_id(d.namespace, d.name), "") for d in io.outputs] if io else []


async def load_shown(conn: Connection, canonical_ids: Iterable[int]) -> dict[int, Shown]:
    """By canonical id, as it now is, in two statements."""
    known = await load_known(conn, sorted(canonical_ids))
    schemas = {i: {"schema": schema} for i, told in known.items() if (schema := told.facets.get("schema")) is not None}
    bodies = await load_bodies(conn, schemas.values())

    def shown() -> dict[int, Shown]:
        return {i: _shown(told, show(schemas.get(i, {}), bodies)) for i, told in known.items()}

    return await asyncio.to_thread(shown)


def _shown(told: Known, schema: Facets) -> Shown:
    version = told.current.uuid if told.current else None
    return Shown(told.id.namespace, told.id.name, version, meaning.field_types(schema.get("schema")))


def _upstream(conn: Connection, columns: Columns) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        found = []
        for output, source, told, _ in await column_edges(conn, level, downstream=False):
            columns.add(output, source, told)
            if output.field and source.field:
                found.append(source)
        return found

    return hop


def _downstream(conn: Connection, columns: Columns) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        found = []
        for output, source, told, _ in await column_edges(conn, level, downstream=True):
            if output.field and source.field:
                columns.add(output, source, told)
                found.append(output)
        return found

    return hop


async def column_edges(conn: Connection, level: Sequence[Place], *, downstream: bool) -> list[tuple[Place, Place, str, int]]:
    """The edges that lead on from some places, in one statement: output, source, transformations as JSON text, and the job or
    dataset that says so. A place without a field stands for all of its dataset."""
    asked = {
        "datasets": [place.dataset_id for place in level if place.field],
        "fields": [place.field for place in level if place.field],
        "whole": [place.dataset_id for place in level if not place.field],
    }
    cursor = await conn.execute(_DOWNSTREAM if downstream else _UPSTREAM, asked)
    return [
        (Place(output, output_field), Place(source, source_field), told, owner)
        for output, output_field, source, source_field, told, owner in await cursor.fetchall()
    ]


async def is_told(conn: Connection, place: Place, *, downstream: bool) -> bool:
    """Whether there is an edge of just this field in one direction."""
    return any(place in edge[:2] for edge in await column_edges(conn, [place], downstream=downstream))


def _has_field(node: Resolved, shown: Shown | None) -> bool:
    if node.kind is not NodeKind.DATASET_FIELD:
        return True
    return shown is not None and node.field in shown.types
