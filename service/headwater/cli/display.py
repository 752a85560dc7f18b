"""What answers look like in a terminal: at most 80 columns where that is ours to choose, colour only where it shows.

Names, node ids and UUIDs are never broken or cut: they stand last in their line, and a narrow terminal wraps them itself, so
that they can be copied.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.text import Text

_WIDTH = 80
_LABEL = 12
_SHORTEST = 8  # columns; less of a tail says nothing
_STATES = {"COMPLETED": "green", "FAILED": "bold red", "RUNNING": "cyan", "ABORTED": "yellow", "NEW": "dim", "OTHER": "dim"}


class Styled(NamedTuple):
    """Text in one of rich's styles."""

    text: str
    style: str


Cell = str | Styled


def show(*cells: Cell, err: bool = False) -> None:
    """One line, its cells as they are, one after another. Control characters, which names may hold, are shown as ``�``."""
    from rich.console import Console

    Console(stderr=err, highlight=False, emoji=False, markup=False, soft_wrap=True).print(_line(cells))


def _line(cells: Iterable[Cell]) -> Text:
    from rich.text import Text

    line = Text()
    for cell in cells:
        told = cell if isinstance(cell, Styled) else Styled(cell, "")
        line.append(printable(told.text), told.style)
    return line


def show_json(body: bytes) -> None:
    """The service's words on stdout, in one line."""
    print(body.decode())


def printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Columns as wide as they need to be, the last one open to the right."""
    widths = [max(_width(row[n]) for row in [heads, *rows]) for n in range(len(heads) - 1)]
    for row in [[Styled(head, "bold") for head in heads], *rows]:
        padded = [_pad(cell, width + 2) for cell, width in zip(row, widths, strict=False)]
        show(*padded, row[-1])


def facts(told: Iterable[tuple[str, Cell | Sequence[Cell] | None]]) -> None:
    """Labels with their values; several values stand below each other, and what is missing is left out."""
    for label, value in told:
        for n, cell in enumerate(_cells(value)):
            show("  ", Styled(f"{label if n == 0 else '':<{_LABEL}} ", "bold"), cell)


def prose(text: str) -> Sequence[Cell]:
    """A text of several lines to stand beside a label."""
    return [line for part in text.splitlines() for line in textwrap.wrap(part, _WIDTH - _LABEL - 3) or [""]]


def heading(text: str) -> None:
    show("")
    show(Styled(text, "bold"))


def state(name: str | None) -> Styled:
    """The state of a run, in its colour."""
    return Styled(name or "-", _STATES.get(name or "", "dim"))


def when(time: str | None) -> str:
    """``2026-01-31T08:30:00.123456Z`` as ``2026-01-31 08:30:00Z``."""
    return f"{time[:10]} {time[11:19]}Z" if time else "-"


def duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def dim(text: str) -> Styled:
    return Styled(text, "dim")


def dataset_node(told: Mapping[str, str]) -> str:
    """Node id of a dataset, from its namespace and name."""
    return f"dataset:{told['namespace']}:{told['name']}"


def tell_cut(counts: Mapping[str, Any]) -> None:
    """Says on stderr what an answer leaves out, and why."""
    for cut in counts["cut"]:
        left_out = f"{cut['nodes']:,} nodes" if cut["nodes"] else "more"
        show(dim(f"{left_out} left out by {cut['rule']}"), err=True)


def more(shown: int, total: int, what: str) -> None:
    """Says on stderr that a list was cut."""
    if shown < total:
        show(dim(f"{shown:,} of {total:,} {what}; --limit shows more"), err=True)


class Twig(NamedTuple):
    """A line of a tree, and what hangs below it. Of the tail a narrow terminal shows only as much as there is room for."""

    cells: Sequence[Cell]
    below: Sequence[Any]  # of Twigs
    tail: str = ""


def tree(twigs: Sequence[Twig]) -> None:
    for prefix, twig in _drawn(twigs, "  "):
        line = [dim(prefix), *twig.cells]
        show(*line, dim(_fitting(twig.tail, sum(map(_width, line)))))


def _drawn(twigs: Sequence[Twig], indent: str) -> Iterator[tuple[str, Twig]]:
    for n, twig in enumerate(twigs):
        last = n == len(twigs) - 1
        yield indent + ("└ " if last else "├ "), twig
        yield from _drawn(twig.below, indent + ("  " if last else "│ "))


def _fitting(tail: str, used: int) -> str:
    """Two blanks, and as much of ``tail`` as there is room for."""
    columns = _columns()
    if columns is not None and _width(tail) > (room := columns - used - 2):
        tail = f"{tail[: room - 1]}…" if room >= _SHORTEST else ""
    return f"  {tail}" if tail else ""


def _columns() -> int | None:
    """Of the terminal; None where there is none, and so room for all."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _width(cell: Cell) -> int:
    """Columns of the terminal: Chinese characters take two."""
    from rich.cells import cell_len

    return cell_len(printable(_text(cell)))


def _pad(cell: Cell, width: int) -> Cell:
    text = _text(cell) + " " * (width - _width(cell))
    return Styled(text, cell.style) if isinstance(cell, Styled) else text


def _cells(value: Cell | Sequence[Cell] | None) -> Sequence[Cell]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | Styled) else value
