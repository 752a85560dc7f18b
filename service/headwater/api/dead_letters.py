"""Refused events: what they were, why, and sending them again; and what the schemas find in those that were taken."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from headwater.catalog import store
from headwater.entities import Entity, encode
from headwater.entities.fault import Problem
from headwater.ingest import dead_letters

Limit = Annotated[int, Query(ge=0, le=1000, description="Most entries in the answer; each may be a whole body.")]
Offset = Annotated[int, Query(ge=0, le=1 << 62, description="Entries to pass over.")]

router = APIRouter(prefix="/api/v1", tags=["operations"])


class DeadLetter(Entity):
    """An event that was refused."""

    id: int = Field(description="Counts up; names it in paths.")
    receivedAt: datetime = Field(description="When it came.")  # noqa: N815
    source: str = Field(description="Path of the request, or name of the file")
    status: int = Field(description="HTTP status that the sender was told")
    message: str = Field(description="What the sender was told.")
    errors: list[Problem] = Field(description="Each fault with its JSON path and message")
    retriedAt: datetime | None = Field(description="When it was last sent again; null if never.")  # noqa: N815
    acceptedAt: datetime | None = Field(description="When a retry went in")  # noqa: N815
    body: str = Field(description="As it was sent, after Content-Encoding; bytes that are no UTF-8 are replaced")


class DeadLetters(Entity):
    deadLetters: list[DeadLetter] = Field(description="Newest first.")  # noqa: N815
    totalCount: int = Field(description="Refused events in all, whatever the page.")  # noqa: N815


class Finding(Entity):
    path: str = Field(description="JSON path of the place, with names of the data's own left out")
    message: str = Field(description="What the schema asks for there")
    events: int = Field(description="How many events have it")
    firstSeenAt: datetime = Field(description="Time of the earliest of them")  # noqa: N815
    lastSeenAt: datetime = Field(description="Time of the latest of them")  # noqa: N815


class ProducerConformance(Entity):
    """What the schemas find wrong with one producer's events, which were taken nevertheless."""

    producer: str = Field(description="As its events say it; empty where they do not.")
    findings: list[Finding] = Field(description="Those of the most events first")


class Conformance(Entity):
    producers: list[ProducerConformance] = Field(description="Those with findings, by name.")
    totalCount: int = Field(description="Producers with findings in all, whatever the page.")  # noqa: N815


@router.get("/dead-letters", response_model=DeadLetters)
async def list_dead_letters(request: Request, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Refused events, newest first."""
    async with request.app.state.pool.connection() as conn:
        letters, total = await dead_letters.list_page(conn, limit, offset)
    return _json(DeadLetters(deadLetters=[_entity(letter) for letter in letters], totalCount=total))


@router.post("/dead-letters/{identifier}/retry", response_model=DeadLetter)
async def retry_dead_letter(request: Request, identifier: int) -> Response:
    """Sends it through ingest again; the same 4xx as at first if it is refused again."""
    state = request.app.state
    return _json(_entity(await dead_letters.retry(state.pool, state.writer, state.settings, identifier)))


@router.get("/conformance", response_model=Conformance)
async def get_conformance(request: Request, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Findings of the JSON Schemas in events that were taken, summed up per producer."""
    async with request.app.state.pool.connection() as conn:
        producers, total = await store.conformance(conn, limit, offset)
    return _json(Conformance(producers=[ProducerConformance(**p) for p in producers], totalCount=total))


def _entity(letter: dead_letters.DeadLetter) -> DeadLetter:
    return DeadLetter(
        id=letter.dead_letter_id,
        receivedAt=letter.received_at,
        source=letter.source,
        status=letter.status,
        message=letter.message,
        errors=[Problem(**problem) for problem in letter.errors],
        retriedAt=letter.retried_at,
        acceptedAt=letter.accepted_at,
        body=letter.text,
    )


def _json(entity: Entity) -> Response:
    return Response(encode(entity), media_type="application/json")
