from __future__ import annotations

import pytest

from headwater import errors
from headwater.errors import (
    Conflict,
    HeadwaterError,
    Invalid,
    InvalidEvent,
    InvalidNodeId,
    NotFound,
    Problem,
    Unavailable,
)

MISSING = Problem(path="$.run.runId", message="is missing")


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    drawn = {word for line in (errors.__doc__ or "").splitlines() for word in line.split() if word in defined}
    assert drawn == defined


@pytest.mark.parametrize("error", [Invalid("x"), NotFound("Job", "x"), Conflict("x"), Unavailable("x")])
def test_each_is_a_headwater_error_with_a_message(error: HeadwaterError) -> None:
    assert isinstance(error, HeadwaterError)
    assert error.message == str(error)


@pytest.mark.parametrize("kind", [Invalid, InvalidEvent, InvalidNodeId])
def test_invalid_says_where(kind: type[Invalid]) -> None:
    error = kind("No.", [MISSING])
    assert isinstance(error, Invalid)
    assert (error.message, error.errors) == ("No.", [MISSING])


def test_invalid_without_a_message_shows_its_first_error() -> None:
    assert InvalidEvent(errors=[MISSING]).message == "$.run.runId: is missing"
    assert Invalid().message == "Invalid request."


def test_not_found_names_what_was_asked_for() -> None:
    assert NotFound("Job", "daily").message == "Job 'daily' not found."


def test_unavailable_says_when_to_try_again() -> None:
    assert Unavailable("The queue is full.", retry_after=3).retry_after == 3
