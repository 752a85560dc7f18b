from __future__ import annotations

from collections import Counter

from headwater.marquez.counts import compared


def test_only_what_differs_is_explained() -> None:
    nouns = ("namespaces", "jobs", "datasets", "runs", "dataset versions", "tags")
    lines = list(compared(Counter(dict.fromkeys(nouns, 3)), dict.fromkeys(nouns, 3) | {"datasets": 2}))
    assert [(line.noun, line.marquez, line.headwater) for line in lines if line.why] == [("datasets", 3, 2)]
    assert [line.noun for line in lines] == list(nouns)


def test_what_marquez_has_none_of_is_nought() -> None:
    assert {line.marquez for line in compared(Counter(), Counter())} == {0}
