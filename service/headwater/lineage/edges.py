"""Kinds of edges, and the rule that says which are current.

An edge is *current* while its owner's floor allows it: ``edges.last_at >= jobs.floor_at``. The floor is the time of the
first event of the job's latest run that names a dataset, once that run has ended (or streams); while it is going, that of
the run before. So the datasets named since then are the job's inputs and outputs: a run that names none takes none away,
and a run that is going adds to what the last one left. A JobEvent counts as a run that begins and ends at its time.
Everything is a minimum or maximum of event times, so the order in which events arrive does not matter.
"""

from __future__ import annotations

from enum import IntEnum


class EdgeKind(IntEnum):
    INPUT = 1  # dataset → job
    OUTPUT = 2  # job → dataset
    DATASET_LINEAGE = 3  # dataset → dataset, LineageFacet
    JOB_LINEAGE = 4  # job → job, LineageFacet: a hand-over without a dataset
    JOB_DEPENDENCY = 5  # job → job, jobDependencies: control flow, not data
