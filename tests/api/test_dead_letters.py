"""What was refused: listed with its reasons, and sent through ingestion again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import psycopg
import pytest

from tests.api.ingesting import BATCH, LINEAGE, encoded, events, fault, kept
from tests.build import run_event
from tests.serving import in_process

LETTERS = "/api/v1/dead-letters"
TEXT_ID = {**run_event("START", "08:00:00"), "run": {"runId": "manual__2026-01-01"}}


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as client:
        yield client


async def refuse(http: httpx.AsyncClient, *bodies: bytes) -> None:
    for body in bodies:
        assert (await http.post(LINEAGE, content=body)).status_code in (400, 422)


async def test_none(http: httpx.AsyncClient) -> None:
    assert (await http.get(LETTERS)).json() == {"deadLetters": [], "totalCount": 0}


async def test_a_letter(http: httpx.AsyncClient) -> None:
    before = datetime.now().astimezone()
    refusal = (await http.post(f"{LINEAGE}/?x=1", content=encoded(TEXT_ID))).json()
    (letter,) = (await http.get(LETTERS)).json()["deadLetters"]
    assert before <= datetime.fromisoformat(letter.pop("receivedAt")) <= datetime.now().astimezone()
    assert letter.pop("id") > 0
    assert letter == {
        "source": LINEAGE,
        "status": 422,
        "message": "$.run.runId: is no UUID",
        "errors": refusal["errors"],
        "retriedAt": None,
        "acceptedAt": None,
        "body": encoded(TEXT_ID).decode(),
    }


async def test_newest_first_in_pages(http: httpx.AsyncClient) -> None:
    await refuse(http, *(encoded({"n": n}) for n in range(7)))
    seen = []
    for offset in (0, 3, 6, 9):
        page = (await http.get(LETTERS, params={"limit": 3, "offset": offset})).json()
        assert page["totalCount"] == 7
        seen += [json.loads(letter["body"])["n"] for letter in page["deadLetters"]]
    assert seen == [6, 5, 4, 3, 2, 1, 0]
    assert (await http.get(LETTERS, params={"limit": 0})).json() == {"deadLetters": [], "totalCount": 7}


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=-1", "offset=x", "limit="])
async def test_wrong_pages(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"{LETTERS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == 400


async def test_a_page_behind_all_others(http: httpx.AsyncClient) -> None:
    for offset in (10**6, 2**63 - 1, 2**63, 10**30):
        answer = await http.get(LETTERS, params={"offset": offset})
        assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"nonsense\x00", '"\U0001f600"'.encode(), b'"\\ud800\\u0000"', b"x" * 3_000_000, b"\x00" * 1000],
    ids=["json", "bytes", "nul", "emoji", "escapes", "long", "nuls"],
)
async def test_any_bytes_can_be_kept_and_shown(http: httpx.AsyncClient, body: bytes) -> None:
    await refuse(http, body)
    (letter,) = (await http.get(LETTERS)).json()["deadLetters"]
    assert letter["body"] == body.decode(errors="replace")
    assert letter["status"] in (400, 422)


async def test_the_same_refused_twice_are_two(http: httpx.AsyncClient) -> None:
    """When and how often it came tells something."""
    await refuse(http, b"{", b"{")
    assert (await http.get(LETTERS)).json()["totalCount"] == 2


# ---------------------------------------------------------------- again


async def _only_letter(http: httpx.AsyncClient) -> int:
    (letter,) = (await http.get(LETTERS)).json()["deadLetters"]
    return int(letter["id"])


async def test_what_is_still_wrong_is_refused_again(http: httpx.AsyncClient) -> None:
    await refuse(http, encoded(TEXT_ID))
    identifier = await _only_letter(http)
    errors = fault(await http.post(f"{LETTERS}/{identifier}/retry"), 422)
    assert errors == [{"path": "$.run.runId", "message": "is no UUID"}]
    page = (await http.get(LETTERS)).json()
    assert page["totalCount"] == 1  # it is not refused anew
    assert page["deadLetters"][0]["retriedAt"] is not None
    assert page["deadLetters"][0]["acceptedAt"] is None


async def test_what_is_no_longer_wrong_goes_in(database: str) -> None:
    async with in_process(database) as http:
        await refuse(http, encoded(TEXT_ID))
        identifier = await _only_letter(http)
    async with in_process(database, any_run_id=True) as http:
        answers = await asyncio.gather(*(http.post(f"{LETTERS}/{identifier}/retry") for _ in range(4)))
        assert [a.status_code for a in answers] == [200] * 4
        assert answers[0].json()["acceptedAt"] >= answers[0].json()["retriedAt"]
        assert (await http.get("/api/v1/namespaces/shop/jobs/load/runs")).json()["totalCount"] == 1
        assert (await http.get(LETTERS)).json()["deadLetters"][0]["acceptedAt"] is not None
    assert events(database) == [encoded(TEXT_ID)]


async def test_one_that_the_database_refused(database: str, http: httpx.AsyncClient) -> None:
    event = encoded(run_event("START", "08:00:00", "poison"))
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$")
        conn.execute("CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW WHEN (NEW.name = 'poison') EXECUTE FUNCTION refuse()")
        await refuse(http, event)
        identifier = await _only_letter(http)
        fault(await http.post(f"{LETTERS}/{identifier}/retry"), 422)
        conn.execute("DROP TRIGGER t ON jobs")
    assert (await http.post(f"{LETTERS}/{identifier}/retry")).status_code == 200
    assert kept(database, event) == 1


async def test_one_of_a_batch(database: str) -> None:
    async with in_process(database) as http:
        assert (await http.post(BATCH, json=[run_event("START", "07:00:00"), TEXT_ID])).status_code == 200
        identifier = await _only_letter(http)
    async with in_process(database, any_run_id=True) as http:
        assert (await http.post(f"{LETTERS}/{identifier}/retry")).status_code == 200
    assert len(events(database)) == 2


@pytest.mark.parametrize("identifier", ["0", "-1", "17", str(2**63 - 1)])
async def test_no_such_letter(http: httpx.AsyncClient, identifier: str) -> None:
    fault(await http.post(f"{LETTERS}/{identifier}/retry"), 404)


@pytest.mark.parametrize("identifier", ["x", "1.5", "%00", str(2**63), "9" * 40])
async def test_what_is_no_number_of_a_letter(http: httpx.AsyncClient, identifier: str) -> None:
    answer = await http.post(f"{LETTERS}/{identifier}/retry")
    assert answer.status_code in (400, 404), answer.text
