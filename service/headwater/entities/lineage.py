"""Answers of the graph calls. A node's id is its kind, namespace and name, joined by colons as they stand."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.dataset import DatasetId, DatasetType, Transformation
from headwater.entities.dataset import Field as DatasetField
from headwater.entities.graph import ColumnCounts, Counts, Freshness
from headwater.entities.job import JobId, JobType
from headwater.entities.run import Run, RunState


class Edge(Entity):
    origin: str = Field(description="Id of the node at which it begins.")
    destination: str = Field(description="Id of the node at which it ends.")


class DatasetNodeData(Entity):
    id: DatasetId = Field(description="Its namespace and name, together.")
    type: DatasetType = Field(description="As shown with the dataset.")
    name: str = Field(description="Unique in its namespace.")
    physicalName: str = Field(description="As shown with the dataset.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    namespace: str = Field(description="Where it is kept.")
    sourceName: str = Field(description="As shown with the dataset.")
    fields: list[DatasetField] = Field(description="Schema of the current version, else the latest that is known.")
    tags: list[str] = Field(description="Always empty; see the dataset.")
    lastModifiedAt: datetime | None = Field(description="As shown with the dataset.")
    lastLifecycleState: str | None = Field(description="As shown with the dataset.")
    description: str | None = Field(description="As shown with the dataset.")


class JobNodeData(Entity):
    id: JobId = Field(description="Its namespace and name, together.")
    type: JobType = Field(description="As shown with the job.")
    name: str = Field(description="Of a child with its parent's name in front: `dag.task`.")
    simpleName: str = Field(description="The name without the parent's.")
    parentJobName: str | None = Field(description="Full name of the job that starts it, if any.")
    parentJobUuid: UUID | None = Field(description="UUID of that job.")
    currentRunUuid: UUID | None = Field(description="UUID of the latest run.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    namespace: str = Field(description="Whose job it is.")
    inputs: list[DatasetId] = Field(description="What it reads now.")
    outputs: list[DatasetId] = Field(description="What it writes now.")
    location: str | None = Field(description="URL of its source code.")
    description: str | None = Field(description="As shown with the job.")
    latestRun: Run | None = Field(description="Its latest run, in whatever state.")


class LineageNode(Entity):
    id: str = Field(description="`dataset:<namespace>:<name>` or `job:<namespace>:<name>`.")
    type: Literal["DATASET", "JOB"] = Field(description="Which of the two shapes `data` has.")
    data: DatasetNodeData | JobNodeData = Field(description="What is known of the dataset or job.")
    inEdges: list[Edge] = Field(description="Edges that end here.")
    outEdges: list[Edge] = Field(description="Edges that begin here.")


class Lineage(Entity):
    graph: list[LineageNode] = Field(description="By id. Each edge is told at both of its ends.")


class DirectedLineage(Lineage):
    """With any of the parameters that Marquez does not have. Of a job's inputs and outputs those that are in this answer."""

    direction: Literal["downstream", "upstream", "both"] = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the edges are so. Nodes are told as they are now.")
    complete: bool = Field(description="Whether every node is in the counts: false where `depth` or `size` cut the walk.")
    counts: Counts = Field(description="How many nodes there are, the start left out, and how many are left out.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    cursor: str | None = Field(
        description="For the next page; null on the last one. A page tells the edges to and from the pages before it, too."
    )


class ColumnInput(Entity):
    left_out: ClassVar[frozenset[str]] = frozenset({"transformations"})

    namespace: str = Field(description="Of the dataset that it is read from.")
    dataset: str = Field(description="Name of that dataset.")
    datasetVersion: UUID | None = Field(description="Its current version, or that of the time asked about.")
    field: str = Field(description="Name of its field.")
    transformationDescription: str | None = Field(description="That of the first transformation that has one.")
    transformationType: str | None = Field(description="That of the first transformation that has one.")
    transformations: list[Transformation] | None = Field(
        default=None, description="Left out where the producer used the older attributes, which are the two above."
    )


class DatasetInfluence(Entity):
    namespace: str = Field(description="Of the dataset.")
    dataset: str = Field(description="Its name.")
    field: str | None = Field(description="Null where only the dataset is known.")
    transformations: list[Transformation] = Field(description="What is done with it.")


