"""/namespaces/{namespace}/datasets"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from headwater.api.deps import BAD_REQUEST, ERASED, NOT_FOUND, TOLD, Hard, Names, Page, Read, json, uuid_of
from headwater.api.kept import Kept
from headwater.api.metas import DatasetMeta, FieldMeta
from headwater.api.paths import Name, NotBlank
from headwater.api.telling import erase, tell, write
from headwater.catalog import datasets, meaning, namespaces, runs, sources
from headwater.db.pool import Connection
from headwater.entities.dataset import (
    Dataset,
    Datasets,
    DatasetVersion,
    DatasetVersions,
    Field,
    StreamDataset,
    StreamDatasetVersion,
)
from headwater.errors import NotFound
from headwater.ingest import own_events
from headwater.ingest.writes import Erase, Hide
from headwater.openlineage.times import now

router = APIRouter(prefix="/api/v1/namespaces/{namespace}/datasets", tags=["Datasets"], route_class=Kept)


@router.get("", response_model=Datasets, responses={**BAD_REQUEST, **NOT_FOUND})
async def list_datasets(read: Read, namespace: Name, page: Page, names: Names) -> Response:
    """Datasets of a namespace by name, each under its own name only."""
    return json(await datasets.list_datasets(read, namespace, page, names))


@router.get("/{dataset}", response_model=Dataset | StreamDataset, responses=NOT_FOUND)
async def get_dataset(read: Read, namespace: Name, dataset: Name) -> Response:
    """One dataset, by its name or any of its symlinks."""
    return json(await datasets.get_dataset(read, namespace, dataset))


@router.get("/{dataset}/versions", response_model=DatasetVersions, responses={**BAD_REQUEST, **NOT_FOUND})
async def list_dataset_versions(read: Read, namespace: Name, dataset: Name, page: Page) -> Response:
    """Versions of a dataset, newest first."""
    return json(await datasets.list_dataset_versions(read, namespace, dataset, page))


@router.get("/{dataset}/versions/{version}", response_model=DatasetVersion | StreamDatasetVersion, responses=NOT_FOUND)
async def get_dataset_version(read: Read, namespace: Name, dataset: Name, version: Name) -> Response:
    """One version, by the UUID that the dataset and its runs show."""
    uuid = uuid_of("Dataset version", version)
    return json(await datasets.get_dataset_version(read, namespace, dataset, uuid))


@router.put("/{dataset}", response_model=Dataset | StreamDataset, responses={**TOLD, **NOT_FOUND})
async def put_dataset(request: Request, read: Read, namespace: Name, dataset: Name, meta: DatasetMeta) -> Response:
    """Makes a dataset, or says anew what it is: a new version of it, if its fields are others. The source must be there."""
    await namespaces.require_namespace(read, namespace)
    source = await sources.get_source(read, meta.sourceName)
    known = await _known(read, namespace, dataset)
    name = (known.namespace, known.name) if known else (namespace, dataset)
    facets = _facets(meta, source.connectionUrl, known)
    if meta.runId is None:
        event = own_events.dataset_event(now(), (name, facets))
    else:
        job = await runs.find_job_of_run(read, meta.runId)
        event = own_events.run_event(now(), None, str(meta.runId), (job, {}), outputs=[(name, facets)])
    await tell(request, event)
    return json(await datasets.get_dataset(read, namespace, dataset))


async def _known(read: Connection, namespace: str, dataset: str) -> Dataset | StreamDataset | None:
    try:
        return await datasets.get_dataset(read, namespace, dataset)
    except NotFound:
        return None


def _facets(meta: DatasetMeta, uri: str | None, known: Dataset | StreamDataset | None) -> own_events.Facets:
    own = {"type": meta.type, "physicalName": meta.physicalName, "schemaLocation": meta.schemaLocation}
    tags = [*((None, tag) for tag in meta.tags), *((field.name, tag) for field in meta.fields or [] for tag in field.tags)]
    fields = [field.model_dump() for field in meta.fields or []]
    facets = own_events.dataset_facets(own, (meta.sourceName, uri), meta.description, fields, tags)
    if known and _are_known(meta.fields, known.fields):
        facets |= own_events.schema_facets(meaning.body(known.facets, "schema"))
    return facets


def _are_known(told: Sequence[FieldMeta] | None, known: Sequence[Field]) -> bool:
    """Where none are told, or the same in another order: that makes no other version."""
    return told is None or sorted(map(_content, told)) == sorted(map(_content, known))


def _content(field: FieldMeta | Field) -> tuple[str, str, str]:
    """Types in capitals: in another case they are the same, as in Marquez."""
    return field.name, (field.type or "").upper(), field.description or ""


@router.delete("/{dataset}", response_model=Dataset | StreamDataset, responses=ERASED)
async def delete_dataset(request: Request, read: Read, namespace: Name, dataset: Name, hard: Hard = False) -> Response:
    """Hides a dataset, until the next event that names it; nothing is lost."""
    if hard:
        own_namespace, own_name = await datasets.find_hidden_dataset(read, namespace, dataset)
        return await erase(request, Erase(own_namespace, dataset=own_name))
    known = await datasets.get_dataset(read, namespace, dataset)
    await write(request, Hide(known.namespace, dataset=known.name))
    return json(known)


@router.post("/{dataset}/undelete", response_model=Dataset | StreamDataset, responses=NOT_FOUND)
async def undelete_dataset(request: Request, read: Read, namespace: Name, dataset: Name) -> Response:
    """Shows a hidden dataset again."""
    own_namespace, own_name = await datasets.find_hidden_dataset(read, namespace, dataset)
    await write(request, Hide(own_namespace, dataset=own_name, shown=True))
    return json(await datasets.get_dataset(read, namespace, dataset))


@router.post("/{dataset}/tags/{tag}", response_model=Dataset | StreamDataset, responses=NOT_FOUND)
async def tag_dataset(request: Request, read: Read, namespace: Name, dataset: Name, tag: NotBlank) -> Response:
    """Gives a dataset a tag, which is made if there is none of that name."""
    return await _tag(request, read, (namespace, dataset), None, tag)


@router.delete("/{dataset}/tags/{tag}", response_model=Dataset | StreamDataset, responses=NOT_FOUND)
async def untag_dataset(request: Request, read: Read, namespace: Name, dataset: Name, tag: NotBlank) -> Response:
    """Takes a tag away, also one that events give it."""
    return await _tag(request, read, (namespace, dataset), None, tag, removed=True)


_FIELD_TAG = "/{dataset}/fields/{field}/tags/{tag}"


@router.post(_FIELD_TAG, response_model=Dataset | StreamDataset, responses=NOT_FOUND)
async def tag_field(request: Request, read: Read, namespace: Name, dataset: Name, field: Name, tag: NotBlank) -> Response:
    """Gives a field a tag, in capitals."""
    return await _tag(request, read, (namespace, dataset), field, tag)


@router.delete(_FIELD_TAG, response_model=Dataset | StreamDataset, responses=NOT_FOUND)
async def untag_field(request: Request, read: Read, namespace: Name, dataset: Name, field: Name, tag: NotBlank) -> Response:
    """Takes a tag of a field away, also one that events give it: the one that is spelt so, or else in capitals."""
    return await _tag(request, read, (namespace, dataset), field, tag, removed=True)


async def _tag(
    request: Request, read: Connection, name: tuple[str, str], field: str | None, tag: str, *, removed: bool = False
) -> Response:
    known = await datasets.get_dataset(read, *name)
    having = {f.name: f.tags for f in known.fields}.get(field) if field is not None else known.tags
    if having is None:
        raise NotFound("Field", str(field), known.name)
    if field is not None and tag not in having:
        tag = tag.upper()  # Marquez's way; what events give a field keeps its spelling
    if (tag in having) == removed:
        facets = own_events.tag_facets([(field, tag)], removed=removed)
        await tell(request, own_events.dataset_event(now(), ((known.namespace, known.name), facets)))
    return json(await datasets.get_dataset(read, *name))
