from __future__ import annotations

import asyncio

import pytest

from headwater import tasks


async def test_a_task_ends_though_it_missed_the_first_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_AGAIN_S", 0.01)
    missed = 0

    async def work() -> None:
        nonlocal missed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if missed:
                    raise
                missed += 1

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await tasks.end(task)
    assert (missed, task.cancelled()) == (1, True)


async def test_nothing_to_end() -> None:
    await tasks.end()
