"""Event times: what producers write, as microseconds since 1970 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A date and at least hours and minutes: fromisoformat alone would take a bare date or a week date.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_ZONE_NAME = re.compile(r"\[[A-Za-z0-9_+\-/]+\]$")  # Java's ZonedDateTime: 2026-01-01T00:00:00Z[UTC]
_LEAP_SECOND = re.compile(r"(:\d\d):60")


def parse_time(text: str) -> int:
    """Microseconds since the epoch. A time without a zone is UTC; what is finer than a microsecond is cut off.

    Raises ValueError for anything that is not a date with a time of day, OverflowError for one outside the years 1–9999 in UTC.
    """
    if not _TIMESTAMP.match(text):
        raise ValueError(text[:40])
    if text.endswith("]"):
        text = _ZONE_NAME.sub("", text)
    if ":60" in text:
        text = _LEAP_SECOND.sub(r"\1:59", text)
    time = datetime.fromisoformat(text.upper())  # it does not know RFC 3339's lower case
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return (time - _EPOCH) // _MICROSECOND


def now() -> str:
    """The present, as events have it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def to_datetime(micros: int) -> datetime:
    """The instant as a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)
