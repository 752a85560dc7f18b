"""POST /api/v1/lineage/batch: arrays and lines, and what becomes of each event in them."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.ingesting import BATCH, encoded, events, fault, letters
from tests.build import dataset_event, job_event, run_event
from tests.serving import in_process

LINES = {"content-type": "application/x-ndjson"}
MIXED = [
    run_event("START", "08:00:00", outputs=["a"]),
    job_event("08:01:00", "load", inputs=["a"]),
    dataset_event("08:02:00", "a"),
    run_event("COMPLETE", "08:03:00"),
]


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as client:
        yield client


def lines(bodies: Sequence[Any], end: bytes = b"\n") -> bytes:
    return b"".join(encoded(body) + end for body in bodies)


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def parsed(bodies: list[bytes]) -> list[Any]:
    return sorted((json.loads(body) for body in bodies), key=lambda event: event["eventTime"])


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("indent", [None, 2])
async def test_an_array_of_every_kind(database: str, http: httpx.AsyncClient, indent: int | None) -> None:
    answer = await http.post(BATCH, content=json.dumps(MIXED, indent=indent))
    assert (answer.status_code, answer.content) == (204, b"")
    assert parsed(events(database)) == MIXED


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-ndjson", "application/ndjson", "APPLICATION/X-NDJSON; charset=UTF-8", "application/jsonl",
        "application/x-jsonlines", "application/jsonlines", "application/json-lines", "text/x-ndjson",
    ],
)  # fmt: skip
async def test_lines(database: str, http: httpx.AsyncClient, content_type: str) -> None:
    answer = await http.post(BATCH, content=lines(MIXED), headers={"content-type": content_type})
    assert (answer.status_code, answer.content) == (204, b"")
    assert parsed(events(database)) == MIXED


@pytest.mark.parametrize(
    "body",
    [
        lines(MIXED).removesuffix(b"\n"),
        lines(MIXED, b"\r\n"),
        lines(MIXED, b" \n\n  \r\n\t"),
        b"\n\n" + lines(MIXED),
        b"\xef\xbb\xbf" + lines(MIXED),
        lines([{**MIXED[0], "note": "\u2028 \u0085 \x0b"}, *MIXED[1:]]),
    ],
    ids=["no end", "crlf", "blanks", "blanks first", "byte order mark", "other separators"],
)
async def test_how_lines_may_end(database: str, http: httpx.AsyncClient, body: bytes) -> None:
    assert (await http.post(BATCH, content=body, headers=LINES)).status_code == 204
    assert [event["eventTime"] for event in parsed(events(database))] == [event["eventTime"] for event in MIXED]


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
async def test_lines_cut_anywhere(database: str, http: httpx.AsyncClient, size: int) -> None:
    body = lines(MIXED)
    assert (await http.post(BATCH, content=in_pieces(body, size), headers=LINES)).status_code == 204
    packed = gzip.compress(body)
    answer = await http.post(BATCH, content=in_pieces(packed, size), headers={**LINES, "content-encoding": "gzip"})
    assert answer.status_code == 204
    assert parsed(events(database)) == MIXED


async def test_a_batch_of_none(http: httpx.AsyncClient) -> None:
    for body, headers in ((b"[]", {}), (b" [ ] ", {}), (b"", LINES), (b"\n \n", LINES)):
        assert (await http.post(BATCH, content=body, headers=headers)).status_code == 204


async def test_the_same_event_more_than_once(database: str, http: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await http.post(BATCH, json=[MIXED[0]] * 5 + [MIXED[3]])).status_code == 204
    assert parsed(events(database)) == [MIXED[0], MIXED[3]]


async def test_more_events_than_the_queue_holds(database: str) -> None:
    """A bulk sender waits for room, and leaves some to the others."""
    many = [run_event("START", f"08:{n // 60:02}:{n % 60:02}", run=str(n)) for n in range(600)]
    async with in_process(database, queue_events=20, commit_events=7) as http:
        assert (await http.post(BATCH, json=many[:300])).status_code == 204
        assert (await http.post(BATCH, content=lines(many[300:]), headers=LINES)).status_code == 204
    assert len(events(database)) == 600


@pytest.mark.parametrize("text", ["\ud800", "\0", "\udc00\ud83d", "😀", "\\u0000"])
async def test_what_postgres_cannot_hold_concerns_one_event_only(database: str, http: httpx.AsyncClient, text: str) -> None:
    """It is taken with replacements; its neighbours have nothing to do with it."""
    bodies = [MIXED[0], {**MIXED[1], "note": text}, MIXED[3]]
    assert (await http.post(BATCH, content=encoded(bodies))).status_code == 204
    assert (await http.post(BATCH, content=lines(bodies), headers=LINES)).status_code == 204
    assert sorted(events(database)) == sorted(map(encoded, bodies))


# ---------------------------------------------------------------- failures

NO_TIME = {"job": {"namespace": "shop", "name": "load"}}


@pytest.mark.parametrize("form", ["array", "lines"])
async def test_what_failed_is_told_with_its_place_and_kept(database: str, http: httpx.AsyncClient, form: str) -> None:
    bodies = [MIXED[0], NO_TIME, MIXED[1], {**MIXED[0], "run": {"runId": "x"}}, 17, None, "x", [], MIXED[3]]
    if form == "array":
        answer = await http.post(BATCH, json=bodies)
    else:
        answer = await http.post(BATCH, content=lines(bodies), headers=LINES)
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "partial_success"
    assert told["summary"] == {"received": 9, "successful": 3, "failed": 6, "retriable": 0, "non_retriable": 6}
    assert [(e["index"], e["retriable"]) for e in told["failed_events"]] == [(n, False) for n in (1, 3, 4, 5, 6, 7)]
    assert told["failed_events"][0]["reason"] == "$.eventTime: is required"
    assert told["failed_events"][1]["reason"] == "$.run.runId: is no UUID"
    assert parsed(events(database)) == [MIXED[0], MIXED[1], MIXED[3]]
    kept = letters(database)
    assert [json.loads(letter.body) for letter in kept] == [bodies[n] for n in (1, 3, 4, 5, 6, 7)]
    assert {letter.source for letter in kept} == {BATCH}
    assert kept[0].errors == [{"path": "$.eventTime", "message": "is required"}]


async def test_a_line_that_is_no_json_fails_alone(database: str, http: httpx.AsyncClient) -> None:
    body = lines([MIXED[0], b"{broken", b"\xff\xfe", MIXED[3]])
    answer = await http.post(BATCH, content=body, headers=LINES)
    assert answer.status_code == 200
    assert [e["index"] for e in answer.json()["failed_events"]] == [1, 2]
    assert len(events(database)) == 2
    assert [letter.body for letter in letters(database)] == [b"{broken", b"\xff\xfe"]


@pytest.mark.parametrize(
    "poison", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[\xff]", b"{broken}", b"NaN"]
)
async def test_an_element_that_is_no_json_fails_alone(database: str, http: httpx.AsyncClient, poison: bytes) -> None:
    answer = await http.post(BATCH, content=b"[%b, %b , %b]" % (encoded(MIXED[0]), poison, encoded(MIXED[3])))
    assert answer.status_code == 200
    assert [e["index"] for e in answer.json()["failed_events"]] == [1]
    assert parsed(events(database)) == [MIXED[0], MIXED[3]]
    assert [letter.body for letter in letters(database)] == [poison]


async def test_all_failed(http: httpx.AsyncClient) -> None:
    answer = await http.post(BATCH, json=[{}, {}])
    assert answer.status_code == 200
    assert answer.json()["summary"] == {"received": 2, "successful": 0, "failed": 2, "retriable": 0, "non_retriable": 2}


@pytest.mark.parametrize(
    "body",
    [
        b"{}", encoded(MIXED[0]), b"null", b"17", b'"x"', b"[", b"[{}", b"[{},]", b"[{}]]", encoded(MIXED)[:-1], lines(MIXED),
        b"[" * 10_000, b"[{}}", b"[{]}", b"nonsense", b'["',
    ],
)  # fmt: skip
async def test_what_is_no_array_is_refused_and_kept(database: str, http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(BATCH, content=body)
    (error,) = fault(answer, 400)
    assert error["path"] == "$"
    assert events(database) == []
    assert [(letter.status, letter.source, letter.body) for letter in letters(database)] == [(400, BATCH, body)]


async def test_an_empty_body_is_no_array(database: str, http: httpx.AsyncClient) -> None:
    fault(await http.post(BATCH, content=b""), 400)
    assert letters(database) == []


async def test_one_that_the_database_refuses_fails_alone(database: str, http: httpx.AsyncClient) -> None:
    """Whatever may be wrong with it: its neighbours in the transaction go in."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$")
        conn.execute(
            "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW WHEN (NEW.name LIKE 'poison%') EXECUTE FUNCTION refuse()"
        )
    bodies = [run_event("START", "08:00:00", f"job{n}" if n % 17 else f"poison{n}", run=str(n)) for n in range(100)]
    answer = await http.post(BATCH, json=bodies)
    assert [e["index"] for e in answer.json()["failed_events"]] == list(range(0, 100, 17))
    assert all(e["reason"].startswith("$: cannot be stored") for e in answer.json()["failed_events"])
    assert len(events(database)) == 94
    assert len(letters(database)) == 6
    fault(await http.post("/api/v1/lineage", json=bodies[0]), 422)


