"""Paths that used to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from headwater.entities.graph import ProvenColumnEdge, ProvenEdge
from headwater.entities.paths import Ended

HISTORY = 5_000
"""Nodes among which a former path is looked for: some seconds, in which nobody else is answered."""


def at_one_time(edges: Iterable[ProvenEdge | ProvenColumnEdge], ended: Iterable[Ended]) -> bool:
    """Whether the last to begin did so before the first ended. Told of by several, an edge ends with the last of these."""
    begun = [min(told.firstAt for told in edge.evidence) for edge in edges if edge.evidence]
    ends: dict[tuple[str, str], datetime] = {}
    for told in ended:
        edge, at = (told.origin, told.destination), told.endedAt or told.lastAt
        ends[edge] = max(at, ends.get(edge, at))
    return not begun or not ends or max(begun) < min(ends.values())
