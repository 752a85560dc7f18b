"""What people told Marquez, as the events of our own that the same REST calls make here. Pure; times are Marquez's, so that the
same thing told twice is one event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from headwater.entities import dataset as shown_dataset
from headwater.entities import job as shown_job
from headwater.entities import source as shown_source
from headwater.ingest import own_events, writes
from headwater.marquez.nouns import ANONYMOUS, Dataset, Job, Name, Namespace, Run, Source, Tag, iso, utc
from headwater.openlineage.facets import NO_SOURCE

_ENDS = {"COMPLETED": "COMPLETE", "FAILED": "FAIL", "ABORTED": "ABORT"}


def namespace(told: Namespace, owner: str, description: str | None) -> bytes | None:
    """Where Marquez knows an owner or a description, and headwater (``owner``, ``description``) does not."""
    new_owner = told.owner_name if owner == ANONYMOUS and told.owner_name else owner
    new_description = told.description if description is None else None
    if new_owner == owner and new_description is None:
        return None
    return writes.event_of(writes.PutNamespace(told.name, new_owner, new_description), iso(told.created_at))


def says_more(told: Source, known: shown_source.Source) -> bool:
    """Whether somebody told Marquez of a source that events name too: those alone make each one POSTGRESQL."""
    return told.type not in (known.type, "POSTGRESQL") or bool(told.description and not known.description)


def source(told: Source) -> bytes:
    write = writes.PutSource(told.name, told.type, told.connection_url or "", told.description)
    return writes.event_of(write, iso(told.updated_at))


def tag(told: Tag, time: str) -> bytes:
    return writes.event_of(writes.PutTag(told.name, told.description), time)


def whole_dataset(told: Dataset, uri: str | None) -> bytes:
    """``uri`` is that of its source."""
    origin = (told.source_name or NO_SOURCE, uri)
    facets = own_events.dataset_facets(_own(told), origin, told.description, _fields(told) or [], _tags(told))
    return own_events.dataset_event(iso(told.updated_at), ((told.namespace, told.name), facets))


def added_to_dataset(told: Dataset, uri: str | None, known: shown_dataset.Dataset) -> Iterator[bytes]:
    """What headwater does not know of it. Told as of its creation, so that nothing else of what is known here is older; and tags
    by themselves, as only the rest makes a version."""
    name, time = (known.namespace, known.name), iso(told.created_at)
    unlike = (told.type, told.physical_name) not in ((known.type, known.physicalName), ("DB_TABLE", told.name))
    origin = (told.source_name, uri) if told.source_name and known.sourceName == NO_SOURCE != told.source_name else None
    facets = own_events.dataset_facets(
        _own(told) if unlike else {},
        origin,
        None if known.description else told.description,
        None if known.fields else _fields(told),
        (),
    )
    if facets:
        yield own_events.dataset_event(time, (name, facets))
    having = {*((None, tag) for tag in known.tags), *((field.name, tag) for field in known.fields for tag in field.tags)}
    if tags := [tag for tag in _tags(told) if tag not in having]:
        yield own_events.dataset_event(time, (name, own_events.tag_facets(tags)))


def whole_job(told: Job) -> bytes:
    tags = own_events.tag_facets((None, tag) for tag in told.tags or [])
    facets = own_events.job_facets(told.type, told.description, told.location) | tags
    io = (_names(told.inputs or []), _names(told.outputs or []))
    return own_events.job_event(iso(told.updated_at), ((told.namespace, told.name), facets), *io)


def may_say_more(told: Job) -> bool:
    """Whether there may be something to add: most jobs have nothing, and looking one up takes many statements."""
    return bool(told.tags or told.description or told.location) or told.type != "BATCH"


def added_to_job(told: Job, known: shown_job.Job) -> Iterator[bytes]:
    """What headwater does not know of it, as of its creation; what it reads and writes is for events to say."""
    facets = own_events.tag_facets((None, tag) for tag in told.tags or [] if tag not in known.tags)
    unlike = told.type not in (known.type, "BATCH")
    description = None if known.description else told.description
    location = None if known.location else told.location
    if unlike or description or location:
        facets |= own_events.job_facets(told.type if unlike else known.type, description, location)
    if facets:
        yield own_events.job_event(iso(told.created_at), ((known.namespace, known.name), facets))


def run(told: Run, job: Job) -> Iterator[bytes]:
    """Its making, its beginning and its end; what it wrote is told with the last of them."""
    name = (job.namespace, job.name)
    start, end = (time and utc(time) for time in (told.nominal_start_time, told.nominal_end_time))
    facets = own_events.run_facets(told.args or {}, start, end)
    inputs, outputs = (
        [(name, own_events.NO_FACETS) for name in _names(v.dataset_version_id for v in versions or [])]
        for versions in (told.input_dataset_versions, told.output_dataset_versions)
    )
    moments = [(told.created_at, None), (told.started_at, "START"), (told.ended_at, _ENDS.get(told.state))]
    happened = [(time, kind) for time, kind in moments if time and (kind or time is told.created_at)]
    for n, (time, kind) in enumerate(happened):
        written = outputs if n == len(happened) - 1 else []
        yield own_events.run_event(
            iso(time), kind, str(told.id), (name, {}), facets if n == 0 else None, inputs if n == 0 else [], written
        )


def _own(told: Dataset) -> dict[str, str | None]:
    return {"type": told.type, "physicalName": told.physical_name, "schemaLocation": told.schema_location}


def _fields(told: Dataset) -> list[dict[str, Any]] | None:
    """By name: Marquez has a field without a type again for each event."""
    by_name = {field.name: field for field in told.fields or []}
    return [msgspec.structs.asdict(field) for field in by_name.values()] or None


def _tags(told: Dataset) -> list[own_events.Tag]:
    of_fields = [(field.name, tag) for field in told.fields or [] for tag in field.tags or []]
    return [*((None, tag) for tag in told.tags or []), *of_fields]


def _names(told: Iterable[Name]) -> list[own_events.Name]:
    return sorted({(name.namespace, name.name) for name in told})
