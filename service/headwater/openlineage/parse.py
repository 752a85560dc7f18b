"""From bytes to an event, in one pass; facets stay raw JSON.

Lenient: what a person understands is taken (missing producer or schemaURL, nulls, any content of facets, any case of
eventType, times without a zone). What cannot be placed is refused with the JSON path: no job, no run id, no time, no names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from itertools import accumulate
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid3

import msgspec
from msgspec import UNSET, UnsetType

from headwater.errors import InvalidEvent, MalformedEvent
from headwater.openlineage import lasting
from headwater.openlineage.lasting import LastingFacets, facets_in
from headwater.openlineage.times import parse_time

_F = TypeVar("_F")
Facets = dict[str, msgspec.Raw]
ABSENT = msgspec.Raw(b"")
_TYPES = {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}


class Kind(IntEnum):
    RUN = 1
    JOB = 2
    DATASET = 3
    WRITE = 4  # no OpenLineage event: what somebody told headwater itself, see ingest.writes


OPENLINEAGE = (Kind.RUN, Kind.JOB, Kind.DATASET)


class WireRun(msgspec.Struct):
    runId: str  # noqa: N815
    facets: msgspec.Raw = ABSENT


class WireJob(msgspec.Struct):
    namespace: str
    name: str
    facets: msgspec.Raw = ABSENT


class WireDataset(msgspec.Struct):
    namespace: str
    name: str
    facets: msgspec.Raw = ABSENT
    inputFacets: msgspec.Raw = ABSENT  # noqa: N815
    outputFacets: msgspec.Raw = ABSENT  # noqa: N815


class Wire(msgspec.Struct):
    """An event as it was sent; what is null and what is absent are two things to a schema."""

    eventTime: str  # noqa: N815
    eventType: str | UnsetType | None = UNSET  # noqa: N815
    producer: msgspec.Raw = ABSENT
    schemaURL: msgspec.Raw = ABSENT  # noqa: N815
    run: WireRun | UnsetType | None = UNSET
    job: WireJob | UnsetType | None = UNSET
    dataset: WireDataset | UnsetType | None = UNSET
    inputs: list[WireDataset] | UnsetType | None = UNSET
    outputs: list[WireDataset] | UnsetType | None = UNSET
    headwaterWrite: msgspec.Raw = ABSENT  # noqa: N815


class Dataset(msgspec.Struct, frozen=True):
    """A dataset as an event names it: facets that version it, and those of this reading or writing."""

    namespace: str
    name: str
    facets: LastingFacets
    io_facets: Facets


class Event(msgspec.Struct, frozen=True):
    """A RunEvent, JobEvent or DatasetEvent. ``at`` is the event time in microseconds since 1970, UTC."""

    kind: Kind
    at: int
    event_type: str | None
    producer: str
    run: UUID | None
    run_facets: Facets
    namespace: str  # of the job, or of a DatasetEvent's dataset
    name: str
    job_facets: LastingFacets
    inputs: list[Dataset]
    outputs: list[Dataset]  # a DatasetEvent's dataset is its only output
    wire: Wire


_decoder = msgspec.json.Decoder(Wire)
_by_key = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL = msgspec.Raw(b"null")
_PARTS: dict[str, msgspec.json.Decoder[object]] = {
    "run": msgspec.json.Decoder(WireRun),
    "job": msgspec.json.Decoder(WireJob),
    "dataset": msgspec.json.Decoder(WireDataset),
    "inputs": msgspec.json.Decoder(list[WireDataset]),
    "outputs": msgspec.json.Decoder(list[WireDataset]),
    "eventType": msgspec.json.Decoder(str),
}
_SUSPECT = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
# Stricter than uuid.UUID, which reads whatever Python reads as a number of 32 digits.
_UUID = re.compile(r"(?:urn:uuid:)?\{?[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_OTHERS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})$")


def storable(body: bytes) -> bytes:
    """The same JSON with U+FFFD where it escapes a NUL or half a surrogate pair, which PostgreSQL's text cannot hold."""
    if not _SUSPECT.search(body):
        return body
    return _ESCAPE.sub(lambda m: rb"\ufffd" if _UNSTORABLE.fullmatch(m[0]) else m[0], body)


