from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.cli.display import Styled, Twig
from headwater.cli.trees import Edge, grow


def edges(graph: dict[str, str], free: str = "") -> Callable[[str], Sequence[Edge]]:
    """Each node with its neighbours, one character a node; a step to one in ``free`` costs nothing."""
    return lambda node: [Edge(n, [n], steps=int(n not in free)) for n in graph.get(node, "")]


def drawn(twigs: Sequence[Twig]) -> list[object]:
    lines: list[object] = []
    for twig in twigs:
        lines.append("".join(cell.text if isinstance(cell, Styled) else cell for cell in twig.cells))
        if twig.below:
            lines.append(drawn(twig.below))
    return lines


def test_a_tree() -> None:
    twigs, more = grow("a", edges({"a": "bc", "b": "d"}), 5)
    assert drawn(twigs) == ["b", ["d"], "c"]
    assert not more


def test_a_node_opens_where_it_is_nearest() -> None:
    twigs, _ = grow("a", edges({"a": "bd", "b": "c", "c": "d", "d": "e"}), 9)
    assert drawn(twigs) == ["b", ["c", ["d  (see below)"]], "d", ["e"]]


def test_a_node_that_was_opened_is_only_named() -> None:
    twigs, _ = grow("a", edges({"a": "bc", "b": "d", "c": "d", "d": "e"}), 9)
    assert drawn(twigs) == ["b", ["d", ["e"]], "c", ["d  (see above)"]]


def test_a_leaf_needs_no_mark() -> None:
    twigs, _ = grow("a", edges({"a": "bc", "b": "d", "c": "d"}), 9)
    assert drawn(twigs) == ["b", ["d"], "c", ["d"]]


def test_a_circle_ends_at_the_root() -> None:
    twigs, more = grow("a", edges({"a": "b", "b": "ab"}), 9)
    assert drawn(twigs) == ["b", ["a  (see above)", "b  (see above)"]]
    assert not more


def test_what_is_too_far_away_is_marked() -> None:
    twigs, more = grow("a", edges({"a": "bc", "b": "d", "d": "e"}), 1)
    assert drawn(twigs) == ["b  …", "c"]
    assert more


def test_steps_that_cost_nothing() -> None:
    twigs, more = grow("a", edges({"a": "1", "1": "b", "b": "2", "2": "c"}, free="12"), 1)
    assert drawn(twigs) == ["1", ["b", ["2  …"]]]
    assert more


def test_nothing() -> None:
    assert grow("a", edges({}), 3) == ([], False)
    assert grow("a", edges({"a": "b"}), 0) == ([], True)
