"""Identifiers: every one is computed from names or content, so that nothing has to be looked up.

An id is the first 8 bytes of a BLAKE2b digest, read as a signed 64-bit integer (PostgreSQL's bigint). Two names share an
id with a chance of about n²/2⁶⁵ (3 in a million for 10 million names); the writer compares names and refuses the event.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from hashlib import blake2b
from os import urandom
from time import time_ns
from uuid import UUID

_UNIT, _ESCAPE = "\x1f", "\x1e"
_DATASET_BITS = (1 << 58) - 1
UNDATED = date(1970, 1, 1)


def content_id(content: bytes) -> int:
    """Signed 64-bit digest of some bytes."""
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


_remembered = lru_cache(maxsize=16_384)(content_id)


def body_id(body: bytes) -> int:
    """``content_id`` of a facet's body. A pipeline sends the same bodies with every run, and looking a short one up takes a
    third of the time of hashing it; 16,384 of at most 2 KiB are remembered."""
    return _remembered(body) if len(body) <= 2048 else content_id(body)


def _text(*names: str) -> str:
    """Injective: a name that holds the separator is not taken for two."""
    text = _UNIT.join(names)
    if _ESCAPE in text or text.count(_UNIT) >= len(names):
        return _UNIT.join([name.replace(_ESCAPE, _ESCAPE + "0").replace(_UNIT, _ESCAPE + "1") for name in names])
    return text


def name_id(kind: str, *names: str) -> int:
    """Signed 64-bit id of a thing with a name; ``kind`` keeps a job and a dataset of one name apart."""
    return _remembered_name(kind, *names) if len(names[0]) + len(names[-1]) <= 512 else guessed_id(kind, *names)


def guessed_id(kind: str, *names: str) -> int:
    """The same, for names that probably do not exist: nothing is remembered."""
    return content_id(_text(kind, *names).encode())


_remembered_name = lru_cache(maxsize=32_768)(guessed_id)


def namespace_id(namespace: str) -> int:
    return name_id("namespace", namespace)


def job_id(namespace: str, name: str) -> int:
    return name_id("job", namespace, name)


def dataset_id(namespace: str, name: str) -> int:
    return name_id("dataset", namespace, name)


def run_id(run: UUID, namespace: str, job: str) -> int:
    """Id of a run of a job, whose name is taken as the event has it: several jobs under one run UUID are several runs."""
    return content_id(run.bytes + _text(namespace, job).encode())


def io_digest(dataset: int, *, output: bool) -> int:
    """A run's io_digest is the exclusive or of these: a dataset id is random already, and turned by one bit where it is read.
    ``ingest.statements`` computes the same."""
    if output:
        return dataset
    turned = (dataset << 1 | dataset >> 63 & 1) & 0xFFFF_FFFF_FFFF_FFFF
    return turned - (1 << 64) if turned >> 63 else turned


def event_id(body: bytes) -> UUID:
    """Id of an event by its content (128 bits, as two different events must never share one), which is not what stands around it:
    a request often ends with the line break that a file's line has lost."""
    return UUID(bytes=blake2b(body.strip(), digest_size=16).digest())


def new_run() -> UUID:
    """A version 7 UUID, which holds the present."""
    return uuid7(time_ns() // 1_000_000, int.from_bytes(urandom(10), "big") >> 6)


def uuid7(milliseconds: int, chance: int) -> UUID:
    """Version 7: the time since 1970, and 74 bits of chance."""
    return UUID(int=milliseconds << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)


def run_month(run: UUID) -> date:
    """First day of the month in which a run's UUID was made, as partition key.

    It must be a pure function of the run, as its events come in any order: version 7 UUIDs carry their time; all others
    (and times outside 2015–2099, which are no real ones) are undated and share one partition.
    """
    number = run.int
    if number >> 76 & 0xF != 7 or number >> 62 & 3 != 2:  # UUID.version takes three times as long
        return UNDATED
    return _month((number >> 80) // 86_400_000)


@lru_cache(maxsize=4_096)
def _month(days: int) -> date:
    return date.fromordinal(719_163 + days).replace(day=1) if 16_436 <= days <= 47_846 else UNDATED


def dataset_version_uuid(version: int, dataset: int, external: str | None = None) -> UUID:
    """UUID shown for a dataset version. It holds the id of the run that wrote it (or of the dataset_versions row), so that
    a version is found from its UUID without an index: see ``version_of``."""
    low = name_id("dataset_version", str(dataset), external or "") & _DATASET_BITS
    high = version & 0xFFFF_FFFF_FFFF_FFFF
    # RFC 9562 version 8 layout: 48 bits, version, 12 bits, variant, 62 bits; the 64 bits of the version id come first.
    return UUID(int=(high >> 16) << 80 | 8 << 76 | (high >> 4 & 0xFFF) << 64 | 2 << 62 | (high & 0xF) << 58 | low)


def version_of(uuid: UUID) -> int:
    """The run id (or dataset_versions id) inside a dataset version's UUID."""
    n = uuid.int
    high = (n >> 80) << 16 | (n >> 64 & 0xFFF) << 4 | (n >> 58 & 0xF)
    return high - (1 << 64) if high >> 63 else high


def job_version_uuid(job: int, version: int) -> UUID:
    """UUID shown for a job version: the same inputs, outputs and code of the same job give the same one."""
    return _uuid8(f"job_version{_UNIT}{job}{_UNIT}{version}")


def entity_uuid(identifier: int) -> UUID:
    """UUID shown where Marquez shows its row ids (parentJobUuid)."""
    return _uuid8(f"entity{_UNIT}{identifier}")


def _uuid8(text: str) -> UUID:
    n = int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big")
    return UUID(int=n & ~(0xF << 76) & ~(3 << 62) | 8 << 76 | 2 << 62)
