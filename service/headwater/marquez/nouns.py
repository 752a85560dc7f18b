"""Marquez's nouns, as much of each as an import needs, under the names that its API has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import msgspec

ANONYMOUS = "anonymous"  # owner of a namespace of which nobody said who it belongs to


class _Noun(msgspec.Struct, rename="camel"):
    pass


class Name(_Noun):
    namespace: str
    name: str


class Namespace(_Noun):
    name: str
    created_at: datetime
    owner_name: str | None = None
    description: str | None = None
    is_hidden: bool | None = False


class Source(_Noun):
    name: str
    type: str
    updated_at: datetime
    connection_url: str | None = None
    description: str | None = None


class Tag(_Noun):
    name: str
    description: str | None = None


class Field(_Noun):
    name: str
    type: str | None = None
    description: str | None = None
    tags: list[str] | None = None


class Dataset(_Noun):
    namespace: str
    name: str
    type: str
    physical_name: str
    created_at: datetime
    updated_at: datetime
    source_name: str | None = None
    fields: list[Field] | None = None
    tags: list[str] | None = None
    description: str | None = None
    schema_location: str | None = None
    is_hidden: bool = False  # the database tells; the API lists what is not hidden


class LatestRun(_Noun):
    id: UUID


class Job(_Noun):
    namespace: str
    name: str
    type: str
    created_at: datetime
    updated_at: datetime
    inputs: list[Name] | None = None
    outputs: list[Name] | None = None
    tags: list[str] | None = None
    description: str | None = None
    location: str | None = None
    latest_runs: list[LatestRun] | None = None
    is_hidden: bool = False  # as in Dataset


class _DatasetVersion(_Noun):
    dataset_version_id: Name


class Run(_Noun):
    id: UUID
    state: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    nominal_start_time: datetime | None = None
    nominal_end_time: datetime | None = None
    args: dict[str, str] | None = None
    input_dataset_versions: list[_DatasetVersion] | None = None
    output_dataset_versions: list[_DatasetVersion] | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some events as Marquez has them, oldest first. All that are older than ``reached`` were in this chunk or one before it."""

    bodies: list[bytes]
    reached: datetime


class Marquez(Protocol):
    """An installation to read from. All may raise Unavailable, and Invalid where it is no Marquez that is understood."""

    name: str  # where it is, without credentials

    async def event_count(self, since: datetime | None) -> int:
        """Events from a time on, or about as many: progress is measured by it."""

    def events(self, since: datetime | None) -> AsyncGenerator[Chunk, None]:
        """From a time on, or all; an event may come twice."""

    def namespaces(self) -> AsyncIterator[Namespace]: ...

    def sources(self) -> AsyncIterator[Source]: ...

    def tags(self) -> AsyncIterator[Tag]: ...

    def datasets(self, namespace: str) -> AsyncIterator[Dataset]: ...

    def jobs(self, namespace: str) -> AsyncIterator[Job]: ...

    def runs(self, job: Job) -> AsyncIterator[Run]:
        """Those of which an event may not have told."""

    async def run_count(self, job: Job) -> int: ...

    async def version_count(self, dataset: Dataset) -> int: ...


def utc(time: datetime) -> datetime:
    """As which Marquez means times without a zone."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def iso(time: datetime) -> str:
    return utc(time).isoformat(timespec="microseconds").replace("+00:00", "Z")
