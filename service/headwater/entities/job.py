from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity, Facets
from headwater.entities.dataset import DatasetId
from headwater.entities.owner import Owner
from headwater.entities.run import JobVersionId, Run

JobType: TypeAlias = Literal["BATCH", "STREAM", "SERVICE"]


class JobId(Entity):
    namespace: str
    name: str


class Job(Entity):
    id: JobId
    type: JobType = Field(description="From the jobType facet's processingType; BATCH without one.")
    name: str = Field(description="Of a child with its parent's name in front: `dag.task`.")
    simpleName: str = Field(description="The name without the parent's.")
    parentJobName: str | None
    parentJobUuid: UUID | None
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    namespace: str
    inputs: list[DatasetId] = Field(description="What it reads now: see the lineage calls for the past.")
    outputs: list[DatasetId] = Field(description="What it writes now.")
    location: str | None = Field(description="URL of its source code.")
    description: str | None
    latestRun: Run | None
    latestRuns: list[Run] | None = Field(description="At most ten, newest first; null, never empty, where there are none.")
    facets: Facets = Field(description="Job facets by name; of each the latest.")
    currentVersion: UUID | None = Field(description="Version of the latest run that has one.")
    labels: list[str] = Field(description="From the jobType facet: jobType, integration.")
    tags: list[str]
    owners: list[Owner]


class Jobs(Entity):
    totalCount: int = Field(description="Jobs that fit the request in all, whatever the page.")
    jobs: list[Job] = Field(description="Those with the latest event first.")


class JobVersion(Entity):
    id: JobVersionId
    name: str
    createdAt: datetime = Field(description="First event of the earliest run with these inputs, outputs and code.")
    version: UUID
    namespace: str
    location: str | None = Field(description="URL of its source code.")
    inputs: list[DatasetId]
    outputs: list[DatasetId]
    latestRun: Run | None


class JobVersions(Entity):
    totalCount: int = Field(description="Versions of the job in all, whatever the page.")
    versions: list[JobVersion] = Field(description="Newest first.")
