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
    namespace: str = Field(description="Whose job it is, such as that of a scheduler.")
    name: str = Field(description="Unique in its namespace, case-sensitive.")


class Job(Entity):
    id: JobId = Field(description="Its namespace and name once more, together.")
    type: JobType = Field(description="From the jobType facet's processingType; BATCH without one.")
    name: str = Field(description="Of a child with its parent's name in front: `dag.task`.")
    simpleName: str = Field(description="The name without the parent's.")
    parentJobName: str | None = Field(description="Full name of the job that starts it; null where no event tells of one.")
    parentJobUuid: UUID | None = Field(description="UUID of that job.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    namespace: str = Field(description="Whose job it is.")
    inputs: list[DatasetId] = Field(description="What it reads now: see the lineage calls for the past.")
    outputs: list[DatasetId] = Field(description="What it writes now.")
    location: str | None = Field(description="URL of its source code.")
    description: str | None = Field(description="From the documentation facet, or as put.")
    latestRun: Run | None = Field(description="The first of `latestRuns`.")
    latestRuns: list[Run] | None = Field(description="At most ten, newest first; null, never empty, where there are none.")
    facets: Facets = Field(description="Job facets by name; of each the latest.")
    currentVersion: UUID | None = Field(description="Version of the latest run that has one.")
    labels: list[str] = Field(description="From the jobType facet: jobType, integration.")
    tags: list[str] = Field(description="Given by events or by people.")
    owners: list[Owner] = Field(description="From the ownership facet.")


class Jobs(Entity):
    totalCount: int = Field(description="Jobs that fit the request in all, whatever the page.")
    jobs: list[Job] = Field(description="Those with the latest event first.")


class JobVersion(Entity):
    id: JobVersionId = Field(description="Namespace and name of the job, and the version.")
    name: str = Field(description="Full name of the job.")
    createdAt: datetime = Field(description="First event of the earliest run with these inputs, outputs and code.")
    version: UUID = Field(description="Names it in paths; runs show the same.")
    namespace: str = Field(description="Namespace of the job.")
    location: str | None = Field(description="URL of its source code.")
    inputs: list[DatasetId] = Field(description="What this version reads.")
    outputs: list[DatasetId] = Field(description="What this version writes.")
    latestRun: Run | None = Field(description="The latest run of this version.")


class JobVersions(Entity):
    totalCount: int = Field(description="Versions of the job in all, whatever the page.")
    versions: list[JobVersion] = Field(description="Newest first.")
