"""Reading a Marquez over its API: from a list that behaves as Marquez's does, and from answers that it is known to give."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import HeadwaterError, Invalid, Unavailable
from headwater.marquez.api import Api

_EPOCH = datetime(2026, 3, 1, tzinfo=UTC)


class Listing:
    """Marquez's list of events: ordered by time alone, so that those of one instant come in another order each time. It counts
    more than it lists."""

    def __init__(self, times: list[int], seed: int = 0, padding: int = 0) -> None:
        pad = "x" * padding
        self.events = [(t, json.dumps({"eventTime": self._at(t).isoformat(), "n": n, "pad": pad})) for n, t in enumerate(times)]
        self.asked: list[dict[str, Any]] = []
        self._random = Random(seed)

    @staticmethod
    def _at(time: int) -> datetime:
        return _EPOCH + timedelta(microseconds=time)

    def get(self, *path: str, after: str, before: str, limit: int, sortDirection: str) -> bytes:  # noqa: N803
        assert path == ("events", "lineage")
        self.asked.append({"after": after, "before": before, "limit": limit})
        since, until = datetime.fromisoformat(after), datetime.fromisoformat(before)
        found = [event for event in self.events if since <= self._at(event[0]) < until]
        self._random.shuffle(found)
        found.sort(key=lambda event: event[0], reverse=sortDirection == "desc")
        listed = ",".join(body for _, body in found[:limit])
        return f'{{"events": [{listed}], "totalCount": {len(found) + 7}}}'.encode()


async def read(listing: Listing, since: datetime | None = None) -> list[bytes]:
    return [body async for chunk in Api("m", listing.get).events(since) for body in chunk.bodies]


_INSTANTS = st.one_of(
    st.integers(0, 3),  # many at one instant
    st.integers(0, 10_000_000),  # seconds
    st.integers(0, 3_000_000_000_000_000),  # a century
)


@given(st.lists(_INSTANTS, max_size=500), st.integers())
async def test_every_event_is_read_whatever_the_order_of_those_at_one_instant(times: list[int], seed: int) -> None:
    listing = Listing(times, seed)
    assert set(await read(listing)) == {body.encode() for _, body in listing.events}


async def test_more_events_at_one_instant_than_a_page_has() -> None:
    listing = Listing([5] * 450 + [9], seed=3)
    assert len(set(await read(listing))) == 451


async def test_it_goes_on_from_a_time_at_which_all_before_is_read() -> None:
    listing = Listing([n // 3 * 1_000_000 for n in range(900)])
    chunks = [chunk async for chunk in Api("m", listing.get).events(None)]
    for n, chunk in enumerate(chunks):
        read_before = {body for earlier in chunks[: n + 1] for body in earlier.bodies}
        assert {body.encode() for t, body in listing.events if Listing._at(t) < chunk.reached} <= read_before
    rest = await read(listing, chunks[2].reached)
    assert {body for chunk in chunks[:3] for body in chunk.bodies} | set(rest) == {b.encode() for _, b in listing.events}


async def test_no_request_skips_over_events_and_windows_grow_over_gaps() -> None:
    """Of 40 years with an event at each end: some requests, not one for each hour."""
    listing = Listing([0, 40 * 365 * 86_400 * 1_000_000])
    assert len(await read(listing)) >= 2
    assert len(listing.asked) < 60


async def test_pages_shrink_where_events_are_large() -> None:
    listing = Listing([n * 1_000 for n in range(300)], padding=300_000)
    assert len(set(await read(listing))) == 300
    assert max(asked["limit"] for asked in listing.asked[3:]) <= 100


async def test_an_empty_list() -> None:
    assert await read(Listing([])) == []


class _Failing(HeadwaterError):
    pass


async def test_sources_that_cannot_be_shown_are_passed_over() -> None:
    """Marquez answers 500 to every list that has one without a URL."""
    at = "2026-03-01T08:00:00Z"
    stored = [{"name": name, "type": "POSTGRESQL", "updatedAt": at} for name in ("a", "default", "z")]

    def get(*path: str, limit: int, offset: int) -> bytes:
        page = stored[offset : offset + limit]
        if any(source["name"] == "default" for source in page):
            raise _Failing("The service answered 500.")
        return json.dumps({"sources": page}).encode()

    assert [source.name async for source in Api("m", get).sources()] == ["a", "z"]


async def test_sources_that_are_never_shown_are_not_asked_for_for_ever() -> None:
    def get(*path: str, **query: Any) -> bytes:
        raise _Failing("The service answered 500.")

    assert [source async for source in Api("m", get).sources()] == []


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"tags": [{"nom": 1}]}'])
async def test_what_answers_is_no_marquez(answer: bytes) -> None:
    with pytest.raises(Invalid, match="does not speak as Marquez does"):
        _ = [tag async for tag in Api("m", lambda *_, **__: answer).tags()]


async def test_a_service_without_events_is_no_marquez() -> None:
    def get(*path: str, **query: Any) -> bytes:
        raise _Failing("HTTP 404 Not Found")

    with pytest.raises(Invalid, match="What answers at m shows no events: HTTP 404 Not Found"):
        await Api("m", get).event_count(None)


async def test_a_marquez_that_is_away() -> None:
    def get(*path: str, **query: Any) -> bytes:
        raise Unavailable("No Marquez answers.")

    with pytest.raises(Unavailable):
        _ = [source async for source in Api("m", get).sources()]


async def test_lists_are_read_to_their_end() -> None:
    names = [f"t{n:03}" for n in range(205)]

    def get(*path: str, limit: int, offset: int) -> bytes:
        return json.dumps({"tags": [{"name": name} for name in names[offset : offset + limit]]}).encode()

    assert [tag.name async for tag in Api("m", get).tags()] == names
