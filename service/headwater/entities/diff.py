"""What differs between two times, two versions of a dataset, or two runs of a job."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.graph import Counts, Freshness, Node, Tally
from headwater.entities.run import RunState

Turn: TypeAlias = Literal["ADDED", "REMOVED", "CHANGED"]
What: TypeAlias = Literal["FIELD", "COLUMN", "OWNER", "TAG", "TYPE", "DESCRIPTION", "CODE", "LIFECYCLE"]


class Change(Entity):
    node: str = Field(description="Id of the job or dataset of which it is told.")
    what: What = Field(
        description="`FIELD`: of the schema; `COLUMN`: an edge of column lineage; `CODE`: a job's code; `LIFECYCLE`: that a"
        " dataset is dropped."
    )
    name: str = Field(description="Of the field, owner or tag; of `COLUMN` the field derived. Empty where there is one only.")
    source: str | None = Field(description="Of `COLUMN` the id of the field, or dataset, from which it is derived.")
    turn: Turn = Field(
        description="`CHANGED` without `before`: an event without a run told it, and what such events told earlier is not kept."
    )
    before: str | None = Field(description="Of a field its type, of an owner the type, of a column how it is derived.")
    after: str | None = Field(description="The same as it is afterwards; null where it is gone.")
    at: datetime | None = Field(
        description="Event time of the last event of the run that first told it so; null where that is not kept."
    )
    run: UUID | None = Field(description="The run that told it; null where none did, or it is not known.")


class NodeChange(Node):
    at: datetime | None = Field(description="Event time of the first edge that came or went with it.")
    run: UUID | None = Field(description="The run that this edge came or went with; null where it was declared, or is not known.")


class EdgeChange(Entity):
    origin: str = Field(description="Id of the node from which data flows.")
    destination: str = Field(description="Id of the node to which it flows.")
    moved: bool = Field(description="The edge is there at both times, and within the depth at one: nothing is told of it itself.")
    at: datetime | None = Field(description="When it was first told of; or from when on it was no more.")
    run: UUID | None = Field(
        description="The run that told of it; or the first that began since and no longer did. Null where it was declared, or is"
        " not known."
    )


class NodeChanges(Entity):
    added: list[NodeChange] = Field(description="Those there at the later time only, by id.")
    removed: list[NodeChange] = Field(description="Those there at the earlier time only, by id.")


class EdgeChanges(Entity):
    added: list[EdgeChange] = Field(description="Those there at the later time only.")
    removed: list[EdgeChange] = Field(description="Those there at the earlier time only.")


class DiffCounts(Counts):
    """Of what differs: nodes that came or went, or of which something else is told; and edges that came or went."""

    changes: Tally = Field(description="Of what else is told of nodes: fields, owners, numbers, values of facets.")


class GraphDiff(Entity):
    of: Literal["TIMES"] = Field(default="TIMES", description="Always the same: two times are compared.")
    node: Node = Field(description="The job or dataset that was asked about.")
    before: datetime = Field(description="The earlier time, as asked.")
    after: datetime = Field(description="The later time, as asked; else now.")
    complete: bool = Field(description="Whether every difference is in the counts: false where `depth` or `size` cut a walk.")
    counts: DiffCounts = Field(description="How many differences there are, and how many are left out.")
    asOf: datetime = Field(description="The time at which the answer holds: the later one.")
    nodes: NodeChanges = Field(description="Those within the depth at one of the times only.")
    edges: EdgeChanges = Field(description="Between nodes within the depth.")
    changes: list[Change] = Field(description="Of nodes that are there at both times, by node.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class RunSide(Entity):
    run: UUID = Field(description="The run's UUID.")
    job: str = Field(description="Node id.")
    state: RunState = Field(description="By the times of its events.")
    startedAt: datetime | None = Field(description="When it began; null where that is not known.")
    endedAt: datetime | None = Field(description="When it ended; null while it is going.")
    durationMs: int | None = Field(description="Whole milliseconds from START to end; null where either is not known.")


class Statistic(Entity):
    name: str = Field(description="Such as `rowCount` or `size` (bytes).")
    before: int | float | None = Field(description="In the unit that the name implies; null where it was not told.")
    after: int | float | None = Field(description="Likewise, afterwards.")


class VersionRead(Entity):
    version: UUID = Field(description="As in the dataset's list of versions.")
    writtenBy: UUID | None = Field(description="The run that wrote it; null where none is known.")


class IoDiff(Entity):
    """Of one dataset that a run read or wrote: only what differs."""

    dataset: str = Field(description="Node id.")
    turn: Turn = Field(description="`CHANGED`: both runs name it, but not the same version of it, or with other numbers.")
    before: list[VersionRead] = Field(description="Versions that the first run names; empty if it does not name the dataset.")
    after: list[VersionRead] = Field(description="Versions that the second run names; empty if it does not name the dataset.")
    statistics: list[Statistic] = Field(description="Numbers that differ.")


class TaskDiff(Entity):
    """Of the latest run of a job that belongs to the one asked about, such as a task of an Airflow DAG."""

    job: str = Field(description="Node id.")
    turn: Turn = Field(description="`CHANGED`: it ran both times, and is not in the same state.")
    before: RunSide | None = Field(description="Its run within the first; null if it had none.")
    after: RunSide | None = Field(description="Its run within the second; null if it had none.")


class FacetDiff(Entity):
    job: str = Field(description="Node id of the job whose runs are compared: the one asked about, or one that belongs to it.")
    of: Literal["RUN", "JOB"] = Field(description="Whether it is a facet of the run, or of its job as the run's events told it.")
    facet: str = Field(description="Key of the facet, such as `executionParameters`.")
    path: str = Field(description="Of the value in the facet, such as `parameters[depth].value`.")
    before: str | None = Field(description="As text, or as JSON if it is none; null where it is absent.")
    after: str | None = Field(description="Likewise, of the second run.")


class RunDiff(Entity):
    """A run stands for all that belong to it, as that of an Airflow DAG for its tasks'."""

    of: Literal["RUNS"] = Field(default="RUNS", description="Always the same: two runs are compared.")
    before: RunSide = Field(description="The first run, as asked.")
    after: RunSide = Field(description="The second run.")
    inputs: list[IoDiff] = Field(
        description="Datasets read by one only, in another version, or with other numbers; by node id. What one of its tasks read"
        " of another is none."
    )
    outputs: list[IoDiff] = Field(description="Datasets written by one only, or with other numbers; by node id.")
    tasks: list[TaskDiff] = Field(description="Jobs that belong to it, and ran once only or ended otherwise; by node id.")
    facets: list[FacetDiff] = Field(description="By job and facet, its own first; `_producer` and `_schemaURL` are not compared.")
    complete: bool = Field(description="Whether every difference is in the counts: false where `size` cut the facets' values.")
    counts: DiffCounts = Field(description="Of the datasets, readings and writings, and values of facets that differ.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class VersionSide(Entity):
    version: UUID = Field(description="As in the dataset's list of versions.")
    createdAt: datetime = Field(description="Time of the earliest event that tells of it.")
    externalVersion: str | None = Field(description="The storage's own name of it, such as a Delta or Iceberg version.")
    lifecycleState: str | None = Field(description="From the lifecycleStateChange facet, such as `CREATE` or `DROP`.")
    run: UUID | None = Field(description="The run that wrote it.")
    job: str | None = Field(description="Node id of that run's job.")


class VersionDiff(Entity):
    of: Literal["VERSIONS"] = Field(default="VERSIONS", description="Always the same: two versions are compared.")
    node: Node = Field(description="The dataset that was asked about.")
    before: VersionSide = Field(description="The first version, as asked.")
    after: VersionSide = Field(description="The second version.")
    changes: list[Change] = Field(description="What else differs, such as fields, owners and tags.")
    statistics: list[Statistic] = Field(description="Numbers that differ, as the runs that wrote the versions told them.")
    runs: RunDiff | None = Field(description="Of the runs that wrote them, with counts of its own; null unless two runs did.")
    complete: bool = Field(description="Whether every difference is in the counts, the runs' included.")
    counts: DiffCounts = Field(description="Of the dataset, and of what its versions differ in.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
