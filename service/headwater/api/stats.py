"""GET /stats"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from headwater.api.deps import BAD_REQUEST, Read, json
from headwater.api.parameters import one_of
from headwater.catalog import stats
from headwater.entities.stats import IntervalMetric, LineageMetric

router = APIRouter(prefix="/api/v1/stats", tags=["Stats"])

_Period = Annotated[
    stats.Period,
    one_of("DAY", "WEEK"),
    Query(
        description="`DAY`: 24 hours (UTC), the present one last. `WEEK`: 7 days, today last. A day is told by its date, as from "
        "00:00Z to 00:00Z, in whatever time zone it is counted."
    ),
]
_Timezone = Annotated[
    str | None,
    Query(description="Whose days a `WEEK` has: an IANA name (`Europe/Berlin`). `DAY` needs none and does not look at it."),
]


async def _bounds(period: _Period, timezone: _Timezone = None) -> list[datetime]:
    return stats.bounds_of(period, timezone, datetime.now(UTC))


_Bounds = Annotated[list[datetime], Depends(_bounds)]


@router.get("/lineage-events", response_model=list[LineageMetric], responses=BAD_REQUEST)
async def count_lineage_events(read: Read, bounds: _Bounds) -> Response:
    """How many START, COMPLETE, FAIL and ABORT events each hour or day has, by their own times, the oldest first."""
    return json(await stats.count_events(read, bounds))


@router.get("/jobs", response_model=list[IntervalMetric], responses=BAD_REQUEST)
async def count_jobs(read: Read, bounds: _Bounds) -> Response:
    """How many jobs there were at the end of each hour or day, hidden ones too, the oldest first."""
    return json(await stats.count_nouns(read, "jobs", bounds))


@router.get("/datasets", response_model=list[IntervalMetric], responses=BAD_REQUEST)
async def count_datasets(read: Read, bounds: _Bounds) -> Response:
    """How many datasets there were at the end of each hour or day, hidden ones too, the oldest first."""
    return json(await stats.count_nouns(read, "datasets", bounds))


@router.get("/sources", response_model=list[IntervalMetric], responses=BAD_REQUEST)
async def count_sources(read: Read, bounds: _Bounds) -> Response:
    """How many sources there were at the end of each hour or day, the oldest first."""
    return json(await stats.count_nouns(read, "sources", bounds))
