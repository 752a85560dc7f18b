"""Answers of the calls that ask how one node comes to another."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.graph import Counts, Freshness, Node, ProvenEdge


class Path(Entity):
    length: int = Field(description="Steps, each from one of its nodes to the next.")
    nodes: list[str] = Field(description="Ids, from the origin to the destination.")


class Ended(Entity):
    """That one node's events no longer tell of an edge."""

    origin: str = Field(description="Id of the node from which data flowed.")
    destination: str = Field(description="Id of the node to which it flowed.")
    toldBy: str = Field(description="Id of the job, or dataset, whose events told of it.")
    lastAt: datetime = Field(description="Event time of the last event that told of it.")
    lastRun: UUID | None = Field(description="The run of that event; null if it was declared.")
    endedAt: datetime | None = Field(
        description="From when on it was no more: the first run that began since had ended, or one more had begun; or something"
        " else was declared."
    )
    endedBy: UUID | None = Field(description="That first run; null for a declaration, or where it is not known.")


class FormerPath(Path):
    atOneTime: bool = Field(description="Whether there was a time when all of its edges were there.")
    edges: list[ProvenEdge] = Field(description="All edges of this path, with what proved them.")
    ended: list[Ended] = Field(description="Which of the edges are no more, the first to end first.")


class CommonAncestor(Node):
    toOrigin: int = Field(description="Steps from here to the nearest of the origins.")
    toDestination: int = Field(description="Steps from here to the nearest of the destinations.")


class NoPath(Entity):
    """Why there is none."""

    otherWay: Path | None = Field(description="A shortest path from the destinations to the origins; null if there is none.")
    commonAncestors: list[CommonAncestor] = Field(description="Upstream of both; only the nearest, by the sum of both ways.")
    former: FormerPath | None = Field(
        description="A shortest path, by jobs and datasets, over all edges that were ever told of. Null if nothing has ended."
    )


class Paths(Entity):
    origins: list[Node] = Field(description="Where the paths were to begin, as asked.")
    destinations: list[Node] = Field(description="Where they were to end, as asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    reachable: bool = Field(description="Whether there is a path at all, of whatever length.")
    complete: bool = Field(description="Whether these are all paths.")
    counts: Counts = Field(
        description="Of the nodes told, the ends left out, and of the edges. What cut: `k` or `depth` as asked; `work`, `size`,"
        " `history`: there is more than was looked at."
    )
    paths: list[Path] = Field(description="Shortest first.")
    nodes: list[Node] = Field(description="All that are named in this answer.")
    edges: list[ProvenEdge] = Field(description="All edges of the paths, and of the other way.")
    noPath: NoPath | None = Field(description="Null where there is a path, and if only `reachable` was asked.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
