"""Arrays arrive in PostgreSQL as the values that they were."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.ingest.orders import connected

from headwater.ingest.arrays import Maps, facet_maps, texts
from headwater.ingest.changes import FacetMap

# NUL and halves of surrogate pairs are gone before (openlineage.parse.storable).
_characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
_texts = st.text(_characters, max_size=20) | st.sampled_from(
    [
        "",
        "NULL",
        "null",
        '"',
        "\\",
        "\\\\",
        '\\"',
        "{",
        "}",
        "{}",
        ",",
        "a,b",
        " ",
        " a ",
        "\n",
        "\r\n\t",
        "🦉",
        "e\u0301",
        "\x1f",
        "'",
        "%s",
    ]
)
_bigints = st.integers(-(2**63), 2**63 - 1)
_facet_maps: st.SearchStrategy[FacetMap] = st.dictionaries(
    _texts, st.tuples(_bigints, _bigints) | st.tuples(_bigints, _bigints, _texts), max_size=3
)


async def _arrived(database: str, *arrays: tuple[str | Maps, str]) -> list[list[Any]]:
    """Each (array as sent, type of its elements) as the list that PostgreSQL reads."""
    async with connected(database) as conn:
        columns = ", ".join(f"%s::{kind}[]" for _, kind in arrays)
        row = await (await conn.execute(f"SELECT {columns}", [sent for sent, _ in arrays])).fetchone()
    assert row is not None
    return list(row)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    some_texts=st.lists(st.none() | _texts, max_size=30),
    some_maps=st.lists(_facet_maps, max_size=6),
)
@example(some_texts=[], some_maps=[])
@example(some_texts=[None], some_maps=[{}])
@example(some_texts=['{"a": "\\u0041\\n"}'], some_maps=[{'"\\': (0, -1, '{"k": "\\"}')}])
def test_round_trip(database: str, some_texts: list[str | None], some_maps: list[FacetMap]) -> None:
    arrays = (texts(some_texts), "text"), (facet_maps(some_maps), "jsonb")
    arrived = asyncio.run(_arrived(database, *arrays))
    assert arrived == [some_texts, json.loads(json.dumps(some_maps))]


async def test_json_text_is_stored_as_it_is(database: str) -> None:
    """A facet's body inside of a facet map is a text: numbers that jsonb would round, keys that it would sort."""
    body = '{"b": 1e400, "a": 0.10, "a": "\\u00e9"}'
    ((stored,),) = await _arrived(database, (facet_maps([{"k": (1, 2, body)}]), "jsonb"))
    assert stored == {"k": [1, 2, body]}
