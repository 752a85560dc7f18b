"""What an answer holds when the request failed."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from headwater.entities import Entity


class Fault(Entity):
    code: int = Field(description="HTTP status.")
    message: str = Field(description="What is wrong, fit to be shown to a person.")
    errors: list[Any] = Field(
        default=[],
        description="Each fault by itself, where there may be several: a sentence about a parameter, or"
        " `{path, message}` with the JSON path of the fault in what was sent. Left out where the message says it all.",
    )
