"""Whom the embedded server runs as: the present user, or, where that is root, somebody with fewer rights."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65_534


@dataclass(frozen=True, slots=True)
class Account:
    uid: int | None  # None: as the present user
    gid: int | None

    @staticmethod
    def instead_of_root(uid: int, gid: int) -> Account:
        return Account(uid, gid) if os.geteuid() == 0 else Account(None, None)

    @staticmethod
    def of_owner(path: Path) -> Account | None:
        """Whom root has to be so as to work on what is at ``path``; None where nothing is there, or it is root's."""
        try:
            found = path.stat()
        except OSError:
            return None
        return Account.instead_of_root(found.st_uid, found.st_gid) if found.st_uid else None

    @property
    def effective_uid(self) -> int:
        return os.geteuid() if self.uid is None else self.uid

    def own(self, path: Path) -> None:
        """Makes it theirs; only for what was made here."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def make_folder(self, folder: Path) -> None:
        """Theirs, with mode 0700, unless it is there already. Raises OSError."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if folder.is_dir():
                return
            raise
        self.own(folder)

    def reaches(self, folder: Path) -> bool:
        """Asks by trying: modes, groups and access lists are the system's business."""
        return self.uid is None or self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)).returncode == 0

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - a program of ours
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=_environment(),
            **self._credentials(),
        )

    def start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Leaves it running in a session of its own: Ctrl-C in the terminal is meant for us, not for it."""
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - a program of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                **self._credentials(),
            )

    def _credentials(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """Ours without what would steer PostgreSQL's programs: PGDATA, PGPORT, PGOPTIONS, …"""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
