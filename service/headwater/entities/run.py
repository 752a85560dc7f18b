from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity, Facets

RunState: TypeAlias = Literal["NEW", "RUNNING", "COMPLETED", "ABORTED", "FAILED", "OTHER"]


class DatasetVersionId(Entity):
    namespace: str = Field(description="Of the dataset.")
    name: str = Field(description="Name of the dataset.")
    version: UUID = Field(description="As in the dataset's list of versions.")


class JobVersionId(Entity):
    namespace: str = Field(description="Of the job.")
    name: str = Field(description="Full name of the job.")
    version: UUID = Field(description="As in the job's list of versions.")


class JobName(Entity):
    namespace: str = Field(description="Of the job.")
    name: str = Field(description="Its full name.")


class RunDatasetVersion(Entity):
    datasetVersionId: DatasetVersionId = Field(description="Which version of which dataset.")
    facets: Facets = Field(description="What the run's events say of this reading or writing, by facet.")


class Run(Entity):
    id: UUID = Field(description="The run's UUID, as its producer made it.")
    createdAt: datetime = Field(description="Time of its earliest event.")
    updatedAt: datetime = Field(description="Time of its latest event.")
    nominalStartTime: datetime | None = Field(description="Start of the interval that the run is for.")
    nominalEndTime: datetime | None = Field(description="End of that interval.")
    state: RunState = Field(description="By the times of its events, not by their order of arrival.")
    startedAt: datetime | None = Field(description="Earliest START, else the earliest event; null in state NEW.")
    endedAt: datetime | None = Field(description="Latest terminal event; null while the run is going.")
    durationMs: int | None = Field(description="Whole milliseconds from START to end; null where either is not known.")
    args: dict[str, str] = Field(
        description="`nominal_start_time`, `nominal_end_time`; of the parent: `run_id`, `name`, `namespace`."
    )
    jobVersion: JobVersionId | None = Field(description="Null until the run has ended; streaming runs have it at once.")
    inputDatasetVersions: list[RunDatasetVersion] = Field(
        description="What it read: the version that its events name, else the one that was current when it started."
    )
    outputDatasetVersions: list[RunDatasetVersion] = Field(description="What it wrote.")
    facets: Facets = Field(description="Run facets by name; of each the latest.")
    job: JobName = Field(description="The job that ran.")
    parentRunUuid: UUID | None = Field(description="The run that started this one, if its events say so.")


class Runs(Entity):
    totalCount: int = Field(description="Runs of the job in all, whatever the page.")
    runs: list[Run] = Field(description="Newest first.")


class RunFacets(Entity):
    runId: UUID = Field(description="The run's UUID.")
    facets: Facets = Field(description="By name; empty where there are none.")
