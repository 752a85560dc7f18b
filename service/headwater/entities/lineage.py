"""Answers of the graph calls. A node's id is its kind, namespace and name, joined by colons as they stand."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.dataset import DatasetId, DatasetType, Transformation
from headwater.entities.dataset import Field as DatasetField
from headwater.entities.job import JobId, JobType
from headwater.entities.run import Run, RunState


class Edge(Entity):
    origin: str
    destination: str


class DatasetNodeData(Entity):
    id: DatasetId
    type: DatasetType
    name: str
    physicalName: str
    createdAt: datetime
    updatedAt: datetime
    namespace: str
    sourceName: str
    fields: list[DatasetField]
    tags: list[str] = Field(description="Always empty; see the dataset.")
    lastModifiedAt: datetime | None
    lastLifecycleState: str | None
    description: str | None


class JobNodeData(Entity):
    id: JobId
    type: JobType
    name: str
    simpleName: str
    parentJobName: str | None
    parentJobUuid: UUID | None
    currentRunUuid: UUID | None = Field(description="UUID of the latest run.")
    createdAt: datetime
    updatedAt: datetime
    namespace: str
    inputs: list[DatasetId]
    outputs: list[DatasetId]
    location: str | None
    description: str | None
    latestRun: Run | None


class LineageNode(Entity):
    id: str
    type: Literal["DATASET", "JOB"]
    data: DatasetNodeData | JobNodeData
    inEdges: list[Edge] = Field(description="Edges that end here.")
    outEdges: list[Edge] = Field(description="Edges that begin here.")


class Lineage(Entity):
    graph: list[LineageNode] = Field(description="By id. Each edge is told at both of its ends.")


class ColumnInput(Entity):
    left_out: ClassVar[frozenset[str]] = frozenset({"transformations"})

    namespace: str
    dataset: str
    datasetVersion: UUID | None
    field: str
    transformationDescription: str | None
    transformationType: str | None
    transformations: list[Transformation] | None = Field(
        default=None, description="Left out where the producer used the older attributes, which are the two above."
    )


class DatasetInfluence(Entity):
    namespace: str
    dataset: str
    field: str | None = Field(description="Null where only the dataset is known.")
    transformations: list[Transformation]


class ColumnNodeData(Entity):
    namespace: str
    dataset: str
    datasetVersion: UUID | None = Field(description="The version asked about, else the current one.")
    field: str
    fieldType: str | None = Field(description="Empty for a field of which no input is shown.")
    transformationDescription: str | None = Field(description="That of the first input that has one.")
    transformationType: str | None = Field(description="That of the first input that has one.")
    inputFields: list[ColumnInput]
    inputDatasets: list[DatasetInfluence] = Field(description="Inputs of this field whose own field is not known.")
    datasetInfluences: list[DatasetInfluence] = Field(
        description="What bears on all fields of the dataset alike, such as a filter or a join. Not followed further."
    )


class ColumnNode(Entity):
    id: str
    type: Literal["DATASET_FIELD"]
    data: ColumnNodeData
    inEdges: list[Edge] = Field(description="To each input: from this field (origin) to the input (destination).")
    outEdges: list[Edge] = Field(description="To each field derived from this one.")


class ColumnGraph(Entity):
    graph: list[ColumnNode] = Field(description="By id; empty where nothing is known of the fields' lineage.")


class UpstreamJob(Entity):
    namespace: str
    name: str
    version: UUID | None = Field(description="As in the job's list of versions.")


class UpstreamRunDetails(Entity):
    id: UUID
    start: datetime | None
    end: datetime | None
    status: RunState


class UpstreamInput(Entity):
    namespace: str
    name: str
    version: UUID | None = Field(description="As in the dataset's list of versions; null where no version is known.")
    producedByRunId: UUID | None = Field(description="Null for a version that no known run wrote.")


class UpstreamRun(Entity):
    job: UpstreamJob
    run: UpstreamRunDetails
    inputs: list[UpstreamInput]


class UpstreamRuns(Entity):
    runs: list[UpstreamRun] = Field(description="The run asked about, then by distance, then by the job's name.")


class DownstreamOutput(Entity):
    namespace: str
    name: str
    version: UUID = Field(description="As in the dataset's list of versions.")
    externalVersion: str | None


class DownstreamRun(UpstreamRun):
    outputs: list[DownstreamOutput]


class DownstreamRuns(Entity):
    runs: list[DownstreamRun] = Field(description="The run asked about, then by distance, then by the job's name.")
    complete: bool = Field(description="False where there are more runs than were looked at, whatever the depth.")
