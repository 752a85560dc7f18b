"""What an answer leaves out, beside what the walk did not reach."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.entities.graph import Cut
from headwater.lineage.graph.question import Filter

SUMMED_UP = 10_000
"""Nodes whose types and owners are read, for groups and filters: the nearest."""


def left_out(found: int, shown: Sequence[object], listed: int, by: Filter) -> list[Cut]:
    """``shown`` are those that the filter lets pass, of the nearest if there is one; ``listed`` is how many are on the page."""
    cut = []
    if by != Filter():
        looked_at = min(found, SUMMED_UP)
        cut.append(Cut(rule="filter", nodes=looked_at - len(shown)))
        if looked_at < found:
            cut.append(Cut(rule="size", nodes=found - looked_at))
    if listed < len(shown):
        cut.append(Cut(rule="limit", nodes=len(shown) - listed))
    return cut
