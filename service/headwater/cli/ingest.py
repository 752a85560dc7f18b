"""``headwater ingest``: events out of files, straight into the database; a service may be running on it.

Exit status: 0 all events are in (or were), 3 some were refused and are dead letters now, 1 a file could not be read to its
end or the database was away. What came before a fault is in; the same again does no harm.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, NamedTuple

import typer

from headwater.cli.database import DataDir, log_only, migrated, read_settings
from headwater.errors import Unavailable

if TYPE_CHECKING:
    from headwater.cli.progress import Report
    from headwater.ingest.load import Loader, Tally
    from headwater.settings import Settings

REFUSED = 3
_TOLD = 10  # refused events that are told one by one
_Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files or folders; - is the standard input.")]


def ingest(
    files: _Files,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Take in events from files: one event a line, an array, or single events; gzip too.

    In a folder, every .json, .ndjson and .jsonl (and .gz of these) is read, its folders included. Refused events
    become dead letters. Exit status: 0 all in, 3 some were refused, 1 something could not be read.
    """
    from headwater.ingest.load import Tally

    log_only("ERROR")  # refused events are told below
    settings = read_settings(data_dir=data_dir)
    outcome = Outcome()
    sources = list(_sources(files, outcome))
    tally = Tally()
    if sources:
        with migrated(settings) as url:
            tally = asyncio.run(_ingest(url, settings, sources, outcome))
    outcome.tell(tally, as_json=as_json)
    if outcome.unread or tally.dead:
        raise typer.Exit(1 if outcome.unread else REFUSED)


class _Source(NamedTuple):
    name: str
    size: int  # bytes; 0 where it is not known
    open: Callable[[], IO[bytes]]


@dataclass
class Outcome:
    """What did not go well."""

    unread: list[str] = field(default_factory=list)
    refused: int = 0

    def cannot_read(self, name: str, reason: str) -> None:
        self.unread.append(f"{name}: {reason}")
        self._say(f"{name}: {reason}")

    def refuse(self, source: str, reason: str) -> None:
        self.refused += 1
        if self.refused <= _TOLD:
            self._say(f"{source}: {reason}")

    def tell(self, tally: Tally, *, as_json: bool) -> None:
        if self.refused > _TOLD:
            self._say(f"and {self.refused - _TOLD:,} more; headwater dead-letters list has them all")
        if as_json:
            print(json.dumps({**asdict(tally), "unread": self.unread}))
            return
        excluded = f" Left out (excluded namespaces): {tally.excluded:,}." if tally.excluded else ""
        print(
            f"Taken in: {tally.accepted:,}. There already: {tally.duplicate:,}. Refused (dead letters): {tally.dead:,}.{excluded}"
        )

    def _say(self, line: str) -> None:
        from headwater.cli.display import show

        show(line, err=True)


def _sources(files: Iterable[str], outcome: Outcome) -> Iterator[_Source]:
    from headwater.ingest.files import SUFFIXES, below

    for name in files:
        if name == "-":
            yield _Source("stdin", 0, lambda: sys.stdin.buffer)
            continue
        path = Path(name)
        try:
            found = below(path) if path.is_dir() else [path]
            yield from map(_file, found)
        except OSError as error:
            outcome.cannot_read(name, str(error.strerror))
        else:
            if not found:
                outcome.cannot_read(name, f"has no files that end in {', '.join(SUFFIXES)}")


def _file(path: Path) -> _Source:
    return _Source(str(path), path.stat().st_size, lambda: path.open("rb", buffering=0))


async def _ingest(url: str, settings: Settings, sources: list[_Source], outcome: Outcome) -> Tally:
    from headwater.cli.progress import progress
    from headwater.db.pool import connect
    from headwater.ingest.load import Loader
    from headwater.ingest.writer import running_writer

    conn = await connect(url)
    try:
        async with running_writer(url, settings) as writer:
            loader = Loader(writer, conn, settings, outcome.refuse)
            with progress("Ingesting") as report:
                await _load_all(loader, sources, settings.max_body_bytes, outcome, report)
            return loader.tally
    finally:
        await conn.close()


async def _load_all(loader: Loader, sources: list[_Source], longest: int, outcome: Outcome, report: Report) -> None:
    total, before = sum(source.size for source in sources), 0
    try:
        for source in sources:
            await _load(loader, source, longest, outcome, partial(_report, report, loader, total, before))
            before += source.size
        await loader.finish()
    except Unavailable as error:
        loader.abandon()
        stored = f"{loader.tally.accepted:,} events were taken in before; the same command goes on from there"
        raise Unavailable(f"{error.message} ({stored}.)") from None


def _report(report: Report, loader: Loader, total: int, before: int, at: int) -> None:
    report(before + at, total, f"{loader.tally.total:,} events")


async def _load(loader: Loader, source: _Source, longest: int, outcome: Outcome, at: Callable[[int], None]) -> None:
    from headwater.ingest.files import Unreadable, events

    try:
        with closing(source.open()) as stream:
            for found in events(stream, longest):
                await loader.add(source.name, found)
                at(stream.tell() if source.size else 0)
    except (Unreadable, OSError) as error:
        outcome.cannot_read(source.name, error.message if isinstance(error, Unreadable) else str(error.strerror))
