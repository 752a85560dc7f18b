from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.columns.nested import holders, is_inside, may_be

_names = st.text("ab.[]", max_size=8)


@pytest.mark.parametrize(
    ("field", "around"),
    [
        ("city", []),
        ("person.city", ["person"]),
        ("people[].address.city", ["people", "people[]", "people[].address"]),
        ("cities[]", ["cities"]),
        (".hidden", []),
        ("", []),
    ],
)
def test_what_a_field_is_inside_of(field: str, around: list[str]) -> None:
    assert holders(field) == around


def test_a_longer_name_is_not_inside() -> None:
    assert not is_inside("personal", "person")
    assert not is_inside("person", "person")


@given(_names, _names)
def test_both_say_the_same(field: str, of: str) -> None:
    assert is_inside(field, of) == (of in holders(field))


def test_what_a_schema_leaves_open() -> None:
    assert may_be("person.city", ["person"])
    assert may_be("person.city", ["person", "person.city", "person.name"])
    assert not may_be("person.city", ["person", "person.name"])
    assert may_be("person.city", [])