# ---------------------------------------------------------------- limits


async def test_the_number_of_events_has_a_limit(database: str) -> None:
    async with in_process(database, max_batch_events=3) as http:
        assert (await http.post(BATCH, content=encoded(MIXED[:3]))).status_code == 204
        fault(await http.post(BATCH, content=encoded(MIXED)), 413)
        assert (await http.post(BATCH, content=lines(MIXED[:3]), headers=LINES)).status_code == 204
        fault(await http.post(BATCH, content=lines(MIXED), headers=LINES), 413)
    assert len(events(database)) == 3


@pytest.mark.parametrize("end", [b"\n", b""])
async def test_a_line_has_a_limit(database: str, end: bytes) -> None:
    """That of a body; the whole has none."""
    fitting = encoded(run_event("START", "08:00:00")).ljust(2000)
    async with in_process(database, max_body_bytes=2000) as http:
        assert (await http.post(BATCH, content=(fitting + b"\n") * 20, headers=LINES)).status_code == 204
        fault(await http.post(BATCH, content=fitting + b" " * 3000 + end, headers=LINES), 413)
        fault(await http.post(BATCH, content=fitting.replace(b" ", b"x") + b"x" + end, headers=LINES), 413)


async def test_what_came_before_the_fault_is_in(database: str, http: httpx.AsyncClient) -> None:
    """Who is told 400 sends all again: the same events twice are one."""
    packed = gzip.compress(lines([*MIXED[:2], {**MIXED[3], "pad": "x" * 100000}]))[:-30]
    fault(await http.post(BATCH, content=packed, headers={**LINES, "content-encoding": "gzip"}), 400)
    assert parsed(events(database)) == MIXED[:2]


async def test_lines_of_any_length_do_not_pile_up(database: str) -> None:
    """120 MB of lines, of which at any time only as many are in memory as the queue may hold, and what the lanes make of them."""
    padding = "x" * 1_000_000

    async def stream() -> AsyncIterator[bytes]:
        for n in range(120):
            yield lines([run_event("START", f"08:{n // 60:02}:{n % 60:02}", run=str(n), run_facets={"x": {"padding": padding}})])
            await asyncio.sleep(0)

    async with in_process(database, queue_bytes=4 << 20) as http:
        tracemalloc.start()
        try:
            answer = await http.post(BATCH, content=stream(), headers=LINES)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.status_code == 204
    assert peak < 60_000_000


async def test_a_long_line_in_small_pieces_takes_time_by_its_length(http: httpx.AsyncClient) -> None:
    """Not by its square: 2,000 pieces were copied 2,000 times each, for seconds in which nobody else was served."""
    started = time.process_time()
    answer = await http.post(BATCH, content=in_pieces(b"x" * (8 << 20), 4096), headers=LINES)
    assert time.process_time() - started < 1.5
    assert answer.status_code == 200
