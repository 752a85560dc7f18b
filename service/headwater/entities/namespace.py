from __future__ import annotations

from datetime import datetime

from pydantic import Field

from headwater.entities import Entity


class Namespace(Entity):
    name: str = Field(description="Unique, case-sensitive.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="When somebody last said who owns it or what it is for; else as createdAt.")
    ownerName: str = Field(description="`anonymous` where nobody said otherwise.")
    description: str | None = Field(description="As it was given when the namespace was put.")
    isHidden: bool = Field(description="Deleted; the next event that names it brings it back.")


class Namespaces(Entity):
    totalCount: int = Field(description="Namespaces in all, whatever the page.")
    namespaces: list[Namespace] = Field(description="By name; hidden ones too.")
