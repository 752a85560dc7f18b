"""Statistics: events by the hour or day, and how many jobs, datasets and sources there were then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from headwater.catalog.aliases import IS_ALIAS
from headwater.db.pool import Connection
from headwater.entities.stats import IntervalMetric, LineageMetric
from headwater.errors import Invalid

Period: TypeAlias = Literal["DAY", "WEEK"]
Noun: TypeAlias = Literal["jobs", "datasets", "sources"]

_HOURS, _DAYS = 24, 7

_EVENTS = """
SELECT width_bucket(bucket, %(bounds)s), sum(fails)::bigint, sum(starts)::bigint, sum(completes)::bigint, sum(aborts)::bigint
FROM event_counts WHERE bucket >= %(begin)s AND bucket < %(end)s GROUP BY 1
"""
# A row each, with the time of the earliest event that names it. Aliases, which are in no list, are not counted either.
_KNOWN: dict[Noun, str] = {
    "jobs": f"SELECT first_at FROM jobs j WHERE NOT {IS_ALIAS}",
    "datasets": "SELECT min(first_at) AS first_at FROM datasets GROUP BY canonical_id",
    "sources": """SELECT min(first_at) AS first_at FROM (
                      SELECT source_id, first_at FROM sources UNION ALL SELECT source_id, first_at FROM put_sources
                  ) s GROUP BY source_id""",
}
_TOTALS = "SELECT width_bucket(first_at, %(ends)s), count(*) FROM ({known}) AS known GROUP BY 1"


def bounds_of(period: Period, timezone: str | None, now: datetime) -> list[datetime]:
    """Where the intervals begin, and where the last of them ends: 24 hours with the present one, or 7 days with today.

    Days are those of ``timezone`` (an IANA name), told in it, and may have 23 or 25 hours; hours are those of UTC. Raises
    Invalid for a week without a time zone, or with one that nobody knows.
    """
    if period == "DAY":
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return [hour + timedelta(hours=n) for n in range(1 - _HOURS, 2)]
    if not timezone:
        raise Invalid("Timezone must be specified for period 'WEEK'")
    zone = _zone(timezone)
    today = now.astimezone(zone).date()
    # Where the clock skips midnight it is when it does so, and of two midnights the first.
    return [datetime.combine(today + timedelta(days=n), time(), zone) for n in range(1 - _DAYS, 2)]


async def count_events(conn: Connection, bounds: Sequence[datetime]) -> list[LineageMetric]:
    """Events by type in each interval."""
    parameters = {"bounds": list(bounds), "begin": bounds[0], "end": bounds[-1]}
    rows = await (await conn.execute(_EVENTS, parameters)).fetchall()
    counted = {place: counts for place, *counts in rows}
    metrics = []
    for place, (begin, end) in enumerate(pairwise(bounds), start=1):
        fail, start, complete, abort = counted.get(place, (0, 0, 0, 0))
        metrics.append(LineageMetric(**_interval(begin, end), fail=fail, start=start, complete=complete, abort=abort))
    return metrics


async def count_nouns(conn: Connection, noun: Noun, bounds: Sequence[datetime]) -> list[IntervalMetric]:
    """How many there were at the end of each interval; of those that are hidden now, too."""
    statement = _TOTALS.format(known=_KNOWN[noun])
    added: dict[int, int] = dict(await (await conn.execute(statement, {"ends": list(bounds[1:])})).fetchall())
    totals = accumulate(added.get(place, 0) for place in range(len(bounds) - 1))
    return [
        IntervalMetric(**_interval(begin, end), count=total) for (begin, end), total in zip(pairwise(bounds), totals, strict=True)
    ]


def _interval(begin: datetime, end: datetime) -> dict[str, datetime]:
    """A day is from 00:00Z to 00:00Z, wherever it is: Marquez's web application reads off its date in UTC."""
    return {"startInterval": begin.replace(tzinfo=UTC), "endInterval": end.replace(tzinfo=UTC)}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # not there; no name of a file; a folder (`Europe`)
        raise Invalid(f"Unknown timezone '{name}'") from None
