"""The fields around some, step by step; and what an answer says beside them where more is asked than Marquez's call knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Tally
from headwater.lineage.columns.graph import Columns, Place
from headwater.lineage.counted import cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.walk import Hop, walk

HopInto: TypeAlias = Callable[[Columns], Hop[Place]]
"""Of columns the hop that adds to them all edges that it meets."""


async def walk_into(columns: Columns, hop_into: HopInto, start: Sequence[Place], depth: int) -> Sequence[Place]:
    """Adds what is met within ``depth`` edges, one at least. The fields that are so far away, from which there may be more."""
    depth = max(depth, 1)
    distances = await walk(hop_into(columns), start, depth)
    return [place for place, distance in distances.items() if distance == depth]


async def is_more(columns: Columns, hop_into: HopInto, last: Sequence[Place]) -> bool:
    """Whether a step from the ``last`` leads to fields that are not among the columns."""
    if not last:
        return False
    beyond = Columns()
    await hop_into(beyond)(last)
    return not beyond.places() <= columns.places()


async def beside(
    conn: Connection, columns: Columns, start: Sequence[Place], at: datetime | None, *, more: bool
) -> dict[str, Any]:
    """What a ``ColumnsAround`` has beside its graph; ``more``: there are fields beyond the depth."""
    fields, asked = columns.places(), {*start}
    found = [place for place in fields if not asked & {place, place._replace(field="")}]
    edges = Tally(found=None if more else columns.edges(), returned=columns.edges())
    cut = cut_short(["depth"] if more else [])
    now, freshness = await load_freshness(conn)
    return {
        "asOf": at or now,
        "complete": not more,
        "counts": Counts(found=len(found), columns=len(found), returned=len(found), edges=edges, cut=cut),
        "freshness": freshness,
    }
