"""Kinds of edges, and the rule that says which are current.

An edge is *current* while its owner's floor allows it: ``edges.last_at >= jobs.floor_at``. The floor is the time of the
first event of the job's latest run that names a dataset, once that run has ended (or streams); while it is going, that of
the run before. So the datasets named since then are the job's inputs and outputs: a run that names none takes none away,
and a run that is going adds to what the last one left. A JobEvent counts as a run that begins and ends at its time.
Everything is a minimum or maximum of event times, so the order in which events arrive does not matter.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum

from headwater.errors import Invalid


class EdgeKind(IntEnum):
    INPUT = 1  # dataset → job
    OUTPUT = 2  # job → dataset
    DATASET_LINEAGE = 3  # dataset → dataset, LineageFacet
    JOB_LINEAGE = 4  # job → job, LineageFacet: a hand-over without a dataset
    JOB_DEPENDENCY = 5  # job → job, jobDependencies: control flow, not data


_IN_AND_OUT = frozenset({EdgeKind.INPUT, EdgeKind.OUTPUT})


def explicit_of(kinds: Collection[EdgeKind]) -> bool | None:
    """Which edges between columns go by these kinds: only those that events declare, or only what jobs tell of what they read and
    write; None: both. Raises Invalid where none does."""
    implied, explicit = {*kinds} >= _IN_AND_OUT, EdgeKind.DATASET_LINEAGE in kinds
    if kinds and not (implied or explicit):
        raise Invalid(
            "query param kinds must have INPUT and OUTPUT (an edge between columns is both) or DATASET_LINEAGE for columns:"
            " the others are of jobs and datasets"
        )
    return explicit if implied != explicit else None


def kinds_of_runs(kinds: Collection[EdgeKind]) -> frozenset[EdgeKind]:
    """Those by which runs and versions are walked; none: both. Raises Invalid where none is."""
    found = _IN_AND_OUT & {*kinds} if kinds else _IN_AND_OUT
    if not found:
        raise Invalid("query param kinds must have INPUT or OUTPUT for runs and versions: the others are of jobs and datasets")
    return found
