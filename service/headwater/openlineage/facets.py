"""The facets that we interpret, as tolerant shapes; ``read`` gives None where a facet does not fit its shape.

Every facet, known or not, is also kept whole as it came.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import msgspec

_F = TypeVar("_F", bound=msgspec.Struct)


class Name(msgspec.Struct):
    """A job or a dataset somewhere else in the event."""

    namespace: str
    name: str


class RunRef(msgspec.Struct):
    runId: str  # noqa: N815


class Parent(msgspec.Struct):
    run: RunRef
    job: Name


class JobDependency(msgspec.Struct):
    job: Name


class JobDependencies(msgspec.Struct):
    upstream: list[JobDependency] | None = None
    downstream: list[JobDependency] | None = None


class JobType(msgspec.Struct):
    processingType: str | None = None  # noqa: N815
    jobType: str | None = None  # noqa: N815


class SourceCodeLocation(msgspec.Struct):
    url: str | None = None
    version: str | None = None


class DataSource(msgspec.Struct):
    name: str | None = None
    uri: str | None = None


class DatasetType(msgspec.Struct):
    datasetType: str | None = None  # noqa: N815


MODEL = "MODEL"
"""The datasetType, in capitals, of what was trained."""

NO_SOURCE = "default"
"""Source of a dataset of which nobody told one, as in Marquez."""


class Symlinks(msgspec.Struct):
    identifiers: list[Name] | None = None


class Tag(msgspec.Struct):
    key: str
    value: str | bool | int | float | None = None
    field: str | None = None

    @property
    def text(self) -> str:
        """``key`` for a plain tag (Airflow repeats the key as its value), else ``key=value``."""
        plain = self.value is None or self.value is True or str(self.value).lower() in ("", "true") or self.value == self.key
        return self.key if plain else f"{self.key}={str(self.value).lower() if self.value is False else self.value}"


class Tags(msgspec.Struct):
    tags: list[Tag] | None = None


OWN_TAG = "headwaterTag:"
"""Begins the keys of tags that people give (``OwnTag``)."""
OWN_DATASET, OWN_JOB, OWN_RUN = "headwaterDataset", "headwaterJob", "headwaterRun"
OWN_MODIFIED = "headwaterModified"
"""Of an output that a run had when somebody said over REST that it has ended: its time is the dataset's lastModifiedAt."""


class OwnTag(msgspec.Struct):
    """Of headwater's own: one tag that a person gave or took away (see ``ingest.own_events``)."""

    tag: str
    field: str | None = None
    removed: bool = False


class DatasetVersion(msgspec.Struct):
    datasetVersion: str | int | None = None  # noqa: N815


class Lifecycle(msgspec.Struct):
    lifecycleStateChange: str | None = None  # noqa: N815
    previousIdentifier: Name | None = None  # noqa: N815


class Transformation(msgspec.Struct, omit_defaults=True):
    type: str | None = None
    subtype: str | None = None
    description: str | None = None
    masking: bool | None = None


class InputField(msgspec.Struct):
    namespace: str
    name: str
    field: str | None = None
    transformations: list[Transformation] | None = None


class OutputField(msgspec.Struct):
    inputFields: list[InputField] | None = None  # noqa: N815
    transformationDescription: str | None = None  # noqa: N815
    transformationType: str | None = None  # noqa: N815


class ColumnLineage(msgspec.Struct):
    fields: dict[str, OutputField] | None = None
    dataset: list[InputField] | None = None


class LineageInput(msgspec.Struct):
    """A source of an explicit lineage entry; a JOB without a name is the event's own."""

    type: str = "DATASET"
    namespace: str | None = None
    name: str | None = None
    field: str | None = None
    transformations: list[Transformation] | None = None


class LineageField(msgspec.Struct):
    inputs: list[LineageInput] | None = None


class LineageEntry(msgspec.Struct):
    type: str = "DATASET"
    namespace: str | None = None
    name: str | None = None
    inputs: list[LineageInput] | None = None
    fields: dict[str, LineageField] | None = None


class JobLineage(msgspec.Struct):
    entries: list[LineageEntry] | None = None


class DatasetLineage(msgspec.Struct):
    inputs: list[LineageInput] | None = None
    fields: dict[str, LineageField] | None = None


_LONGEST = 10_000  # characters, as of names outside of facets unless the settings say more


def name_of(thing: Name | InputField | LineageInput | LineageEntry) -> tuple[str, str] | None:
    """(namespace, name), or None where one of them is absent, blank or endless: then it names nothing."""
    if len(thing.namespace or "") > _LONGEST or len(thing.name or "") > _LONGEST:
        return None
    if not thing.namespace or not thing.name or thing.namespace.isspace() or thing.name.isspace():
        return None
    return thing.namespace, thing.name


@lru_cache(maxsize=64)
def _decoder(shape: type[_F]) -> msgspec.json.Decoder[_F]:
    return msgspec.json.Decoder(shape)


class _Marker(msgspec.Struct):
    _deleted: bool | None = None


def read(shape: type[_F], raw: msgspec.Raw) -> _F | None:
    """The facet, or None where it has another shape or says that it is deleted."""
    body = bytes(raw)
    if b'"_deleted"' in body and is_deleted(body):
        return None
    try:
        found: _F = _decoder(shape).decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found


def is_deleted(body: bytes) -> bool:
    """Whether ``_deleted`` is true: the facet is gone as of its event."""
    try:
        return bool(_decoder(_Marker).decode(body)._deleted)
    except (msgspec.DecodeError, RecursionError):
        return False
