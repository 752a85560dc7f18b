"""What somebody tells headwater itself, over Marquez's REST API, and no OpenLineage event can say: who owns a namespace, what a
source is, what a tag means, what is hidden. It goes into the log as an event does, so that everything can be rebuilt from there.

``{"eventTime", "producer", "schemaURL", "headwaterWrite": {"kind": …}}``. Datasets, jobs, runs and their tags are told by
OpenLineage events of our own.
"""

from __future__ import annotations

import msgspec

from headwater import ids
from headwater.errors import InvalidEvent
from headwater.ingest.changes import Changes
from headwater.openlineage import parse
from headwater.openlineage.parse import Event

PRODUCER = "urn:headwater:rest"
SCHEMA_URL = "urn:headwater:write:1"


class PutNamespace(msgspec.Struct, tag_field="kind", tag="namespace"):
    name: str
    owner: str
    description: str | None = None  # None: as it is


class PutSource(msgspec.Struct, tag_field="kind", tag="source"):
    name: str
    type: str
    uri: str
    description: str | None = None


class PutTag(msgspec.Struct, tag_field="kind", tag="tag"):
    name: str
    description: str | None = None  # None: as it is


class Hide(msgspec.Struct, tag_field="kind", tag="hide"):
    """A namespace with all that is in it, or one job or dataset; ``shown`` brings it back."""

    namespace: str
    job: str | None = None
    dataset: str | None = None
    shown: bool = False


class Erase(msgspec.Struct, tag_field="kind", tag="erase", frozen=True):
    """A namespace with all that is in it, or one job or dataset, for good: see ``ingest.erase``."""

    namespace: str
    job: str | None = None
    dataset: str | None = None


Write = PutNamespace | PutSource | PutTag | Hide | Erase
_decoder: msgspec.json.Decoder[Write] = msgspec.json.Decoder(Write)


def event_of(write: Write, time: str) -> bytes:
    """The event that says it."""
    return msgspec.json.encode({"eventTime": time, "producer": PRODUCER, "schemaURL": SCHEMA_URL, "headwaterWrite": write})


def read(event: Event) -> Write:
    """Raises InvalidEvent."""
    try:
        return _decoder.decode(event.wire.headwaterWrite)
    except msgspec.ValidationError as error:
        raise InvalidEvent.at("$.headwaterWrite", str(error)) from None


def check_name(event: Event, longest: int) -> None:
    """Of what it makes. Raises InvalidEvent."""
    write = read(event)
    if isinstance(write, PutNamespace | PutSource | PutTag):
        parse.check_name("$.headwaterWrite.name", write.name, longest)


def extract(event: Event, changes: Changes) -> None:
    """Adds what it says, unless it erases, which is no change of rows but their end."""
    at, write = event.at, read(event)
    match write:
        case PutNamespace():
            changes.put_namespaces.append((changes.namespace(write.name, at), write.owner, write.description, at))
        case PutSource():
            source = ids.name_id("source", write.name)
            changes.put_sources.append((source, write.name, write.type, write.uri, write.description, at))
        case PutTag():
            changes.put_tags.append((ids.name_id("tag", write.name), write.name, write.description, at))
        case Hide(job=str(job)):
            changes.hidden.append(("jobs", "job_id", ids.job_id(write.namespace, job), write.shown, at))
        case Hide(dataset=str(dataset)):
            changes.hidden.append(("datasets", "canonical_id", ids.dataset_id(write.namespace, dataset), write.shown, at))
        case Hide():
            namespace = ids.namespace_id(write.namespace)
            for table in ("namespaces", "datasets", "jobs"):
                changes.hidden.append((table, "namespace_id", namespace, write.shown, at))
