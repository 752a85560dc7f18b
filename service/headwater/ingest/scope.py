"""What a facet's function may know: the event, the job or run it speaks of, and the Changes to add to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from headwater import ids
from headwater.ingest.changes import Changes, FacetMap
from headwater.openlineage.parse import Event


@dataclass(slots=True)
class Scope:
    changes: Changes
    event: Event
    job_id: int  # owner of the edges; for a DatasetEvent the dataset's id
    run_id: int | None = None  # None: declared by a JobEvent or DatasetEvent
    month: date = ids.UNDATED
    job_facets: FacetMap = field(default_factory=dict)
    explicit: bool = False  # the event has a lineage facet, which takes precedence over columnLineage


@dataclass(slots=True)
class DatasetScope:
    scope: Scope
    dataset_id: int
    output: bool
    facets: FacetMap

    @property
    def changes(self) -> Changes:
        return self.scope.changes

    @property
    def at(self) -> int:
        return self.scope.event.at
