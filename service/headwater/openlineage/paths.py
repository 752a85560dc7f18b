"""JSON paths of findings (RFC 9535): written for people, and generalised so that findings can be counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from headwater.openlineage.parse import OPENLINEAGE
from headwater.openlineage.schema import documents, event_file
from headwater.openlineage.shapes import Schema

LONGEST_KEY = 60
"""Characters of a key that a path shows: keys are the sender's and may be of any length."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP = re.compile(r'\.(?P<key>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<index>\d+)\]|\[(?:\*|"(?:[^"\\]|\\.)*")\]')
_ANY = "[*]"

_Place = tuple[str, Schema]  # file, and a schema within it


def json_path(steps: Iterable[str | int]) -> str:
    """``$.inputs[0].facets["spark.plan"]`` from the keys and positions that lead there."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else _key(step) for step in steps)


def _key(key: str) -> str:
    shown = key if len(key) <= LONGEST_KEY else key[:LONGEST_KEY] + "…"
    return f".{shown}" if _PLAIN.fullmatch(shown) else f"[{json.dumps(shown, ensure_ascii=False)}]"


@lru_cache(maxsize=1024)
def generalise(path: str) -> str:
    """The path with ``[*]`` for positions and for keys that the schemas do not name (custom facets, columns).

    There are only as many results as places in the schemas: below what they know nothing is told apart, and where a
    structure holds itself (columns within columns) the repetition is left out.
    """
    places = [(event_file(kind), documents()[event_file(kind)]) for kind in OPENLINEAGE]
    shown, depths = ["$"], {_identity(places): 1}
    for step in _STEP.finditer(path):
        text, places = _walk(places, step)
        shown.append(text)
        if not places:
            break
        del shown[depths.setdefault(_identity(places), len(shown)) :]  # back to where the walk was here before
    return "".join(shown)


def _walk(places: list[_Place], step: re.Match[str]) -> tuple[str, list[_Place]]:
    """How a step is shown, and where it leads."""
    if step["index"]:
        return _ANY, list(_below(places, "items"))
    variants, key = list(_variants(places)), step["key"]
    named = [_resolve(file, schema["properties"][key]) for file, schema in variants if key in schema.get("properties", ())]
    if named:
        return step[0], named
    return _ANY, [*_below(places, "additionalProperties"), *_below(places, "items")]


def _below(places: Iterable[_Place], keyword: str) -> Iterator[_Place]:
    for file, schema in _variants(places):
        if keyword in schema:
            yield _resolve(file, schema[keyword])


def _variants(places: Iterable[_Place]) -> Iterator[_Place]:
    """The places and the records that they may turn out to be."""
    for file, schema in places:
        yield file, schema
        yield from _variants((file, branch["then"]) for branch in schema.get("allOf", ()))


def _resolve(file: str, schema: Schema) -> _Place:
    if "$ref" not in schema:
        return file, schema
    target, _, pointer = schema["$ref"].partition("#")
    file = target or file
    found = documents()[file]
    for name in pointer.split("/")[1:]:
        found = found[name]
    return _resolve(file, found)


def _identity(places: Iterable[_Place]) -> frozenset[int]:
    return frozenset(id(schema) for _, schema in places)
