"""/tags"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from headwater.api.deps import BAD_REQUEST, TOLD, Names, Page, Read, json
from headwater.api.kept import Kept
from headwater.api.metas import TagMeta
from headwater.api.paths import Name
from headwater.api.telling import write
from headwater.catalog import tags
from headwater.entities.tag import Tag, Tags
from headwater.ingest.writes import PutTag

router = APIRouter(prefix="/api/v1/tags", tags=["Tags"], route_class=Kept)


@router.get("", response_model=Tags, responses=BAD_REQUEST)
async def list_tags(read: Read, page: Page, names: Names) -> Response:
    """All tags by name: those that were put, and those that events use."""
    return json(await tags.list_tags(read, page, names))


@router.put("/{tag}", response_model=Tag, responses=TOLD)
async def put_tag(request: Request, read: Read, tag: Name, meta: TagMeta) -> Response:
    """Makes a tag, or says what it means."""
    await write(request, PutTag(tag, meta.description))
    return json(await tags.get_tag(read, tag))
