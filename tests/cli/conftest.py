"""``headwater`` runs the command as ``main`` does, in this process."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.conftest import Server, cloned, served

from headwater import logs
from headwater.cli import main
from headwater.cli.client import Client


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


Command = Callable[..., Done]


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.fixture
def headwater(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Its arguments are the command's; ``stdin`` is what comes from there. Wide lines stay whole."""

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["headwater", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", _Stdin(stdin))
        capsys.readouterr()
        try:
            main()
            status: Any = 0
        except SystemExit as end:
            status = end.code
        return Done(int(status or 0), *capsys.readouterr())

    # What it sets would outlive the test.
    monkeypatch.setattr(logs, "configure", lambda level: None)
    monkeypatch.setattr(logging.getLogger("psycopg"), "level", logging.WARNING)
    return run


@pytest.fixture
def on_database(monkeypatch: pytest.MonkeyPatch, database: str) -> str:
    """The settings name a fresh database; its URL."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("HEADWATER_MIGRATE_ON_START", "false")  # it is migrated
    return database


@pytest.fixture
def on_service(monkeypatch: pytest.MonkeyPatch, service_url: str) -> str:
    """The commands ask a service on a fresh database; its URL."""
    monkeypatch.setenv("HEADWATER_URL", service_url)
    return service_url


@pytest.fixture(scope="module")
def told_service(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """A service that was sent the events that the module has as ``SENT``; its URL."""
    with cloned(server.url, server.template) as database, served(database) as url:
        body = json.dumps(request.module.SENT).encode()
        Client(url).post("lineage", "batch", body=body, content_type="application/json")
        yield url


@pytest.fixture
def on_told_service(monkeypatch: pytest.MonkeyPatch, told_service: str) -> None:
    """The commands ask that service."""
    monkeypatch.setenv("HEADWATER_URL", told_service)
