from __future__ import annotations

import pytest

from headwater.entities.graph import Direction
from headwater.lineage.graph.question import Question


@pytest.mark.parametrize(
    ("asked", "direction", "sides"),
    [
        (Question((1,), depth=2), "downstream", [True]),
        (Question((1,), depth=2, downstream=False), "upstream", [False]),
        (Question((1,), depth=2, both=True), "both", [True, False]),
        (Question((1,), depth=2, downstream=False, both=True), "both", [True, False]),
    ],
)
def test_a_question_of_both_sides_is_one_of_each(asked: Question, direction: Direction, sides: list[bool]) -> None:
    assert asked.direction == direction
    assert asked.sides() == [Question((1,), depth=2, downstream=side) for side in sides]
