from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.openlineage.times import parse_time, to_datetime

MIDNIGHT = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "after_midnight"),
    [
        ("2026-01-01T00:00:00Z", 0),
        ("2026-01-01T00:00:00.000Z", 0),
        ("2026-01-01T00:00:00+00:00", 0),
        ("2026-01-01T00:00:00-00:00", 0),
        ("2026-01-01T02:30:00+02:30", 0),
        ("2025-12-31T14:00:00-10:00", 0),
        ("2026-01-01T00:00:00.5+0000", 500_000),
        ("2026-01-01T00:00:00.123456Z", 123_456),
        ("2026-01-01t00:00:00z", 0),  # RFC 3339 allows both
    ],
)
def test_rfc_3339(text: str, after_midnight: int) -> None:
    assert parse_time(text) == MIDNIGHT + after_midnight


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "2026-01-01 00:00:00", "2026-01-01T00:00"])
def test_a_time_without_a_zone_is_utc(text: str) -> None:
    assert parse_time(text) == MIDNIGHT


@pytest.mark.parametrize("fraction", ["123456789", "1234567", "123456" + "9" * 10_000])
def test_what_is_finer_than_a_microsecond_is_cut_off(fraction: str) -> None:
    assert parse_time(f"2026-01-01T00:00:00.{fraction}Z") == MIDNIGHT + 123_456


@pytest.mark.parametrize("zone", ["Z[UTC]", "Z[Etc/UTC]", "+01:00[Europe/Berlin]", "-03:00[America/Argentina/La_Rioja]"])
def test_javas_zone_names_are_passed_over(zone: str) -> None:
    offset, _, _ = zone.partition("[")
    assert parse_time(f"2026-01-01T12:00:00{zone}") == parse_time(f"2026-01-01T12:00:00{offset}")


def test_a_leap_second_is_the_last_one_of_its_minute() -> None:
    assert parse_time("2016-12-31T23:59:60Z") == parse_time("2016-12-31T23:59:59Z")


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "1767225600", "2026-01-01", "20260101T000000Z", "2026-W01-1T00:00", "2026-001T00:00", "T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T10:60:00Z",
        "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00Z garbage", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n",
        "٢٠٢٦-٠١-٠١T٠٠:٠٠:٠٠Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00[", "[UTC]", "x" * 1_000_000, "2026-01-01T00:00:00" + "[" * 100_000 + "]",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is not shown
        parse_time(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T22:00:00-01:59"])
def test_the_first_and_the_last_year(text: str) -> None:
    assert to_datetime(parse_time(text)) == datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_an_offset_that_leads_out_of_all_years_is_refused(text: str) -> None:
    """Such an instant is in no calendar of ours: what is parsed can always be shown again."""
    with pytest.raises((ValueError, OverflowError)):
        parse_time(text)


_offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=_offsets))  # noqa: DTZ001 - their zones follow
def test_no_instant_changes_on_its_way(time: datetime) -> None:
    assert to_datetime(parse_time(time.isoformat())) == time
    assert to_datetime(parse_time(time.astimezone(UTC).isoformat(sep=" "))) == time


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9].{0,20}"))
def test_a_text_is_a_showable_time_or_refused(text: str) -> None:
    try:
        micros = parse_time(text)
    except (ValueError, OverflowError):
        return
    assert to_datetime(micros).tzinfo is UTC
