"""What is measured: ``headwater serve`` on a data folder of its own, its PostgreSQL, and what both cost. Linux only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

import psycopg

from headwater.db.embedded import embedded_server

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Process:
    pid: int

    def cpu_s(self) -> float:
        """User and system time, of ended children too."""
        return _cpu_s(self.pid)

    def rss_mib(self) -> float:
        return self._status("VmRSS") / 1024

    def peak_rss_mib(self) -> float:
        return self._status("VmHWM") / 1024

    def _status(self, key: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1])
        return 0


class Postgres(Process):
    """The postmaster with all its children."""

    __slots__ = ()

    def cpu_s(self) -> float:
        return Process.cpu_s(self) + sum(_cpu_s(pid) for pid in _children(self.pid))


@dataclass(frozen=True, slots=True)
class Installation:
    data_dir: Path
    url: str
    postgres: Postgres

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            return conn.execute(statement.encode()).fetchall()

    def come_to_rest(self) -> None:
        """Does at once what autovacuum would do in the next minutes, and the next figures would show as PostgreSQL's."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute("VACUUM (ANALYZE)")

    def read_all(self) -> None:
        """So that the operating system has all files in memory, and no figure depends on what it had dropped of them."""
        for path in (self.data_dir / "postgres" / "base").rglob("*"):
            with suppress(FileNotFoundError, IsADirectoryError), path.open("rb", buffering=0) as file:
                while file.read(_MIB):
                    pass

    def analyze(self) -> None:
        """As autovacuum would in a minute."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute("ANALYZE")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "headwater", *arguments, "--data-dir", str(self.data_dir)]

    @contextmanager
    def serving(self) -> Iterator[Service]:
        """A service on a free port."""
        with _started(self.command("serve", "--port", "0")) as (process, line):
            port = int(line.split("http://")[1].split()[0].rpartition(":")[2])
            yield Service(Process(process.pid), port)


@dataclass(frozen=True, slots=True)
class Service:
    process: Process
    port: int


@contextmanager
def installation(settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Installation]:
    """An empty data folder and its running server; both are gone afterwards. ``settings`` are PostgreSQL's."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that nothing stays behind then either
    with tempfile.TemporaryDirectory(prefix="hw-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # for the server's user, where we are root
        with embedded_server(folder, settings=settings) as url:
            pid = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
            yield Installation(folder, url, Postgres(pid))


@contextmanager
def ceiling(url: str) -> Iterator[Service]:
    """The bare route of ``benchmarks.ceiling``."""
    with _started([sys.executable, "-m", "benchmarks.ceiling", url]) as (process, line):
        yield Service(Process(process.pid), int(line))


@contextmanager
def memory(answers: Mapping[str, str]) -> Iterator[Service]:
    """Answers by path, from memory: see ``benchmarks.memory``."""
    with tempfile.TemporaryFile("w+") as told:
        json.dump(answers, told)
        told.seek(0)
        with _started([sys.executable, "-m", "benchmarks.memory"], told) as (process, line):
            yield Service(Process(process.pid), int(line))


@contextmanager
def _started(command: list[str], told: IO[str] | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process with the first line that it prints, once it does. ``told`` is its standard input."""
    process = subprocess.Popen(command, stdin=told, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command[1:4]} ended with status {process.wait()} before it was ready")
        yield process, line
    finally:
        process.terminate()
        try:
            process.wait(_START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """Ours without anything that would configure the service."""
    return {k: v for k, v in os.environ.items() if not k.startswith("HEADWATER_") and k != "DATABASE_URL"}


class Cost:
    """Processor time from its making to ``stop``: of the service, of PostgreSQL, and of everything on the machine."""

    def __init__(self, service: Process | None, postgres: Process) -> None:
        self._service, self._postgres = service, postgres
        self._began = self._now()

    def stop(self) -> tuple[float, float, float]:
        service, postgres, machine = (now - began for now, began in zip(self._now(), self._began, strict=True))
        return service, postgres, machine

    def _now(self) -> tuple[float, float, float]:
        return self._service.cpu_s() if self._service else time.process_time(), self._postgres.cpu_s(), busy_s()


def run_timed(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of the processor that a command takes. Raises CalledProcessError."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment())
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, cpu


def busy_s() -> float:
    """Processor time of the whole machine since it started, idle and waiting times left out."""
    user, nice, system, _, _, interrupts, soft, stolen = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) * _TICK


def load_average() -> float:
    return os.getloadavg()[0]


def _cpu_s(pid: int) -> float:
    """0 for a process that is gone: its parent has its time by then."""
    try:
        return sum(map(int, _stat(pid)[11:15])) * _TICK
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the command's name, which may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int(_stat(int(entry.name))[1]) == parent:
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
    return found
