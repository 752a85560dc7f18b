"""Which dataset a name stands for: whatever came first, and whoever is in a circle."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.build import Event, Facets, dataset, dataset_event, run_event
from tests.ingest.orders import assert_orderless, connected
from tests.ingest.telling import DB

from headwater.ingest.symlinks import canonical

Link = tuple[int, int, int]  # primary, alias, time
_ids = st.integers(1, 6)
_links = st.lists(
    st.tuples(_ids, _ids, st.integers(0, 3)).filter(lambda link: link[0] != link[1]),
    max_size=10,
    unique_by=lambda link: link[:2],
)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([], {}),
        ([(1, 2, 0)], {1: 1, 2: 1}),
        ([(1, 2, 0), (2, 3, 0)], {1: 1, 2: 1, 3: 1}),  # a chain
        ([(2, 3, 0), (1, 2, 9)], {1: 1, 2: 1, 3: 1}),  # whose beginning is told last
        ([(1, 3, 5), (2, 3, 4)], {1: 1, 2: 2, 3: 2}),  # the first declaration wins
        ([(2, 3, 4), (1, 3, 4)], {1: 1, 2: 2, 3: 1}),  # at one time, the lesser id
        ([(1, 2, 0), (2, 1, 1)], {1: 1, 2: 1}),  # a circle
        ([(1, 2, 1), (2, 1, 0)], {1: 2, 2: 2}),  # the other way round
        ([(1, 2, 0), (2, 3, 1), (3, 1, 2)], {1: 1, 2: 1, 3: 1}),
        ([(1, 2, 0), (1, 3, 0), (4, 5, 0)], {1: 1, 2: 1, 3: 1, 4: 4, 5: 4}),
        ([(1, 2, 0), (3, 4, 0), (2, 3, 1)], {1: 1, 2: 1, 3: 1, 4: 1}),  # two groups become one
    ],
)
def test_canonical(links: list[Link], expected: dict[int, int]) -> None:
    assert canonical(links) == expected


@given(_links, st.randoms(use_true_random=False))
def test_any_order(links: list[Link], order: random.Random) -> None:
    assert canonical(links) == canonical(order.sample(links, len(links)))


@given(_links)
def test_there_is_an_end_to_every_name(links: list[Link]) -> None:
    found = canonical(links)
    assert found.keys() == {name for link in links for name in link[:2]}
    for name, stands_for in found.items():
        assert found[stands_for] == stands_for
        if not any(alias == name for _, alias, _ in links):
            assert stands_for == name, "nobody says that it is another's name"


@given(_links, _links)
def test_groups_that_do_not_touch_do_not_matter(links: list[Link], others: list[Link]) -> None:
    elsewhere = [(p + 100, a + 100, at) for p, a, at in others]
    assert canonical([*links, *elsewhere]) == canonical(links) | canonical(elsewhere)


def _named(*names: str) -> Facets:
    return {"symlinks": {"identifiers": [{"namespace": DB, "name": name, "type": "TABLE"} for name in names]}}


async def _stand_for(database: str) -> dict[str, str]:
    async with connected(database) as conn:
        cursor = await conn.execute(
            "SELECT d.name, c.name FROM datasets d JOIN datasets c ON c.dataset_id = d.canonical_id ORDER BY d.name"
        )
        return dict(await cursor.fetchall())


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([dataset_event("08:00", "a", _named("b")), dataset_event("09:00", "b", _named("c"))], {"a": "a", "b": "a", "c": "a"}),
        ([dataset_event("08:00", "a", _named("b")), dataset_event("09:00", "b", _named("a"))], {"a": "a", "b": "a"}),
        ([dataset_event("08:00", "a", _named("c")), dataset_event("09:00", "b", _named("c"))], {"a": "a", "b": "b", "c": "a"}),
        (
            [
                dataset_event("09:00", "a", _named("c")),
                dataset_event("08:30", "b", _named("c")),
                dataset_event("08:00", "a", _named("c")),  # the same again, but earlier: now it is the first
            ],
            {"a": "a", "b": "b", "c": "a"},
        ),
        (
            [run_event("START", "08:00", inputs=[dataset("a", _named("b"))]), run_event("COMPLETE", "09:00", outputs=["b"])],
            {"a": "a", "b": "a"},
        ),
    ],
)  # fmt: skip
async def test_stored_in_any_order(database: str, events: list[Event], expected: dict[str, str]) -> None:
    await assert_orderless(database, events)
    assert await _stand_for(database) == expected
