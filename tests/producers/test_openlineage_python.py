"""Scripts of openlineage-python: what each version, transport and way of naming the service lets the service know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.producers.environments import run, surroundings
from tests.producers.reading import Reader

pytestmark = pytest.mark.producers

POSTGRES = "postgres://db:5432"
SCRIPTS = Path(__file__).parent / "scripts"
EVENTS = 4
PLAIN, GZIP = {"type": "http"}, {"type": "http", "compression": "gzip"}
ASYNC, ASYNC_GZIP = {"type": "async_http"}, {"type": "async_http", "compression": "gzip"}
WHOLE_URL = "/api/v1/lineage"


@pytest.fixture
def uuids() -> dict[str, str]:
    return {name: str(uuid4()) for name in ("parent", "run", "failing")}


@pytest.mark.parametrize("client", ["client_now", "client_of_2023"])
@pytest.mark.parametrize(("told", "asked"), [("", WHOLE_URL), (WHOLE_URL, "/api/v1/api/v1/lineage")])
def test_classic(
    client: str, told: str, asked: str, reader: Reader, uuids: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    programs: Path = request.getfixturevalue(client)
    sent = script(programs, "classic_events.py", tmp_path, {"url": reader.url + told, **uuids})
    assert sent == [reader.url + asked] * EVENTS
    check(reader, uuids)


@pytest.mark.parametrize(
    ("transport", "told", "encodings"),
    [
        (PLAIN, "", ["identity"] * EVENTS),
        (PLAIN, WHOLE_URL, ["identity"] * EVENTS),
        (GZIP, "", ["gzip"] * EVENTS),
        (ASYNC, "", []),
        (ASYNC_GZIP, WHOLE_URL, []),
    ],
    ids=["plain", "whole-url", "gzip", "async", "async-gzip-whole-url"],
)
def test_current(
    transport: dict[str, str],
    told: str,
    encodings: list[str],
    client_now: Path,
    reader: Reader,
    uuids: dict[str, str],
    tmp_path: Path,
) -> None:
    given = {"transport": {**transport, "url": reader.url + told}, **uuids}
    assert script(client_now, "current_events.py", tmp_path, given) == encodings
    check(reader, uuids)
    (column,) = reader.dataset(POSTGRES, "shop.public.revenue")["columnLineage"]
    summed = {"type": "DIRECT", "subtype": "AGGREGATION", "description": "sum", "masking": None}
    assert column["inputFields"][0]["transformations"] == [summed]


def script(programs: Path, name: str, folder: Path, given: dict[str, Any]) -> list[str]:
    """Lines that it printed."""
    return run([programs / "python", "-W", "ignore", SCRIPTS / name], folder, surroundings(), json.dumps(given)).split()


def check(reader: Reader, uuids: dict[str, str]) -> None:
    check_runs(reader, uuids)
    check_jobs(reader, uuids)
    check_datasets(reader)
    check_lineage(reader)
    assert reader.refused() == []


def check_runs(reader: Reader, uuids: dict[str, str]) -> None:
    completed, failed = reader.run(uuids["run"]), reader.run(uuids["failing"])
    for found, state in ((completed, "COMPLETED"), (failed, "FAILED")):
        assert found["state"] == state
        assert found["parentRunUuid"] == uuids["parent"]
        assert found["durationMs"] >= 0
        assert found["jobVersion"] is not None
        assert [v["datasetVersionId"]["name"] for v in found["inputDatasetVersions"]] == ["shop.public.orders"]
        assert [v["datasetVersionId"]["name"] for v in found["outputDatasetVersions"]] == ["shop.public.revenue"]
    assert "errorMessage" not in completed["facets"]
    fault = failed["facets"]["errorMessage"]
    assert (fault["message"], fault["programmingLanguage"]) == ("division by zero", "SQL")


def check_jobs(reader: Reader, uuids: dict[str, str]) -> None:
    jobs = reader.jobs("producers")
    assert set(jobs) == {"nightly", "nightly.sum_up", "nightly.fail"}
    job = jobs["nightly.sum_up"]
    assert (job["parentJobName"], job["simpleName"]) == ("nightly", "sum_up")
    assert job["facets"]["sql"]["query"] == "INSERT INTO revenue SELECT sum(total) FROM orders"
    assert job["latestRun"]["id"] == uuids["run"]
    assert (job["inputs"], job["outputs"]) == (
        [{"namespace": POSTGRES, "name": "shop.public.orders"}],
        [{"namespace": POSTGRES, "name": "shop.public.revenue"}],
    )


def check_datasets(reader: Reader) -> None:
    fields = reader.dataset(POSTGRES, "shop.public.orders")["fields"]
    assert [(f["name"], f["type"], f["description"]) for f in fields] == [
        ("id", "BIGINT", None),
        ("total", "DECIMAL(10,2)", "With tax."),
    ]
    revenue = reader.dataset(POSTGRES, "shop.public.revenue")
    assert [f["name"] for f in revenue["fields"]] == ["revenue"]
    (column,) = revenue["columnLineage"]
    (source,) = column["inputFields"]
    assert (column["name"], source["dataset"], source["field"]) == ("revenue", "shop.public.orders", "total")


def check_lineage(reader: Reader) -> None:
    orders, revenue = (f"dataset:{POSTGRES}:shop.public.{name}" for name in ("orders", "revenue"))
    assert reader.downstream(orders) == {"job:producers:nightly.sum_up", "job:producers:nightly.fail", revenue}
    assert reader.column_sources(POSTGRES, "shop.public.revenue") == {"revenue": {("shop.public.orders", "total")}}
