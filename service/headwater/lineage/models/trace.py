"""Where a version of a model comes from, run by run by what these really read, and what stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from headwater import ids
from headwater.catalog.data_versions import Facts, Use, load_facts
from headwater.catalog.datasets import Known
from headwater.catalog.models import load_model_versions
from headwater.catalog.trainings import load_traced
from headwater.catalog.versions import Version
from headwater.db.pool import Connection
from headwater.entities.graph import Counts
from headwater.entities.model import DataVersion, ModelVersion, Trace, TracedRun
from headwater.lineage.counted import cut_short, drawn_counts
from headwater.lineage.freshness import load_freshness
from headwater.lineage.models.drawn import trace_graph, version_id
from headwater.lineage.models.reproducible import reproducibility
from headwater.lineage.models.serving import Serving, load_serving
from headwater.lineage.runs.downstream import written
from headwater.lineage.runs.upstream import ReadingRun, RunsRead

_MOST = 2_000  # runs; a pipeline that builds on its own last output has as many as it ever ran, a step of some ms each
FURTHEST = 1_000_000  # no way is longer


@dataclass(frozen=True, slots=True)
class Ancestry:
    version: ModelVersion
    runs: list[TracedRun]
    data: list[DataVersion]
    cut: tuple[str, ...]  # why there is more than this: `depth`, or `size`


async def trace(conn: Connection, model: Known, version: Version, depth: int = FURTHEST) -> Trace:
    """``depth`` counts steps from run to run. Two statements a step, and a constant number beside."""
    found = await ancestry(conn, model, version, depth)
    serving = await load_serving(conn, [written(model, version)])
    rules = dict.fromkeys((*found.cut, *(() if serving.complete else ("size",))))
    now, freshness = await load_freshness(conn)
    return Trace(
        version=found.version,
        runs=found.runs,
        data=found.data,
        deployments=serving.deployments,
        servingRuns=serving.runs,
        predictions=serving.predictions,
        derivedModels=serving.derived,
        reproducibility=reproducibility(found.version, found.runs, found.data),
        complete=not rules,
        counts=_counts(found, serving, rules),
        asOf=now,
        freshness=freshness,
    )


def _counts(found: Ancestry, serving: Serving, rules: Iterable[str]) -> Counts:
    drawn = trace_graph(found.version, found.runs, found.data, serving)
    return drawn_counts(drawn, cut_short(rules), start={version_id(found.version.id, found.version.version)})


def runs_read(conn: Connection) -> RunsRead:
    return RunsRead(conn, _MOST)


async def ancestry(
    conn: Connection, model: Known, version: Version, depth: int = FURTHEST, reads: RunsRead | None = None
) -> Ancestry:
    """All that the version stands on. With ``reads`` of another version, what both stand on is read once."""
    [shown] = await load_model_versions(conn, [(model, version)])
    reads = reads or runs_read(conn)
    distances = await reads.upstream([version.version_id], depth) if version.month else {}
    ordered = reads.ordered(distances)
    uuids = await reads.uuids()
    uses = [use for run in ordered for use in _uses(run, reads.read)]
    facts = await load_facts(conn, uses)
    traced = await load_traced(conn, [run.run_id for run in ordered])
    return Ancestry(
        version=shown,
        runs=[traced[run.run_id] for run in ordered if run.run_id in traced],
        data=_data(uses, facts, uuids, distances),
        cut=reads.cut(distances, uuids),
    )


def _uses(run: ReadingRun, read: Mapping[tuple[int, int], list[UUID]]) -> list[Use]:
    """An input of which no version is known is one too."""
    unknown: list[UUID | None] = [None]
    return [
        Use(run.run_id, told.dataset_id, told.canonical_id, version)
        for told in run.inputs
        for version in read.get((run.run_id, told.dataset_id)) or unknown
    ]


def _data(
    uses: Sequence[Use],
    facts: Mapping[tuple[int, UUID | None], Facts],
    uuids: Mapping[int, UUID],
    distances: Mapping[int, int],
) -> list[DataVersion]:
    """Each version once, with all that read it; ``uses`` come nearest first."""
    readers: dict[tuple[int, UUID | None], list[int]] = {}
    for use in uses:
        readers.setdefault((use.canonical_id, use.version), []).append(use.run_id)
    found = [
        _version(version, facts[dataset, version], uuids, runs, distances)
        for (dataset, version), runs in readers.items()
        if (dataset, version) in facts
    ]
    return sorted(found, key=lambda data: (data.distance, data.id.namespace, data.id.name, str(data.version)))


def _version(
    version: UUID | None, facts: Facts, uuids: Mapping[int, UUID], runs: Sequence[int], distances: Mapping[int, int]
) -> DataVersion:
    return DataVersion(
        id=facts.id,
        version=version,
        externalVersion=facts.external_version,
        createdAt=facts.created_at,
        fields=facts.fields,
        rowCount=facts.row_count,
        checksum=facts.checksum,
        producedBy=uuids.get(ids.version_of(version)) if version else None,
        readBy=[uuids[run_id] for run_id in dict.fromkeys(runs)],
        distance=min(distances[run_id] for run_id in runs) + 1,
        gone=facts.gone,
    )
