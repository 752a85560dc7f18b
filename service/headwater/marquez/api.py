"""A Marquez that is read over its REST API. Its list of events has run events only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from headwater.errors import HeadwaterError, Invalid, Unavailable
from headwater.ingest.logged import event_time
from headwater.marquez.nouns import Chunk, Dataset, Job, Namespace, Run, Source, Tag, iso

Get = Callable[..., bytes]
"""The body of an answer: ``get(*path, **query)``. Raises Unavailable; another HeadwaterError where the request is refused."""

_T = TypeVar("_T")
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC)  # not left out: Marquez then stops at 2030
_EVENTS = 100  # asked for at first
_MOST_EVENTS = 1_000
_SMALL, _LARGE = 2 << 20, 16 << 20  # bytes of an answer, with room for events of megabytes
_WINDOW = timedelta(hours=1)
_SHORTEST_WINDOW = timedelta(seconds=1)
_LONGEST_WINDOW = timedelta(days=3_650)
_NOUNS = 100  # a page; jobs take Marquez some ms each
_JOBS = 25
_REFUSED = 10  # sources one after another that cannot be shown, and then none is asked for


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]
    totalCount: int  # noqa: N815


class _Count(msgspec.Struct):
    totalCount: int  # noqa: N815


@dataclass
class _Pace:
    """How much is asked for at once."""

    limit: int = _EVENTS
    window: timedelta = _WINDOW

    def adapt(self, size: int, total: int) -> None:
        """After an answer of ``size`` bytes out of a window with ``total`` events, which Marquez counts with each request."""
        if size > _LARGE:
            self.limit = max(self.limit // 2, 2)
        elif size < _SMALL:
            self.limit = max(self.limit, min(self.limit * 2, _MOST_EVENTS))
        if total > 10 * self.limit:
            self.window = max(self.window / 2, _SHORTEST_WINDOW)
        elif total <= self.limit:
            self.window = min(self.window * 2, _LONGEST_WINDOW)


class Api:
    def __init__(self, name: str, get: Get) -> None:
        self.name = name
        self._get = get

    async def event_count(self, since: datetime | None) -> int:
        """The first that is asked, so that another service is noticed here."""
        try:
            _, page = await self._events(since or _BEGINNING, _END, 0)
        except (Unavailable, Invalid):
            raise
        except HeadwaterError as error:
            raise Invalid(f"What answers at {self.name} shows no events: {error.message}") from None
        return page.totalCount

    async def events(self, since: datetime | None) -> AsyncGenerator[Chunk, None]:
        """Each page begins at the time of the last event before it: Marquez does not keep events of one instant in order, so
        that an offset may pass some over."""
        ends = await self._ends(since or _BEGINNING)
        if ends is None:
            return
        at, newest = ends
        pace = _Pace()
        while True:
            before = min(at + pace.window, newest) if at < newest else _END
            size, page = await self._events(at, before, pace.limit)
            full = len(page.events) == pace.limit
            reached = max(at, event_time(page.events[-1]) or at) if page.events else at
            if full and reached == at:
                pace.limit *= 2  # more events of one instant than were asked for
            else:
                pace.adapt(size, page.totalCount)
            yield Chunk([bytes(event) for event in page.events], reached if full else min(before, newest))
            if not full and before == _END:
                return
            at = reached if full else before

    def namespaces(self) -> AsyncIterator[Namespace]:
        return self._listed(Namespace, "namespaces")

    async def sources(self) -> AsyncIterator[Source]:
        """One by one: a source without a URL, as `default` is from the first dataset without a dataSource facet on, makes Marquez
        answer 500 to every list that it is in."""
        offset = refused = 0
        while refused < _REFUSED:
            try:
                found = await self._page(Source, "sources", limit=1, offset=offset)
            except (Unavailable, Invalid):
                raise
            except HeadwaterError:
                refused += 1
            else:
                if not found:
                    return
                yield found[0]
                refused = 0
            offset += 1

    def tags(self) -> AsyncIterator[Tag]:
        return self._listed(Tag, "tags")

    def datasets(self, namespace: str) -> AsyncIterator[Dataset]:
        return self._listed(Dataset, "namespaces", namespace, "datasets")

    def jobs(self, namespace: str) -> AsyncIterator[Job]:
        return self._listed(Job, "namespaces", namespace, "jobs", size=_JOBS)

    def runs(self, job: Job) -> AsyncIterator[Run]:
        return self._listed(Run, "namespaces", job.namespace, "jobs", job.name, "runs")

    async def run_count(self, job: Job) -> int:
        return await self._count("namespaces", job.namespace, "jobs", job.name, "runs")

    async def version_count(self, dataset: Dataset) -> int:
        return await self._count("namespaces", dataset.namespace, "datasets", dataset.name, "versions")

    async def _ends(self, since: datetime) -> tuple[datetime, datetime] | None:
        """Times of the oldest event from ``since`` on and of the newest; None where there is no event."""
        oldest = (await self._events(since, _END, 1))[1].events
        newest = (await self._events(since, _END, 1, "desc"))[1].events
        if not oldest or not newest:
            return None
        return max(since, event_time(oldest[0]) or since), event_time(newest[0]) or since

    async def _events(self, after: datetime, before: datetime, limit: int, direction: str = "asc") -> tuple[int, _Events]:
        """Bytes of the answer, and the answer."""
        window = {"after": iso(after), "before": iso(before)}
        body = await self._ask("events", "lineage", **window, limit=limit, sortDirection=direction)
        return len(body), self._decode(body, _Events)

    async def _listed(self, noun: type[_T], *path: str, size: int = _NOUNS) -> AsyncIterator[_T]:
        offset, found = 0, size
        while found == size:
            page = await self._page(noun, *path, limit=size, offset=offset)
            for thing in page:
                yield thing
            found = len(page)
            offset += size

    async def _page(self, noun: type[_T], *path: str, limit: int, offset: int) -> list[_T]:
        """Of a list, which has the name of the path's end."""
        answer = self._decode(await self._ask(*path, limit=limit, offset=offset), dict[str, msgspec.Raw])
        return self._decode(answer.get(path[-1], msgspec.Raw(b"null")), list[noun])  # type: ignore[valid-type]

    async def _count(self, *path: str) -> int:
        return self._decode(await self._ask(*path, limit=0), _Count).totalCount

    async def _ask(self, *path: str, **query: Any) -> bytes:
        return await asyncio.to_thread(self._get, *path, **query)

    def _decode(self, body: bytes | msgspec.Raw, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Invalid(f"What answers at {self.name} does not speak as Marquez does: {error}.") from None
