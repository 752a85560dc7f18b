"""GET /events/lineage"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from headwater.api.deps import BAD_REQUEST, Page, Read, json
from headwater.api.parameters import INSTANT, one_of
from headwater.catalog import events
from headwater.entities.event import Events

router = APIRouter(prefix="/api/v1/events/lineage", tags=["Events"])

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_Before = Annotated[datetime, INSTANT, Query(description="Only events before this time.")]
_After = Annotated[datetime, INSTANT, Query(description="Only events at this time or later.")]
_Direction = Annotated[Literal["DESC", "ASC"], one_of("DESC", "ASC"), Query(description="By event time.")]


@router.get("", response_model=Events, responses=BAD_REQUEST)
async def list_events(
    read: Read,
    page: Page,
    before: _Before | None = None,
    after: _After | None = None,
    sortDirection: _Direction = "DESC",  # noqa: N803
) -> Response:
    """Run events as they were sent, by event time."""
    window = events.Window(after or _BEGINNING, before or _END)
    return json(await events.list_events(read, window, page, newest_first=sortDirection == "DESC"))
