"""From a request's bytes to what the writer takes: parsed, checked, compressed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from time import time_ns
from uuid import UUID

import zstandard

from headwater import ids
from headwater.errors import Excluded, InvalidEvent, MalformedEvent, Problem
from headwater.ingest import writes
from headwater.ingest.extract import ParentRun, full_name, parent_of
from headwater.openlineage.parse import Event, Kind, nesting, parse, storable
from headwater.openlineage.times import to_datetime
from headwater.openlineage.validate import findings, fits
from headwater.settings import Settings

_compressor = zstandard.ZstdCompressor(level=1, write_checksum=False)
_DAY = 86_400_000_000  # microseconds
_decompressor = zstandard.ZstdDecompressor()


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event on its way into the log."""

    event: Event
    event_id: UUID
    body: bytes  # as sent, zstd
    size: int  # bytes as sent, which is about what the parsed event holds
    findings: list[Problem]
    parent: ParentRun | None
    full_name: str
    run_id: int | None  # of a RunEvent
    month: date  # partition of the run
    received: int  # microseconds since 1970
    erases: writes.Erase | None = None

    @property
    def event_month(self) -> date:
        return _month(self.event.at // _DAY)

    def run_months(self) -> list[date]:
        """Partitions that the event's run and its parent's need."""
        if self.event.run is None:
            return []
        return [self.month, self.parent.month] if self.parent is not None else [self.month]


@lru_cache(maxsize=1024)
def _month(day: int) -> date:
    return to_datetime(day * _DAY).date().replace(day=1)


def compress(body: bytes) -> bytes:
    return _compressor.compress(body)


def decompress(body: bytes) -> bytes:
    return _decompressor.decompress(body)


def decompressed_size(body: bytes) -> int:
    return zstandard.frame_content_size(body)


def prepare(body: bytes, settings: Settings) -> Incoming:
    """Raises InvalidEvent where the event cannot be taken, or where ``validation`` is strict and a schema refuses it; Excluded
    where it is about a namespace that the settings leave out."""
    clean = storable(body)
    event = parse(clean, max_name_length=settings.max_name_length, any_run_id=settings.any_run_id)
    if settings.exclude_namespaces_on_write and (namespace := _subject(event)) and not settings.takes(namespace):
        raise Excluded(namespace)
    if event.kind is Kind.WRITE:
        writes.check_name(event, settings.max_name_length)
    _check_nesting(clean, settings.max_nesting)
    problems: list[Problem] = []
    if not fits(event):
        problems += [{"path": f.path, "message": f.message} for f in findings(clean, event.kind)]
    if clean != body:
        problems.append({"path": "$", "message": "has NUL characters or halves of surrogate pairs: replaced by U+FFFD"})
    if problems and settings.validation == "strict":
        raise InvalidEvent(errors=problems)
    incoming = _incoming(event, ids.event_id(body), compress(body), len(body), problems, time_ns() // 1000)
    if incoming.erases and not settings.admin:
        raise InvalidEvent.at("$.headwaterWrite", "erases, which is off: HEADWATER_ADMIN turns it on")
    return incoming


def _subject(event: Event) -> str | None:
    """The namespace that the event is about; sources and tags are in none. Who deletes one may do so though it is excluded."""
    if event.kind is not Kind.WRITE:
        return event.namespace
    write = writes.read(event)
    return write.name if isinstance(write, writes.PutNamespace) else None


def _check_nesting(body: bytes, most: int) -> None:
    # Counting brackets is quick, and most events have fewer than they may have levels.
    if body.count(b"{") + body.count(b"[") > most and nesting(body) > most:
        raise MalformedEvent.at("$", f"is nested deeper than {most} levels")


def stored(event_id: UUID, body: bytes, problems: list[Problem], received: int = 0) -> Incoming:
    """An event out of the log (``body`` decompressed): it was checked when it came, and need not be kept again."""
    event = parse(storable(body), max_name_length=1 << 30, any_run_id=True)
    return _incoming(event, event_id, b"", len(body), problems, received)


def _incoming(event: Event, event_id: UUID, body: bytes, size: int, problems: list[Problem], received: int) -> Incoming:
    if event.run is None:
        write = writes.read(event) if event.kind is Kind.WRITE else None
        erases = write if isinstance(write, writes.Erase) else None
        return Incoming(event, event_id, body, size, problems, None, event.name, None, ids.UNDATED, received, erases)
    parent, run_id, month = parent_of(event), ids.run_id(event.run, event.namespace, event.name), ids.run_month(event.run)
    return Incoming(event, event_id, body, size, problems, parent, full_name(event, parent), run_id, month, received)
