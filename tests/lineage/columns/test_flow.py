from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.build import store
from tests.lineage.columns.test_lineage import CHAIN

from headwater import ids
from headwater.db.pool import Pool
from headwater.entities.graph import Scope
from headwater.lineage.columns import flow as column_flow
from headwater.lineage.columns.flow import ColumnFlow, Effect, _Concerned, effects, read_flow
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.nested import is_inside
from headwater.lineage.snapshot import snapshot


@pytest.mark.parametrize(
    ("made", "scope", "expected"),
    [
        ([], "FIELD", {Effect.VALUES}),
        ([], "DATASET", {Effect.ROWS}),
        ([], "UNRESOLVED", {Effect.UNRESOLVED}),
        ([{"type": "DIRECT"}], "DATASET", {Effect.VALUES}),
        ([{"type": "IDENTITY"}], "FIELD", {Effect.VALUES}),
        ([{"type": "MASKED"}], "FIELD", {Effect.MASKED}),
        ([{"type": "DIRECT", "subtype": "AGGREGATION", "masking": True}], "FIELD", {Effect.MASKED}),
        ([{"type": "INDIRECT"}], "FIELD", {Effect.ROWS}),
        ([{"type": "indirect", "subtype": "filter", "masking": True}], "FIELD", {Effect.ROWS}),
        ([{"type": "INDIRECT", "subtype": "CONDITIONAL"}], "FIELD", {Effect.VALUES}),
        ([{"type": "INDIRECT", "subtype": "WINDOW"}], "FIELD", {Effect.VALUES}),
        ([{"type": "DIRECT"}, {"type": "INDIRECT", "subtype": "JOIN"}], "FIELD", {Effect.VALUES, Effect.ROWS}),
        ([{"type": "INDIRECT", "subtype": "JOIN"}], "UNRESOLVED", {Effect.ROWS | Effect.UNRESOLVED}),
    ],
)
def test_what_a_transformation_affects(made: list[dict[str, object]], scope: Scope, expected: set[Effect]) -> None:
    assert effects(json.dumps(made), scope) == expected


def _place(name: str) -> Place:
    table, _, column = name.partition(".")
    return Place(ids.dataset_id("db://shop", table), column)


async def _read(pool: Pool, hops: int | None = None) -> ColumnFlow:
    async with snapshot(pool) as conn:
        return await read_flow(conn, [_place("a.x")], downstream=True, hops=hops)


async def test_a_flow_is_read_as_far_as_it_is_asked_for(database: str, pool: Pool) -> None:
    await store(database, CHAIN)
    assert set((await _read(pool)).onward) == {_place("a.x"), _place("b.x"), _place("c.x")}
    near = await _read(pool, 1)
    assert near.read == {_place("a.x")}
    assert set(near.onward[_place("a.x")]) == {_place("b.x"), _place("s.x")}


async def test_what_is_too_large_is_read_in_part(database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(database, CHAIN)
    monkeypatch.setattr(column_flow, "_MOST", 2)
    flow = await _read(pool)
    assert (flow.read, flow.complete) == ({_place("a.x")}, False)


FIELDS = st.text("ab.[]", max_size=5)


@given(st.sets(FIELDS, max_size=5), FIELDS)
def test_whom_what_is_told_of_a_field_concerns(asked: set[str], told: str) -> None:
    expected = {}
    for field in asked:
        if not field or not told or field == told:
            expected[field] = "FIELD"
        elif is_inside(told, field):
            expected[field] = "PART"
        elif is_inside(field, told):
            expected[field] = "WHOLE"
    found = list(_Concerned(Place(1, field) for field in asked).by(Place(1, told)))
    assert len(found) == len(expected)
    assert {place.field: scope for place, scope in found} == expected
    assert not list(_Concerned(Place(1, field) for field in asked).by(Place(2, told)))
