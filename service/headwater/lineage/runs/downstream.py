"""The runs that stand on a run: those that read what it wrote, those that read what these wrote, and so on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from headwater import ids
from headwater.catalog.datasets import Known
from headwater.catalog.versions import Version
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetId
from headwater.entities.lineage import DownstreamOutput, DownstreamRun, DownstreamRuns
from headwater.lineage.freshness import load_freshness
from headwater.lineage.runs.drawn import run_counts
from headwater.lineage.runs.upstream import EVER, RunsRead, Span, find_run, load_opened_run, shown_run
from headwater.lineage.sql import statement
from headwater.lineage.walk import walk

_MOST = 2_000  # runs; a pipeline that builds on its own last output has them one a step, of some ms each
# Run by run, and by that alone: with `run_id = ANY(…)`, or a condition on `last_at` in reach, PostgreSQL may take the index that
# begins with the dataset, and go through all of it.
_OUTPUTS = """
SELECT io.run_id, io.dataset_id, c.dataset_id, n.name, c.name, io.last_at,
       ARRAY(SELECT v.external_version FROM run_versions v
             WHERE v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
               AND v.first_at <= %(at)s
             ORDER BY v.first_at, v.external_version)
FROM unnest(%(runs)s::bigint[]) AS asked (run_id)
CROSS JOIN LATERAL (SELECT * FROM run_io WHERE run_id = asked.run_id AND output OFFSET 0) io
JOIN datasets d ON d.dataset_id = io.dataset_id
JOIN datasets c ON c.dataset_id = d.canonical_id
JOIN namespaces n ON n.namespace_id = c.namespace_id
WHERE io.first_at <= %(at)s AND io.last_at >= %(since)s
ORDER BY n.name, c.name
"""


class Written(NamedTuple):
    """A version of a dataset. ``version_id`` is its run's, or that of a version that no run wrote."""

    version_id: int
    dataset_id: int  # as the events name it
    canonical_id: int
    id: DatasetId
    at: datetime
    external: str | None

    @property
    def uuid(self) -> UUID:
        return ids.dataset_version_uuid(self.version_id, self.dataset_id, self.external)


def written(dataset: Known, version: Version) -> Written:
    return Written(version.version_id, version.dataset_id, dataset.canonical_id, dataset.id, version.at, version.external_version)


class Readers:
    """Runs that read what others wrote. ``complete`` is false once there were more than ``most``."""

    def __init__(self, conn: Connection, most: int = _MOST, span: Span = EVER) -> None:
        self._conn = conn
        self._most = most
        self._span = span
        self.complete = True
        self.reads = RunsRead(conn, span=span)
        self.wrote: dict[int, list[Written]] = {}  # by run
        self.read_of: dict[int, list[Written]] = {}  # by run, the versions asked about that it read

    async def downstream(self, level: Sequence[int], depth: int) -> dict[int, int]:
        """Distances of the runs that stand on those of ``level``, which are 0 away."""
        return await walk(self.hop, level, depth)

    async def hop(self, level: Sequence[int]) -> list[int]:
        return await self.readers([version for versions in (await self.outputs(level)).values() for version in versions])

    async def outputs(self, run_ids: Collection[int]) -> dict[int, list[Written]]:
        """What these runs wrote, by run."""
        unknown = [run_id for run_id in dict.fromkeys(run_ids) if run_id not in self.wrote]
        if unknown:
            self.wrote |= {run_id: [] for run_id in unknown}
            for run_id, member, canonical, namespace, name, at, externals in await (
                await self._conn.execute(_OUTPUTS, {"runs": unknown, **self._span._asdict()})
            ).fetchall():
                dataset = DatasetId(namespace=namespace, name=name)
                self.wrote[run_id] += [
                    Written(run_id, member, canonical, dataset, at, external) for external in externals or [None]
                ]
        return {run_id: self.wrote[run_id] for run_id in run_ids}

    async def readers(self, versions: Sequence[Written]) -> list[int]:
        """The runs that read any of these, those that began last first."""
        candidates = await self._candidates(versions)
        read = await self.reads.load(candidates, {version.canonical_id for version in versions})
        asked = {version.uuid: version for version in versions}
        found: dict[int, None] = {}
        for (run_id, _), uuids in read.items():
            if of := [asked[uuid] for uuid in uuids if uuid in asked]:
                self.read_of.setdefault(run_id, []).extend(of)
                found[run_id] = None
        return [run_id for run_id in candidates if run_id in found]

    async def _candidates(self, versions: Sequence[Written]) -> list[int]:
        room = self._most - len(self.wrote)
        if not versions or room <= 0:
            self.complete = self.complete and not versions
            return []
        named = [version for version in versions if version.external is not None]
        asked = {
            "datasets": [version.dataset_id for version in versions],
            "versions": [version.version_id for version in versions],
            "named": [version.dataset_id for version in named],
            "externals": [ids.name_id("external_version", str(version.external)) for version in named],
            "at": self._span.at,
            "most": room + 1,
        }
        rows = await (await self._conn.execute(statement("readers"), asked)).fetchall()
        self.complete = self.complete and len(rows) <= room
        return [run_id for (run_id,) in rows[:room]]


async def get_downstream(conn: Connection, run: UUID, depth: int, span: Span = EVER) -> DownstreamRuns:
    """The run itself first, then those that belong to it; ``depth`` counts steps from run to run. Raises NotFound."""
    start = await load_opened_run(conn, await find_run(conn, run, span), span)
    readers = Readers(conn, span=span)
    distances = await readers.downstream(start, depth)
    cut = await _cut(readers, distances, depth)
    wrote = await readers.outputs(list(distances))
    reads = RunsRead(conn, span=span)
    await reads.load(list(distances))
    uuids = await reads.uuids()
    runs = [
        DownstreamRun(**shown_run(run, reads.read, uuids).__dict__, outputs=[_shown(version) for version in wrote[run.run_id]])
        for run in reads.ordered(distances)
    ]
    now, freshness = await load_freshness(conn)
    return DownstreamRuns(
        runs=runs,
        complete=not cut,
        counts=run_counts(runs, [uuids[run_id] for run_id in start], cut),
        asOf=span.as_of(now),
        freshness=freshness,
    )


async def _cut(readers: Readers, distances: Mapping[int, int], depth: int) -> tuple[str, ...]:
    """Why there are more runs than these; a step further tells whether the depth left any out."""
    if not readers.complete:
        return ("size",)
    last = [run_id for run_id, distance in distances.items() if distance == depth]
    further = set(await readers.hop(last)) - distances.keys()
    return ("depth",) if further or not readers.complete else ()


def _shown(version: Written) -> DownstreamOutput:
    return DownstreamOutput(
        namespace=version.id.namespace, name=version.id.name, version=version.uuid, externalVersion=version.external
    )
