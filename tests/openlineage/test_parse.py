"""What is taken, what is refused and where the fault is said to be; and that no bytes do anything else."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headwater.errors import InvalidEvent, MalformedEvent
from headwater.openlineage.parse import Event, Kind, parent_uuid, parse, storable

RUN = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
JOB = {"namespace": "shop", "name": "load"}
DATASET = {"namespace": "db://shop", "name": "orders"}
RUN_EVENT: dict[str, Any] = {
    "eventType": "START",
    "eventTime": "2026-01-01T00:00:00Z",
    "producer": "https://example.com/p",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
    "run": {"runId": RUN},
    "job": JOB,
    "inputs": [DATASET],
    "outputs": [],
}
ABSENT = object()


def changed(path: str, value: Any) -> bytes:
    """The run event with another value at ``job.name``, ``inputs.0``, …; ABSENT takes it out."""
    event = json.loads(json.dumps(RUN_EVENT))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = event
    for step in way:
        place = place[step]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return json.dumps(event).encode()


def refusal(body: bytes, **options: Any) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        parse(body, **options)
    return caught.value


# ---------------------------------------------------------------- what is taken


def test_a_run_event() -> None:
    event = parse(json.dumps(RUN_EVENT).encode())
    assert (event.kind, event.event_type, event.run) == (Kind.RUN, "START", UUID(RUN))
    assert (event.namespace, event.name, event.at) == ("shop", "load", 1_767_225_600_000_000)
    assert [(d.namespace, d.name) for d in event.inputs] == [("db://shop", "orders")]
    assert event.outputs == []


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"run", "job"}, Kind.RUN),
        ({"run", "job", "dataset"}, Kind.RUN),
        ({"job"}, Kind.JOB),
        ({"dataset"}, Kind.DATASET),
        ({"run", "dataset"}, Kind.DATASET),
    ],
)
def test_the_kind_is_told_by_the_content(parts: set[str], kind: Kind) -> None:
    every = {"run": {"runId": RUN}, "job": JOB, "dataset": DATASET}
    event = {"eventTime": "2026-01-01T00:00:00Z"} | {k: v for k, v in every.items() if k in parts}
    assert parse(json.dumps(event).encode()).kind is kind


def test_an_event_type_without_a_run_is_a_job_event() -> None:
    event = parse(changed("run", ABSENT))
    assert (event.kind, event.event_type) == (Kind.JOB, None)


ODD = ["x", 3, True, [], [1], {}, {"namespace": "n"}, {"runId": 1}]
WHEN = {"eventTime": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("sent", "keys", "kind"),
    [
        (RUN_EVENT, ["dataset"], Kind.RUN),
        (WHEN | {"job": JOB}, ["dataset", "eventType"], Kind.JOB),
        (WHEN | {"dataset": DATASET}, ["run", "inputs", "outputs", "eventType"], Kind.DATASET),
        (WHEN | {"dataset": DATASET}, ["job"], Kind.DATASET),
        (WHEN | {"dataset": DATASET, "run": {"runId": RUN}}, ["inputs", "outputs", "eventType"], Kind.DATASET),
    ],
)
def test_what_only_other_kinds_give_a_meaning_may_be_anything(sent: Any, keys: list[str], kind: Kind, odd: Any) -> None:
    first = parse(json.dumps(dict.fromkeys(keys, odd) | sent).encode())
    assert first.kind is parse(json.dumps(sent | dict.fromkeys(keys, odd)).encode()).kind is kind
    assert first.inputs == parse(json.dumps(sent).encode()).inputs


def test_the_fault_that_is_told_is_one_of_the_kind() -> None:
    broken = {"dataset": "x"} | RUN_EVENT | {"inputs": [{"namespace": "n"}]}
    assert refusal(json.dumps(broken).encode()).errors == [{"path": "$.inputs[0].name", "message": "is required"}]
    neither = WHEN | {"job": {"namespace": "n"}, "run": {"runId": RUN}, "dataset": DATASET}
    assert refusal(json.dumps(neither).encode()).errors == [{"path": "$.job.name", "message": "is required"}]
    assert refusal(json.dumps(WHEN | {"job": JOB, "run": "x"}).encode()).errors[0]["path"] == "$.run"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("producer", ABSENT), ("producer", None), ("producer", "me"), ("producer", 1), ("producer", {"a": []}),
        ("schemaURL", ABSENT), ("schemaURL", None), ("schemaURL", 1), ("eventType", ABSENT), ("eventType", None),
        ("eventType", "start"), ("inputs", ABSENT), ("inputs", None), ("run.facets", None), ("run.facets", {"x": None}),
        ("job.facets", {"x": 1}), ("inputs.0.facets", {"x": [], "y": "", "z": True}), ("inputs.0.inputFacets", None),
        ("surprise", [1, {"a": 2}]), ("run.surprise", 1), ("dataset", None), ("outputs", [DATASET, DATASET]),
    ],
)  # fmt: skip
def test_what_a_person_understands_is_taken(path: str, value: Any) -> None:
    assert parse(changed(path, value)).run == UUID(RUN)


@pytest.mark.parametrize(
    "producer", ["1e999", "-1e999", "1" * 5000, "0." + "1" * 5000, '"\\ud83d\\ude00"', "[" * 500 + "]" * 500]
)
def test_a_producer_may_be_any_json(producer: str) -> None:
    body = json.dumps(RUN_EVENT).replace('"https://example.com/p"', producer)
    assert parse(body.encode()).run == UUID(RUN)


def test_only_facets_that_are_objects_are_kept() -> None:
    event = parse(changed("run.facets", {"a": {"b": 1}, "c": None, "d": 1, "e": [], "f": "{"}))
    assert {key: bytes(raw) for key, raw in event.run_facets.items()} == {"a": b'{"b": 1}'}


def test_a_facet_stays_as_it_was_sent() -> None:
    sent = '{ "n": 1e999,  "big": 123456789012345678901234567890, "same": 1, "same": 2 }'
    body = json.dumps(RUN_EVENT).replace(f'"{RUN}"', f'"{RUN}", "facets": {{"x": {sent}}}')
    assert bytes(parse(body.encode()).run_facets["x"]) == sent.encode()


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    body = json.dumps(RUN_EVENT)[:-1] + ', "job": {"namespace": "shop", "name": "second"}}'
    assert parse(body.encode()).name == "second"


@pytest.mark.parametrize("text", [RUN, RUN.upper(), RUN.replace("-", ""), "{" + RUN + "}", f"urn:uuid:{RUN}", "0" * 32, "f" * 32])
def test_spellings_of_a_uuid(text: str) -> None:
    assert parse(changed("run.runId", text)).run == UUID(text)


@pytest.mark.parametrize(
    "name", ["a\"b\\c{d},'e'", "a\nb\tc", "😀", "日本/ü", " a ", "\u200b", "\x01\x1f\x7f", "NULL", "a.b.c/d:e?f#g", "x" * 10_000]
)
def test_names_are_taken_as_they_are(name: str) -> None:
    event = parse(changed("inputs.0.name", name))
    assert event.inputs[0].name == name
    assert parse(changed("job.name", name)).name == name


# ---------------------------------------------------------------- what is refused, and where


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ("eventTime", ABSENT, "$.eventTime", "is required"),
        ("eventTime", None, "$.eventTime", "expected 'str', got 'null'"),
        ("eventTime", 1_767_225_600, "$.eventTime", "expected 'str', got 'int'"),
        ("eventTime", "yesterday", "$.eventTime", "is no date-time of RFC 3339, such as 2026-01-31T08:30:00Z"),
        ("eventTime", "0001-01-01T00:00:00+14:00", "$.eventTime", "is no date-time of RFC 3339, such as 2026-01-31T08:30:00Z"),
        ("eventTime", "9999-12-31T23:00:00-14:00", "$.eventTime", "is no date-time of RFC 3339, such as 2026-01-31T08:30:00Z"),
        ("eventType", "DONE", "$.eventType", "must be one of ABORT, COMPLETE, FAIL, OTHER, RUNNING, START"),
        ("eventType", 3, "$.eventType", "expected 'str | null', got 'int'"),
        ("run.runId", ABSENT, "$.run.runId", "is required"),
        ("run.runId", "run_id", "$.run.runId", "is no UUID"),
        ("run.runId", "", "$.run.runId", "is no UUID"),
        ("run.runId", 7, "$.run.runId", "expected 'str', got 'int'"),
        ("run", [], "$.run", "expected 'object | null', got 'array'"),
        ("run.facets", [], "$.run.facets", "expected 'object | null', got 'array'"),
        ("job", ABSENT, "$.job", "is required"),
        ("job", "load", "$.job", "expected 'object | null', got 'str'"),
        ("job.namespace", ABSENT, "$.job.namespace", "is required"),
        ("job.name", None, "$.job.name", "expected 'str', got 'null'"),
        ("job.name", "", "$.job.name", "is empty"),
        ("job.namespace", " \n", "$.job.namespace", "is blank"),
        ("inputs", {}, "$.inputs", "expected 'array | null', got 'object'"),
        ("inputs", [DATASET, None], "$.inputs[1]", "expected 'object', got 'null'"),
        ("inputs.0.name", ABSENT, "$.inputs[0].name", "is required"),
        ("inputs.0.name", "x" * 10_001, "$.inputs[0].name", "has 10,001 characters; the limit is 10,000"),
        ("outputs", [DATASET, {"namespace": "", "name": "a"}], "$.outputs[1].namespace", "is empty"),
        ("outputs", [{**DATASET, "facets": 1}], "$.outputs[0].facets", "expected 'object | null', got 'int'"),
    ],
)  # fmt: skip
def test_the_place_of_a_fault(path: str, value: Any, place: str, message: str) -> None:
    error = refusal(changed(path, value))
    assert error.errors == [{"path": place, "message": message}]
    assert error.message == f"{place}: {message}"
    assert not isinstance(error, MalformedEvent)


def test_a_job_and_a_dataset_without_a_run_are_neither_event() -> None:
    body = json.dumps({"eventTime": "2026-01-01T00:00:00Z", "job": JOB, "dataset": DATASET}).encode()
    assert refusal(body).errors[0]["path"] == "$"


def test_names_of_a_dataset_event() -> None:
    body = json.dumps({"eventTime": "2026-01-01T00:00:00Z", "dataset": {"namespace": "n", "name": ""}}).encode()
    assert refusal(body).errors == [{"path": "$.dataset.name", "message": "is empty"}]


@pytest.mark.parametrize(
    "text",
    [
        f"0x{RUN.replace('-', '')[:30]}",
        f" {RUN.replace('-', '')[1:]}",
        f"+{RUN.replace('-', '')[1:]}",
        "1_" * 15 + "11",
        "٠" * 32,
    ],
)
def test_what_only_python_reads_as_a_number_is_no_uuid(text: str) -> None:
    assert refusal(changed("run.runId", text)).errors == [{"path": "$.run.runId", "message": "is no UUID"}]


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b'{"a"', b'{"a":', b"nul", b"{'a': 1}", b"{1: 2}", b'{"eventTime": NaN}', b"<event/>",
        b"\xff\xfe{}", b'{"eventTime": "\xe9"}', b'{"eventTime": "\xed\xa0\x80"}', b'{"a": "\x00"}',
        b'{"a": 01}', b'{"a": "\\q"}', b"\x00", b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_what_is_no_json(body: bytes) -> None:
    error = refusal(body)
    assert isinstance(error, MalformedEvent)
    assert error.errors[0]["path"] == "$"


@pytest.mark.parametrize("body", [b"null", b"1", b"-1.5e3", b'"event"', b"true", b"[]", b"[{}]"])
def test_json_that_is_no_object_is_malformed_too(body: bytes) -> None:
    error = refusal(body)
    assert isinstance(error, MalformedEvent)
    assert error.errors[0]["path"] == "$"


def test_what_stands_behind_the_event_is_no_json() -> None:
    assert isinstance(refusal(json.dumps(RUN_EVENT).encode() + b"{}"), MalformedEvent)


@pytest.mark.parametrize("inside", ["eventTime", "producer", "run", "run.facets", "inputs", "surprise"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting(inside: str, opening: str, closing: str) -> None:
    body = changed(inside, {"x": "DEEP"} if inside == "run.facets" else "DEEP")
    deep = f"{opening * 10_000}1{closing * 10_000}"
    assert isinstance(refusal(body.replace(b'"DEEP"', deep.encode())), InvalidEvent)


# ---------------------------------------------------------------- run ids


def test_any_run_id_is_taken_as_marquez_takes_it() -> None:
    event = parse(changed("run.runId", "scheduled__2026"), any_run_id=True)
    assert event.run is not None
    assert event.run.version == 3
    assert event.run == parse(changed("run.runId", "scheduled__2026"), any_run_id=True).run
    assert parse(changed("run.runId", RUN), any_run_id=True).run == UUID(RUN)


def test_a_parents_free_text_is_told_apart_by_its_dag() -> None:
    assert parent_uuid(RUN, "n", "dag.task") == UUID(RUN)
    assert parent_uuid("manual", "n", "dag.one") == parent_uuid("manual", "n", "dag.two") == parent_uuid("manual", "n", "dag")
    assert parent_uuid("manual", "n", "dag") != parent_uuid("manual", "m", "dag")
    assert parent_uuid("manual", "n", "dag") != parent_uuid("manual", "n", "other")


# ---------------------------------------------------------------- what PostgreSQL cannot hold


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (r"\u0000", r"\ufffd"),
        (r"a\ud800b", r"a\ufffdb"),
        (r"\udc00", r"\ufffd"),
        (r"\uD83D\uDE00", r"\uD83D\uDE00"),
        (r"\ud83d\ud83d\ude00", r"\ufffd\ud83d\ude00"),
        (r"\ude00\ud83d", r"\ufffd\ufffd"),
        (r"\\u0000", r"\\u0000"),
        (r"\\\u0000", r"\\\ufffd"),
        (r"\\ud800", r"\\ud800"),
        (r"\"\u0000\"", r"\"\ufffd\""),
        ("plain 😀", "plain 😀"),
    ],
)
def test_storable(sent: str, stored: str) -> None:
    assert storable(f'{{"a": "{sent}"}}'.encode()) == f'{{"a": "{stored}"}}'.encode()


@given(st.text())
def test_what_is_whole_stays(text: str) -> None:
    """Whether escaped or not; a lone surrogate cannot come out of ``encode``, and a NUL is not whole."""
    for ascii_only in (True, False):
        body = json.dumps(text.replace("\0", ""), ensure_ascii=ascii_only).encode()
        assert storable(body) == body


_halves = st.sampled_from('\0\ud800\udbff\udc00\udfff\\"u0')


@given(st.lists(_halves | st.characters()).map("".join))
def test_what_comes_out_can_be_held(text: str) -> None:
    """As UTF-8 without NUL, which is PostgreSQL's text."""
    held = json.loads(storable(json.dumps(text).encode()))
    assert "\0" not in held
    assert held.encode().decode() == held
    assert len(held.encode("utf-16", "surrogatepass")) == len(
        json.loads(json.dumps(text)).replace("\0", "?").encode("utf-16", "surrogatepass")
    )


