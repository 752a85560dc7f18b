"""What differs between two runs: what they read and wrote, how they went, what their facets say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from uuid import UUID

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.facets import Shown, decode, load_bodies, show
from headwater.catalog.runs import RunKey, load_runs
from headwater.db.pool import Connection
from headwater.entities.diff import DiffCounts, FacetDiff, IoDiff, RunDiff, RunSide, TaskDiff, Turn, VersionRead
from headwater.entities.graph import Tally
from headwater.entities.run import Run, RunDatasetVersion
from headwater.errors import NotFound
from headwater.lineage.counted import cut_short
from headwater.lineage.diff.compare import facet_differences, statistics
from headwater.lineage.freshness import load_freshness
from headwater.lineage.node_ids import dataset_node_id, job_node_id
from headwater.lineage.runs.upstream import load_opened_run

_MOST = 1_000  # values of facets that are told
_RUNS_OF_JOB = "SELECT run_uuid, run_id FROM runs WHERE run_uuid = ANY(%s) AND month = ANY(%s) AND job_id = %s"
_JOB_FACETS = "SELECT run_id, month, job_facets::text FROM runs WHERE run_id = ANY(%s)"
_UUIDS = "SELECT run_id, run_uuid FROM runs WHERE run_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class _Told:
    """Of one run."""

    run: Run
    job_facets: Shown

    @property
    def job(self) -> str:
        return job_node_id(self.run.job.namespace, self.run.job.name)


@dataclass(frozen=True, slots=True)
class _Side:
    """A run with all that belong to it."""

    own: _Told
    tasks: Mapping[str, _Told]  # by node id of the job its latest run
    inputs: Sequence[RunDatasetVersion]
    outputs: Sequence[RunDatasetVersion]


async def diff_runs_of_job(conn: Connection, job_id: int, before: UUID, after: UUID) -> RunDiff:
    """Raises NotFound where one is no run of the job."""
    asked = [before, after], [ids.run_month(before), ids.run_month(after)], job_id
    found: dict[UUID, int] = dict(await (await conn.execute(_RUNS_OF_JOB, asked)).fetchall())
    for uuid in (before, after):
        if uuid not in found:
            raise NotFound("Run of this job", str(uuid))
    return await diff_runs(conn, found[before], found[after])


async def diff_runs(conn: Connection, before: int, after: int) -> RunDiff:
    """In five statements, and two for each level of the runs that belong to these."""
    opened = [await load_opened_run(conn, run_id) for run_id in (before, after)]
    told = await _load_told(conn, {*chain.from_iterable(opened)})
    old, new = (_side({run_id: told[run_id] for run_id in run_ids}) for run_ids in opened)
    writers = await _writers(conn, (*old.inputs, *old.outputs, *new.inputs, *new.outputs))
    inputs = _io_diffs(old.inputs, new.inputs, writers)
    outputs = _io_diffs(old.outputs, new.outputs, writers, versions_differ=False)
    tasks = _task_diffs(old.tasks, new.tasks)
    facets = list(islice(_facet_diffs(old, new), _MOST + 1))
    now, freshness = await load_freshness(conn)
    return RunDiff(
        before=_run_side(old.own),
        after=_run_side(new.own),
        inputs=inputs,
        outputs=outputs,
        tasks=tasks,
        facets=facets[:_MOST],
        complete=len(facets) <= _MOST,
        counts=_counts((*inputs, *outputs), tasks, facets),
        asOf=now,
        freshness=freshness,
    )


async def _load_told(conn: Connection, run_ids: Collection[int]) -> dict[int, _Told]:
    rows = await (await conn.execute(_JOB_FACETS, (list(run_ids),))).fetchall()
    runs = await load_runs(conn, [RunKey(run_id, month) for run_id, month, _ in rows])
    maps = {run_id: decode(text) for run_id, _, text in rows}
    bodies = await load_bodies(conn, maps.values())
    return {run_id: _Told(runs[run_id], meaning.public(show(facets, bodies))) for run_id, facets in maps.items()}


def _side(told: Mapping[int, _Told]) -> _Side:
    """The first of them is the one that the others belong to. What one reads of another's output stays among them."""
    own, *others = told.values()
    inputs = [
        read
        for run_id, one in told.items()
        for read in one.run.inputDatasetVersions
        if ids.version_of(read.datasetVersionId.version) not in told.keys() - {run_id}
    ]
    outputs = [written for one in told.values() for written in one.run.outputDatasetVersions]
    others.sort(key=lambda one: one.run.startedAt or one.run.createdAt)
    return _Side(own, {one.job: one for one in others}, inputs, outputs)


