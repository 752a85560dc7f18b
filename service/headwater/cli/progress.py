"""How far long work is, on stderr: a bar on a terminal, else a line now and then; nothing where the work is short."""
# ruff: noqa: PLC0415

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress

_EVERY_S = 10.0  # between two lines where there is no terminal
_PATIENCE_S = 0.5  # before a bar appears


class Report(Protocol):
    def __call__(self, done: float, total: float, note: str = "") -> None:
        """``total`` 0 where it is not known; ``note`` stands at the end."""


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """``what`` is being done, such as ``Replaying``."""
    if not sys.stderr.isatty():
        yield _Lines(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(), TimeRemainingColumn())
    note = TextColumn("{task.fields[note]}", style="dim")
    with Progress(*columns, note, console=Console(stderr=True), transient=True, disable=False) as bar:
        yield _Bar(bar, what)


class _Bar:
    def __init__(self, bar: Progress, what: str) -> None:
        self._bar = bar
        self._task = bar.add_task(what, total=None, note="", visible=False)
        self._started = time.monotonic()

    def __call__(self, done: float, total: float, note: str = "") -> None:
        visible = time.monotonic() - self._started > _PATIENCE_S
        self._bar.update(self._task, completed=done, total=total or None, note=note, visible=visible)


class _Lines:
    def __init__(self, what: str) -> None:
        self._what = what
        self._next = time.monotonic() + _EVERY_S

    def __call__(self, done: float, total: float, note: str = "") -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        share = f"{done / total:.0%}" if total else ""
        print(" ".join(filter(None, [f"{self._what}:", share, note])), file=sys.stderr, flush=True)
