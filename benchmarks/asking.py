"""What the runners of reads share: a store with a warehouse in it, and one question asked cold, warm, and by several at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import quote

from benchmarks.installation import Installation, Service
from benchmarks.load import NDJSON, Background, Events, Generators, Gets, Load
from benchmarks.report import table

_MOST = 20_000  # requests; time ends before
_PART = 50_000  # runs: 1 GB
_FILL_S = 3_600.0
_BETWEEN_S = 0.4  # what two cells take beside their own seconds
INGEST_RATE = 200.0  # events a second, where reads are measured beside ingest


@dataclass(frozen=True, slots=True)
class Asked:
    """Milliseconds, unless it says otherwise. ``first_ms`` is None where the service was warm already."""

    first_ms: float | None
    p50_ms: float
    p95_ms: float
    p50_8_ms: float  # with eight connections
    p95_8_ms: float
    per_s_8: float
    bytes: int
    failures: int
    events_per_s: float | None = None  # taken in meanwhile
    events_p99_ms: float | None = None


def percent(text: str) -> str:
    return quote(text, safe="")


def path(route: str, **parameters: object) -> str:
    query = "&".join(f"{key}={percent(str(value))}" for key, value in parameters.items())
    return f"/api/v1/{route}?{query}" if query else f"/api/v1/{route}"


def fill(place: Installation, generators: Generators, jobs: int, laps: int) -> float:
    """Runs every job ``laps`` times; gives the events per second. In parts, as each is made in memory before it is sent."""
    seconds = 0.0
    with place.serving() as service:
        for first in range(0, jobs * laps, _PART):
            source = Events(jobs, first, min(_PART, jobs * laps - first), NDJSON)
            measured = generators.run(Load(service.port, source, 2, _FILL_S - seconds))
            seconds += measured.seconds
            if measured.failures or seconds >= _FILL_S:
                raise RuntimeError(f"the store could not be filled in {seconds:.0f} s: {dict(measured.statuses)}")
    place.analyze()
    return jobs * laps * 2 / seconds


def cold(place: Installation, generators: Generators, paths: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds of the first request that a service answers; PostgreSQL stays warm."""
    return {name: _first(place, generators, asked) for name, asked in paths.items()}


def _first(place: Installation, generators: Generators, asked: str) -> float:
    with place.serving() as service:
        return generators.run(Load(service.port, Gets((asked,), 1), 1, 60.0)).latencies[0] * 1000


class Ingest:
    """Events that come in at INGEST_RATE while something else is measured."""

    def __init__(self, port: int, generators: Generators, jobs: int, first_run: int) -> None:
        self._port = port
        self._generators = generators
        self._jobs = jobs
        self._next = first_run

    def begin(self, seconds: float) -> Background:
        runs = int(INGEST_RATE * seconds / 2) + 1
        source = Events(self._jobs, self._next, runs)
        self._next += runs
        return self._generators.begin(Load(self._port, source, 8, seconds, INGEST_RATE))


def warm(
    service: Service,
    generators: Generators,
    paths: Mapping[str, str],
    seconds: float,
    first: Mapping[str, float] | None = None,
    ingest: Ingest | None = None,
) -> dict[str, Asked]:
    return {name: _asked(service, generators, asked, seconds, (first or {}).get(name), ingest) for name, asked in paths.items()}


def _asked(
    service: Service, generators: Generators, asked: str, seconds: float, first: float | None, ingest: Ingest | None
) -> Asked:
    generators.run(Load(service.port, Gets((asked,), 3), 1, 60.0))
    beside = ingest.begin(2 * seconds + _BETWEEN_S) if ingest else None
    one, eight = (generators.run(Load(service.port, Gets((asked,), _MOST), c, seconds)) for c in (1, 8))
    events = beside.result() if beside else None
    return Asked(
        first,
        one.percentile(50),
        one.percentile(95),
        eight.percentile(50),
        eight.percentile(95),
        eight.rate,
        one.received // max(one.requests, 1),
        one.failures + eight.failures + (events.failures if events else 0),
        events.rate if events else None,
        events.percentile(99) if events else None,
    )


def asked_table(asked: Mapping[str, Asked]) -> str:
    headings = ["GET", "first ms", "p50", "p95", "p50, 8 conn.", "p95, 8 conn.", "a second, 8 conn.", "bytes", "failures",
                "events/s", "their p99"]  # fmt: skip
    rows = [[name, *asdict(a).values()] for name, a in asked.items()]
    if all(a.events_per_s is None for a in asked.values()):
        headings, rows = headings[:-2], [row[:-2] for row in rows]
    return table(headings, rows)
