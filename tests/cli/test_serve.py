"""The service as a process: it says where it is, answers, and ends when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from headwater.db import migrate

SERVE = [sys.executable, "-c", "from headwater.cli import main; main()", "serve", "--port", "0"]


class Service:
    def __init__(self, **environment: str) -> None:
        self.process = subprocess.Popen(
            SERVE,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.announcement = self.process.stdout.readline()

    def get(self, path: str) -> int:
        (url,) = re.findall(r"http://\S+", self.announcement)
        with urllib.request.urlopen(url + path, timeout=10) as response:
            return int(response.status)

    def end(self, number: int) -> tuple[int, str]:
        """Exit status, and what it wrote to stderr."""
        self.process.send_signal(number)
        _, written = self.process.communicate(timeout=30)
        return self.process.returncode, written


@contextmanager
def _serving(**environment: str) -> Iterator[Service]:
    service = Service(**environment)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop(empty_database: str, number: int) -> None:
    with _serving(HEADWATER_DATABASE_URL=empty_database) as service:
        assert "http://127.0.0.1:" in service.announcement
        assert service.get("/health/live") == 200
        status, written = service.end(number)
    assert status == 0
    assert "Traceback" not in written
    assert all(json.loads(line)["time"] for line in written.splitlines())
    assert migrate.check(empty_database) == []


def test_leaves_the_schema_alone_if_it_is_to(empty_database: str) -> None:
    environment = {"HEADWATER_DATABASE_URL": empty_database, "HEADWATER_MIGRATE_ON_START": "false"}
    with _serving(**environment) as service:
        _, written = service.process.communicate(timeout=60)
    assert service.process.returncode == 1
    assert "`headwater db upgrade` brings it there" in written
    assert "Traceback" not in written
    with psycopg.connect(empty_database) as conn:
        assert conn.execute("SELECT to_regclass('jobs')").fetchone() == (None,)


def test_says_why_it_cannot_start() -> None:
    with _serving(HEADWATER_DATABASE_URL="postgresql://me:secret@127.0.0.1:1/d") as service:
        _, written = service.process.communicate(timeout=60)
    assert service.process.returncode == 1
    assert "The database cannot be reached" in written
    assert "secret" not in written
