"""The load generator: runs in processes of its own, so that it is measured apart and does not wait for the runner."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

import uvloop

from benchmarks.http import Answer, Connection, connect, get, post
from benchmarks.warehouse import Warehouse

SINGLE, NDJSON, ARRAY = "single", "ndjson", "array"
_PATHS = {SINGLE: "/api/v1/lineage", NDJSON: "/api/v1/lineage/batch", ARRAY: "/api/v1/lineage/batch"}


@dataclass(frozen=True, slots=True)
class Events:
    """``runs`` runs of a warehouse, two events each, one or ``size`` of them in a request."""

    jobs: int
    first: int
    runs: int
    form: str = SINGLE
    size: int = 500

    def requests(self) -> Iterator[bytes]:
        events = _warehouse(self.jobs).events(self.first, self.runs)
        if self.form == SINGLE:
            yield from (post(_PATHS[SINGLE], event) for event in events)
            return
        while batch := list(islice(events, self.size)):
            yield self._batch(batch)

    def _batch(self, events: list[bytes]) -> bytes:
        if self.form == NDJSON:
            return post(_PATHS[NDJSON], b"\n".join(events), "application/x-ndjson")
        return post(_PATHS[ARRAY], b"[" + b",".join(events) + b"]")


@dataclass(frozen=True, slots=True)
class Gets:
    paths: tuple[str, ...]
    times: int

    def requests(self) -> Iterator[bytes]:
        for _ in range(self.times):
            yield from map(get, self.paths)


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask of whom. Ends after ``seconds``, or when all is asked; ``rate`` is in requests a second, 0 is no limit."""

    port: int
    source: Events | Gets
    connections: int
    seconds: float
    rate: float = 0.0


@dataclass(slots=True)
class Measured:
    requests: int = 0
    seconds: float = 0.0
    client_cpu_s: float = 0.0
    making_cpu_s: float = 0.0  # of what is sent, before the clock starts
    received: int = 0  # bytes of bodies
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)  # seconds, in the order of the answers

    def percentile(self, percent: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else 0.0

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def failures(self) -> int:
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)


class Generators:
    """Processes that make load; closed at the end of the ``with`` block."""

    def __init__(self, processes: int = 1) -> None:
        self._pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Generators:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, load: Load) -> Measured:
        return self._pool.submit(drive, load).result()

    def begin(self, load: Load) -> Background:
        return Background(self._pool, load)


class Background:
    """Load beside which something else is measured."""

    def __init__(self, pool: ProcessPoolExecutor, load: Load) -> None:
        self._future = pool.submit(drive, load)

    def result(self) -> Measured:
        return self._future.result()


@lru_cache(maxsize=4)
def _warehouse(jobs: int) -> Warehouse:
    return Warehouse(jobs)


def drive(load: Load) -> Measured:
    """What is sent is made before the clock starts, unless its pace leaves time for it."""
    cpu = time.process_time()
    requests: Iterable[bytes] = load.source.requests()
    if not load.rate:
        requests = list(requests)
    making = time.process_time() - cpu
    measured = uvloop.run(_drive(load, iter(requests)))
    measured.making_cpu_s = making
    return measured


async def _drive(load: Load, requests: Iterator[bytes]) -> Measured:
    connections = [await connect(load.port) for _ in range(load.connections)]
    measured = Measured()
    started, cpu = time.perf_counter(), time.process_time()
    pace = _Pace(load.rate, started)
    await asyncio.gather(*(_ask(c, requests, started + load.seconds, pace, measured) for c in connections))
    measured.seconds = time.perf_counter() - started
    measured.client_cpu_s = time.process_time() - cpu
    for connection in connections:
        connection.close()
    return measured


class _Pace:
    """Hands out the moments at which requests may start; late ones start at once."""

    def __init__(self, rate: float, started: float) -> None:
        self._step = 1 / rate if rate else 0.0
        self._next = started

    async def wait(self) -> None:
        if not self._step:
            return
        turn = self._next
        self._next += self._step
        await asyncio.sleep(max(0.0, turn - time.perf_counter()))


async def _ask(connection: Connection, requests: Iterator[bytes], until: float, pace: _Pace, measured: Measured) -> None:
    while time.perf_counter() < until:
        await pace.wait()
        request = next(requests, None)
        if request is None:
            return
        _note(measured, await connection.ask(request))


def _note(measured: Measured, answer: Answer) -> None:
    measured.requests += 1
    measured.received += len(answer.body)
    measured.statuses[answer.status] += 1
    measured.latencies.append(answer.seconds)
