"""Fixtures that stand on a database: ``database`` the URL of a fresh, migrated one for each test, ``pool`` open on it.

The server is that of DATABASE_URL, else one in a container where a Docker engine answers, else the embedded one. All
pytest-xdist workers of a session share it: the first to need it starts it, and stops it when the others are done.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from headwater.db import migrate
from headwater.db.embedded import UNSAFE, embedded_server
from headwater.db.pool import Pool, open_pool

# How long an example takes says something of the machine only.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_DOCKER_ANSWERS_S = 0.5
_POLL_S = 0.1


class Server(NamedTuple):
    url: str  # of a database from which others can be made
    template: str  # name of a migrated database that nobody is connected to


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Server]:
    own = tmp_path_factory.getbasetemp()
    session = own if worker_id == "master" else own.parent  # which all workers share, and no other session
    record = session / "server.json"
    with ExitStack() as stack, (session / "users.lock").open("w") as users:
        with _turn(session):
            mine = not record.exists()
            if mine:
                record.write_text(json.dumps(stack.enter_context(_started())))
            fcntl.flock(users, fcntl.LOCK_SH)
        yield Server(*json.loads(record.read_text()))
        while mine and not _forgotten(session, users):
            time.sleep(_POLL_S)


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """URL of a fresh database with nothing in it."""
    with cloned(server.url, "template1") as url:
        yield url


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """URL of a fresh database at the head of the migrations."""
    with cloned(server.url, server.template) as url:
        yield url


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=4) as opened:
        yield opened


# ---------------------------------------------------------------- workers


@contextmanager
def _turn(session: Path) -> Iterator[None]:
    with (session / "turn.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forgotten(session: Path, users: IO[str]) -> bool:
    """Whether no other worker uses the server; then it is taken off the record, so that none will."""
    with _turn(session):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(users, fcntl.LOCK_SH)
            return False
        (session / "server.json").unlink()
        return True


# ---------------------------------------------------------------- servers


@contextmanager
def _started() -> Iterator[Server]:
    with ExitStack() as stack:
        url = os.environ.get("DATABASE_URL") or stack.enter_context(_container() if _docker_answers() else _embedded())
        with cloned(url, "template1") as migrated:
            migrate.upgrade(migrated)
            yield Server(url, str(conninfo_to_dict(migrated)["dbname"]))


@contextmanager
def _embedded() -> Iterator[str]:
    """Not below pytest's own folder, which is closed to the user that the server runs as in place of root."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-test-"))
    folder.chmod(0o711)
    try:
        with embedded_server(folder, settings=UNSAFE) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _container() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - only where it is needed: it is slow to load

    with PostgresContainer("postgres:17-alpine", driver=None) as container:
        yield container.get_connection_url()


def _docker_answers() -> bool:
    """Asked over the socket, since Docker's client waits long for an engine that is not there."""
    host = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    unix = host.scheme == "unix"
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as connection:
        connection.settimeout(_DOCKER_ANSWERS_S)
        try:
            connection.connect(host.path if unix else (host.hostname, host.port or 2375))
        except OSError:
            return False
        return True


@contextmanager
def cloned(url: str, template: str) -> Iterator[str]:
    name = f"headwater_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield _with_database(url, name)
    finally:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _with_database(url: str, name: str) -> str:
    # By hand: urlunsplit drops the empty host of postgresql://user@/database.
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    _, query_mark, query = path.partition("?")
    return f"{scheme}://{authority}/{name}{query_mark}{query}"


# ---------------------------------------------------------------- services


@pytest.fixture
def service_url(database: str) -> Iterator[str]:
    """URL of a service on ``database``, in a thread of this process."""
    with served(database) as url:
        yield url


@contextmanager
def served(database: str) -> Iterator[str]:
    import uvicorn  # noqa: PLC0415 - slow to load, and few tests need it

    from headwater.api.app import create_app  # noqa: PLC0415
    from headwater.settings import Settings  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = create_app(Settings(database_url=database), database)
        service = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on"))
        thread = threading.Thread(target=service.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not service.started and thread.is_alive():
                time.sleep(0.01)
            assert service.started
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            service.should_exit = True
            thread.join()
