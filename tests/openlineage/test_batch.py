from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import MalformedEvent
from headwater.openlineage.batch import elements

_DEEP = b"[" * 5000 + b"]" * 5000
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from(r'[]{},"\ ')), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(_values, max_size=5), st.sampled_from([None, 1]))
def test_the_elements_of_an_array(values: list[object], indent: int | None) -> None:
    """Halves of surrogate pairs are among them."""
    assert [json.loads(element) for element in elements(json.dumps(values, indent=indent).encode())] == values


@given(st.lists(_values, max_size=5))
def test_beside_one_that_cannot_be_read(values: list[object]) -> None:
    *others, last = elements(b"[%b]" % b",".join([*(json.dumps(value).encode() for value in values), _DEEP]))
    assert last == _DEEP
    assert [json.loads(element) for element in others] == values


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"[1,]", b"[,1]", b"[1]]", b"[1}", b'["', b"[1] 2", b"1]"])
def test_what_is_no_array(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        elements(body)


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\", b"[", b'["a'])
def test_what_is_no_array_takes_time_by_its_length(piece: bytes) -> None:
    """Not by its square, which were minutes here."""
    started = time.process_time()
    with pytest.raises(MalformedEvent):
        elements(b'["' + piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 5
