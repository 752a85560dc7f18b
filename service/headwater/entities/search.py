from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from headwater.entities import Entity


class SearchResult(Entity):
    type: Literal["DATASET", "JOB"]
    name: str
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    namespace: str
    nodeId: str = Field(description="`dataset:<namespace>:<name>` or `job:<namespace>:<name>`, as the lineage calls take it.")


class SearchResults(Entity):
    totalCount: int = Field(description="Matches in all, whatever the limit.")
    results: list[SearchResult]