# ---------------------------------------------------------------- anything at all


def _parses_or_refuses(body: bytes) -> Event | None:
    try:
        event = parse(storable(body))
    except InvalidEvent as error:
        assert error.errors  # noqa: PT017
        assert all(set(e) == {"path", "message"} and e["path"].startswith("$") for e in error.errors)  # noqa: PT017
        return None
    assert event.namespace
    assert event.name
    return event


@given(st.binary(max_size=200))
def test_bytes(body: bytes) -> None:
    _parses_or_refuses(body)


_keys = st.sampled_from([*RUN_EVENT, "name", "namespace", "facets", "runId", "dataset"])
_texts = st.text(max_size=5)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts | st.sampled_from([RUN, "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts | _keys, inner, max_size=4),
    max_leaves=20,
)


@given(_json)
def test_any_json(content: Any) -> None:
    _parses_or_refuses(json.dumps(content).encode())


_paths = st.sampled_from(
    [*RUN_EVENT, "dataset", "job.name", "job.namespace", "job.facets", "run.runId", "run.facets", "inputs.0", "inputs.0.name",
     "inputs.0.facets", "inputs.0.inputFacets", "extra"]
)  # fmt: skip


@given(_paths, _json | st.just(ABSENT))
@example("producer", float("inf"))
@example("producer", 10**4000)
@example("eventTime", "0001-01-01T00:00:00+00:01")
def test_one_thing_wrong(path: str, value: Any) -> None:
    try:
        body = changed(path, value)
    except KeyError:
        return  # nothing there to take out
    _parses_or_refuses(body)


@given(st.data())
def test_bytes_of_an_event_that_were_damaged(data: st.DataObject) -> None:
    body = bytearray(json.dumps(RUN_EVENT).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        if data.draw(st.booleans()):
            del body[place]
        else:
            body.insert(place, data.draw(st.integers(0, 255)))
    _parses_or_refuses(bytes(body))
