"""From bytes to what the writer takes."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest
from tests.build import Event, dataset_event, job_event, run_event

from headwater import ids
from headwater.errors import InvalidEvent, MalformedEvent
from headwater.ingest.prepare import Incoming, compress, decompress, prepare, stored
from headwater.openlineage.parse import Kind
from headwater.settings import Settings

SETTINGS = Settings()
VERSION_7 = "019c2a00-0000-7000-8000-000000000002"  # of February 2026


def _bytes(event: Event) -> bytes:
    return json.dumps(event).encode()


def _child(parent_run: str) -> Event:
    parent = {"run": {"runId": parent_run}, "job": {"namespace": "shop", "name": "dag"}}
    return run_event("START", "08:00", run_facets={"parent": parent})


def test_the_body_is_kept_as_it_came() -> None:
    body = b" " + _bytes(run_event("START", "08:00")) + b"\n"
    incoming = prepare(body, SETTINGS)
    assert decompress(incoming.body) == body
    assert len(incoming.body) < len(body)


def test_what_stands_around_an_event_makes_no_other_of_it() -> None:
    body = _bytes(run_event("START", "08:00"))
    assert {prepare(sent, SETTINGS).event_id for sent in (body, body + b"\n", b"\t" + body + b"\r\n ")} == {ids.event_id(body)}
    assert prepare(body.replace(b": ", b":"), SETTINGS).event_id != ids.event_id(body), "another body is another event"


@pytest.mark.parametrize("size", [0, 1, 1000, 1_000_000])
def test_compression(size: int) -> None:
    body = bytes(n * n % 251 for n in range(size))
    assert decompress(compress(body)) == body


def test_what_cannot_be_stored_is_replaced_in_all_but_the_log() -> None:
    body = _bytes(run_event("START", "08:00", job="a\x00b"))
    incoming = prepare(body, SETTINGS)
    assert incoming.event.name == "a\ufffdb"
    assert decompress(incoming.body) == body
    assert any("U+FFFD" in problem["message"] for problem in incoming.findings)
    again = stored(incoming.event_id, body, incoming.findings)
    assert again.event == incoming.event


def test_a_text_that_only_looks_like_it_is_left_alone() -> None:
    event = run_event("START", "08:00", run_facets={"x": {"_producer": "p:p", "_schemaURL": "s:s", "path": "C:\\u0000"}})
    assert not any("U+FFFD" in problem["message"] for problem in prepare(_bytes(event), SETTINGS).findings)


def test_what_a_schema_refuses_is_taken_and_told() -> None:
    event = {**run_event("START", "08:00:00"), "producer": 7}
    assert [f["path"] for f in prepare(_bytes(event), SETTINGS).findings] == ["$.producer"]
    with pytest.raises(InvalidEvent) as refused:
        prepare(_bytes(event), Settings(validation="strict"))
    assert [f["path"] for f in refused.value.errors] == ["$.producer"]


def test_limits_and_leave_are_those_of_the_settings() -> None:
    with pytest.raises(InvalidEvent):
        prepare(_bytes(run_event("START", "08:00", job="x" * 101)), Settings(max_name_length=100))
    event = run_event("START", "08:00")
    event["run"]["runId"] = "text"
    with pytest.raises(InvalidEvent):
        prepare(_bytes(event), SETTINGS)
    run = prepare(_bytes(event), Settings(any_run_id=True)).event.run
    assert run is not None
    assert run.version == 3
    with pytest.raises(MalformedEvent):
        prepare(b"{", SETTINGS)


def test_an_event_of_the_log_is_taken_under_any_settings() -> None:
    event = run_event("START", "08:00", job="x" * 20_000)
    event["run"]["runId"] = "text"
    body = _bytes(event)
    incoming = stored(UUID(int=5), body, [])
    assert (incoming.event_id, incoming.event.name) == (UUID(int=5), "x" * 20_000)


def test_the_partitions_that_it_needs() -> None:
    def months(event: Event) -> tuple[date, list[date]]:
        incoming = prepare(_bytes(event), SETTINGS)
        return incoming.event_month, incoming.run_months()

    march, february = date(2026, 3, 1), date(2026, 2, 1)
    assert months(dataset_event("08:00", "a")) == (march, [])
    assert months(job_event("08:00", "load")) == (march, [])
    assert months(run_event("START", "08:00")) == (march, [ids.UNDATED])
    assert months(_child(VERSION_7)) == (march, [ids.UNDATED, february])
    assert months(_child("manual__2026")) == (march, [ids.UNDATED, ids.UNDATED])
    assert months(job_event("2026-03-01T00:30:00+01:00", "load"))[0] == february, "in UTC"


def test_a_run_is_known_by_the_name_that_its_events_give() -> None:
    def incoming(event: Event) -> Incoming:
        return prepare(_bytes(event), SETTINGS)

    assert incoming(job_event("08:00", "load")).run_id is None
    assert incoming(dataset_event("08:00", "a")).run_id is None
    child = incoming(_child(VERSION_7))
    assert (child.full_name, child.event.kind) == ("dag.load", Kind.RUN)
    assert child.run_id == incoming(run_event("FAIL", "09:00")).run_id
