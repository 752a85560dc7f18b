"""A PostgreSQL server of our own, on a data folder: a whole installation in one process and its child.

    <data_dir>/postgres/    the cluster
    <data_dir>/socket/      its socket (in a short folder below the temporary one, where that path would be too long)
    <data_dir>/programs/    a copy of the programs, only where the server's user cannot reach them
    <data_dir>/*.lock       see below
    <data_dir>/postgres.log

**Who may connect.** The server listens on no network: only on a socket in a folder with mode 0700 that belongs to the
server's user. Who can enter it is that user or root, and both could read the cluster's files anyway, so the server
trusts whoever comes (``trust``). ``peer`` would add nothing, and would fail where root connects.

**As root** the server runs as another user (65534, nobody, unless settings name one; the cluster's owner, once there is
a cluster), since PostgreSQL refuses root. Only what was made here changes its owner; the folders above are left as they
are, and if that user cannot enter them, it is said.

**Several processes.** Each process that uses the server holds a shared lock on ``users.lock``; who leaves last stops
the server. A service also holds ``service.lock`` alone, so that two never share a data folder. ``turn.lock`` is held
while somebody starts or stops. Locks end with their process, so that a service that is killed leaves a server behind
that the next process takes over.

**A server that ends by itself** (killed, out of memory) is started again by the service, and by no other process.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType

import psycopg
from psycopg import sql

from headwater.db import binaries, cluster
from headwater.db.account import NOBODY, Account
from headwater.db.cluster import Cluster
from headwater.errors import Conflict, HeadwaterError, Unavailable

_log = logging.getLogger(__name__)
_LOOK_S = 1.0  # between looks whether the server is there
_LONGEST_PAUSE_S = 60.0  # between tries to start it again; each pause is twice the one before

DATABASE = "headwater"

# For a machine that is shared with other work; a server for heavy use is better run outside, and given as DATABASE_URL.
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "max_wal_size": "2GB",  # fewer checkpoints, so fewer full pages in the log
        "min_wal_size": "160MB",
        "checkpoint_timeout": "15min",
        "synchronous_commit": "on",  # an event is answered only once it is on the disk
        "random_page_cost": "1.1",  # solid state disks
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_min_error_statement": "panic",  # statements in the log would carry the contents of events
    }
)
# For tests, whose cluster is thrown away.
UNSAFE: Mapping[str, str] = MappingProxyType({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})


@contextmanager
def embedded_server(
    data_dir: Path,
    *,
    service: bool = False,
    uid: int = NOBODY,
    gid: int = NOBODY,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """The URL of the database on ``data_dir``; its server is started if none runs, and stopped if nobody else uses it.

    ``service`` claims the folder for one process. ``uid`` and ``gid`` count for root only.
    Raises Conflict where the folder is taken or of another version, Unavailable where the server cannot be started.
    """
    data_dir = data_dir.absolute()
    account = _prepared(data_dir, uid, gid)
    with ExitStack() as stack:
        if service:
            _claim(stack, data_dir, account)
        with _locked(data_dir / "turn.lock", account):
            server = Cluster(data_dir, _programs(data_dir, account), account, {**SETTINGS, **settings})
            socket_dir = server.ensure_running()
            users = stack.enter_context(_opened(data_dir / "users.lock", account))
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            with _kept_running(server) if service else nullcontext():
                yield _database(socket_dir)
        finally:
            with _locked(data_dir / "turn.lock", account):
                if _alone(users):
                    server.stop()


def _prepared(data_dir: Path, uid: int, gid: int) -> Account:
    """Makes the data folder, and tells whom the server runs as."""
    account = Account.of_owner(data_dir / "postgres") or Account.instead_of_root(uid, gid)
    there = next(folder for folder in (data_dir, *data_dir.parents) if folder.is_dir())
    if not account.reaches(there):
        raise Unavailable(
            f"PostgreSQL does not run as root, and user {account.uid}, whom it runs as instead, cannot enter {there}."
            " Give a data folder elsewhere (/var/lib/headwater is root's default), or run headwater as another user."
        )
    try:
        account.make_folder(data_dir)
    except OSError as error:
        raise Unavailable(f"The data folder {data_dir} cannot be made: {error.strerror}.") from error
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"The data folder {data_dir} belongs to another user.")
    return account


def _programs(data_dir: Path, account: Account) -> binaries.Binaries:
    found = binaries.find()
    return found if account.reaches(found.folder) else found.relocated(data_dir / "programs")


def _database(socket_dir: Path) -> str:
    """URL of our database, which is made at the first time."""
    with psycopg.connect(cluster.url(socket_dir, "postgres"), autocommit=True) as conn:
        if conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount == 0:
            # Another process may have made it just now.
            with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateDatabase):
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    return cluster.url(socket_dir, DATABASE)


# ---------------------------------------------------------------- a server that ends by itself


@contextmanager
def _kept_running(server: Cluster) -> Iterator[None]:
    leaving = Event()
    keeper = Thread(target=_keep_running, args=(server, leaving), name="postgres keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join()


def _keep_running(server: Cluster, leaving: Event) -> None:
    pause = _LOOK_S
    while not leaving.wait(pause):
        if not server.is_gone():
            pause = _LOOK_S
            continue
        pause = min(2 * pause, _LONGEST_PAUSE_S)
        _log.error("PostgreSQL on %s is gone, and is started again", server.folder)
        try:
            with _locked(server.data_dir / "turn.lock", server.account):
                server.ensure_running()
        except (HeadwaterError, OSError) as error:
            _log.error("PostgreSQL was not started; the next try is in %g s: %s", pause, error)
        else:
            _log.warning("PostgreSQL on %s runs again", server.folder)


# ---------------------------------------------------------------- locks


def _claim(stack: ExitStack, data_dir: Path, account: Account) -> None:
    lock = stack.enter_context(_opened(data_dir / "service.lock", account))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"Another headwater serves {data_dir}. Stop it, or give this one another data folder."
        raise Conflict(message) from error


def _alone(users: int) -> bool:
    """Whether no other process holds the lock of which ``users`` is a shared holder."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(path: Path, account: Account) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        account.own(path)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path, account: Account) -> Iterator[None]:
    with _opened(path, account) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
