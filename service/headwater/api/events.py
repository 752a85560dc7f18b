"""GET /events/lineage, and the shorter paths that marquez-python calls for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from headwater.api.deps import BAD_REQUEST, Page, Read, json
from headwater.api.kept import Kept
from headwater.api.parameters import INSTANT, one_of
from headwater.api.paths import Name
from headwater.catalog import events
from headwater.entities.event import Events

router = APIRouter(prefix="/api/v1/events", tags=["Events"], route_class=Kept)

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_Before = Annotated[datetime | None, INSTANT, Query(description="Only events before this time.")]
_After = Annotated[datetime | None, INSTANT, Query(description="Only events at this time or later.")]
_Direction = Annotated[Literal["DESC", "ASC"], one_of("DESC", "ASC"), Query(description="By event time.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    window: events.Window
    page: Page
    newest_first: bool


async def _asked(
    page: Page,
    before: _Before = None,
    after: _After = None,
    sortDirection: _Direction = "DESC",  # noqa: N803
) -> _Asked:
    return _Asked(events.Window(after or _BEGINNING, before), page, sortDirection == "DESC")


_Asking = Annotated[_Asked, Depends(_asked)]


# Before the route of a namespace, as the paths of both are alike.
@router.get("/lineage", response_model=Events, responses=BAD_REQUEST)
@router.get("", response_model=Events, responses=BAD_REQUEST)
async def list_events(read: Read, asked: _Asking) -> Response:
    """Run events as they were sent, by event time."""
    return json(await events.list_events(read, asked.window, asked.page, newest_first=asked.newest_first))


# A whole path: marquez-python does not encode the slashes of a namespace here.
@router.get("/{namespace:path}", response_model=Events, responses=BAD_REQUEST)
async def list_events_of_namespace(read: Read, namespace: Name, asked: _Asking) -> Response:
    """Run events of the jobs of a namespace; none where there is no such namespace. Of one named `lineage` this gives all."""
    found = await events.list_events(read, asked.window, asked.page, newest_first=asked.newest_first, namespace=namespace)
    return json(found)
