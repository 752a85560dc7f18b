"""/namespaces"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from headwater.api.deps import BAD_REQUEST, ERASED, NOT_FOUND, TOLD, Hard, Names, Page, Read, json
from headwater.api.kept import Kept
from headwater.api.metas import NamespaceMeta
from headwater.api.paths import Name
from headwater.api.telling import erase, write
from headwater.catalog import namespaces
from headwater.entities.namespace import Namespace, Namespaces
from headwater.ingest.writes import Erase, Hide, PutNamespace

router = APIRouter(prefix="/api/v1/namespaces", tags=["Namespaces"], route_class=Kept)


@router.get("", response_model=Namespaces, responses=BAD_REQUEST)
async def list_namespaces(request: Request, read: Read, page: Page, names: Names) -> Response:
    """All namespaces by name, hidden ones too; without those that the settings exclude."""
    excluded = request.app.state.settings.exclude_namespaces_on_read or None
    return json(await namespaces.list_namespaces(read, page, excluded, names))


@router.get("/{namespace}", response_model=Namespace, responses=NOT_FOUND)
async def get_namespace(read: Read, namespace: Name) -> Response:
    """One namespace, even if it is hidden."""
    return json(await namespaces.get_namespace(read, namespace))


@router.put("/{namespace}", response_model=Namespace, responses=TOLD)
async def put_namespace(request: Request, read: Read, namespace: Name, meta: NamespaceMeta) -> Response:
    """Makes a namespace, or says who owns it and what it is for; shows it if it was hidden."""
    await write(request, PutNamespace(namespace, meta.ownerName, meta.description))
    return json(await namespaces.get_namespace(read, namespace))


@router.delete("/{namespace}", response_model=Namespace, responses=ERASED)
async def delete_namespace(request: Request, read: Read, namespace: Name, hard: Hard = False) -> Response:
    """Hides a namespace with its datasets and jobs. Each is shown again by the next event that names it; nothing is lost."""
    await namespaces.require_namespace(read, namespace)
    if hard:
        return await erase(request, Erase(namespace))
    await write(request, Hide(namespace))
    return json(await namespaces.get_namespace(read, namespace))


@router.post("/{namespace}/undelete", response_model=Namespace, responses=NOT_FOUND)
async def undelete_namespace(request: Request, read: Read, namespace: Name) -> Response:
    """Shows a hidden namespace again, with all that is in it."""
    await namespaces.require_namespace(read, namespace)
    await write(request, Hide(namespace, shown=True))
    return json(await namespaces.get_namespace(read, namespace))
