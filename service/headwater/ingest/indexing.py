"""Keeps search by content up to date, in the background: events are answered before they can be found by what they say.

Each process follows what it wrote itself, all events of a second at once. What that misses (the last second of a process that was
killed, a store from before there was search) is found in a round through all jobs and datasets, which one of the services makes
when it starts and every ten minutes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TypeAlias

from headwater import metrics
from headwater.catalog.texts import DATASET_PATHS, JOB_PATHS, Paths
from headwater.db.pool import Connection, connect
from headwater.ingest import words
from headwater.ingest.changes import Changes, FacetMap
from headwater.openlineage.facets import OWN_TAG
from headwater.tasks import end

_Work: TypeAlias = Callable[[Connection], Awaitable[None]]

_log = logging.getLogger(__name__)
_GATHER_S = 1.0
_ROUND_S = 600.0
_AGAIN_S = 10.0  # after a fault
_LAST_S = 2.0  # for what is left at the end; the rest is for the next round
_MOST = 100_000  # of each that wait: 10 MB
_MOST_TOLD = 30_000  # of each whose facets are remembered: 15 MB
_ROUNDS = 0x68772D726F756E64  # 'hw-round': of the one process that makes them


class _Told:
    """The latest searched facets that events told, by job or dataset: most events tell the same words again. Where others tell of
    the same thing too, this may keep quiet of a change, which is then for the next round."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._latest: dict[int, dict[str, tuple[int, int]]] = {}  # event time and hash, by name of the facet

    def is_new(self, key: int, facets: FacetMap) -> bool:
        """Whether the words may be others now."""
        if len(self._latest) > _MOST_TOLD:
            self._latest.clear()
        latest, found = self._latest.setdefault(key, {}), False
        for name, (at, body_id, *_) in facets.items():
            if name in self._paths or name.startswith(OWN_TAG):
                known = latest.get(name)
                if known is None or (at, body_id) > known:
                    latest[name] = at, body_id
                    found |= known is None or known[1] != body_id
        return found

    def forget(self) -> None:
        self._latest.clear()


class Unread:
    """Jobs and datasets that events told of, until their words are looked at; those that wait longest first."""

    def __init__(self) -> None:
        self._since: dict[words.Noun, dict[int, float]] = {noun: {} for noun in words.NOUNS}
        self._jobs, self._written, self._read = _Told(JOB_PATHS), _Told(DATASET_PATHS), _Told(DATASET_PATHS)

    def add(self, changes: Changes) -> None:
        """To be called when ``changes`` are committed. Of too many, none is remembered: they are for the next round."""
        now = time.monotonic()
        jobs, datasets = self._since[words.JOBS], self._since[words.DATASETS]
        for key, job in changes.jobs.items():
            if job.facets and self._jobs.is_new(key, job.facets):
                jobs.setdefault(key, now)
        for key, dataset in changes.datasets.items():
            if dataset.facets and self._written.is_new(key, dataset.facets):
                datasets.setdefault(key, now)
            if dataset.read_facets and self._read.is_new(key, dataset.read_facets):
                datasets.setdefault(key, now)
        for since in (jobs, datasets):
            if len(since) > _MOST:
                since.clear()

    def forget(self) -> None:
        """To be called when something was erased: its words are gone, whatever was told."""
        for told in (self._jobs, self._written, self._read):
            told.forget()

    @contextmanager
    def taken(self, noun: words.Noun) -> Iterator[list[int]]:
        """Ids for one step, which wait no longer; unless it fails."""
        step = dict(islice(self._since[noun].items(), words.STEP))
        for key in step:
            del self._since[noun][key]
        try:
            yield list(step)
        except BaseException:
            self._since[noun] = step | self._since[noun]
            raise

    def lag(self) -> float:
        """Seconds for which the first of them has been waiting; 0 if none is."""
        oldest = [next(iter(since.values())) for since in self._since.values() if since]
        return time.monotonic() - min(oldest) if oldest else 0.0

    def __bool__(self) -> bool:
        return any(self._since.values())


@asynccontextmanager
async def running_indexer(url: str, *, rounds: bool = False) -> AsyncIterator[Unread]:
    """What is added to the ``Unread`` is soon found. ``rounds`` is for services, which last."""
    unread = Unread()
    metrics.SEARCH_LAG.set_function(unread.lag)
    works: list[_Work] = [partial(_follow, unread=unread), *([_go_round] if rounds else [])]
    tasks = [asyncio.create_task(_keep_up(url, work), name="indexer") for work in works]
    try:
        yield unread
    finally:
        await end(*tasks)
        if unread:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await _keep_up(url, partial(_catch_up, unread=unread))


async def _keep_up(url: str, work: _Work) -> None:
    """Works to the end, if it has one. Whatever happens, events go on."""
    while True:
        try:
            async with await connect(url) as conn:
                return await work(conn)
        except Exception as error:  # noqa: BLE001 - search falls behind, and nothing else
            _log.warning("search by content falls behind", exc_info=error)
            await asyncio.sleep(_AGAIN_S)


async def _follow(conn: Connection, unread: Unread) -> None:
    while True:
        await asyncio.sleep(_GATHER_S)
        await _catch_up(conn, unread)


async def _catch_up(conn: Connection, unread: Unread) -> None:
    while unread:
        started = time.monotonic()
        for noun in words.NOUNS:
            with unread.taken(noun) as ids:
                await words.renew(conn, noun, ids)
        await _rest(started)


async def _go_round(conn: Connection) -> None:
    while True:
        if await _is_ours(conn):
            started, stale = time.monotonic(), 0
            async for found in words.renew_all(conn):
                stale += found
                await _rest(started)
                started = time.monotonic()
            if stale:
                _log.info("the words of %d jobs and datasets were stale", stale)
        await asyncio.sleep(_ROUND_S)


async def _is_ours(conn: Connection) -> bool:
    row = await (await conn.execute("SELECT pg_try_advisory_lock(%s)", [_ROUNDS])).fetchone()
    return row == (True,)


async def _rest(since: float) -> None:
    """As long as was worked, so that no more than half of a core is ever taken from the events."""
    await asyncio.sleep(time.monotonic() - since)
