from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from headwater.entities import Entity


class Events(Entity):
    totalCount: int = Field(description="Run events in the window of time, whatever the page.")
    events: list[Annotated[Any, WithJsonSchema({"type": "object"})]] = Field(
        description="OpenLineage run events, each as it was sent."
    )
