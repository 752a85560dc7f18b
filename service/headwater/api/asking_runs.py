"""Questions about runs and versions, from the parameters that all our graph calls have."""

from __future__ import annotations

from dataclasses import replace

from headwater.api.asking import Via, Which, span_of
from headwater.db.pool import Connection
from headwater.errors import Invalid
from headwater.lineage.edges import kinds_of_runs
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.impact.runs import RunQuestion
from headwater.lineage.node_ids import Resolved
from headwater.lineage.runs.start import find_start, latest_of

_GRAINS = {"ALL": Grain.ALL, "RUN": Grain.JOB, "VERSION": Grain.DATASET}  # as which runs and versions are walked


async def run_question(
    conn: Connection, node_id: str, which: Which, via: Via, asked: Question, *, grain: str
) -> RunQuestion | None:
    """``asked`` but for its start, grain and sets. None where the node is a job or dataset that is asked about as such. Raises
    InvalidNodeId, Invalid, NotFound."""
    span = await span_of(conn, which)
    start = await find_start(conn, node_id, span)
    if isinstance(start, Resolved) and grain in ("RUN", "VERSION"):
        start = await latest_of(conn, start, span)
    if isinstance(start, Resolved):
        return None
    if grain not in _GRAINS:
        raise Invalid(f"query param grain must be one of {', '.join(_GRAINS)} for a run or a version, not {grain}")
    through, avoid, stop_at = [[await find_start(conn, told) for told in ids] for ids in (via.through, via.avoid, via.stop_at)]
    return RunQuestion(
        start,
        replace(asked, grain=_GRAINS[grain]),
        through=through,
        avoid=avoid,
        stop_at=stop_at,
        span=span,
        kinds=kinds_of_runs(which.kinds),
    )
