"""What is remembered of the facets of jobs and datasets, and for how long."""

from __future__ import annotations

import msgspec
import pytest

from headwater import ids
from headwater.openlineage import lasting
from headwater.openlineage.lasting import LastingFacets

TEXT = b'{"schema": {"fields": []}, "none": null, "text": "{", "sql": {"query": "select"}}'


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "lasting", lasting._Memory().of)


def test_those_that_are_objects_with_their_ids() -> None:
    facets = LastingFacets(TEXT)
    assert {key: bytes(raw) for key, raw in facets.items()} == {"schema": b'{"fields": []}', "sql": b'{"query": "select"}'}
    assert facets.ids == {key: ids.content_id(bytes(raw)) for key, raw in facets.items()}
    assert facets.bodies == {ids.content_id(bytes(raw)): bytes(raw) for raw in facets.values()}
    assert not LastingFacets(b"null")


@pytest.mark.parametrize("text", [b"1", b"[]", b'"a"'])
def test_what_is_no_object(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        lasting.lasting(text)


def test_the_same_text_is_read_once() -> None:
    facets = lasting.lasting(TEXT)
    assert lasting.lasting(bytes(bytearray(TEXT))) is facets
    assert lasting.lasting(TEXT + b" ") is not facets


def test_what_follows_is_found_once() -> None:
    calls: list[int] = []

    def find(facets: LastingFacets) -> None:
        calls.append(len(facets))

    facets = lasting.lasting(TEXT)
    assert facets.once(find) is facets.once(find) is None
    assert calls == [2]


@pytest.mark.parametrize(
    "text",
    [b'{"a": "%s"}' % (b"x" * lasting._LARGEST), b"{%s}" % b",".join(b'"%d":{}' % n for n in range(200))],
    ids=["long", "many"],
)
def test_what_is_large_is_not_remembered(text: bytes) -> None:
    """Thousands of them would be gigabytes."""
    assert lasting.lasting(text) is not lasting.lasting(text)


def test_too_many_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "_MOST", 100)
    facets = lasting.lasting(TEXT)
    assert lasting.lasting(TEXT) is facets
    for n in range(10):
        lasting.lasting(b'{"n": %d}' % n)
    assert lasting.lasting(TEXT) is not facets
