"""The two sides of where a walk starts: what stands on it, and what it stands on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from headwater.entities.graph import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Sided:
    """What is asked of, or found on, one side or both."""

    downstream: bool = True
    both: bool = False  # on the other side too

    @property
    def direction(self) -> Direction:
        return "both" if self.both else "downstream" if self.downstream else "upstream"

    def sides(self) -> list[Self]:
        """The same of each side alone, downstream first."""
        return [replace(self, downstream=side, both=False) for side in (True, False)] if self.both else [self]
