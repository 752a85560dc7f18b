from __future__ import annotations

from pydantic import Field

from headwater.entities import Entity


class Tag(Entity):
    name: str = Field(description="A word, or `key=value`.")
    description: str | None = Field(description="What it means, where somebody said so.")


class Tags(Entity):
    totalCount: int = Field(description="Tags in all, whatever the page.")
    tags: list[Tag] = Field(description="By name.")
