"""GET /namespaces/{namespace}/datasets"""

from __future__ import annotations

from fastapi import APIRouter, Response

from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Page, Read, json, uuid_of
from headwater.api.paths import Name
from headwater.catalog import datasets
from headwater.entities.dataset import (
    Dataset,
    Datasets,
    DatasetVersion,
    DatasetVersions,
    StreamDataset,
    StreamDatasetVersion,
)

router = APIRouter(prefix="/api/v1/namespaces/{namespace}/datasets", tags=["Datasets"])


@router.get("", response_model=Datasets, responses={**BAD_REQUEST, **NOT_FOUND})
async def list_datasets(read: Read, namespace: Name, page: Page) -> Response:
    """Datasets of a namespace by name, each under its own name only."""
    return json(await datasets.list_datasets(read, namespace, page))


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
