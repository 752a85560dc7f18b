"""GET /namespaces"""

from __future__ import annotations

from fastapi import APIRouter, Response

from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Page, Read, json
from headwater.api.paths import Name
from headwater.catalog import namespaces
from headwater.entities.namespace import Namespace, Namespaces

router = APIRouter(prefix="/api/v1/namespaces", tags=["Namespaces"])


@router.get("", response_model=Namespaces, responses=BAD_REQUEST)
async def list_namespaces(read: Read, page: Page) -> Response:
    """All namespaces by name, hidden ones too."""
    return json(await namespaces.list_namespaces(read, page))


@router.get("/{namespace}", response_model=Namespace, responses=NOT_FOUND)
async def get_namespace(read: Read, namespace: Name) -> Response:
    """One namespace, even if it is hidden."""
    return json(await namespaces.get_namespace(read, namespace))
