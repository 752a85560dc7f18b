from __future__ import annotations

from datetime import datetime

from pydantic import Field

from headwater.entities import Entity


class Source(Entity):
    type: str = Field(description="As put; else the connection URL's scheme in capitals (`POSTGRESQL`, `S3`), or `UNKNOWN`.")
    name: str = Field(description="Unique, case-sensitive.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="When it got its present URL, or was last put.")
    connectionUrl: str = Field(description="The URL that appeared last; empty where none did, as of the source `default`.")
    description: str | None = Field(description="As it was put; events do not describe sources.")


class Sources(Entity):
    totalCount: int = Field(description="Sources in all, whatever the page.")
    sources: list[Source] = Field(description="By name.")
