"""How fast events are taken in, as ratios to two ceilings measured in the same run.

    python -m benchmarks.ingest [--seconds 5] [--rounds 3] [--stored 1000000]

Single events over HTTP are compared with a bare route that does one INSERT a request (``benchmarks.ceiling``), and bulk with
a bare log written by COPY in batches of 500. The cells of a round follow one another, every second round backwards, and a
figure is the median of the rounds. With ``--stored`` the same cells are measured on the empty store and on one of so many events.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from itertools import cycle, islice
from statistics import median
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.installation import (
    Cost,
    Installation,
    Service,
    ceiling,
    environment,
    installation,
    run_timed,
)
from benchmarks.load import ARRAY, NDJSON, SINGLE, Events, Generators, Load, Measured
from benchmarks.report import machine, save, table
from benchmarks.warehouse import Warehouse
from headwater.ingest.prepare import compress

CONNECTIONS = (1, 8, 32, 128)
BATCH_CONNECTIONS = (1, 4)
_BATCH = 500
_MOST = 4_000  # events a second for which requests are made beforehand; a faster service ends a cell early
_MOST_BARE = 6_000
_WARM_UP_RUNS = 3_000
_COPIED = 10_000  # different events for COPY, over and over


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement; times of the processor are µs an event. ``others`` are the cores that everything else on the machine
    took meanwhile: with more than a few hundredths of one, only ratios of cells with like values mean something."""

    events_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    service_us: float
    postgres_us: float
    client_us: float
    rss_mib: float
    failures: float
    others: float

    @staticmethod
    def of_rounds(cells: list[Cell]) -> Cell:
        return Cell(*(median(getattr(c, f.name) for c in cells) for f in fields(Cell)))