class ColumnNodeData(Entity):
    namespace: str = Field(description="Of the field's dataset.")
    dataset: str = Field(description="Name of that dataset.")
    datasetVersion: UUID | None = Field(description="The version asked about, else the current one.")
    field: str = Field(description="Of a nested field the path, with dots.")
    fieldType: str | None = Field(description="Empty for a field of which no input is shown.")
    transformationDescription: str | None = Field(description="That of the first input that has one.")
    transformationType: str | None = Field(description="That of the first input that has one.")
    inputFields: list[ColumnInput] = Field(description="Fields that it comes from, one step upstream.")
    inputDatasets: list[DatasetInfluence] = Field(description="Inputs of this field whose own field is not known.")
    datasetInfluences: list[DatasetInfluence] = Field(
        description="What bears on all fields of the dataset alike, such as a filter or a join. Not followed further."
    )
    influencedDatasets: list[DatasetInfluence] = Field(
        description="Where downstream was asked for: datasets on all fields of which this one bears. Not followed further."
    )


class ColumnNode(Entity):
    id: str = Field(description="`datasetField:<namespace>:<dataset>:<field>`, with `#<version>` if one was asked about.")
    type: Literal["DATASET_FIELD"] = Field(description="Always the same.")
    data: ColumnNodeData = Field(description="What is known of the field.")
    inEdges: list[Edge] = Field(description="To each input: from this field (origin) to the input (destination).")
    outEdges: list[Edge] = Field(description="To each field derived from this one.")


class ColumnGraph(Entity):
    graph: list[ColumnNode] = Field(description="By id; empty where nothing is known of the fields' lineage.")


class ColumnsAround(ColumnGraph):
    """With `direction`, `asOf` or `history`, and no other parameter that Marquez does not have."""

    asOf: datetime = Field(description="The time at which the edges are so. Names and types are those of today.")
    complete: bool = Field(description="Whether every column is in the counts: false where `depth` cut the walk.")
    counts: Counts = Field(description="How many columns there are; of a dataset its own left out.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class DirectedColumns(ColumnGraph):
    """With kinds of edges, ways, filters or a limit. Of a column's inputs and outputs those that are in this answer."""

    direction: Literal["downstream", "upstream", "both"] = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the edges are so. Names and types are those of today.")
    complete: bool = Field(description="Whether every column is in the counts: false where `depth` or `size` cut the walk.")
    counts: ColumnCounts = Field(description="How many columns there are, and how many are left out.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    cursor: str | None = Field(description="For the next page, which has edges to the columns of this one too; null on the last.")


class UpstreamJob(Entity):
    namespace: str = Field(description="Of the job that ran.")
    name: str = Field(description="Its full name.")
    version: UUID | None = Field(description="As in the job's list of versions.")


class UpstreamRunDetails(Entity):
    id: UUID = Field(description="The run's UUID.")
    start: datetime | None = Field(description="When it began, if that is known.")
    end: datetime | None = Field(description="When it ended; null while it is going.")
    status: RunState = Field(description="By the times of its events.")


class UpstreamInput(Entity):
    namespace: str = Field(description="Of the dataset that was read.")
    name: str = Field(description="Its name.")
    version: UUID | None = Field(description="As in the dataset's list of versions; null where no version is known.")
    producedByRunId: UUID | None = Field(description="Null for a version that no known run wrote.")


class UpstreamRun(Entity):
    job: UpstreamJob = Field(description="The job that ran.")
    run: UpstreamRunDetails = Field(description="When, and with what result.")
    inputs: list[UpstreamInput] = Field(description="What it read, by name.")


class UpstreamRuns(Entity):
    runs: list[UpstreamRun] = Field(description="The run asked about, then by distance, then by the job's name.")
    complete: bool = Field(description="Whether every run is in the counts: false where `depth` cut the walk.")
    counts: Counts = Field(description="How many runs and versions there are, and how many are left out.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class DownstreamOutput(Entity):
    namespace: str = Field(description="Of the dataset that was written.")
    name: str = Field(description="Its name.")
    version: UUID = Field(description="As in the dataset's list of versions.")
    externalVersion: str | None = Field(description="The storage's own name of the version, such as a Delta or Iceberg version.")


class DownstreamRun(UpstreamRun):
    outputs: list[DownstreamOutput] = Field(description="What it wrote, with the versions that it made.")


class DownstreamRuns(Entity):
    runs: list[DownstreamRun] = Field(description="The run asked about, then by distance, then by the job's name.")
    complete: bool = Field(description="Whether every run is in the counts: false where `depth` or `size` cut the walk.")
    counts: Counts = Field(description="How many runs and versions there are, and how many are left out.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
