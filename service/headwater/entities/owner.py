from __future__ import annotations

from pydantic import Field

from headwater.entities import Entity


class Owner(Entity):
    name: str = Field(description="Such as `team:finance` or `user:jane`.")
    type: str | None = Field(description="Such as `MAINTAINER`.")
