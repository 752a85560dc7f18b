"""Fields inside of others: a struct's behind a dot (``person.city``), an array's elements in brackets (``cities[]``). Pure."""

from __future__ import annotations

from collections.abc import Collection

_INSIDE = (".", "[")


def holders(field: str) -> list[str]:
    """The names of all fields that it would be inside of, the outermost first."""
    return [field[:i] for i, letter in enumerate(field) if i and letter in _INSIDE]


def is_inside(field: str, of: str) -> bool:
    return len(field) > len(of) > 0 and field.startswith(of) and field[len(of)] in _INSIDE


def may_be(field: str, known: Collection[str]) -> bool:
    """Whether a field that something around it is told of can be there, by the names in a schema: those may leave out what a
    field is made of."""
    return field in known or not any(is_inside(other, holder) for holder in holders(field) for other in known)
