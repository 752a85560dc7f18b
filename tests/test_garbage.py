"""Whoever writes collects garbage seldom."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from headwater.ingest.commit import Memory


@pytest.fixture
def _python_s_own() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_python_s_own")
def test_a_writer_collects_seldom() -> None:
    Memory()
    assert gc.get_threshold()[0] > 10_000
