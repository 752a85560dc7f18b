"""Questions about runs and versions, from the parameters that all our graph calls have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypedDict

from headwater.api.asking import Via, Which, span_of
from headwater.db.pool import Connection
from headwater.errors import Invalid
from headwater.lineage.edges import kinds_of_runs
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.impact.runs import RunQuestion
from headwater.lineage.node_ids import Resolved
from headwater.lineage.runs.start import Start, find_start, latest_of
from headwater.lineage.runs.upstream import Span

_GRAINS = {"ALL": Grain.ALL, "RUN": Grain.JOB, "VERSION": Grain.DATASET}  # as which runs and versions are walked


def grain_of_runs(grain: str) -> Grain:
    """As which runs and versions are walked. Raises Invalid."""
    if grain not in _GRAINS:
        raise Invalid(f"query param grain must be one of {', '.join(_GRAINS)} for a run or a version, not {grain}")
    return _GRAINS[grain]


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
    walked_as = grain_of_runs(grain)
    return RunQuestion(
        start,
        replace(asked, grain=walked_as),
        span=span,
        kinds=kinds_of_runs(which.kinds),
        **await run_via(conn, via),
    )


class RunVia(TypedDict):
    through: list[Start | Resolved]
    avoid: list[Start | Resolved]
    stop_at: list[Start | Resolved]


async def run_via(conn: Connection, via: Via) -> RunVia:
    """Raises InvalidNodeId, Invalid, NotFound."""
    return RunVia(
        through=[await find_start(conn, told) for told in via.through],
        avoid=[await find_start(conn, told) for told in via.avoid],
        stop_at=[await find_start(conn, told) for told in via.stop_at],
    )


async def run_ends(
    conn: Connection, origins: Iterable[str], destinations: Iterable[str], span: Span, *, latest: bool
) -> tuple[tuple[Start, ...], tuple[Start, ...]] | None:
    """Runs and versions. Where there are any, or ``latest`` is asked, a job is its latest run, and a dataset its current version;
    else it is asked of jobs and datasets. Raises InvalidNodeId, Invalid, NotFound."""
    begin, end = [[await find_start(conn, told, span) for told in ids] for ids in (origins, destinations)]
    if not latest and all(isinstance(found, Resolved) for found in (*begin, *end)):
        return None

    async def starts(found: Iterable[Start | Resolved]) -> tuple[Start, ...]:
        return tuple([await latest_of(conn, one, span) if isinstance(one, Resolved) else one for one in found])

    return await starts(begin), await starts(end)
