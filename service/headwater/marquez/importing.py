"""An import from its first event to its last noun. It may be stopped at any time, and goes on from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from headwater import ids
from headwater.catalog import runs
from headwater.catalog.namespaces import get_namespace
from headwater.db.pool import Connection
from headwater.errors import HeadwaterError, Invalid, NotFound, Unavailable
from headwater.ingest import dead_letters, erase, imports, logged, writes
from headwater.ingest.files import Found
from headwater.ingest.load import Loader
from headwater.marquez import known, telling
from headwater.marquez.form import in_one_form
from headwater.marquez.nouns import ANONYMOUS, Dataset, Job, Marquez, Namespace, iso

_STEP = 1_000  # events after which the place to go on is kept: the writer has to come to rest for it


class Report(Protocol):
    def __call__(self, done: float, total: float, note: str) -> None: ...


class Import:
    """``take`` it. ``counts`` is what Marquez has, by noun, and ``unread`` what it would not show, with what it said; what became
    of the events is in the loader's tally.

    ``conn`` is to headwater's database, and must not be the writer's.
    """

    def __init__(self, marquez: Marquez, conn: Connection, loader: Loader, report: Report) -> None:
        self.counts: Counter[str] = Counter()
        self.unread: list[str] = []
        self._marquez = marquez
        self._conn = conn
        self._loader = loader
        self._report = report
        self._refused: set[UUID] = set()  # by an earlier import
        self._erased: set[writes.Erase] = set()  # here, for good
        self._uris: dict[str, str | None] = {}  # of sources
        self._first = True  # nothing was imported from there before: what is deleted there is to be deleted here

    async def take(self) -> None:
        """Raises what reading Marquez does, and Unavailable when headwater's database is away."""
        source = self._marquez.name
        state = await imports.find(self._conn, source)
        self._first = not state.finished
        self._erased = await erase.erased(self._conn)
        self._refused = await dead_letters.find_ids(self._conn, source)
        await self._take_events(state.reached)
        await self._take_nouns()
        await imports.finish(self._conn, source)

    # ---------------------------------------------------------------- events

    async def _take_events(self, since: datetime | None) -> None:
        done = kept = 0
        total = await self._marquez.event_count(since)
        async with aclosing(self._marquez.events(since)) as chunks:
            async for chunk in chunks:
                await self._add([in_one_form(body) for body in chunk.bodies])
                done += len(chunk.bodies)
                if done - kept >= _STEP:
                    await self._keep(chunk.reached)
                    kept = done
                self._report(min(done, total), total, f"{done:,} events")
        await self._loader.finish()

    async def _keep(self, reached: datetime) -> None:
        """As where to go on, once all before is durable."""
        await self._loader.finish()
        await imports.reach(self._conn, self._marquez.name, reached)

    async def _log(self, bodies: list[bytes]) -> None:
        """Durable when it returns."""
        if bodies:
            await self._add(bodies)
            await self._loader.finish()

    async def _add(self, bodies: list[bytes]) -> None:
        """What is there is passed over: written again it would show what was deleted since."""
        there = await logged.find(self._conn, bodies) | self._refused
        for body in bodies:
            if ids.event_id(body) in there:
                self._loader.tally.duplicate += 1
            else:
                await self._loader.add(self._marquez.name, Found(body, ""))

    # ---------------------------------------------------------------- what no event tells

    async def _take_nouns(self) -> None:
        namespaces = [namespace async for namespace in self._marquez.namespaces()]
        await self._take_sources()
        await self._take_tags(min((namespace.created_at for namespace in namespaces), default=datetime.now(UTC)))
        for namespace in namespaces:
            await self._take_namespace(namespace)

    async def _take_sources(self) -> None:
        async for source in self._marquez.sources():
            self._uris[source.name] = source.connection_url
            shown = await known.find_source(self._conn, source.name)
            if shown and (not telling.says_more(source, shown) or await known.is_source_put(self._conn, source.name)):
                continue
            await self._log([telling.source(source)])

    async def _take_tags(self, time: datetime) -> None:
        """Marquez does not say when a tag was told: ``time`` is before all that may be said of it here."""
        async for tag in self._marquez.tags():
            self._count("tags")
            if not await known.has_tag(self._conn, tag.name, tag.description):
                await self._log([telling.tag(tag, iso(time))])

    async def _take_namespace(self, namespace: Namespace) -> None:
        self._count("namespaces")
        owner, description, hidden = await self._known_of(namespace)
        if event := telling.namespace(namespace, owner, description):
            await self._log([event])
        await self._unless_refused(f"datasets of {namespace.name}", self._take_datasets(namespace.name))
        await self._unless_refused(f"jobs of {namespace.name}", self._take_jobs(namespace.name))
        if namespace.is_hidden and not hidden:
            await self._hide(writes.Hide(namespace.name))

    async def _unless_refused(self, what: str, taking: Awaitable[None]) -> None:
        """Some names make Marquez answer 500 to whatever lists them: that must not cost the rest."""
        try:
            await taking
        except (Unavailable, Invalid):
            raise
        except HeadwaterError as error:
            self.unread.append(f"{what}: {error.message}")

    async def _known_of(self, namespace: Namespace) -> tuple[str, str | None, bool]:
        try:
            shown = await get_namespace(self._conn, namespace.name)
        except NotFound:
            return ANONYMOUS, None, False
        return shown.ownerName, shown.description, shown.isHidden

    async def _take_datasets(self, namespace: str) -> None:
        async for dataset in self._marquez.datasets(namespace):
            await self._unless_refused(f"dataset {dataset.name} of {namespace}", self._take_dataset(dataset))

    async def _take_jobs(self, namespace: str) -> None:
        async for job in self._marquez.jobs(namespace):
            await self._unless_refused(f"job {job.name} of {namespace}", self._take_job(job))

    async def _take_dataset(self, dataset: Dataset) -> None:
        name = (dataset.namespace, dataset.name)
        shown = await known.find_dataset(self._conn, *name)
        if dataset.is_hidden:
            if shown:
                await self._hide(writes.Hide(dataset.namespace, dataset=dataset.name))
            return
        self._count("datasets")
        if self._is_erased(writes.Erase(dataset.namespace, dataset=dataset.name)):
            return
        uri = self._uris.get(dataset.source_name or "")
        if shown:
            await self._log([*telling.added_to_dataset(dataset, uri, shown)])
        elif not await known.has_dataset(self._conn, *name):
            await self._log([telling.whole_dataset(dataset, uri)])
        if shown is None or (shown.namespace, shown.name) == name:  # an alias has the versions of what it stands for
            self.counts["dataset versions"] += await self._marquez.version_count(dataset)

    async def _take_job(self, job: Job) -> None:
        name = (job.namespace, job.name)
        if job.is_hidden:
            if await known.find_job(self._conn, *name):
                await self._hide(writes.Hide(job.namespace, job=job.name))
            return
        self._count("jobs")
        if self._is_erased(writes.Erase(job.namespace, job=job.name)):
            return
        latest = {run.id for run in job.latest_runs or []}
        of_events = await runs.of_events(self._conn, latest)
        if await known.has_job(self._conn, *name):
            await self._add_to_job(job)
        elif not of_events:  # else headwater has it under another name: Marquez changes some namespaces and parents
            await self._log([telling.whole_job(job)])
        await self._take_runs(job, known_by_events=latest == of_events)

    async def _add_to_job(self, job: Job) -> None:
        if telling.may_say_more(job) and (shown := await known.find_job(self._conn, job.namespace, job.name)):
            await self._log([*telling.added_to_job(job, shown)])

    async def _take_runs(self, job: Job, *, known_by_events: bool) -> None:
        """All are asked for only where the number or the latest of them (``known_by_events``) say that events did not tell of
        all: a million runs are ten thousand requests."""
        count = await self._marquez.run_count(job)
        self.counts["runs"] += count
        if known_by_events and count == await known.run_count(self._conn, job.namespace, job.name):
            return
        async for run in self._marquez.runs(job):
            if not await runs.of_events(self._conn, [run.id]):
                await self._log([*telling.run(run, job)])

    def _is_erased(self, what: writes.Erase) -> bool:
        """By itself, or with its namespace: left alone then, also if events told of it since."""
        return not self._erased.isdisjoint([what, writes.Erase(what.namespace)])

    async def _hide(self, write: writes.Hide) -> None:
        """With the present time, as it is by arrival that a thing is heard of. Only at the first import: later ones would undo
        what was shown again here."""
        if self._first:
            await self._log([writes.event_of(write, iso(datetime.now(UTC)))])

    def _count(self, noun: str) -> None:
        self.counts[noun] += 1
        told = ", ".join(f"{self.counts[noun]:,} {noun}" for noun in ("namespaces", "datasets", "jobs"))
        self._report(0, 0, told)
