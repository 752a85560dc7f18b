"""Where paths begin and end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain


def ends_of(asked: Sequence[tuple[int, ...]], others: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Each is a node with what belongs to it. What belongs to the other ends as well is left out."""
    beyond = {*chain.from_iterable(others)} - {node for node, *_ in asked}
    return tuple(dict.fromkeys(identifier for identifier in chain.from_iterable(asked) if identifier not in beyond))


def barred(avoid: Collection[int], stop_at: Collection[int], destinations: Collection[int]) -> set[int]:
    """What no path comes by: at what is to be stopped at it may end."""
    return {*avoid, *({*stop_at} - {*destinations})}


def both_ends(name: str) -> str:
    """What is wrong where a node is at both ends."""
    return f"'{name}' is both an origin and a destination: a path leads from one node to another."
