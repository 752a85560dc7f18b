"""The versions of models that runs have written, each with what its run read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from headwater.catalog.datasets import Known, load_known
from headwater.catalog.models import load_model_versions
from headwater.catalog.versions import Version, newest_written
from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.entities.model import ModelVersion
from headwater.lineage.runs.downstream import Written, written
from headwater.lineage.runs.start import versions_then
from headwater.lineage.runs.upstream import EVER

_MOST = 1_000  # versions of a model, the newest
# Run by run: see runs.downstream.
_INPUTS = """
SELECT io.run_id, io.dataset_id, d.canonical_id
FROM unnest(%s::bigint[], %s::date[]) AS asked (run_id, month)
JOIN run_io io ON io.run_id = asked.run_id AND io.month = asked.month
JOIN datasets d ON d.dataset_id = io.dataset_id
WHERE NOT io.output
"""
_JOBS = """
SELECT r.run_id, r.run_uuid, r.job_id
FROM unnest(%s::bigint[], %s::date[]) AS asked (run_id, month)
JOIN runs r ON r.run_id = asked.run_id AND r.month = asked.month
"""


@dataclass(frozen=True)
class Trained:
    model: Known
    version: Version
    run: UUID
    job_id: int
    inputs: Mapping[int, int]  # canonical ids, by the ids that the run names

    @cached_property
    def uuid(self) -> UUID:
        return self.version.uuid

    @property
    def written(self) -> Written:
        return written(self.model, self.version)


@dataclass(frozen=True, slots=True)
class Trainings:
    of: Mapping[int, list[Trained]]  # by the model's id, newest first
    current: Mapping[int, UUID]  # likewise, which version is current
    complete: bool  # False: a model has more versions than were looked at

    def __or__(self, other: Trainings) -> Trainings:
        """Those of other models with these."""
        return Trainings({**self.of, **other.of}, {**self.current, **other.current}, complete=self.complete and other.complete)


async def load_trained(conn: Connection, models: Collection[int], at: datetime = EVER.at) -> Trainings:
    """What was trained by that time, in four statements, and one more for another time than now."""
    if not models:
        return Trainings({}, {}, complete=True)
    known = await load_known(conn, list(models))
    owner = {member: model for model in known.values() for member in model.members}
    newest, seen = await newest_written(conn, list(owner), _MOST + 1, at), Counter[int]()
    versions = []
    for version in newest:
        seen[version.dataset_id] += 1
        if seen[version.dataset_id] <= _MOST:
            versions.append((owner[version.dataset_id], version))
    months = {version.version_id: version.month for _, version in versions}
    asked = values(months), values(months.values())
    runs = {run_id: (run, job_id) for run_id, run, job_id in await (await conn.execute(_JOBS, asked)).fetchall()}
    inputs: dict[int, dict[int, int]] = {}
    for run_id, named, canonical in await (await conn.execute(_INPUTS, asked)).fetchall():
        inputs.setdefault(run_id, {})[named] = canonical
    found: dict[int, list[Trained]] = {model: [] for model in known}
    for model, version in versions:
        run_id = version.version_id
        found[model.canonical_id].append(Trained(model, version, *runs[run_id], inputs.get(run_id, {})))
    return Trainings(found, await _current(conn, known, at), complete=max(seen.values(), default=0) <= _MOST)


async def load_learnt(conn: Connection, trained: Sequence[Trained]) -> list[ModelVersion]:
    """Of each what its run tells of it, such as its features, in four statements."""
    return await load_model_versions(conn, [(one.model, one.version) for one in trained])


async def _current(conn: Connection, known: Mapping[int, Known], at: datetime) -> dict[int, UUID]:
    if at != EVER.at:
        return await versions_then(conn, known, at)
    return {model: of.current.uuid for model, of in known.items() if of.current is not None}
