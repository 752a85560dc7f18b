from __future__ import annotations

from typing import Any

from pydantic import Field

from headwater.entities import Entity


class Events(Entity):
    totalCount: int = Field(description="Run events in the window of time, whatever the page.")
    events: list[Any] = Field(description="OpenLineage run events, each as it was sent.")
