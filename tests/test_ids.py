from __future__ import annotations

import string
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater import ids

BIGINTS = st.integers(-(2**63), 2**63 - 1)
NAMES = st.text(string.printable + "é\x1f", max_size=20)


def _uuid7(at: datetime) -> UUID:
    return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | 1)


@given(BIGINTS, BIGINTS, st.none() | NAMES)
def test_a_dataset_versions_uuid_holds_the_version(version: int, dataset: int, external: str | None) -> None:
    uuid = ids.dataset_version_uuid(version, dataset, external)
    assert ids.version_of(uuid) == version
    assert (uuid.version, uuid.variant) == (8, "specified in RFC 4122")


@given(BIGINTS, BIGINTS, BIGINTS)
def test_versions_of_two_datasets_by_one_run_differ(version: int, one: int, other: int) -> None:
    same = ids.dataset_version_uuid(version, one) == ids.dataset_version_uuid(version, other)
    assert same == (one == other)


def test_external_versions_of_one_output_differ() -> None:
    assert len({ids.dataset_version_uuid(1, 2, external) for external in (None, "1", "2")}) == 3


@given(NAMES, NAMES)
def test_ids_fit_a_bigint_and_tell_kinds_apart(namespace: str, name: str) -> None:
    found = {ids.job_id(namespace, name), ids.dataset_id(namespace, name), ids.namespace_id(namespace)}
    assert len(found) == 3
    assert all(-(2**63) <= identifier < 2**63 for identifier in found)


def test_ids_stay_what_they_are() -> None:
    """They are stored: another value would part new rows from old ones."""
    assert ids.namespace_id("default") == -5948557074211666905
    assert ids.content_id(b"") == -1970711489451281740
    assert ids.event_id(b"{}") == UUID("2afb9b83-f931-4e5d-0297-66197f539792")


def test_a_name_may_hold_what_parts_names() -> None:
    assert ids.job_id("a", "b:c") != ids.job_id("a:b", "c")


@given(st.datetimes(datetime(2015, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_version_7_uuid_tells_its_month(at: datetime) -> None:
    assert ids.run_month(_uuid7(at)) == at.date().replace(day=1)


@pytest.mark.parametrize(
    "uuid",
    [
        uuid4(),
        _uuid7(datetime(2014, 12, 31, 23, 59, 59, tzinfo=UTC)),
        _uuid7(datetime(2101, 1, 1, tzinfo=UTC)),
        UUID(int=0),
    ],
)
def test_other_uuids_are_undated(uuid: UUID) -> None:
    assert ids.run_month(uuid) == ids.UNDATED == date(1970, 1, 1)


def test_one_run_uuid_under_two_jobs_is_two_runs() -> None:
    run = uuid4()
    assert ids.run_id(run, "ns", "a") != ids.run_id(run, "ns", "b")


@given(BIGINTS, BIGINTS)
def test_uuids_that_are_shown_are_of_version_8(job: int, version: int) -> None:
    for uuid in (ids.job_version_uuid(job, version), ids.entity_uuid(job)):
        assert (uuid.version, uuid.variant) == (8, "specified in RFC 4122")
