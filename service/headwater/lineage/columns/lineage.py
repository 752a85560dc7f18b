"""Column lineage: what fields derive from, and what derives from them.

``depth`` counts edges; less than one is one. Upstream is walked for upstream and downstream for downstream, so a field that
merely shares an input with the one asked about is no part of the answer. What bears on a dataset as a whole, or comes from
an unknown field, is told with the fields in either direction but not followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.datasets import Known, load_known, named_version
from headwater.catalog.facets import Shown as Facets
from headwater.catalog.facets import load_bodies, show
from headwater.catalog.jobs import load_io
from headwater.db.pool import Connection
from headwater.errors import Invalid, NotFound
from headwater.lineage.columns.around import HopInto, beside, is_more, walk_into
from headwater.lineage.columns.edges import Then, column_edges, is_told
from headwater.lineage.columns.flow import ColumnFlow
from headwater.lineage.columns.gone import not_found, was_there
from headwater.lineage.columns.graph import Columns, Place, Shown
from headwater.lineage.columns.nested import may_be
from headwater.lineage.columns.versions import version_columns
from headwater.lineage.edges import EdgeKind
from headwater.lineage.near import find_versioned
from headwater.lineage.node_ids import NodeKind, Resolved
from headwater.lineage.parents import load_opened
from headwater.lineage.sql import past_statement
from headwater.lineage.walk import Hop

_OUTPUTS = f"""
SELECT DISTINCT d.canonical_id
FROM ({past_statement("past_edges")}) e (source_id, dataset_id, owner_id, kind) JOIN datasets d USING (dataset_id)
"""


async def get_column_lineage(
    conn: Connection,
    node_id: str,
    depth: int,
    *,
    upstream: bool = True,
    downstream: bool = False,
    then: Then | None = None,
    nested: bool = False,
) -> bytes:
    """JSON of a ``ColumnGraph``; ``then`` None: as it is now. ``nested``: of a ``ColumnsAround``, with what is told of the fields
    inside of those asked about and reached, and of those around them. Raises InvalidNodeId, Invalid, NotFound."""
    node = await _find(conn, node_id)
    if node.hidden:
        raise NotFound("Node", node_id)
    if node.version is not None:
        if downstream or then is not None:
            raise Invalid("Of a version only upstream is known, as it was when that was written. Ask asOf the version instead.")
        return await version_columns(conn, node, node_id, depth, counted=nested)
    columns, start = Columns(), await outset(conn, node, then)
    ways = [way for way, wanted in ((_upstream, upstream), (_downstream, downstream)) if wanted]
    hops: list[HopInto] = [partial(way, conn, then=then, nested=nested) for way in ways]
    ends = [await walk_into(columns, hop, start, depth) for hop in hops]
    told = {}
    if nested:
        more = [await is_more(columns, hop, last) for hop, last in zip(hops, ends, strict=True)]
        told = await beside(conn, columns, start, then.at if then is not None else None, more=any(more))
    shown = await load_shown(conn, {dataset for dataset, _ in columns.datasets()} | {place.dataset_id for place in start}, then)
    if not columns.places() and not _has_field(node, shown.get(node.id)):
        await _require_past(conn, start[0], node_id, upstream=upstream, then=then, nested=nested)
    # In a thread, as the graph of a hub takes long enough to hold up whoever sends events.
    return await asyncio.to_thread(columns.encode, lambda place: shown.get(place.dataset_id), versioned=False, beside=told)


async def _find(conn: Connection, node_id: str) -> Resolved:
    """With its version, whatever that is told by. Raises InvalidNodeId, NotFound."""
    node, told = await find_versioned(conn, node_id)
    field = node.field
    if "#" in field and node.version is None and not _has_field(node, (await load_shown(conn, [node.id])).get(node.id)):
        field, _, told = field.rpartition("#")
    if told is None or node.version is not None:
        return node
    version = await named_version(conn, (await load_known(conn, [node.id]))[node.id], told)
    if version is None:
        raise NotFound("Dataset version", told)
    return replace(node, field=field, version=version.uuid)


async def _require_past(conn: Connection, place: Place, node_id: str, *, upstream: bool, then: Then | None, nested: bool) -> None:
    """That a field of which nothing is found is one all the same: of downstream alone, by what it derives from; at another time,
    by what its dataset was told to have. Raises NotFound."""
    if not upstream and await is_told(conn, place, downstream=False, then=then, nested=nested):
        return
    if then is None or not await was_there(conn, place, then):
        raise await not_found(conn, "Node", node_id, place)


async def require_fields(
    conn: Connection, flows: Collection[ColumnFlow], places: Iterable[Place], then: Then | None = None
) -> None:
    """Of those from which the flows were read. Raises as ``require_field``."""
    for place in places:
        onward = [by for flow in flows for by in flow.onward.get(place, {}).values()]
        if place.field and all(told.scope not in ("FIELD", "PART") for by in onward for told in by):
            await require_field(conn, place, then, by_holder=bool(onward))


async def require_field(conn: Connection, place: Place, then: Then | None = None, *, by_holder: bool = False) -> None:
    """``by_holder``: something is told of the dataset, or of a field that this one would be inside of. Raises NotFound for a
    field that neither a schema nor column lineage has."""
    for downstream in (True, False):
        if await is_told(conn, place, downstream=downstream, then=then, nested=True):
            return
    shown = (await load_shown(conn, [place.dataset_id])).get(place.dataset_id)
    types = shown.types if shown is not None else {}
    if place.field in types or (by_holder and may_be(place.field, types)):
        return
    if then is None or not await was_there(conn, place, then):
        raise await not_found(conn, "Field", place.field, place)


async def outset(conn: Connection, node: Resolved, then: Then | None = None) -> list[Place]:
    """Where a walk begins; of a job, at all fields of what it and all that belong to it write."""
    if node.kind is not NodeKind.JOB:
        return [Place(node.id, node.field)]
    jobs = await load_opened(conn, node)
    if then is not None:
        asked = {"ids": jobs, "owners": [], "downstream": True, "kinds": [EdgeKind.OUTPUT.value], **then.asked()}
        return [Place(dataset, "") for (dataset,) in await (await conn.execute(_OUTPUTS, asked)).fetchall()]
    outputs = dict.fromkeys(output for io in (await load_io(conn, jobs)).values() for output in io.outputs)
    return [Place(ids.dataset_id(d.namespace, d.name), "") for d in outputs]


async def load_shown(conn: Connection, canonical_ids: Iterable[int], then: Then | None = None) -> dict[int, Shown]:
    """By canonical id, as it now is, in two statements; for another time without the version, as which was current then is not
    asked."""
    known = await load_known(conn, sorted(canonical_ids))
    schemas = {i: {"schema": schema} for i, told in known.items() if (schema := told.facets.get("schema")) is not None}
    bodies = await load_bodies(conn, schemas.values())

    def shown() -> dict[int, Shown]:
        found = {i: _shown(told, show(schemas.get(i, {}), bodies)) for i, told in known.items()}
        return found if then is None else {i: told._replace(version=None) for i, told in found.items()}

    return await asyncio.to_thread(shown)


def _shown(told: Known, schema: Facets) -> Shown:
    version = told.current.uuid if told.current else None
    return Shown(told.id.namespace, told.id.name, version, meaning.field_types(schema.get("schema")))


def _upstream(conn: Connection, columns: Columns, then: Then | None, *, nested: bool) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        found = []
        for output, source, told, _ in await column_edges(conn, level, downstream=False, then=then, nested=nested):
            columns.add(output, source, told)
            if output.field and source.field:
                found.append(source)
        return found

    return hop


def _downstream(conn: Connection, columns: Columns, then: Then | None, *, nested: bool) -> Hop[Place]:
    async def hop(level: Sequence[Place]) -> list[Place]:
        found = []
        for output, source, told, _ in await column_edges(conn, level, downstream=True, then=then, nested=nested):
            if output.field:
                columns.add(output, source, told)
                if source.field:
                    found.append(output)
            elif source.field:
                columns.add_influence(source, output, told)
        return found

    return hop


def _has_field(node: Resolved, shown: Shown | None) -> bool:
    if node.kind is not NodeKind.DATASET_FIELD:
        return True
    return shown is not None and node.field in shown.types
