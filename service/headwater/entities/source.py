from __future__ import annotations

from datetime import datetime

from pydantic import Field

from headwater.entities import Entity


class Source(Entity):
    type: str = Field(description="Scheme of the connection URL in capitals (`POSTGRESQL`, `S3`), `UNKNOWN` without one.")
    name: str = Field(description="Unique, case-sensitive.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="Time of the earliest event that gives it its present URL.")
    connectionUrl: str | None = Field(description="The URL that appeared last; null where no event gave one.")
    description: str | None = Field(description="Always null: events do not describe sources.")


class Sources(Entity):
    totalCount: int = Field(description="Sources in all, whatever the page.")
    sources: list[Source] = Field(description="By name.")
