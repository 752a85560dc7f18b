"""What differs between two runs: what they read and wrote, how they went, what their facets say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from uuid import UUID

from headwater import ids
from headwater.catalog import meaning
from headwater.catalog.facets import Shown, decode, load_bodies, show
from headwater.catalog.runs import RunKey, load_runs
from headwater.db.pool import Connection
from headwater.entities.diff import IoDiff, RunDiff, RunSide, VersionRead
from headwater.entities.graph import Cut
from headwater.entities.run import Run, RunDatasetVersion
from headwater.errors import NotFound
from headwater.lineage.diff.compare import facet_differences, statistics
from headwater.lineage.node_ids import dataset_node_id, job_node_id

_MOST = 1_000  # values of facets that are told
_RUNS_OF_JOB = "SELECT run_uuid, run_id, month FROM runs WHERE run_uuid = ANY(%s) AND month = ANY(%s) AND job_id = %s"
_JOB_FACETS = "SELECT run_id, job_facets::text FROM runs WHERE run_id = ANY(%s) AND month = ANY(%s)"
_UUIDS = "SELECT run_id, run_uuid FROM runs WHERE run_id = ANY(%s)"


async def diff_runs_of_job(conn: Connection, job_id: int, before: UUID, after: UUID) -> RunDiff:
    """Raises NotFound where one is no run of the job."""
    asked = [before, after], [ids.run_month(before), ids.run_month(after)], job_id
    found = {uuid: RunKey(*key) for uuid, *key in await (await conn.execute(_RUNS_OF_JOB, asked)).fetchall()}
    for uuid in (before, after):
        if uuid not in found:
            raise NotFound("Run of this job", str(uuid))
    return await diff_runs(conn, found[before], found[after])


async def diff_runs(conn: Connection, before: RunKey, after: RunKey) -> RunDiff:
    """In four statements."""
    runs = await load_runs(conn, [before, after])
    old, new = runs[before.run_id], runs[after.run_id]
    old_job, new_job = await _job_facets(conn, before, after)
    facets = chain(
        facet_differences("RUN", old.facets, new.facets),
        facet_differences("JOB", old_job, new_job),
    )
    told = list(islice(facets, _MOST + 1))
    writers = await _writers(conn, chain.from_iterable((*r.inputDatasetVersions, *r.outputDatasetVersions) for r in (old, new)))
    return RunDiff(
        before=_side(old),
        after=_side(new),
        inputs=_io_diffs(old.inputDatasetVersions, new.inputDatasetVersions, writers),
        outputs=_io_diffs(old.outputDatasetVersions, new.outputDatasetVersions, writers, versions_differ=False),
        facets=told[:_MOST],
        cut=[Cut(rule="size", nodes=None)] if len(told) > _MOST else [],
    )


async def _job_facets(conn: Connection, before: RunKey, after: RunKey) -> tuple[Shown, Shown]:
    rows = await (await conn.execute(_JOB_FACETS, ([before.run_id, after.run_id], [before.month, after.month]))).fetchall()
    maps = {run_id: decode(text) for run_id, text in rows}
    bodies = await load_bodies(conn, maps.values())
    old, new = (meaning.public(show(maps[key.run_id], bodies)) for key in (before, after))
    return old, new


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
                turn="CHANGED" if dataset in old and dataset in new else "ADDED" if dataset in new else "REMOVED",
                before=[VersionRead(version=v, writtenBy=writers.get(ids.version_of(v))) for v in versions[0]],
                after=[VersionRead(version=v, writtenBy=writers.get(ids.version_of(v))) for v in versions[1]],
                statistics=numbers,
            )
        )
    return found


def _by_dataset(told: Iterable[RunDatasetVersion]) -> dict[str, list[RunDatasetVersion]]:
    found: dict[str, list[RunDatasetVersion]] = {}
    for one in told:
        found.setdefault(dataset_node_id(one.datasetVersionId.namespace, one.datasetVersionId.name), []).append(one)
    return found


def _facets(told: Iterable[RunDatasetVersion]) -> Shown:
    return {key: raw for one in told for key, raw in one.facets.items()}


def _side(run: Run) -> RunSide:
    return RunSide(
        run=run.id,
        job=job_node_id(run.job.namespace, run.job.name),
        state=run.state,
        startedAt=run.startedAt,
        endedAt=run.endedAt,
        durationMs=run.durationMs,
    )
