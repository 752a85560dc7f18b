"""Loading events in bulk, as many as the writer has room for: what is refused becomes a dead letter, and the rest goes on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from headwater.db.pool import Connection
from headwater.errors import Excluded, InvalidEvent, MalformedEvent, Unavailable
from headwater.ingest import dead_letters
from headwater.ingest.files import Found
from headwater.ingest.prepare import Incoming, decompress, prepare
from headwater.ingest.writer import Writer
from headwater.settings import Settings

_BREATH = 50  # events between two chances for the writer: about 5 ms


@dataclass(slots=True)
class Tally:
    accepted: int = 0
    duplicate: int = 0  # there already, byte for byte
    excluded: int = 0  # of namespaces that the settings leave out
    dead: int = 0

    @property
    def total(self) -> int:
        return self.accepted + self.duplicate + self.excluded + self.dead


class _Waiting(NamedTuple):
    source: str
    place: str
    incoming: Incoming
    again: bool  # the same event is waiting already: the writer would call both of them new
    done: asyncio.Future[bool]


class Loader:
    """``add`` what there is, then ``finish``. ``conn`` is for dead letters; ``refused`` is told of each: file, reason."""

    def __init__(self, writer: Writer, conn: Connection, settings: Settings, refused: Callable[[str, str], None]) -> None:
        self.tally = Tally()
        self._writer = writer
        self._conn = conn
        self._settings = settings
        self._refused = refused
        self._waiting: deque[_Waiting] = deque()
        self._on_their_way: set[UUID] = set()
        self._added = 0

    async def add(self, source: str, found: Found) -> None:
        """Returns once the event is queued. Raises Unavailable when the database is away."""
        try:
            if found.fault:
                raise InvalidEvent.at("$", found.fault)
            incoming = prepare(found.body, self._settings)
        except Excluded:
            self.tally.excluded += 1
        except InvalidEvent as error:
            await self._bury(source, found.place, found.body, error)
        else:
            done = await self._put(incoming)
            again = incoming.event_id in self._on_their_way
            self._waiting.append(_Waiting(source, found.place, incoming, again, done))
            self._on_their_way.add(incoming.event_id)
        self._added += 1
        if self._added % _BREATH == 0:
            await asyncio.sleep(0)
        while self._waiting and self._waiting[0].done.done():
            await self._settle()

    async def finish(self) -> None:
        """Waits for all that was added. Raises Unavailable."""
        while self._waiting:
            await self._settle()

    def abandon(self) -> None:
        """Asks no more after what is waiting; it is written all the same."""
        for waiting in self._waiting:
            waiting.done.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting.clear()

    async def _put(self, incoming: Incoming) -> asyncio.Future[bool]:
        while True:
            while self._waiting and not self._writer.has_room:
                await self._settle()
            try:
                return self._writer.put(incoming)
            except Unavailable:  # a large event, and others before it
                if not self._waiting:
                    raise
                await self._settle()

    async def _settle(self) -> None:
        source, place, incoming, again, done = self._waiting.popleft()
        self._on_their_way.discard(incoming.event_id)
        try:
            new = await done and not again
        except InvalidEvent as error:
            await self._bury(source, place, decompress(incoming.body), error)
        else:
            self.tally.accepted += new
            self.tally.duplicate += not new

    async def _bury(self, source: str, place: str, body: bytes, error: InvalidEvent) -> None:
        status = 400 if isinstance(error, MalformedEvent) else 422
        told = InvalidEvent(f"{place}: {error.message}" if place else error.message, error.errors)
        await dead_letters.bury(self._conn, body, told, source=source, status=status)
        self.tally.dead += 1
        self._refused(source, told.message)
