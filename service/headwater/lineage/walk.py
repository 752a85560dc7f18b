"""Breadth-first walk over any graph that a hop can be asked about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

Node = TypeVar("Node")
Hop: TypeAlias = Callable[[Sequence[Node]], Awaitable[Iterable[Node]]]


async def walk(hop: Hop[Node], start: Iterable[Node], depth: int) -> dict[Node, int]:
    """Distance of each node within ``depth`` hops of ``start``, nearest first.

    ``hop`` is asked once a level with the nodes first reached there, and answers all their neighbours: nodes already
    reached among them do no harm. So it is asked at most ``depth`` times, and never again once nothing new is found.
    """
    distances = dict.fromkeys(start, 0)
    level = list(distances)
    distance = 0
    while level and distance < depth:
        distance += 1
        level = [node for node in dict.fromkeys(await hop(level)) if node not in distances]
        distances.update(dict.fromkeys(level, distance))
    return distances