def nesting(body: bytes) -> int:
    """Levels of objects and arrays, of JSON that is well-formed."""
    return max(accumulate(map(_BRACKETS.__getitem__, _STRINGS.sub(b"", body).translate(None, _OTHERS))), default=0)


def parse(body: bytes, *, max_name_length: int = 10_000, any_run_id: bool = False) -> Event:
    """The event in ``body`` (UTF-8 JSON, already ``storable``). Raises InvalidEvent with the path of the fault."""
    wire = _decode(body)
    event = _event(wire, any_run_id=any_run_id)
    _check_names(event, max_name_length)
    return event


def _decode(body: bytes) -> Wire:
    try:
        body.decode()  # raw facets are not looked into by the decoder, so their encoding must be checked here
        return _wire(body)
    except UnicodeDecodeError as e:
        raise MalformedEvent.at("$", f"is not UTF-8 (byte {e.start})") from None
    except (msgspec.DecodeError, RecursionError) as e:
        raise _told(e) from None


def _wire(body: bytes) -> Wire:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError:
        return _decoder.decode(_of_one_kind(body))


def _of_one_kind(body: bytes) -> bytes:
    """The event with null for what only other kinds of events give a meaning: to its own kind that is an additional property,
    which may hold anything. Several times as slow as reading it, so only for what cannot be read as it is."""
    sent = _by_key.decode(body)
    told = {key for key in _PARTS if bytes(sent.get(key, _NULL)) != b"null"}
    odd = {key for key in told if not _reads(_PARTS[key], sent[key])}
    additional: set[str] = set()
    if "job" in told - odd:
        additional = {"dataset"} if "run" in told else {"dataset", "eventType"}
    elif "dataset" in told - odd and not {"job", "run"} <= told:
        additional = {"job", "run", "inputs", "outputs", "eventType"}
    return msgspec.json.encode(sent | dict.fromkeys(odd & additional, _NULL))


def _reads(decoder: msgspec.json.Decoder[object], raw: msgspec.Raw) -> bool:
    try:
        decoder.decode(raw)
    except msgspec.DecodeError:
        return False
    return True


def _told(error: msgspec.DecodeError | RecursionError, path: str = "") -> InvalidEvent:
    if isinstance(error, RecursionError):
        return MalformedEvent.at("$", "is nested too deeply")
    if isinstance(error, msgspec.ValidationError):
        return _located(str(error), path)
    return MalformedEvent.at("$", f"is not JSON: {str(error).removeprefix('JSON is malformed: ')}")


def _located(message: str, path: str) -> InvalidEvent:
    """msgspec says ``Expected `str`, got `int` - at `$.job.name``` or ``Object missing required field `name```. ``path`` is
    known where it has been given a part only."""
    what, _, where = message.partition(" - at `")
    path = path or where.rstrip("`").replace("[...]", "[*]") or "$"
    if path == "$" and not what.startswith("Object missing"):
        return MalformedEvent.at("$", "is no JSON object")
    missing = re.fullmatch(r"Object missing required field `(\w+)`", what)
    if missing:
        return InvalidEvent.at(f"{path}.{missing[1]}", "is required")
    return InvalidEvent.at(path, what[:1].lower() + what[1:].replace("`", "'"))


def _event(wire: Wire, *, any_run_id: bool) -> Event:
    kind = _kind(wire)
    try:
        at = parse_time(wire.eventTime)
    except (ValueError, OverflowError):
        raise InvalidEvent.at("$.eventTime", "is no date-time of RFC 3339, such as 2026-01-31T08:30:00Z") from None
    if kind is Kind.WRITE:
        return Event(kind, at, None, _producer(wire.producer), None, {}, "", "", lasting.NONE, [], [], wire)
    if kind is Kind.DATASET:
        assert wire.dataset
        namespace, name = wire.dataset.namespace, wire.dataset.name
        dataset = Dataset(namespace, name, _read(lasting.lasting, wire.dataset.facets, "$.dataset.facets"), {})
        return Event(kind, at, None, _producer(wire.producer), None, {}, namespace, name, lasting.NONE, [], [dataset], wire)
    assert wire.job
    return Event(
        kind=kind,
        at=at,
        event_type=_event_type(wire.eventType) if kind is Kind.RUN else None,
        producer=_producer(wire.producer),
        run=_run_uuid(wire.run.runId, any_run_id=any_run_id) if wire.run else None,
        run_facets=_read(facets_in, wire.run.facets, "$.run.facets") if wire.run else {},
        namespace=wire.job.namespace,
        name=wire.job.name,
        job_facets=_read(lasting.lasting, wire.job.facets, "$.job.facets"),
        inputs=_datasets(wire.inputs or [], "input"),
        outputs=_datasets(wire.outputs or [], "output"),
        wire=wire,
    )


