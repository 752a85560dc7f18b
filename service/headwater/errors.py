"""Everything that headwater raises on purpose. Status codes and exit codes are given at the edge, by class.

HeadwaterError
├── Invalid                what the caller sent cannot be taken; ``errors`` says where
│   ├── InvalidEvent       an OpenLineage event that no reading makes sense of
│   │   └── MalformedEvent not JSON at all, or no object
│   └── InvalidNodeId      a node id that is not ``dataset:…``, ``job:…``, …
├── NotFound               no such thing under that name
├── Forbidden              the settings do not allow it
│   └── Excluded           they leave out the namespace of which an event tells
├── Conflict               what is stored contradicts what was asked
└── Unavailable            could not be done now; worth another try after ``retry_after`` seconds
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from typing_extensions import TypedDict


class Problem(TypedDict):
    """One fault in what was sent: its place as a JSON path (``$.run.runId``), and what is wrong there."""

    path: str
    message: str


class HeadwaterError(Exception):
    """Base of all; its text is fit to be shown to the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(HeadwaterError):
    """Without a message of its own it shows the first of its ``errors``."""

    def __init__(self, message: str = "", errors: Iterable[Problem] = ()) -> None:
        self.errors: list[Problem] = list(errors)
        super().__init__(message or _first(self.errors))


class InvalidEvent(Invalid):
    @classmethod
    def at(cls, path: str, message: str) -> InvalidEvent:
        """One fault at one place."""
        return cls(errors=[{"path": path, "message": message}])


class MalformedEvent(InvalidEvent):
    pass


class InvalidNodeId(Invalid):
    pass


class NotFound(HeadwaterError):
    """``kind`` is the noun as people read it (``Job``), ``name`` what they asked for, ``near`` what they may have meant, ``more``
    what else there is to say."""

    def __init__(self, kind: str, name: str, dataset: str | None = None, near: Sequence[str] = (), more: str = "") -> None:
        where = f" for dataset '{dataset}'" if dataset is not None else ""
        meant = f" Near names: {', '.join(near)}" if near else ""
        super().__init__(f"{kind} '{name}' not found{where}.{meant}{f' {more}' if more else ''}")
        self.kind = kind
        self.name = name


class Forbidden(HeadwaterError):
    pass


class Excluded(Forbidden):
    def __init__(self, namespace: str) -> None:
        super().__init__(f"Namespace '{namespace}' is excluded: nothing is stored of it.")


class Conflict(HeadwaterError):
    pass


class Unavailable(HeadwaterError):
    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def _first(errors: list[Problem]) -> str:
    return f"{errors[0]['path']}: {errors[0]['message']}" if errors else "Invalid request."
