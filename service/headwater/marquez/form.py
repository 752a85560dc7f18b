"""The form in which events of a Marquez go into the log. Its API and its database write one event differently: with nulls for the
facets that it knows, with keys in another order, with other blanks. In one form they are one event here too, so that who reads a
Marquez both ways has each event once."""

from __future__ import annotations

import json
from typing import Any

from headwater.ingest.logged import event_time
from headwater.marquez.nouns import iso


def in_one_form(event: bytes) -> bytes:
    """Without nulls, keys sorted, the event time in UTC to the microsecond. As it is where Python refuses it (nested thousands of
    levels deep, numbers of thousands of digits), for the loader to judge."""
    try:
        told = _told(json.loads(event))
    except (ValueError, RecursionError):
        return event
    if isinstance(told, dict) and (time := event_time(event)):
        told["eventTime"] = iso(time)
    return json.dumps(told, sort_keys=True).encode()


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(content) for key, content in value.items() if content is not None}
    return [_told(element) for element in value] if isinstance(value, list) else value
