"""What an answer holds when the request failed."""

from __future__ import annotations

from pydantic import Field

from headwater.entities import Entity


class Problem(Entity):
    path: str = Field(description="JSON path of the place in what was sent, such as `$.run.runId`.")
    message: str = Field(description="What is wrong there.")


class Fault(Entity):
    code: int = Field(description="HTTP status.")
    message: str = Field(description="What is wrong, fit to be shown to a person.")
    errors: list[str | Problem] = Field(
        default=[],
        description="Each fault by itself, where there may be several: a sentence about a parameter, or a place in what was"
        " sent. Left out where the message says it all.",
    )
