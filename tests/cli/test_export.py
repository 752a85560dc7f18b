from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from tests.build import dataset_event, job_event, run_event, store
from tests.cli.conftest import Command, Done
from tests.conftest import served

EVENTS = [
    run_event("START", "08:00", outputs=["orders"]),
    run_event("COMPLETE", "09:00", namespace="other"),
    job_event("07:00", "report"),
    dataset_event("10:00", "orders"),
]


@pytest.fixture(autouse=True)
def _stored(on_database: str) -> None:
    asyncio.run(store(on_database, EVENTS))


def exported(done: Done) -> list[Any]:
    assert done.status == 0
    return [json.loads(line) for line in done.out.splitlines()]


def hours(done: Done) -> list[str]:
    return [event["eventTime"][11:13] for event in exported(done)]


def test_all_events_in_the_form_that_marquez_takes(headwater: Command) -> None:
    events = exported(headwater("export"))
    assert [event["schemaURL"].rpartition("/")[2] for event in events] == [
        "JobEvent",
        "OpenLineage.json",
        "OpenLineage.json",
        "DatasetEvent",
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--since", "2026-03-01T08:00:00Z"], ["08", "09", "10"]),
        (["--until", "2026-03-01T10:00:00+02:00"], ["07"]),
        (["--since", "2026-03-02"], []),
        (["--namespace", "shop"], ["07", "08"]),
        (["--namespace", "db://shop", "--since", "2026-03-01"], ["10"]),
    ],
)
def test_a_part(headwater: Command, options: list[str], found: list[str]) -> None:
    done = headwater("export", *options)
    assert hours(done) == found
    assert f"{len(found)} events written" in done.err


def test_what_openlineage_has_no_words_for_is_left_out_and_what_people_wrote_is_openlineage(
    headwater: Command, on_database: str
) -> None:
    with served(on_database) as url:
        api = f"{url}/api/v1"
        httpx.put(f"{api}/namespaces/shop", json={"ownerName": "ada"}).raise_for_status()
        httpx.put(f"{api}/namespaces/shop/jobs/by-hand", json={"type": "BATCH", "inputs": [], "outputs": []}).raise_for_status()
    events = exported(headwater("export"))
    assert len(events) == len(EVENTS) + 1
    assert [e["job"]["name"] for e in events if e["producer"] == "urn:headwater:rest"] == ["by-hand"]
    assert len(exported(headwater("events", "export"))) == len(EVENTS) + 2
