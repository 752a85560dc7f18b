"""Answers about runs and versions of datasets: what is reached by what runs really read and wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.graph import Counts, Direction, Freshness, Groups, Node, ReachedByWays
from headwater.entities.run import RunState


class RunNode(Node):
    """With the namespace, name, type, owners and tags of its job; the id is `run:<uuid>`."""

    kind: Literal["RUN"] = Field(description="Always the same.")
    state: RunState = Field(description="By the times of its events.")
    startedAt: datetime | None = Field(description="When it began; null where that is not known.")
    endedAt: datetime | None = Field(description="When it ended; null while it is going.")


class VersionNode(Node):
    """With the namespace, name, type, owners and tags of its dataset; the id is the dataset's with `#<version>`."""

    kind: Literal["VERSION"] = Field(description="Always the same.")
    version: UUID = Field(description="As in the dataset's list of versions.")
    externalVersion: str | None = Field(description="The storage's own name of it, such as a Delta or Iceberg version.")
    createdAt: datetime | None = Field(description="Time of the earliest event that tells of it; null where that is not kept.")


class ReachedRun(ReachedByWays, RunNode):
    pass


class ReachedVersion(ReachedByWays, VersionNode):
    pass


class RunEdge(Entity):
    """It needs no other evidence than the run at one of its ends."""

    origin: str = Field(description="Id of the run that wrote, or of the version that was read.")
    destination: str = Field(description="Id of the version that was written, or of the run that read.")
    kind: Literal["WROTE", "READ"] = Field(description="What the run did.")


class RunImpact(Entity):
    """What is reached by the versions that runs really read and wrote."""

    start: list[RunNode | VersionNode] = Field(description="The run or version that was asked about.")
    introducedBy: RunNode | None = Field(
        description="Of a version the run that wrote it; of one that no run wrote, the first that read it. Null where there is"
        " none, and of a run."
    )
    direction: Direction = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    complete: bool = Field(description="Whether every node is in the counts: false where `depth` or `size` cut the walk.")
    counts: Counts = Field(description="How many nodes there are, and how many are left out.")
    groups: Groups = Field(description="Sums over the jobs and datasets of the nodes found, each counted once.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    nodes: list[ReachedRun | ReachedVersion] = Field(description="Nearest first.")
    edges: list[RunEdge] = Field(description="All edges of the paths.")
    cursor: str | None = Field(description="For the next page; null on the last one.")