def _task_diffs(before: Mapping[str, _Told], after: Mapping[str, _Told]) -> list[TaskDiff]:
    return [
        TaskDiff(
            job=job,
            turn=_turn(was, now),
            before=_run_side(was) if was else None,
            after=_run_side(now) if now else None,
        )
        for job in sorted({*before, *after})
        for was, now in [(before.get(job), after.get(job))]
        if was is None or now is None or was.run.state != now.run.state
    ]


def _facet_diffs(before: _Side, after: _Side) -> Iterator[FacetDiff]:
    """Of its own, then of the tasks that ran both times."""
    both = sorted(before.tasks.keys() & after.tasks.keys())
    for was, now in ((before.own, after.own), *((before.tasks[job], after.tasks[job]) for job in both)):
        yield from facet_differences(now.job, "RUN", was.run.facets, now.run.facets)
        yield from facet_differences(now.job, "JOB", was.job_facets, now.job_facets)


def _counts(io: Sequence[IoDiff], tasks: Sequence[TaskDiff], facets: Sequence[FacetDiff]) -> DiffCounts:
    datasets, told = {one.dataset for one in io}, min(len(facets), _MOST)
    numbers, whole = sum(len(one.statistics) for one in io), told == len(facets)
    nodes = len(datasets) + len(tasks)
    return DiffCounts(
        found=nodes,
        datasets=len(datasets),
        jobs=len(tasks),
        returned=nodes,
        edges=Tally(found=len(io), returned=len(io)),
        changes=Tally(found=numbers + told if whole else None, returned=numbers + told),
        cut=[] if whole else cut_short(["size"]),
    )


async def _writers(conn: Connection, told: Iterable[RunDatasetVersion]) -> dict[int, UUID]:
    """UUIDs of the runs that wrote these versions, by the id in the version."""
    wanted = list({ids.version_of(v.datasetVersionId.version) for v in told})
    return dict(await (await conn.execute(_UUIDS, (wanted,))).fetchall()) if wanted else {}


def _io_diffs(
    before: Sequence[RunDatasetVersion],
    after: Sequence[RunDatasetVersion],
    writers: Mapping[int, UUID],
    *,
    versions_differ: bool = True,
) -> list[IoDiff]:
    """By dataset. What is written is always another version: there only numbers count."""
    old, new = _by_dataset(before), _by_dataset(after)
    found = []
    for dataset in sorted({*old, *new}):
        versions = [[v.datasetVersionId.version for v in side.get(dataset, [])] for side in (old, new)]
        facets = [_facets(side.get(dataset, [])) for side in (old, new)]
        numbers = statistics(*facets)
        if dataset in old and dataset in new and not numbers and (versions[0] == versions[1] or not versions_differ):
            continue
        found.append(
            IoDiff(
                dataset=dataset,
                turn=_turn(old.get(dataset), new.get(dataset)),
                before=[VersionRead(version=v, writtenBy=writers.get(ids.version_of(v))) for v in versions[0]],
                after=[VersionRead(version=v, writtenBy=writers.get(ids.version_of(v))) for v in versions[1]],
                statistics=numbers,
            )
        )
    return found


def _turn(before: object | None, after: object | None) -> Turn:
    return "CHANGED" if before and after else "ADDED" if after else "REMOVED"


def _by_dataset(told: Iterable[RunDatasetVersion]) -> dict[str, list[RunDatasetVersion]]:
    found: dict[str, list[RunDatasetVersion]] = {}
    for one in told:
        found.setdefault(dataset_node_id(one.datasetVersionId.namespace, one.datasetVersionId.name), []).append(one)
    return found


def _facets(told: Iterable[RunDatasetVersion]) -> Shown:
    return {key: raw for one in told for key, raw in one.facets.items()}


def _run_side(told: _Told) -> RunSide:
    run = told.run
    return RunSide(
        run=run.id,
        job=told.job,
        state=run.state,
        startedAt=run.startedAt,
        endedAt=run.endedAt,
        durationMs=run.durationMs,
    )
