"""What the tests of ingestion share: sending, and looking at what was kept."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import httpx
import psycopg

from headwater.ids import event_id
from headwater.ingest.prepare import decompress

LINEAGE = "/api/v1/lineage"
BATCH = "/api/v1/lineage/batch"


class Service(NamedTuple):
    """For a whole module, as a database of its own takes longer than most tests; its tests send different events."""

    http: httpx.AsyncClient
    database: str


class Letter(NamedTuple):
    source: str
    status: int
    message: str
    errors: list[dict[str, str]]
    body: bytes


def encoded(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def events(database: str) -> list[bytes]:
    """What is in the log, in the order of arrival."""
    with psycopg.connect(database) as conn:
        rows = conn.execute("SELECT body FROM lineage_events ORDER BY received_at, event_id").fetchall()
    return [decompress(body) for (body,) in rows]


def kept(database: str, body: bytes) -> int:
    """How often exactly this is in the log."""
    with psycopg.connect(database) as conn:
        rows = conn.execute("SELECT body FROM lineage_events WHERE event_id = %s", [event_id(body)]).fetchall()
    return sum(decompress(found) == body for (found,) in rows)


def letters(database: str) -> list[Letter]:
    """The dead letters, oldest first."""
    with psycopg.connect(database) as conn:
        rows = conn.execute("SELECT source, status, message, errors, body FROM dead_letters ORDER BY dead_letter_id").fetchall()
    return [Letter(source, status, message, errors, decompress(body)) for source, status, message, errors, body in rows]


def fault(answer: httpx.Response, *statuses: int) -> list[dict[str, str]]:
    """The errors of an answer that must be a documented refusal."""
    assert answer.status_code in statuses, answer.text[:500]
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["code"] == answer.status_code
    assert told["message"]
    assert set(told) <= {"code", "message", "errors"}
    errors: list[dict[str, str]] = told.get("errors", [])
    assert all(set(e) == {"path", "message"} for e in errors)
    assert errors or answer.status_code not in (400, 413, 415, 422)
    return errors
