"""Runs and versions of datasets around one of them: which run wrote which version, and which read it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from headwater import ids
from headwater.catalog.data_versions import Use
from headwater.db.pool import Connection
from headwater.lineage.edges import EdgeKind
from headwater.lineage.node_ids import Resolved
from headwater.lineage.runs.downstream import Readers, Written
from headwater.lineage.runs.start import Start, StartRun
from headwater.lineage.runs.upstream import EVER, ReadingRun, RunsRead, Span

_MOST = 2_000  # runs; a pipeline that builds on its own last output has them one a step, of some ms each
_FURTHEST = 1_000_000  # steps; no way is longer


@dataclass(slots=True)
class RunGraph:
    """Nodes are the ids of runs, and of versions those that ``version_node`` gives."""

    runs: dict[int, ReadingRun]
    complete: bool  # False: there are more runs than were looked at
    versions: dict[int, Use] = field(default_factory=dict)
    wrote: set[tuple[int, int]] = field(default_factory=set)  # run, version
    read: set[tuple[int, int]] = field(default_factory=set)  # version, run

    def add_written(self, run_id: int, version: Use) -> None:
        self.wrote.add((run_id, self.add(version)))

    def add_read(self, run_id: int, version: Use) -> None:
        self.read.add((self.add(version), run_id))

    def add(self, version: Use) -> int:
        assert version.version is not None
        node = version_node(version.version)
        self.versions.setdefault(node, version)
        return node

    def edges(self) -> Iterator[tuple[int, int, EdgeKind]]:
        """As data flows."""
        yield from ((*pair, EdgeKind.OUTPUT) for pair in self.wrote)
        yield from ((*pair, EdgeKind.INPUT) for pair in self.read)

    def add_all(self, other: RunGraph) -> None:
        self.complete = self.complete and other.complete
        self.runs |= other.runs
        self.versions |= other.versions
        self.wrote |= other.wrote
        self.read |= other.read

    def owner(self, node: int) -> int:
        """The job of a run, or the dataset of a version."""
        return self.runs[node].job_id if node in self.runs else self.versions[node].canonical_id

    def owners(self) -> set[int]:
        return {self.owner(node) for node in (*self.runs, *self.versions)}

    def of_kinds(self, kinds: Collection[EdgeKind]) -> RunGraph:
        """With what runs read (INPUT), or what they wrote (OUTPUT), alone."""
        return replace(
            self,
            read=self.read if EdgeKind.INPUT in kinds else set(),
            wrote=self.wrote if EdgeKind.OUTPUT in kinds else set(),
        )


def version_node(version: UUID) -> int:
    """Not the id inside the UUID, which is that of the run that wrote it."""
    return ids.content_id(version.bytes)


def nodes_of(start: Start) -> tuple[int, ...]:
    return start.run_ids if isinstance(start, StartRun) else (version_node(start.uuid),)


def nodes_among(graph: RunGraph, told: Iterable[Start | Resolved]) -> tuple[int, ...]:
    """Of a job or dataset all of its runs or versions that are in the graph."""
    return tuple(node for one in told for node in _among(graph, one))


def _among(graph: RunGraph, told: Start | Resolved) -> Iterator[int]:
    if not isinstance(told, Resolved):
        yield from nodes_of(told)
        return
    yield from (run_id for run_id, run in graph.runs.items() if run.job_id == told.id)
    yield from (node for node, use in graph.versions.items() if use.canonical_id == told.id)


async def load_run_graph(
    conn: Connection, starts: Sequence[Start], *, downstream: bool, hops: int | None, both: bool = False, span: Span = EVER
) -> RunGraph:
    """What is reached in that many steps from run to run; None: to the end. At most four statements a step. ``both``: on each
    side so, with what runs downstream read of what is upstream, which is two statements more."""
    runs = [run_id for start in starts if isinstance(start, StartRun) for run_id in start.run_ids]
    versions = [start for start in starts if isinstance(start, Written)]
    steps = _FURTHEST if hops is None else hops
    walk = _around if both else _downstream if downstream else _upstream
    graph = await walk(conn, runs, versions, steps, span)
    for version in versions:
        graph.add(_use(version))
    return graph


async def _around(conn: Connection, runs: Sequence[int], versions: Sequence[Written], depth: int, span: Span) -> RunGraph:
    graph = await _downstream(conn, runs, versions, depth, span)
    before = await _upstream(conn, runs, versions, depth, span)
    read = await RunsRead(conn, span=span).load(graph.runs)
    across = ((version_node(uuid), run_id) for (run_id, _), uuids in read.items() for uuid in uuids)
    graph.read.update((node, run_id) for node, run_id in across if node in before.versions)
    graph.add_all(before)
    return graph


async def introduced_by(conn: Connection, version: Written, span: Span = EVER) -> ReadingRun | None:
    """The run that wrote the version; where no run did, the first that read it."""
    reads = RunsRead(conn, span=span)
    await reads.load([version.version_id])
    if not reads.runs:
        await reads.load(await Readers(conn, _MOST, span).readers([version]))
    return min(reads.runs.values(), key=lambda run: (run.started_at or run.first_at, run.run_id), default=None)


async def _downstream(conn: Connection, runs: Sequence[int], versions: Sequence[Written], depth: int, span: Span) -> RunGraph:
    readers = Readers(conn, _MOST, span)
    distances = await readers.downstream([*runs, *await readers.readers(versions)], depth)
    outputs = await readers.outputs(list(distances))
    await readers.reads.load([run_id for run_id in distances if run_id not in readers.reads.runs])
    known = readers.reads.runs
    graph = RunGraph({run_id: known[run_id] for run_id in distances if run_id in known}, readers.complete)
    for run_id in graph.runs:
        for version in outputs[run_id]:
            graph.add_written(run_id, _use(version))
        for version in readers.read_of.get(run_id, []):
            graph.add_read(run_id, _use(version))
    return graph


async def _upstream(conn: Connection, runs: Sequence[int], asked: Sequence[Written], depth: int, span: Span) -> RunGraph:
    reads = RunsRead(conn, _MOST, span)
    distances = await reads.upstream([*runs, *(version.version_id for version in asked)], depth)
    graph = RunGraph({run_id: reads.runs[run_id] for run_id in distances if run_id in reads.runs}, reads.complete)
    versions = [_use(version) for version in asked]
    for run_id, run in graph.runs.items():
        for told in run.inputs:
            for version in reads.read.get((run_id, told.dataset_id), []):
                versions.append(Use(run_id, told.dataset_id, told.canonical_id, version))
                graph.add_read(run_id, versions[-1])
    for use in versions:
        if use.version is not None and (writer := ids.version_of(use.version)) in graph.runs:
            graph.add_written(writer, use)
    return graph


def _use(version: Written) -> Use:
    return Use(version.version_id, version.dataset_id, version.canonical_id, version.uuid)
