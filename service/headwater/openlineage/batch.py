"""The events of a JSON array, each as it was sent: what is wrong with one is found when it is parsed, and concerns it alone."""

from __future__ import annotations

import re

import msgspec

from headwater.errors import MalformedEvent

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
# A string that does not end takes all that follows, so that a body is gone through once whatever is in it.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.?[^"\\]*)*(?:"|\Z)|[][{},]', re.DOTALL)


def elements(body: bytes) -> list[bytes]:
    """Raises MalformedEvent where ``body`` is no array."""
    try:
        return [bytes(event) for event in _split(body)]
    except (msgspec.DecodeError, RecursionError):
        return _between_marks(body.strip())


def _between_marks(body: bytes) -> list[bytes]:
    """The same where msgspec cannot pass over an element: nested too deeply, with half of a surrogate pair, or no JSON."""
    found: list[bytes] = []
    depth, start, end = 0, 1, -1
    for mark in _MARKS.finditer(body) if body.startswith(b"[") else ():
        match mark[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
        if (depth, mark[0]) in ((1, b","), (0, b"]")):
            found.append(body[start : mark.start()].strip())
            start = end = mark.end()
        if depth == 0:
            break
    if depth or end != len(body) or not all(found):
        raise MalformedEvent.at("$", "is no JSON array of events")
    return found
