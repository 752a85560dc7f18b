"""What differs between two times, two versions of a dataset, or two runs of a job."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.graph import Cut, Node
from headwater.entities.run import RunState

Turn: TypeAlias = Literal["ADDED", "REMOVED", "CHANGED"]
What: TypeAlias = Literal["FIELD", "COLUMN", "OWNER", "TAG", "TYPE", "DESCRIPTION", "CODE"]


class Change(Entity):
    node: str = Field(description="Id of the job or dataset of which it is told.")
    what: What = Field(description="`FIELD`: of the schema; `COLUMN`: an edge of column lineage; `CODE`: a job's code.")
    name: str = Field(description="Of the field, owner or tag; of `COLUMN` the field derived. Empty where there is one only.")
    source: str | None = Field(description="Of `COLUMN` the id of the field, or dataset, from which it is derived.")
    turn: Turn = Field(
        description="`CHANGED` without `before`: an event without a run told it, and what such events told earlier is not kept."
    )
    before: str | None = Field(description="Of a field its type, of an owner the type, of a column how it is derived.")
    after: str | None
    at: datetime | None = Field(description="Event time of what first told it so; null where that is not kept.")
    run: UUID | None = Field(description="The run that told it; null where none did, or it is not known.")


class NodeChange(Node):
    at: datetime | None = Field(description="Event time of the first edge that came or went with it.")
    run: UUID | None


class EdgeChange(Entity):
    origin: str
    destination: str
    moved: bool = Field(description="The edge is there at both times, and within the depth at one: nothing is told of it itself.")
    at: datetime | None = Field(description="When it was first told of; or when the first run began that no longer told of it.")
    run: UUID | None = Field(description="That run; null where it was declared, or is not known.")


class NodeChanges(Entity):
    added: list[NodeChange]
    removed: list[NodeChange]


class EdgeChanges(Entity):
    added: list[EdgeChange]
    removed: list[EdgeChange]


class GraphDiff(Entity):
    of: Literal["TIMES"] = "TIMES"
    node: Node
    before: datetime
    after: datetime
    complete: bool = Field(description="Whether all is told: false where something was cut.")
    cut: list[Cut] = Field(description="`limit`: of the longest lists; `size`: the graph is larger than was looked at.")
    nodes: NodeChanges = Field(description="Those within the depth at one of the times only.")
    edges: EdgeChanges = Field(description="Between nodes within the depth.")
    changes: list[Change] = Field(description="Of nodes that are there at both times, by node.")


class RunSide(Entity):
    run: UUID
    job: str = Field(description="Node id.")
    state: RunState
    startedAt: datetime | None
    endedAt: datetime | None
    durationMs: int | None


class Statistic(Entity):
    name: str = Field(description="Such as `rowCount` or `size` (bytes).")
    before: int | float | None
    after: int | float | None


class VersionRead(Entity):
    version: UUID
    writtenBy: UUID | None = Field(description="The run that wrote it; null where none is known.")


class IoDiff(Entity):
    """Of one dataset that a run read or wrote: only what differs."""

    dataset: str = Field(description="Node id.")
    turn: Turn = Field(description="`CHANGED`: both runs name it, but not the same version of it, or with other numbers.")
    before: list[VersionRead]
    after: list[VersionRead]
    statistics: list[Statistic] = Field(description="Numbers that differ.")


class FacetDiff(Entity):
    of: Literal["RUN", "JOB"]
    facet: str
    path: str = Field(description="Of the value in the facet, such as `parameters[depth].value`.")
    before: str | None = Field(description="As text, or as JSON if it is none; null where it is absent.")
    after: str | None


class RunDiff(Entity):
    of: Literal["RUNS"] = "RUNS"
    before: RunSide
    after: RunSide
    inputs: list[IoDiff]
    outputs: list[IoDiff]
    facets: list[FacetDiff] = Field(description="By facet; `_producer` and `_schemaURL` are not compared.")
    cut: list[Cut]


class VersionSide(Entity):
    version: UUID
    createdAt: datetime
    externalVersion: str | None
    lifecycleState: str | None
    run: UUID | None = Field(description="The run that wrote it.")
    job: str | None = Field(description="Node id of that run's job.")


class VersionDiff(Entity):
    of: Literal["VERSIONS"] = "VERSIONS"
    node: Node
    before: VersionSide
    after: VersionSide
    changes: list[Change]
    statistics: list[Statistic] = Field(description="Numbers that differ, as the runs that wrote the versions told them.")
    runs: RunDiff | None = Field(description="Of the runs that wrote them; null unless two runs did.")
