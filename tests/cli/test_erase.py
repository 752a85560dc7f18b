from __future__ import annotations

import asyncio

import pytest
from tests.build import run_event, store
from tests.cli.conftest import Command

NAMED = {"job": ("shop", "load"), "dataset": ("db://shop", "a"), "namespace": ("shop",)}


@pytest.fixture(autouse=True)
def _stored(on_database: str) -> None:
    asyncio.run(store(on_database, [run_event("COMPLETE", "08:00", inputs=["a"], outputs=["b"])]))


@pytest.mark.parametrize("noun", NAMED)
def test_what_is_deleted_is_gone_and_a_replay_agrees(headwater: Command, noun: str) -> None:
    before = headwater("events", "hash").last
    assert headwater("erase", noun, *NAMED[noun], "--yes").out == "Deleted.\n"
    after = headwater("events", "hash").last
    assert after != before
    assert headwater("events", "replay").last == after
    again = headwater("erase", noun, *NAMED[noun], "--yes")
    assert (again.status, again.err) == (1, f"{noun.capitalize()} '{NAMED[noun][-1]}' not found.\n")


def test_nothing_is_deleted_by_a_slip(headwater: Command) -> None:
    before = headwater("events", "hash").last
    done = headwater("erase", "namespace", "shop")
    assert (done.status, done.err) == (1, "It cannot be undone: add --yes.\n")
    assert headwater("events", "hash").last == before
