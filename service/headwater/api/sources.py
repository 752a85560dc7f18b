"""/sources"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from headwater.api.deps import BAD_REQUEST, NOT_FOUND, TOLD, Names, Page, Read, json
from headwater.api.kept import Kept
from headwater.api.metas import SourceMeta
from headwater.api.paths import Name
from headwater.api.telling import write
from headwater.catalog import sources
from headwater.entities.source import Source, Sources
from headwater.ingest.writes import PutSource

router = APIRouter(prefix="/api/v1/sources", tags=["Sources"], route_class=Kept)


@router.get("", response_model=Sources, responses=BAD_REQUEST)
async def list_sources(read: Read, page: Page, names: Names) -> Response:
    """What datasets are kept in, by name."""
    return json(await sources.list_sources(read, page, names))


@router.get("/{source}", response_model=Source, responses=NOT_FOUND)
async def get_source(read: Read, source: Name) -> Response:
    """One source."""
    return json(await sources.get_source(read, source))


@router.put("/{source}", response_model=Source, responses=TOLD)
async def put_source(request: Request, read: Read, source: Name, meta: SourceMeta) -> Response:
    """Makes a source, or says anew what it is."""
    await write(request, PutSource(source, meta.type, meta.connectionUrl, meta.description))
    return json(await sources.get_source(read, source))
