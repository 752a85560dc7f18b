"""What a batch of events means: rows by table, merged by the same rules as the database merges them.

Every rule is a least, a greatest, a union, or "the greatest event time wins, then the greatest hash", so any order and any
split into batches gives the same rows. Times are microseconds since 1970, UTC. Ids are of ``headwater.ids``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

from headwater import ids

Facet = tuple[int, int] | tuple[int, int, str]  # event time, hash of the body [, its JSON text]
FacetMap = dict[str, Facet]
_Key = TypeVar("_Key")


def merge_facets(into: FacetMap, facets: FacetMap) -> None:
    """The later facet of a key wins whole."""
    if not into:
        into |= facets
        return
    for key, facet in facets.items():
        known = into.get(key)
        if known is None or facet[:2] > known[:2]:
            into[key] = facet


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def _greatest(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


@dataclass(slots=True)
class Job:
    namespace_id: int
    name: str
    first_at: int
    last_at: int | None = None
    parent_id: int | None = None
    parent_at: int | None = None
    declared_at: int | None = None
    told_at: int | None = None
    heard_at: int = 0  # when an event that names it came last; not an event time
    facets: FacetMap = field(default_factory=dict)

    def seen(self, at: int) -> None:
        """In an event of its own."""
        self.first_at = min(self.first_at, at)
        self.last_at = _greatest(self.last_at, at)

    def told(self, at: int) -> None:
        """By an event of another job, or by a JobEvent: it exists even without a run."""
        self.first_at = min(self.first_at, at)
        self.told_at = _least(self.told_at, at)

    def has_parent(self, parent: int, at: int) -> None:
        if self.parent_at is None or (at, parent) > (self.parent_at, self.parent_id):
            self.parent_id, self.parent_at = parent, at


@dataclass(slots=True)
class Dataset:
    namespace_id: int
    name: str
    first_at: int
    last_at: int
    written_at: int | None = None
    declared_at: int | None = None
    heard_at: int = 0
    facets: FacetMap = field(default_factory=dict)
    read_facets: FacetMap = field(default_factory=dict)

    def seen(self, at: int) -> None:
        self.first_at = min(self.first_at, at)
        self.last_at = max(self.last_at, at)

    def written(self, at: int) -> None:
        self.written_at = _greatest(self.written_at, at)

    def declared(self, at: int) -> None:
        self.declared_at = _greatest(self.declared_at, at)


@dataclass(slots=True)
class Run:
    run_uuid: UUID
    month: date
    job_id: int
    raw_job_id: int
    first_at: int
    last_at: int | None = None
    parented: bool = False
    parent_run_id: int | None = None
    parent_run_uuid: UUID | None = None
    parent_at: int | None = None
    started_at: int | None = None
    restarted_at: int | None = None
    ended_at: int | None = None
    end_rank: int | None = None
    running: bool = False
    other: bool = False
    streaming: bool = False
    linked: bool = False
    code_at: int | None = None
    code_id: int = 0
    moving: bool = False  # stored under another job so far
    facets: FacetMap = field(default_factory=dict)
    job_facets: FacetMap = field(default_factory=dict)

    def seen(self, at: int) -> None:
        """By an event of its own."""
        self.first_at = at if self.last_at is None else min(self.first_at, at)
        self.last_at = _greatest(self.last_at, at)

    def told(self, at: int) -> None:
        """By a child: the time of a run of which nothing else is known."""
        if self.last_at is None:
            self.first_at = min(self.first_at, at)

    def started(self, at: int) -> None:
        self.started_at = _least(self.started_at, at)
        self.restarted_at = _greatest(self.restarted_at, at)

    def ended(self, at: int, rank: int) -> None:
        if self.ended_at is None or self.end_rank is None or (at, rank) > (self.ended_at, self.end_rank):
            self.ended_at, self.end_rank = at, rank

    def has_parent(self, run: int, uuid: UUID, at: int) -> None:
        self.parented = True
        if self.parent_at is None or self.parent_run_id is None or (at, run) > (self.parent_at, self.parent_run_id):
            self.parent_run_id, self.parent_run_uuid, self.parent_at = run, uuid, at

    def has_code(self, code: int, at: int) -> None:
        if self.code_at is None or (at, code) > (self.code_at, self.code_id):
            self.code_id, self.code_at = code, at


@dataclass(slots=True)
class RunIo:
    month: date
    first_at: int
    last_at: int
    facets: FacetMap = field(default_factory=dict)
    io_facets: FacetMap = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """When a fact was first and last told, and by which runs (None: declared)."""

    first_at: int
    last_at: int
    first_run_id: int | None = None
    last_run_id: int | None = None

    def again(self, at: int, run: int | None) -> None:
        if (at, run or 0) < (self.first_at, self.first_run_id or 0):
            self.first_at, self.first_run_id = at, run
        if (at, run or 0) > (self.last_at, self.last_run_id or 0):
            self.last_at, self.last_run_id = at, run


def _see(facts: dict[_Key, Seen], key: _Key, at: int, run: int | None) -> None:
    known = facts.get(key)
    if known is None:
        facts[key] = Seen(at, at, run, run)
    else:
        known.again(at, run)


@dataclass(slots=True)
class DatasetVersion:
    """A version that no run wrote."""

    declared: bool
    external_version: str | None
    first_at: int
    facets: FacetMap = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnEdge:
    output_field: str  # '' all fields
    input_dataset_id: int
    input_field: str  # '' not known
    transformations: str  # JSON text


@dataclass(slots=True)
class Changes:
    """Rows by table and primary key (without the partition's month, which the run decides)."""

    namespaces: dict[int, tuple[str, int]] = field(default_factory=dict)
    sources: dict[tuple[int, int], tuple[str, str, int]] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    datasets: dict[int, Dataset] = field(default_factory=dict)
    models: set[int] = field(default_factory=set)
    symlinks: dict[tuple[int, int], int] = field(default_factory=dict)
    versions: dict[tuple[int, int], DatasetVersion] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    run_io: dict[tuple[int, int, bool], RunIo] = field(default_factory=dict)
    run_versions: dict[tuple[int, int, bool, int], tuple[date, str, int, int]] = field(default_factory=dict)
    edges: dict[tuple[int, int, int, int], Seen] = field(default_factory=dict)
    column_sets: dict[int, tuple[ColumnEdge, ...]] = field(default_factory=dict)
    columns: dict[tuple[int, int, int, bool], Seen] = field(default_factory=dict)  # dataset, owner, set, whether it adds
    put_namespaces: list[tuple[int, str, str | None, int]] = field(default_factory=list)
    put_sources: list[tuple[int, str, str, str, str | None, int]] = field(default_factory=list)
    put_tags: list[tuple[int, str, str | None, int]] = field(default_factory=list)
    hidden: list[tuple[str, str, int, bool, int]] = field(default_factory=list)  # table, key, id, whether shown again, time
    received: int = 0  # when the event came that is being extracted: what it names is shown again

    def namespace(self, namespace: str, at: int) -> int:
        """Makes sure that the namespace exists; returns its id."""
        identifier = ids.namespace_id(namespace)
        known = self.namespaces.get(identifier)
        if known is None or at < known[1]:
            self.namespaces[identifier] = (namespace, at)
        return identifier

    def job(self, namespace: str, name: str, at: int, *, told: bool = True) -> int:
        """Makes sure that the job exists; returns its id. ``told`` is false where it says so itself, by a run."""
        identifier = ids.job_id(namespace, name)
        known = self.jobs.get(identifier)
        if known is None:
            known = self.jobs[identifier] = Job(self.namespace(namespace, at), name, at)
        elif at < known.first_at:
            self.namespace(namespace, at)
        known.heard_at = max(known.heard_at, self.received)
        if told:
            known.told(at)
        return identifier

    def dataset(self, namespace: str, name: str, at: int) -> int:
        """Makes sure that the dataset exists; returns its id."""
        identifier = ids.dataset_id(namespace, name)
        known = self.datasets.get(identifier)
        if known is None:
            self.datasets[identifier] = Dataset(self.namespace(namespace, at), name, at, at, heard_at=self.received)
            return identifier
        if at < known.first_at:
            self.namespace(namespace, at)
        known.heard_at = max(known.heard_at, self.received)
        known.seen(at)
        return identifier

    def add_edge(self, kind: int, source: int, target: int, owner: int, at: int, run: int | None) -> None:
        _see(self.edges, (source, target, kind, owner), at, run)

    def add_columns(self, dataset: int, owner: int, set_id: int, at: int, run: int | None, *, adds: bool) -> None:
        _see(self.columns, (dataset, owner, set_id, adds), at, run)
