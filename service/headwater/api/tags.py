"""GET /tags"""

from __future__ import annotations

from fastapi import APIRouter, Response

from headwater.api.deps import BAD_REQUEST, Page, Read, json
from headwater.catalog import tags
from headwater.entities.tag import Tags

router = APIRouter(prefix="/api/v1/tags", tags=["Tags"])


@router.get("", response_model=Tags, responses=BAD_REQUEST)
async def list_tags(read: Read, page: Page) -> Response:
    """All tags by name: those that were put, and those that events use."""
    return json(await tags.list_tags(read, page))
