"""Questions about columns, from the parameters that all our graph calls have."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from headwater.api.asking import Via, Which, moment
from headwater.db.pool import Connection
from headwater.errors import Invalid
from headwater.lineage.columns.edges import Then
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.lineage import outset
from headwater.lineage.columns.via import Among
from headwater.lineage.columns.via import Via as ColumnVia
from headwater.lineage.edges import explicit_of
from headwater.lineage.graph.question import Question
from headwater.lineage.impact.columns import ColumnQuestion
from headwater.lineage.near import find_versioned
from headwater.lineage.node_ids import NodeKind, Resolved, parse
from headwater.lineage.parents import load_opened


async def column_question(conn: Connection, node_id: str, which: Which, via: Via, asked: Question) -> ColumnQuestion:
    """``asked`` as of jobs and datasets, but for its start and sets. The node is a column, or stands for those of a dataset, or
    of what a job writes. Whether a dataset has the column is not asked. Raises InvalidNodeId, Invalid, NotFound."""
    explicit, then = explicit_of(which.kinds), await then_of(conn, which)
    return ColumnQuestion(
        start=tuple(await outset(conn, await _shown_node(conn, node_id), then)),
        downstream=asked.downstream,
        both=asked.both,
        depth=asked.depth,
        via=await column_via(conn, via),
        filter=asked.filter,
        paths=asked.paths,
        limit=asked.limit,
        cursor=asked.cursor,
        then=then,
        explicit=explicit,
    )


async def column_ends(conn: Connection, node_ids: Iterable[str]) -> tuple[Place, ...]:
    """Columns, and datasets that stand for all of theirs. Raises InvalidNodeId, Invalid, NotFound."""
    nodes = [await _shown_node(conn, node_id) for node_id in node_ids]
    if job := next((node for node in nodes if node.kind is NodeKind.JOB), None):
        raise Invalid(f"A path of columns begins and ends at columns, or at datasets for all of theirs, not at job '{job.name}'.")
    return tuple(dict.fromkeys(Place(node.id, node.field) for node in nodes))


async def column_via(conn: Connection, via: Via) -> ColumnVia:
    """Raises InvalidNodeId, Invalid, NotFound."""
    return ColumnVia(*[await _among(conn, told) for told in (via.through, via.avoid, via.stop_at)])


async def then_of(conn: Connection, which: Which) -> Then | None:
    """The time that is asked of; None: the present. Raises Invalid, NotFound."""
    return None if (which.at, which.since) == (None, None) else Then(await moment(conn, which), which.since)


async def _among(conn: Connection, node_ids: Iterable[str]) -> Among:
    nodes = [await _shown_node(conn, node_id) for node_id in node_ids]
    jobs = [await load_opened(conn, node) for node in nodes if node.kind is NodeKind.JOB]
    return Among(
        frozenset(Place(node.id, node.field) for node in nodes if node.kind is not NodeKind.JOB),
        frozenset(chain.from_iterable(jobs)),
    )


async def _shown_node(conn: Connection, node_id: str) -> Resolved:
    kind, _ = parse(node_id)
    if kind is NodeKind.RUN:
        raise Invalid("Of columns this is asked: of fields, datasets and jobs, not of runs.")
    node, version = await find_versioned(conn, node_id)
    if version is not None:
        raise Invalid(
            "Of the columns of a version /column-lineage tells, with depth alone. Else ask without it, asOf the version."
        )
    node.require_shown()
    return node
