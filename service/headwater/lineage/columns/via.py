"""Which ways over columns count: by some nodes, not by others. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.nested import holders


@dataclass(frozen=True, slots=True)
class Among:
    """Columns, each with those inside of it, where a place without a field stands for all of its dataset; and jobs, of which each
    is all edges that it tells: between columns there is no other sign of it."""

    places: AbstractSet[Place] = frozenset()
    jobs: AbstractSet[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.places or self.jobs)

    def holds(self, place: Place) -> bool:
        if not self.places:
            return False
        return any(place._replace(field=field) in self.places for field in ("", place.field, *holders(place.field)))

    def whole(self) -> set[int]:
        """Datasets of which no column is left out, and jobs."""
        return {place.dataset_id for place in self.places if not place.field} | self.jobs


NOWHERE = Among()


@dataclass(frozen=True, slots=True)
class Via:
    """``through``: only what is reached by way of one of these, or leads to one. ``avoid`` is never entered; ``stop_at`` is, but
    not left."""

    through: Among = NOWHERE
    avoid: Among = NOWHERE
    stop_at: Among = NOWHERE

    def shuts(self, job: int) -> bool:
        """Whether nothing comes of what it tells."""
        return job in self.avoid.jobs or job in self.stop_at.jobs


ANY = Via()
