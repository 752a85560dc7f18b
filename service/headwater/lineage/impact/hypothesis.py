"""What somebody supposes: edges and schemas that would take the place of the present ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from headwater.lineage.graph.arrays import Edge

Schema: TypeAlias = Mapping[str, str | None]  # type by column


@dataclass(frozen=True, slots=True)
class Named:
    is_job: bool
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Ids are of names as they are told; what they name need not exist."""

    edges: Mapping[int, Sequence[Edge]] = field(default_factory=dict)  # all that each owner would have
    schemas: Mapping[int, Schema] = field(default_factory=dict)  # of what would be written
    dropped: frozenset[int] = frozenset()
    names: Mapping[int, Named] = field(default_factory=dict)
