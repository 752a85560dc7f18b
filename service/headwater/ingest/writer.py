"""Group commit: the events that are waiting are committed together, and then every waiter is answered.

While one batch is being written the next one gathers, so the batch grows with the load by itself. Two lanes take turns:
PostgreSQL writes the batch of one while Python works out what the events of the other mean.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headwater import metrics
from headwater.errors import Unavailable
from headwater.ingest.commit import Memory
from headwater.ingest.indexing import Unread, running_indexer
from headwater.ingest.lane import Lane, Waiting
from headwater.ingest.prepare import Incoming
from headwater.settings import Settings

_LANES = 2  # one thread of Python keeps one busy; a third would wait for the locks of the second


class Writer:
    """Use through ``running_writer``. One a process; any number of processes."""

    def __init__(self, url: str, settings: Settings, unread: Unread) -> None:
        self._url = url
        self._unread = unread
        self._settings = settings
        self._queue: deque[Waiting] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._ending = False
        self._writing = 0  # events that lanes have taken
        self._runs: set[int | None] = set()  # theirs
        self._erasing = False

    def put(self, incoming: Incoming) -> asyncio.Future[bool]:
        """Queues an event. The future gives whether it was new, once it is durable and visible; or raises InvalidEvent
        (it cannot be stored) or Unavailable. Raises Unavailable at once when too much is waiting."""
        if self._ending:
            raise Unavailable("The service is stopping.", retry_after=5)
        size = incoming.size
        full = len(self._queue) >= self._settings.queue_events or self._bytes + size > self._settings.queue_bytes
        if full and self._queue:  # an event that is larger than the whole queue goes in alone
            raise Unavailable("Too many events are waiting to be stored.", retry_after=1)
        self._bytes += size
        waiting = Waiting(incoming, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        metrics.QUEUE.set(len(self._queue))
        self._changed.set()
        return waiting.done

    @property
    def has_room(self) -> bool:
        """Whether a bulk sender may go on; half of the queue is left to the others."""
        return len(self._queue) * 2 < self._settings.queue_events and self._bytes * 2 < self._settings.queue_bytes

    def end(self) -> None:
        """``run`` returns once what is queued is written; no more is taken."""
        self._ending = True
        self._changed.set()

    async def run(self) -> None:
        memory = Memory(self._unread)
        async with asyncio.TaskGroup() as lanes:
            for _ in range(_LANES):
                lanes.create_task(self._drain(Lane(self._url, memory)))

    async def _drain(self, lane: Lane) -> None:
        try:
            while self._queue or not self._ending:
                if batch := self._take():
                    await lane.store(batch)
                    self._finished(batch)
                else:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            await lane.close()

    def _take(self) -> list[Waiting]:
        """The next batch. None yet where another lane writes a larger one: more will come until that is done. Events of a run
        that the other lane writes wait for it, as who comes second may have to move what the first wrote."""
        most = self._settings.commit_events
        if self._erasing or len(self._queue) < min(self._writing, most):
            return []
        first = [self._queue.popleft() for _ in range(min(len(self._queue), most))]
        first = self._up_to_an_erasure(first)
        batch = [w for w in first if w.incoming.run_id not in self._runs]
        self._queue.extendleft(reversed([w for w in first if w.incoming.run_id in self._runs]))
        self._writing += len(batch)
        self._runs |= {w.incoming.run_id for w in batch} - {None}
        self._bytes -= sum(w.incoming.size for w in batch)
        metrics.QUEUE.set(len(self._queue))
        return batch

    def _up_to_an_erasure(self, batch: list[Waiting]) -> list[Waiting]:
        """An event that erases is written alone: what came before it is written before, and what comes after it after."""
        at = next((n for n, waiting in enumerate(batch) if waiting.incoming.erases), None)
        if at is None:
            return batch
        self._erasing = at == 0 and not self._writing
        end = at or int(self._erasing)
        self._queue.extendleft(reversed(batch[end:]))
        return batch[:end]

    def _finished(self, batch: list[Waiting]) -> None:
        self._writing -= len(batch)
        self._erasing = False
        self._runs -= {w.incoming.run_id for w in batch}
        self._changed.set()


@asynccontextmanager
async def running_writer(url: str, settings: Settings, *, rounds: bool = False) -> AsyncIterator[Writer]:
    """A writer with its task, and what keeps search up with it; at the end what is queued is written before the connections
    close. ``rounds`` is for services (see ``indexing``)."""
    async with running_indexer(url, rounds=rounds) as unread:
        writer = Writer(url, settings, unread)
        task = asyncio.create_task(writer.run(), name="writer")
        try:
            yield writer
        finally:
            writer.end()
            await task
