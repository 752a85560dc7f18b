"""Ending what runs in the background."""

from __future__ import annotations

import asyncio

_AGAIN_S = 1.0


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancels the tasks until they are done: one whose cancellation a driver has turned into an error of its own goes on."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
