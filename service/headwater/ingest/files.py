"""Events out of files: one a line, an array, or documents one after another; plain or gzip.

Lines are read one at a time, so that a file of any length takes the memory of its longest event. An array has to fit into
memory. What a file holds is told by its beginning, as names lie: ``.json`` is also what people call one event a line.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from headwater.errors import HeadwaterError, MalformedEvent
from headwater.openlineage.batch import elements

SUFFIXES = (".json", ".ndjson", ".jsonl")
LARGEST_ARRAY = 1 << 30
"""Bytes of an array of events, decompressed. Larger loads belong in files with one event a line."""
_KEPT = 1000  # bytes of an event that is too large
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_BLANK = re.compile(r"\s*")
_values = json.JSONDecoder()


class Unreadable(HeadwaterError):
    """A file that cannot be opened, or not be read to its end."""


class Found(NamedTuple):
    body: bytes
    place: str  # in its file: ``line 7``, ``event 3``, or empty if there is nothing else in it
    fault: str = ""  # why only the beginning of it is here


def below(folder: Path) -> list[Path]:
    """The files of events in a folder and its folders, by path."""
    return sorted(p for p in folder.rglob("*") if p.name.lower().removesuffix(".gz").endswith(SUFFIXES) and p.is_file())


def events(stream: IO[bytes], longest: int) -> Iterator[Found]:
    """Everything in ``stream`` that should be an event, of at most ``longest`` bytes; closes it. Raises Unreadable."""
    try:
        # Whatever has readinto will do for a raw stream.
        with io.BufferedReader(cast("io.RawIOBase", stream), 1 << 20) as buffered:
            packed = buffered.peek(2)[:2] == _GZIP
            for found in _events(_Lines(gzip.GzipFile(fileobj=buffered) if packed else buffered)):
                yield found if len(found.body) <= longest else _beginning(found, longest)
    except (EOFError, OSError, zlib.error) as error:
        raise Unreadable(f"cannot be read to its end: {_reason(error)}") from error


def _beginning(found: Found, longest: int) -> Found:
    return Found(found.body[:_KEPT], found.place, f"has more than {longest:,} bytes; only its beginning is kept")


def _reason(error: Exception) -> str:
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return "it is damaged or cut short"
    return getattr(error, "strerror", None) or str(error)


class _Lines:
    """Lines that are not blank, with their numbers from 1."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._number = 0
        self.read = b""  # the last line, as it is in the file

    def __iter__(self) -> Iterator[Found]:
        return self

    def __next__(self) -> Found:
        while line := self._stream.readline(LARGEST_ARRAY):
            if len(line) == LARGEST_ARRAY:
                raise Unreadable(f"has a line of more than {LARGEST_ARRAY >> 20:,} MiB")
            self._number += 1
            self.read = line
            if body := (line.removeprefix(_BOM) if self._number == 1 else line).strip():
                return Found(body, f"line {self._number}")
        raise StopIteration

    def rest(self) -> bytes:
        """What was not read yet, whole."""
        rest = bytearray()
        while piece := self._stream.read(1 << 20):
            rest += piece
            if len(rest) > LARGEST_ARRAY:
                raise Unreadable(f"has more than {LARGEST_ARRAY >> 20:,} MiB, but not one event a line")
        return bytes(rest)


def _events(lines: _Lines) -> Iterator[Found]:
    first = next(lines, None)
    if first is None:
        return
    if first.body.startswith(b"["):
        yield from _array(first.body + lines.rest())
        return
    beginning = lines.read
    second = next(lines, None) if _is_cut(first.body) else None
    # One event a line begins each with a brace, even if the first of them is broken.
    if second is None or second.body.startswith(b"{"):
        yield from chain([first], [second] if second else [], lines)
        return
    yield from _documents(beginning.removeprefix(_BOM) + lines.read + lines.rest())


def _is_cut(line: bytes) -> bool:
    """Whether a line is the beginning of an object, but not all of it."""
    if not line.startswith(b"{"):
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return True
    return False


def _array(body: bytes) -> Iterator[Found]:
    try:
        events = elements(body)
    except MalformedEvent:
        raise Unreadable("is no JSON array of events") from None
    for number, event in enumerate(events, 1):
        yield Found(event, f"event {number}")


def _documents(body: bytes) -> Iterator[Found]:
    """Documents of several lines, one after another; where one is no JSON, the rest is taken as one."""
    text = body.decode("utf-8", "surrogateescape").strip()
    start, number = 0, 0
    while start < len(text):
        end, number = _end(text, start), number + 1
        place = f"event {number}" if number > 1 or end < len(text) else ""
        yield Found(text[start:end].encode("utf-8", "surrogateescape"), place)
        blank = _BLANK.match(text, end)
        start = blank.end() if blank else end


def _end(text: str, start: int) -> int:
    try:
        return _values.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return len(text)
