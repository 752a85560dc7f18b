from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity, Facets
from headwater.entities.job import JobType


class SearchResult(Entity):
    type: Literal["DATASET", "JOB"] = Field(description="What it is.")
    name: str = Field(description="Its full name.")
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    namespace: str = Field(description="Its namespace.")
    nodeId: str = Field(description="`dataset:<namespace>:<name>` or `job:<namespace>:<name>`, as the lineage calls take it.")


class SearchResults(Entity):
    totalCount: int = Field(description="Matches in all, whatever the limit.")
    results: list[SearchResult] = Field(description="As sorted, up to the limit.")


class JobHit(Entity):
    run_id: UUID | None = Field(description="Its latest run.")
    eventType: str | None = Field(description="Of the latest run's latest event, as far as its state tells it.")
    name: str = Field(description="Of a child with its parent's name in front: `dag.task`.")
    type: JobType = Field(description="From the jobType facet's processingType; BATCH without one.")
    namespace: str = Field(description="Of the job.")
    facets: Facets = Field(description="Job facets by name; of each the latest.")
    runFacets: Facets = Field(description="Facets of the latest run.")


class DatasetHit(Entity):
    run_id: UUID | None = Field(description="The latest run that read or wrote it.")
    eventType: str | None = Field(description="Of that run's latest event, as far as its state tells it.")
    name: str = Field(description="Unique in its namespace.")
    namespace: str = Field(description="Where it is kept.")
    facets: Facets = Field(description="By name; of each the latest. Readers' where no writer says anything.")
    inputFacets: Facets = Field(description="What readers told of their reading; of each the latest.")
    outputFacets: Facets = Field(description="What writers told of their writing; of each the latest.")


_HIGHLIGHTS = "One for each hit: snippets by field, with `<em>` around what was found. Nothing else in them is markup or escaped."


class JobHits(Entity):
    hits: list[JobHit] = Field(description="Those by name first, then the latest.")
    highlights: list[dict[str, list[str]]] = Field(description=_HIGHLIGHTS)


class DatasetHits(Entity):
    hits: list[DatasetHit] = Field(description="Those by name first, then the latest.")
    highlights: list[dict[str, list[str]]] = Field(description=_HIGHLIGHTS)
