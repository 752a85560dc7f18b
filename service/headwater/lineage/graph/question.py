"""What our graph calls have in common: from where, which way, how far, and what to leave out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from typing import TypeAlias

from headwater.entities.graph import Node
from headwater.errors import Invalid
from headwater.lineage.graph.flow import Flow
from headwater.lineage.sides import Sided

_CURSOR = re.compile(r"(\d{1,9})\.(-?\d{1,19})$")


class Grain(StrEnum):
    """Of what the answer is made, and what counts as a step."""

    ALL = "all"
    DATASET = "dataset"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which nodes to show; what is not shown is still walked through."""

    namespaces: frozenset[str] = frozenset()
    name: str | None = None  # with * for any characters
    types: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()  # of runs, and of a job's latest one

    def test(self) -> Callable[[Node, str | None], bool] | None:
        """Of a node and the state of its run, if it has any. None: all are shown."""
        if self == Filter():
            return None
        literally = (self.name or "*").replace("[", "[[]").replace("?", "[?]")
        pattern = re.compile(translate(literally), re.IGNORECASE)

        def shown(node: Node, state: str | None) -> bool:
            return (
                (not self.namespaces or node.namespace in self.namespaces)
                and pattern.match(node.name) is not None
                and (not self.types or node.type in self.types)
                and (not self.owners or any(owner.name in self.owners for owner in node.owners))
                and (not self.tags or not self.tags.isdisjoint(node.tags))
                and (not self.states or state in self.states)
            )

        return shown


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The last node of a page: those of a greater (distance, id) follow."""

    distance: int
    id: int

    @classmethod
    def read(cls, told: str) -> Cursor:
        """Raises Invalid."""
        if match := _CURSOR.fullmatch(told):
            return cls(int(match[1]), int(match[2]))
        raise Invalid("The cursor is not one that an answer gave.")

    def __str__(self) -> str:
        return f"{self.distance}.{self.id}"


@dataclass(frozen=True, slots=True)
class Question(Sided):
    """``depth`` None: to the end of the graph. The sets are ids."""

    start: tuple[int, ...]
    depth: int | None = None
    grain: Grain = Grain.ALL
    through: tuple[int, ...] = ()
    avoid: tuple[int, ...] = ()
    stop_at: tuple[int, ...] = ()
    filter: Filter = Filter()
    paths: int = 1  # ways told of each node, 0 for none
    limit: int = 100
    cursor: Cursor | None = None


FlowOf: TypeAlias = Callable[[Question], Awaitable[Flow]]
"""Gives the graph that a question is asked of, or what is needed of it."""