def _kind(wire: Wire) -> Kind:
    """By content: what an event holds says more than its schemaURL, which old clients and proxies get wrong."""
    if wire.run and wire.job:
        return Kind.RUN
    if wire.dataset:
        if wire.job:
            raise InvalidEvent.at("$", "has a job and a dataset but no run: neither a JobEvent nor a DatasetEvent")
        return Kind.DATASET
    if wire.job:
        return Kind.JOB
    if bytes(wire.headwaterWrite) not in (b"", b"null"):
        return Kind.WRITE
    raise InvalidEvent.at("$.job", "is required")


def _event_type(text: str | UnsetType | None) -> str | None:
    if not isinstance(text, str):
        return None
    if text.upper() not in _TYPES:
        raise InvalidEvent.at("$.eventType", f"must be one of {', '.join(sorted(_TYPES))}")
    return text.upper()


def _producer(raw: msgspec.Raw) -> str:
    if bytes(raw)[:1] != b'"':
        return ""
    return str(msgspec.json.decode(raw))[:1000]


def _run_uuid(text: str, *, any_run_id: bool) -> UUID:
    if _UUID.fullmatch(text):
        return UUID(text)
    if any_run_id:
        return _md5_uuid(text)
    raise InvalidEvent.at("$.run.runId", "is no UUID")


def _md5_uuid(text: str) -> UUID:
    """Marquez's way: a version 3 UUID of the text without a namespace."""
    from hashlib import md5  # noqa: PLC0415

    return UUID(bytes=md5(text.encode(), usedforsecurity=False).digest(), version=3)


def parent_uuid(text: str, namespace: str, job: str) -> UUID:
    """UUID of a parent run, whose id old Airflow writes as free text (``manual__2026-01-01``); Marquez's derivation."""
    try:
        return UUID(text)
    except ValueError:
        dag = job.rpartition(".")[0] or job
        return uuid3(NAMESPACE_URL, f"{namespace}.{dag}.{text}")


def _datasets(sent: list[WireDataset], use: str) -> list[Dataset]:
    """``use`` is input or output."""
    return [
        Dataset(
            wire.namespace,
            wire.name,
            _read(lasting.lasting, wire.facets, "$.{}s[{}].facets", use, number),
            _read(facets_in, getattr(wire, f"{use}Facets"), "$.{0}s[{1}].{0}Facets", use, number),
        )
        for number, wire in enumerate(sent)
    ]


def _read(reading: Callable[[bytes], _F], raw: msgspec.Raw, path: str, *where: object) -> _F:
    """``where`` fills the path."""
    try:
        return reading(bytes(raw) or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise _told(error, path.format(*where)) from None


def _check_names(event: Event, longest: int) -> None:
    if event.kind is Kind.WRITE:
        return  # ingest.writes.check_name does
    subject = "dataset" if event.kind is Kind.DATASET else "job"
    _check_name(f"$.{subject}", event.namespace, event.name, longest)
    if event.kind is Kind.DATASET:
        return
    for key, datasets in (("inputs", event.inputs), ("outputs", event.outputs)):
        for i, dataset in enumerate(datasets):
            _check_name(f"$.{key}[{i}]", dataset.namespace, dataset.name, longest)


def _check_name(path: str, namespace: str, name: str, longest: int) -> None:
    if not namespace or not name or max(len(namespace), len(name)) > longest or namespace.isspace() or name.isspace():
        check_name(f"{path}.namespace", namespace, longest)
        check_name(f"{path}.name", name, longest)


def check_name(path: str, name: str, longest: int) -> None:
    """Raises InvalidEvent."""
    if not name:
        raise InvalidEvent.at(path, "is empty")
    if len(name) > longest:
        raise InvalidEvent.at(path, f"has {len(name):,} characters; the limit is {longest:,}")
    if name.isspace():
        raise InvalidEvent.at(path, "is blank")
