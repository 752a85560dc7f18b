"""Environments of the producers, made at first use and kept below the user's cache: their dependencies fit neither ours nor
each other's. Where one cannot be made, the tests that need it are skipped, and say loudly what was not tried."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import pytest

_ROOM_S = 240.0  # for all that one environment needs; longer is a network on which tests should not wait
_LONGEST_RUN_S = 180.0
_OURS = ("DATABASE_URL", "DBT_", "HEADWATER_", "OPENLINEAGE_", "PYSPARK_", "PYTHON", "SPARK_", "VIRTUAL_ENV")


def surroundings(**given: str) -> dict[str, str]:
    """The environment variables of a producer: those given, and of ours only what concerns no producer."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | given


def run(command: Sequence[object], folder: Path, environment: dict[str, str], given: str = "") -> str:
    """What a command that must succeed prints, with ``given`` on its standard input."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=_LONGEST_RUN_S, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def programs_of(name: str, *requirements: str) -> Path:
    """The folder of programs (``python`` among them) of a virtual environment with these distributions."""

    def make(folder: Path, deadline: float) -> None:
        if uv := shutil.which("uv"):
            _install(deadline, uv, "venv", "--quiet", "--python", sys.executable, folder)
            _install(deadline, uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements)
        else:
            _install(deadline, sys.executable, "-m", "venv", folder)
            _install(deadline, folder / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements)

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return _made(name, (version, *requirements), make) / "bin"


def jar(name: str, artifact: str) -> Path:
    """A jar out of Maven's central repository, given as ``group:artifact:version``."""
    maven = shutil.which("mvn")
    if maven is None:
        pytest.skip(f"NOT TRIED WITH {name.upper()}: there is no Maven (mvn) to fetch its jar with")

    def make(folder: Path, deadline: float) -> None:
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        _install(deadline, maven, "-q", "-B", copy, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")

    (found,) = _made(name, (artifact,), make).glob("*.jar")
    return found


def require_java() -> None:
    """Spark 3.5 runs on Java 8 to 21."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        pytest.skip("NOT TRIED WITH SPARK: there is no Java")
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    major = told.partition('"')[2].partition(".")[0].partition('"')[0]
    if not major.isdigit() or not 8 <= int(major) <= 21:
        pytest.skip(f"NOT TRIED WITH SPARK: it needs Java 17, and here is {told.splitlines()[:1]}")


def _made(name: str, contents: Sequence[str], make: Callable[[Path, float], None]) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headwater-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-{blake2b(chr(10).join(contents).encode(), digest_size=6).hexdigest()}"
    ready = folder / "ready"
    with _turn(folder.with_name(f"{folder.name}.lock")):
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                make(folder, time.monotonic() + _ROOM_S)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                pytest.skip(f"NOT TRIED WITH {name.upper()}, which could not be installed: {_reason(error)}")
            ready.touch()
    return folder


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(deadline: float, *command: str | Path) -> None:
    left = max(1.0, deadline - time.monotonic())
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=left)


def _reason(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it took more than {_ROOM_S:.0f} seconds"
    return " / ".join((error.stderr or error.stdout or "").strip().splitlines()[-3:])
