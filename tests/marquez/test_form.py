"""Events as a Marquez writes them, over its API and in its database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.marquez.form import in_one_form
from tests.build import run_event

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def _over_the_api(value: Any) -> Any:
    """With nulls for what nobody told, and keys in another order."""
    if isinstance(value, dict):
        shown = {key: _over_the_api(content) for key, content in reversed(value.items())}
        return {"unheardOf": None, **shown} if "unheardOf" not in shown else shown
    return [_over_the_api(element) for element in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_both_ways_give_one_event(facet: dict[str, Any]) -> None:
    event = run_event("START", "08:00", run_facets={"own": facet})
    shown = json.dumps(_over_the_api(event), ensure_ascii=False, indent=1).encode()
    assert in_one_form(shown) == in_one_form(json.dumps(event, separators=(",", ":")).encode())


def test_what_marquez_adds_is_left_out() -> None:
    shown = b'{"eventType": "START", "inputs": null, "n": 1e3, "run": {"facets": {"parent": null, "a": [null, {"b": null}]}}}'
    assert json.loads(in_one_form(shown)) == {"eventType": "START", "n": 1e3, "run": {"facets": {"a": [None, {}]}}}


@pytest.mark.parametrize("time", ["2026-03-01T09:00:00+01:00", "2026-03-01T08:00:00.000Z", "2026-03-01T08:00:00.000000000Z[UTC]"])
def test_one_instant_is_one_time(time: str) -> None:
    assert json.loads(in_one_form(json.dumps({"eventTime": time}).encode()))["eventTime"] == "2026-03-01T08:00:00.000000Z"


@pytest.mark.parametrize("event", [b"[]", b'"x"', b'{"eventTime": 5}', b'{"eventTime": "noon"}', b"[" * 9_999 + b"]" * 9_999])
def test_what_is_no_event_stays(event: bytes) -> None:
    assert in_one_form(event) == event
