"""The merge rules know no order: any permutation of events, and any of them twice, is one and the same Changes."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.build import Event, run_uuid
from tests.ingest.orders import prepared
from tests.ingest.strategies import histories
from tests.ingest.telling import differences

from headwater import ids
from headwater.ingest.changes import Changes, FacetMap, Run, Seen, merge_facets
from headwater.ingest.extract import extract
from headwater.ingest.prepare import Incoming
from headwater.ingest.rehome import decide

_small = st.integers(-2, 2)
_facets = st.dictionaries(
    st.sampled_from("abc"), st.tuples(_small, _small) | st.tuples(_small, st.integers(10, 12), st.just("{}")), max_size=3
)


def _together(batch: list[Incoming]) -> Changes:
    """As one batch, in which the home of a run is settled first."""
    changes = Changes()
    homes, _ = decide(batch, {})
    for incoming in batch:
        extract(incoming.event, changes, homes[incoming.run_id].name if incoming.run_id is not None else None)
    return changes


@settings(max_examples=150, deadline=None)
@given(history=histories(8), seed=st.integers(0, 2**32))
def test_any_order_and_any_repetition(history: list[Event], seed: int) -> None:
    batch = prepared(history)
    expected = _together(batch)
    shuffled = batch + random.Random(seed).choices(batch, k=3)
    random.Random(seed).shuffle(shuffled)
    assert list(differences(_together(shuffled), expected)) == []


@given(st.lists(_facets, max_size=5), st.randoms(use_true_random=False))
def test_facet_maps(maps: list[FacetMap], order: random.Random) -> None:
    """Commutative, associative, idempotent."""

    def merged(maps: list[FacetMap]) -> FacetMap:
        into: FacetMap = {}
        for facets in maps:
            merge_facets(into, facets)
        return into

    shuffled = order.sample(maps, len(maps))
    cut = order.randint(0, len(maps))
    assert merged(maps) == merged(shuffled) == merged([merged(shuffled[:cut]), merged(shuffled[cut:])])
    assert merged(maps) == merged([*maps, *maps])


def test_the_later_facet_wins_whole() -> None:
    into: FacetMap = {"a": (1, 9), "b": (3, 1, "{}")}
    merge_facets(into, {"a": (2, 1), "b": (2, 9), "c": (0, 0)})
    assert into == {"a": (2, 1), "b": (3, 1, "{}"), "c": (0, 0)}
    merge_facets(into, {"a": (2, 5)})
    assert into["a"] == (2, 5), "of one time, the greater hash"


@given(st.lists(st.tuples(_small, st.none() | _small), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_when_a_fact_was_told(told: list[tuple[int, int | None]], order: random.Random) -> None:
    def seen(told: list[tuple[int, int | None]]) -> Seen:
        (at, run), *others = told
        fact = Seen(at, at, run, run)
        for other in others:
            fact.again(*other)
        return fact

    def known(fact: Seen) -> tuple[int, int, int, int]:
        return fact.first_at, fact.first_run_id or 0, fact.last_at, fact.last_run_id or 0

    assert known(seen(told)) == known(seen(order.sample(told, len(told)))) == known(seen(told * 2))
    assert known(seen(told)) == (*min((at, run or 0) for at, run in told), *max((at, run or 0) for at, run in told))


@given(
    st.lists(
        st.tuples(st.sampled_from(["own", "child", "start", "end", "code", "parent"]), _small, st.integers(1, 3)), max_size=6
    )
)
def test_runs(told: list[tuple[str, int, int]]) -> None:
    def run(told: list[tuple[str, int, int]]) -> Run:
        found = Run(run_uuid("one"), ids.UNDATED, 1, 1, 10)
        for what, at, n in told:
            match what:
                case "own":
                    found.seen(at)
                case "child":
                    found.told(at)
                case "start":
                    found.started(at)
                case "end":
                    found.ended(at, n)
                case "code":
                    found.has_code(n, at)
                case _:
                    found.has_parent(n, run_uuid(str(n)), at)
        return found

    assert run(told) == run(told[::-1]) == run(sorted(told) * 2)
