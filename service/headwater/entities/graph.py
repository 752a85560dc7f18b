"""Answers of our own graph calls: nodes with what people ask about them, and edges with what proves them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.dataset import Transformation
from headwater.entities.owner import Owner


class Node(Entity):
    id: str = Field(description="Such as `dataset:<namespace>:<name>`.")
    kind: Literal["DATASET", "JOB", "FIELD", "RUN", "VERSION", "NAMESPACE"] = Field(description="What it is.")
    namespace: str = Field(description="Its namespace.")
    name: str = Field(description="Its name.")
    type: str = Field(
        description="Of a dataset what its datasetType facet says, such as `TABLE`, `VIEW`, `MODEL` or `DASHBOARD`; of a job"
        " what its jobType facet says, such as `DAG`, `TASK` or `QUERY`. In capitals; empty where nothing is said."
    )
    description: str | None = Field(description="From the documentation facet.")
    owners: list[Owner] = Field(description="From the ownership facet.")
    tags: list[str] = Field(description="Given by events or by people.")


Direction: TypeAlias = Literal["downstream", "upstream", "both"]
Affects: TypeAlias = Literal["VALUES", "ROWS", "BOTH"]
EdgeName: TypeAlias = Literal["INPUT", "OUTPUT", "DATASET_LINEAGE", "JOB_LINEAGE", "JOB_DEPENDENCY"]


class Evidence(Entity):
    """Why there is an edge."""

    kind: EdgeName = Field(description="What the events say: that a job reads, or writes, or that one thing comes of another.")
    origin: Literal["OBSERVED", "DECLARED"] = Field(description="By runs, or by an event without one.")
    toldBy: str = Field(description="Id of the job, or dataset, whose events say so.")
    firstAt: datetime = Field(description="Event time of the first event that says so.")
    lastAt: datetime = Field(description="Event time of the last one.")
    firstRun: UUID | None = Field(description="The run of the first event; null if declared.")
    lastRun: UUID | None = Field(description="The run of the last event; null if declared.")
    runs: int | None = Field(
        description="How often: in so many of the job's latest `ofRuns` runs. Null where runs do not tell it one by one"
        " (declared, or other than what a job reads and writes), and in an answer with more than 1,000 edges."
    )
    ofRuns: int | None = Field(description="Of how many runs: the latest that named any dataset, 20 at most.")


class ProvenEdge(Entity):
    origin: str = Field(description="Id of the node from which data flows.")
    destination: str = Field(description="Id of the node to which it flows.")
    evidence: list[Evidence] = Field(description="One for each job or dataset that tells it.")


class Freshness(Entity):
    eventTime: datetime | None = Field(description="Of the newest event in the store; null while there is none.")
    eventId: UUID | None = Field(description="The id of that event in the log.")


class Cut(Entity):
    rule: str = Field(
        description="The parameter that cut, such as `depth` or `limit`; `size`: there is more than is looked at for one answer."
    )
    nodes: int | None = Field(description="How many are left out; null where that is not known.")


class Tally(Entity):
    found: int | None = Field(description="How many were found; null where not all were looked for.")
    returned: int = Field(description="How many are in this answer.")


_EDGES = (
    "Of the edges between the nodes found, and the start. `found` is null where counting would cost more than the answer: of more"
    " than 10,000 nodes, of one `grain`, of one page of several. A collapsed answer has collapsed edges, and finds those between"
    " what it stands for; that to events that have not happened has those of the paths."
)


class Counts(Entity):
    """Of nodes, whatever is asked; those found are of the kinds told."""

    found: int = Field(description="Nodes found, the start left out.")
    datasets: int = Field(default=0, description="How many of these are datasets.")
    jobs: int = Field(default=0, description="How many are jobs.")
    columns: int = Field(default=0, description="How many are columns, or datasets as a whole.")
    runs: int = Field(default=0, description="How many are runs.")
    versions: int = Field(default=0, description="How many are versions of datasets.")
    returned: int = Field(description="How many are in this answer.")
    edges: Tally = Field(description=_EDGES)
    cut: list[Cut] = Field(description="What is left out, and why.")


class Group(Entity):
    name: str = Field(description="The type, owner or namespace that they have in common.")
    nodes: int = Field(description="How many there are.")


class Groups(Entity):
    of: int = Field(description="Nodes that the groups sum up: the nearest ones, if there are very many.")
    types: list[Group] = Field(description="By type, the largest first.")
    owners: list[Group] = Field(description="By owner, the largest first.")
    namespaces: list[Group] = Field(description="By namespace, the largest first.")


_SIDE = (
    "Whether it stands on the start (`downstream`), the start on it (`upstream`), or `both`, on a cycle: then what is told of it"
    " is of its shorter way, downstream where both are as long."
)


class Reached(Entity):
    """How something is reached."""

    distance: int = Field(description="Steps from the start.")
    path: list[str] = Field(
        description="Ids of the nodes on a shortest way from the start (upstream: to it), as data flows, both ends included."
    )


class ReachedByWays(Reached):
    side: Direction = Field(description=_SIDE)
    otherPaths: list[list[str]] = Field(description="The next shortest ways, where more are asked for, each as `path`.")


class ReachedNode(ReachedByWays, Node):
    pass


class Impact(Entity):
    start: list[Node] = Field(description="The nodes that were asked about.")
    direction: Direction = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    complete: bool = Field(description="Whether every node is in the counts: false where `depth` or `size` cut the walk.")
    counts: Counts = Field(description="How many nodes there are, and how many are left out.")
    groups: Groups = Field(description="Sums over the nodes found.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    nodes: list[ReachedNode] = Field(description="Nearest first.")
    edges: list[ProvenEdge] = Field(description="All edges of the paths.")
    cursor: str | None = Field(description="For the next page; null on the last one.")


class Rolled(Node):
    """A job or run with those that it starts, a dataset with its columns, a namespace, or what is in none of these."""

    jobs: int = Field(description="How many of the jobs found it stands for.")
    datasets: int = Field(description="How many of the datasets found it stands for.")
    columns: int = Field(description="How many of the columns found it stands for, and of the datasets as a whole.")
    runs: int = Field(description="How many of the runs found it stands for.")
    versions: int = Field(description="How many of the versions found it stands for.")
    affects: Affects | None = Field(description="What a change may touch of these columns. Null where there are none.")
    distance: int = Field(description="Steps from the start to the nearest of them.")
    side: Direction = Field(description="On which side of the start they lie; `both` where some lie on either.")


class RolledEdge(Entity):
    origin: str = Field(description="Id of the node from which data flows.")
    destination: str = Field(description="Id of the node to which it flows.")
    nodes: int = Field(description="Shortest ways that lead over it: one to each node found.")


class RolledCounts(Counts):
    collapsed: int = Field(
        description="To how many nodes those that are shown collapse; the other counts are of what is collapsed."
    )


class RolledImpact(Entity):
    """Jobs and datasets, or runs and versions, collapsed."""

    start: list[Node] = Field(description="The nodes that were asked about, collapsed as well.")
    direction: Direction = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    complete: bool = Field(description="Whether every node is in the counts: false where `depth` or `size` cut the walk.")
    counts: RolledCounts = Field(description="How many nodes there are, and how many are left out.")
    groups: Groups = Field(description="Sums over the nodes found.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    nodes: list[Rolled] = Field(
        description="Nearest first. The start's own is among them, where others that it stands for are found."
    )
    edges: list[RolledEdge] = Field(description="Between these nodes and the start.")
    cursor: str | None = Field(description="For the next page; null on the last one.")


ChangeKind: TypeAlias = Literal[
    "COLUMN_DROPPED", "COLUMN_RETYPED", "COLUMN_ADDED", "DATASET_DROPPED", "INPUT_ADDED", "INPUT_REMOVED", "OUTPUT_ADDED",
    "OUTPUT_REMOVED", "LINEAGE_ADDED", "LINEAGE_REMOVED",
]  # fmt: skip


class Change(Entity):
    """One difference between what is supposed and what is."""

    kind: ChangeKind = Field(description="What happens to the node.")
    node: str = Field(description="Id of the dataset, or of the job whose inputs or outputs change.")
    column: str | None = Field(description="Name of the column; null where the change is not of one.")
    before: str | None = Field(description="Type of the column, or id of the dataset, as it is.")
    after: str | None = Field(description="The same as it would be.")
    reached: int = Field(description="Nodes that are reached from this change.")


class Affected(Reached, Node):
    changes: list[int] = Field(description="Which of the changes reach it, by their places in the list.")


class WhatIf(Entity):
    start: list[Node] = Field(description="The nodes that would change.")
    changes: list[Change] = Field(description="What would be different.")
    asOf: datetime = Field(description="The time at which the events are supposed to come.")
    complete: bool = Field(description="Whether every node is in the counts: false where `size` cut a walk.")
    counts: Counts = Field(description="How many nodes there are, and how many are left out.")
    groups: Groups = Field(description="Sums over the nodes found.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    nodes: list[Affected] = Field(description="Everything downstream of a change, nearest first.")


Scope: TypeAlias = Literal["FIELD", "PART", "WHOLE", "DATASET", "UNRESOLVED"]


class Column(Node):
    """With the name, type, owners and tags of its dataset."""

    field: str | None = Field(
        description="Null for a dataset as a whole: downstream, all of its columns are reached alike; upstream, some column is"
        " meant that is not known."
    )
    fieldType: str | None = Field(description="As the producer writes it; null where no schema has the field.")


class ReachedColumn(Column):
    affects: Affects = Field(
        description="What of it a change may touch. `VALUES`: what stands in it, by direct transformations or a condition;"
        " `ROWS`: only which rows there are, how they are grouped or ordered, by a filter, join or the like."
    )
    masked: bool = Field(description="Whether the values come only by ways that hide them, as by a hash.")
    resolved: bool = Field(
        description="False: only by way of a column that is not known, or from one part of a column to another, so perhaps not"
        " at all."
    )
    ends: bool | None = Field(
        description="True: nothing further is known to derive from it (upstream: that it derives from). Null where the walk was"
        " not to go on from here."
    )
    distance: int = Field(description="Steps of the path.")
    side: Direction = Field(description=_SIDE)
    path: list[str] = Field(
        description="Ids on the best way from the start (upstream: to it), as data flows, both ends included: one known column by"
        " column, then the shortest, then one of values."
    )
    otherPaths: list[list[str]] = Field(description="The shortest other ways, where more are asked for, each as `path`.")


class ColumnEvidence(Entity):
    """Whose events tell an edge, and when they last did: of columns the latest word counts."""

    origin: Literal["OBSERVED", "DECLARED"] = Field(description="By runs, or by an event without one.")
    toldBy: str = Field(description="Id of the job, or dataset.")
    at: datetime = Field(description="Event time of the last event that tells it.")
    run: UUID | None = Field(description="The run of that event; null if declared.")
    firstAt: datetime = Field(description="Event time of the first event that told the output's columns as they are told now.")
    firstRun: UUID | None = Field(description="The run of that event; null if declared.")


class ProvenColumnEdge(Entity):
    origin: str = Field(description="Id of the column, or dataset as a whole, from which data flows.")
    destination: str = Field(description="Id of the column, or dataset as a whole, to which it flows.")
    scope: Scope = Field(
        description="`FIELD`: told of these two columns; `PART`: of a column inside of the one from which the walk came, such as"
        " `person.city` of `person`; `WHOLE`: of one that holds it; `DATASET`: told of the destination's dataset as a whole;"
        " `UNRESOLVED`: told without the column of origin."
    )
    transformations: list[Transformation] = Field(description="What is done on the way, each once; empty where nobody says.")
    evidence: list[ColumnEvidence] = Field(description="One for each job or dataset that tells it.")


class ColumnCounts(Entity):
    found: int = Field(description="Columns, and datasets as a whole; the start left out.")
    values: int = Field(description="Those of which only values are affected; likewise `rows`.")
    rows: int = Field(description="Those of which only the choice, grouping or order of rows is affected.")
    both: int = Field(description="Those of which values and rows are affected.")
    datasets: int = Field(description="Datasets that they belong to.")
    returned: int = Field(description="How many are in this answer.")
    edges: Tally = Field(description=_EDGES)
    cut: list[Cut] = Field(description="What is left out, and why.")


class TableReached(Node):
    distance: int = Field(description="Steps from the start: by columns, then one from dataset to dataset.")
    side: Direction = Field(description=_SIDE)
    nearest: str = Field(description="Id of the dataset before it, which is reached by columns.")


class TableLevel(Entity):
    """Where data flows on, but nobody tells from column to column. Asked both ways: on each side of the start."""

    found: int = Field(description="Datasets next to those that are reached by columns on the same side.")
    beyond: int = Field(description="Datasets that follow from these in turn.")
    nodes: list[TableReached] = Field(description="Nearest first, 100 at most.")


class RolledColumnImpact(RolledImpact):
    """Columns, collapsed."""

    tableLevel: TableLevel = Field(description="Datasets further on, to which no column is traced.")


class RolledColumnsEdge(Entity):
    origin: str = Field(description="Id of the node from which data flows.")
    destination: str = Field(description="Id of the node to which it flows.")
    columns: int = Field(description="Edges between columns, or datasets as a whole, that become it.")


class RolledColumns(Entity):
    """Column lineage, collapsed to datasets or namespaces."""

    start: list[Node] = Field(description="The nodes that were asked about, collapsed as well.")
    direction: Direction = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    complete: bool = Field(description="Whether every column is in the counts: false where `depth` or `size` cut the walk.")
    counts: RolledCounts = Field(description="How many columns there are, and how many are left out.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    nodes: list[Rolled] = Field(
        description="Nearest first. The start's own is among them, where others that it stands for are found."
    )
    edges: list[RolledColumnsEdge] = Field(description="Between these nodes, those of other pages and the start.")
    cursor: str | None = Field(description="For the next page; null on the last one.")


class ColumnImpact(Entity):
    start: list[Column] = Field(description="The columns, or datasets as a whole, that were asked about.")
    direction: Direction = Field(description="As asked.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    complete: bool = Field(description="Whether every column is in the counts: false where `depth` or `size` cut the walk.")
    counts: ColumnCounts = Field(description="How many columns there are, and how many are left out.")
    groups: Groups = Field(description="Of the datasets that the columns belong to.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    nodes: list[ReachedColumn] = Field(description="Nearest first.")
    edges: list[ProvenColumnEdge] = Field(description="All edges of the paths, as data flows.")
    tableLevel: TableLevel = Field(description="Datasets further on, to which no column is traced.")
    cursor: str | None = Field(description="For the next page; null on the last one.")