class Bench:
    """Runs cells against one installation; each cell takes runs that none had before."""

    def __init__(self, place: Installation, bare_url: str, generators: Generators, jobs: int) -> None:
        self._place = place
        self._bare_url = bare_url
        self._generators = generators
        self._jobs = jobs
        self._next = 0

    def runs(self, count: int) -> int:
        """Number of the first of ``count`` fresh runs."""
        first, self._next = self._next, self._next + count
        return first

    def events(self, count: int) -> Iterator[bytes]:
        return Warehouse(self._jobs).events(self.runs(count), count)

    def http(self, service: Service, form: str, connections: int, seconds: float, most: int = _MOST) -> Cell:
        most = most // 4 if form == SINGLE and connections == 1 else most
        runs = int(most * seconds / 2)
        source = Events(self._jobs, self.runs(runs), runs, form, _BATCH)
        cost = Cost(service.process, self._place.postgres)
        measured = self._generators.run(Load(service.port, source, connections, seconds))
        return _cell(measured, _events_of(measured, source), cost.stop(), service.process.rss_mib())

    def copy(self, seconds: float) -> Cell:
        """Batches of 500 into the bare log, each durable before the next; the service's part is the compressing client."""
        events = cycle(list(self.events(_COPIED // 2)))
        measured, written = Measured(), 0
        cost, started = Cost(None, self._place.postgres), time.perf_counter()
        with psycopg.connect(self._bare_url, autocommit=True) as conn:
            while time.perf_counter() - started < seconds:
                _copy(conn, islice(events, _BATCH))
                written += _BATCH
        measured.seconds = time.perf_counter() - started
        return _cell(measured, written, cost.stop(), 0.0)


def _events_of(measured: Measured, source: Events) -> int:
    accepted = measured.statuses[201] + measured.statuses[204] + measured.statuses[200]
    return accepted if source.form == SINGLE else min(accepted * source.size, source.runs * 2)


def _copy(conn: psycopg.Connection[Any], batch: Iterable[bytes]) -> None:
    with conn.transaction(), conn.cursor().copy("COPY bare_log (body) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["bytea"])
        for event in batch:
            copy.write_row([compress(event)])


def _cell(measured: Measured, events: int, cost: tuple[float, float, float], rss: float) -> Cell:
    service_s, postgres_s, machine_s = cost
    each = 1e6 / max(events, 1)
    known_s = service_s + postgres_s + measured.client_cpu_s + measured.making_cpu_s
    return Cell(
        events_per_s=events / measured.seconds,
        p50_ms=measured.percentile(50),
        p95_ms=measured.percentile(95),
        p99_ms=measured.percentile(99),
        service_us=service_s * each,
        postgres_us=postgres_s * each,
        client_us=measured.client_cpu_s * each,
        rss_mib=rss,
        failures=measured.failures,
        others=max(0.0, machine_s - known_s) / measured.seconds,
    )


# ---------------------------------------------------------------- what is measured

Cells = dict[str, Callable[[], Cell]]


def _cells(bench: Bench, service: Service, bare: Service, seconds: float) -> Cells:
    cells: Cells = {}
    for c in CONNECTIONS:
        cells[f"single {c}"] = lambda c=c: bench.http(service, SINGLE, c, seconds)  # type: ignore[misc]
        cells[f"bare insert {c}"] = lambda c=c: bench.http(bare, SINGLE, c, seconds, _MOST_BARE)  # type: ignore[misc]
    for form in (NDJSON, ARRAY):
        for c in BATCH_CONNECTIONS:
            cells[f"{form} {c}"] = lambda f=form, c=c: bench.http(service, f, c, seconds)  # type: ignore[misc]
    cells["bare copy"] = lambda: bench.copy(seconds)
    return cells


def _measured(cells: Cells, rounds: int) -> dict[str, Cell]:
    found: dict[str, list[Cell]] = {name: [] for name in cells}
    for number in range(rounds):
        order = list(cells) if number % 2 == 0 else list(reversed(cells))
        for name in order:
            cell = cells[name]()
            found[name].append(cell)
            print(f"round {number + 1} {name:<16} {cell.events_per_s:>8,.0f} events/s   others {cell.others:.2f}", flush=True)
    return {name: Cell.of_rounds(of_rounds) for name, of_rounds in found.items()}


def _warm_up(bench: Bench, service: Service, bare: Service) -> None:
    """Every job has run three times before the clock starts, and both routes have all their connections."""
    bench.http(service, NDJSON, 1, 20.0, _WARM_UP_RUNS * 2 // 20)
    bench.http(service, SINGLE, 32, 1.0)
    bench.http(bare, SINGLE, 32, 1.0)


def _commands(bench: Bench, place: Installation) -> dict[str, Any]:
    """``headwater ingest FILE`` and ``headwater events replay``; starting Python is measured apart and taken off."""
    path = place.data_dir / "events.ndjson"
    count = 20_000
    path.write_bytes(b"\n".join(bench.events(count // 2)))
    empty = place.data_dir / "empty.ndjson"
    empty.touch()
    idle_s, idle_cpu_s = run_timed(place.command("ingest", str(empty)))
    found: dict[str, Any] = {"start_s": idle_s}
    [(total,)] = place.query("SELECT count(*) FROM lineage_events")
    assert isinstance(total, int)
    for name, events, arguments in (
        ("ingest file", count, ("ingest", str(path))),
        ("replay", total + count, ("events", "replay")),
    ):
        cost = Cost(None, place.postgres)
        seconds, cpu = run_timed(place.command(*arguments))
        found[name] = {
            "events": events,
            "events_per_s": events / (seconds - idle_s),
            "service_us": (cpu - idle_cpu_s) / events * 1e6,
            "postgres_us": cost.stop()[1] / events * 1e6,
        }
    path.unlink()
    return found


_TABLES = """
SELECT coalesce(p.relname, c.relname), sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
GROUP BY 1 ORDER BY 2 + 3 DESC
"""


def _sizes(place: Installation, event_bytes: float) -> dict[str, Any]:
    [(events,)] = place.query("SELECT count(*) FROM lineage_events")
    assert isinstance(events, int)
    tables = {str(name): (int(str(rows)), int(str(indexes))) for name, rows, indexes in place.query(_TABLES)}
    total = sum(rows + indexes for rows, indexes in tables.values())
    return {
        "events": events,
        "event_bytes": event_bytes,
        "stored_bytes_per_event": total / events,
        "ratio": total / events / event_bytes,
        "tables_bytes_per_event": {n: (r / events, i / events) for n, (r, i) in tables.items() if r + i > events},
    }


def _event_bytes(jobs: int) -> float:
    sizes = [len(event) for event in Warehouse(jobs).events(0, jobs)]
    return sum(sizes) / len(sizes)


def _fill(place: Installation, bench: Bench, events: int) -> dict[str, float]:
    """Through ``headwater ingest -``, the fastest way in."""
    started = time.perf_counter()
    with subprocess.Popen(place.command("ingest", "-"), stdin=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None
        for event in bench.events(events // 2):
            process.stdin.write(event + b"\n")
        process.stdin.close()
        if process.wait():
            raise RuntimeError("headwater ingest failed")
    seconds = time.perf_counter() - started
    place.come_to_rest()
    return {"events": events, "seconds": seconds, "events_per_s": events / seconds}


# ---------------------------------------------------------------- what is told


def _markdown(results: dict[str, Any]) -> str:
    cells: dict[str, Cell] = results["cells"]
    parts = [_singles(cells), _bulk(cells, results.get("commands"))]
    if sizes := results.get("sizes"):
        parts.append(_size_table(sizes))
    if stored := results.get("stored"):
        parts.append(_stored_table(cells, stored))
    return "\n\n".join(parts)


def _singles(cells: dict[str, Cell]) -> str:
    headings = [
        "single events, connections", "events/s", "bare INSERT", "ratio", "p50 ms", "p95", "p99", "bare p50", "bare p99",
        "service µs", "PostgreSQL µs", "bare: route µs", "PostgreSQL µs", "client µs", "RSS MiB", "failures", "others: cores",
    ]  # fmt: skip
    rows = []
    for c in CONNECTIONS:
        ours, bare = cells[f"single {c}"], cells[f"bare insert {c}"]
        rows.append([
            c, ours.events_per_s, bare.events_per_s, ours.events_per_s / bare.events_per_s, ours.p50_ms, ours.p95_ms,
            ours.p99_ms, bare.p50_ms, bare.p99_ms, ours.service_us, ours.postgres_us, bare.service_us, bare.postgres_us,
            ours.client_us, ours.rss_mib, ours.failures, (ours.others + bare.others) / 2,
        ])  # fmt: skip
    return table(headings, rows)


def _bulk(cells: dict[str, Cell], commands: dict[str, Any] | None) -> str:
    ceiling_rate = cells["bare copy"].events_per_s
    rows: list[list[object]] = []
    for name in (*(f"{f} {c}" for f in (NDJSON, ARRAY) for c in BATCH_CONNECTIONS), "bare copy"):
        cell = cells[name]
        rows.append([
            name, cell.events_per_s, cell.events_per_s / ceiling_rate, cell.p50_ms or None, cell.p99_ms or None, cell.service_us,
            cell.postgres_us, cell.rss_mib or None,
        ])  # fmt: skip
    for name, found in (commands or {}).items():
        if isinstance(found, dict):
            rate = found["events_per_s"]
            rows.append([name, rate, rate / ceiling_rate, None, None, found["service_us"], found["postgres_us"], None])
    return table(["bulk", "events/s", "ratio to bare COPY", "p50 ms", "p99 ms", "service µs", "PostgreSQL µs", "RSS MiB"], rows)


def _size_table(sizes: dict[str, Any]) -> str:
    rows = [[name, *pair] for name, pair in sizes["tables_bytes_per_event"].items()]
    told = (
        f"{sizes['events']:,} events of {sizes['event_bytes']:,.0f} bytes take {sizes['stored_bytes_per_event']:,.0f} bytes each,"
        f" indexes included: {sizes['ratio']:.2f} of their own size."
    )
    return told + "\n\n" + table(["table", "bytes an event", "its indexes"], rows)


def _stored_table(empty: dict[str, Cell], stored: dict[str, Any]) -> str:
    rows = [
        [name, empty[name].events_per_s, cell.events_per_s, cell.events_per_s / empty[name].events_per_s]
        for name, cell in stored["cells"].items()
    ]
    events = stored["fill"]["events"]
    return table(["", "events/s, empty store", f"with {events:,} events", "ratio"], rows)


# ---------------------------------------------------------------- the run


def _bare_database(place: Installation) -> str:
    """In the same server, so that both are on the same disk with the same settings."""
    with psycopg.connect(place.url, autocommit=True) as conn:
        conn.execute("CREATE DATABASE ceiling")
    return make_conninfo(place.url, dbname="ceiling")


def run(jobs: int, seconds: float, rounds: int, stored: int) -> dict[str, Any]:
    results: dict[str, Any] = {"machine": machine(), "jobs": jobs, "seconds": seconds, "rounds": rounds}
    with ExitStack() as stack:
        place = stack.enter_context(installation())
        service = stack.enter_context(place.serving())
        bare_url = _bare_database(place)
        bare = stack.enter_context(ceiling(bare_url))
        bench = Bench(place, bare_url, stack.enter_context(Generators()), jobs)
        _warm_up(bench, service, bare)
        cells = _cells(bench, service, bare, seconds)
        results["cells"] = _measured(cells, rounds)
        results["peak_rss_mib"] = service.process.peak_rss_mib()
        results["sizes"] = _sizes(place, _event_bytes(jobs))
        if stored:
            fill = _fill(place, bench, stored)
            again = _measured({n: c for n, c in cells.items() if not n.startswith("bare")}, rounds)
            results["stored"] = {"fill": fill, "cells": again, "sizes": _sizes(place, _event_bytes(jobs))}
        else:
            results["commands"] = _commands(bench, place)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each cell")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stored", type=int, default=0, help="events to fill the store with before measuring again")
    given = parser.parse_args()
    results = run(given.jobs, given.seconds, given.rounds, given.stored)
    name = "ingest-stored" if given.stored else "ingest"
    save(name, json.loads(json.dumps(results, default=asdict)), _markdown(results))


if __name__ == "__main__":
    main()
