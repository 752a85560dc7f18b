"""Answers of the calls that ask how one node comes to another."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.graph import Affects, Column, Counts, Freshness, Node, ProvenColumnEdge, ProvenEdge
from headwater.entities.run_graph import RunEdge, RunNode, VersionNode

_Node = TypeVar("_Node")
_Edge = TypeVar("_Edge")
_Path = TypeVar("_Path")
_Why = TypeVar("_Why")


class Path(Entity):
    length: int = Field(description="Steps, each from one of its nodes to the next.")
    nodes: list[str] = Field(description="Ids, from the origin to the destination.")


class ColumnPath(Path):
    affects: Affects = Field(description="What a change of the origin may touch of the destination by this path.")
    masked: bool = Field(description="Whether the values come only hidden, as by a hash.")
    resolved: bool = Field(
        description="False: by way of a column that is not known, or from one part of a column to another, so perhaps not at all."
    )


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


_AT_ONE_TIME = "Whether there was a time when all of its edges were there."
_ENDED = "Which of the edges are no more, the first to end first."


class FormerPath(Path):
    atOneTime: bool = Field(description=_AT_ONE_TIME)
    edges: list[ProvenEdge] = Field(description="All edges of this path, with what proved them.")
    ended: list[Ended] = Field(description=_ENDED)


class FormerColumnPath(ColumnPath):
    atOneTime: bool = Field(description=_AT_ONE_TIME)
    edges: list[ProvenColumnEdge] = Field(description="All edges of this path, with what proved them: when they were told last.")
    ended: list[Ended] = Field(description=_ENDED)


class TablePath(Path):
    """How data flows by jobs and datasets, where no columns lead on."""

    columns: list[str] = Field(description="Ids on the way to where it begins: as far as columns lead. Empty if not `untold`.")
    untold: bool = Field(
        description="True: of its first step, from dataset to dataset, nobody tells which column comes of which. False: columns"
        " are told of all that leads there, but not of those asked about."
    )
    edges: list[ProvenEdge] = Field(description="All edges of this path, with what proves them.")


class _Upstream(Entity):
    toOrigin: int = Field(description="Steps from here to the nearest of the origins.")
    toDestination: int = Field(description="Steps from here to the nearest of the destinations.")


class CommonAncestor(_Upstream, Node):
    pass


class CommonColumn(_Upstream, Column):
    pass


class CommonRun(_Upstream, RunNode):
    pass


class CommonVersion(_Upstream, VersionNode):
    pass


_OTHER_WAY = "A shortest path from the destinations to the origins; null if there is none."
_ANCESTORS = "Upstream of both; only the nearest, by the sum of both ways."


class NoPath(Entity):
    """Why there is none."""

    otherWay: Path | None = Field(description=_OTHER_WAY)
    commonAncestors: list[CommonAncestor] = Field(description=_ANCESTORS)
    former: FormerPath | None = Field(
        description="A shortest path, by jobs and datasets, over all edges that were ever told of. Null if nothing has ended."
    )


class NoColumnPath(Entity):
    """Why there is none from column to column."""

    otherWay: ColumnPath | None = Field(description=_OTHER_WAY)
    commonAncestors: list[CommonColumn] = Field(description=_ANCESTORS)
    former: FormerColumnPath | None = Field(
        description="A shortest path over all column lineage that was ever told. Null if nothing has ended."
    )
    tableLevel: TablePath | None = Field(description="Where data flows all the same, and nobody tells how. Null if it does not.")


class NoRunPath(Entity):
    """Why there is none. What a run read and wrote stays so: no path used to be."""

    otherWay: Path | None = Field(description=_OTHER_WAY)
    commonAncestors: list[CommonRun | CommonVersion] = Field(description=_ANCESTORS)


class _Found(Entity, Generic[_Node, _Edge, _Path, _Why]):
    origins: list[_Node] = Field(description="Where the paths were to begin, as asked.")
    destinations: list[_Node] = Field(description="Where they were to end, as asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    reachable: bool = Field(description="Whether there is a path at all, of whatever length.")
    complete: bool = Field(description="Whether these are all paths.")
    counts: Counts = Field(
        description="Of the nodes told, the ends left out, and of the edges. What cut: `k` or `depth` as asked; `work`, `size`,"
        " `history`: there is more than was looked at."
    )
    paths: list[_Path] = Field(description="Shortest first.")
    nodes: list[_Node] = Field(description="All that are named in this answer.")
    edges: list[_Edge] = Field(description="All edges of the paths, and of the other way.")
    noPath: _Why | None = Field(description="Null where there is a path, and if only `reachable` was asked.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


ColumnOrNode: TypeAlias = Column | Node
"""A job or dataset is named only where columns lead nowhere."""
RunOrVersion: TypeAlias = RunNode | VersionNode


class Paths(_Found[Node, ProvenEdge, Path, NoPath]):
    """Of jobs and datasets."""


class ColumnPaths(_Found[ColumnOrNode, ProvenColumnEdge, ColumnPath, NoColumnPath]):
    """Of columns."""


class RunPaths(_Found[RunOrVersion, RunEdge, Path, NoRunPath]):
    """Of runs and versions of datasets."""
