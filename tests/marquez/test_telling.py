from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from headwater.marquez import telling
from headwater.marquez.nouns import Dataset, Field, Job, Namespace, Run

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
JOB = Job(namespace="shop", name="load", type="BATCH", created_at=AT, updated_at=AT)


@pytest.mark.parametrize(
    ("told", "known", "new"),
    [
        (("ada", "all"), ("anonymous", None), ("ada", "all")),
        (("ada", "all"), ("bob", None), ("bob", "all")),
        (("ada", "all"), ("anonymous", "ours"), ("ada", None)),
        (("ada", "all"), ("bob", "ours"), None),
        (("anonymous", None), ("anonymous", None), None),
        ((None, None), ("anonymous", None), None),
    ],
)
def test_of_a_namespace_only_what_is_missing_is_told(
    told: tuple[str | None, str | None], known: tuple[str, str | None], new: tuple[str, str | None] | None
) -> None:
    event = telling.namespace(Namespace(name="n", created_at=AT, owner_name=told[0], description=told[1]), *known)
    write = json.loads(event)["headwaterWrite"] if event else None
    assert (write and (write["owner"], write["description"])) == new


def _events(**run: Any) -> list[tuple[str, str | None, int, int]]:
    """Of each event its hour, its type, and how many inputs and outputs it names."""
    version = [{"datasetVersionId": {"namespace": "db", "name": "t"}}]
    told = {"id": str(UUID(int=7)), "inputDatasetVersions": version, "outputDatasetVersions": version, **run}
    read = msgspec.convert(told, Run)
    events = [json.loads(event) for event in telling.run(read, JOB)]
    return [(e["eventTime"][11:13], e.get("eventType"), len(e.get("inputs", [])), len(e.get("outputs", []))) for e in events]


def test_a_run_is_told_from_its_making_to_its_end() -> None:
    made, begun, ended = (f"2026-03-01T{hour}:00:00Z" for hour in ("08", "09", "10"))
    assert _events(state="COMPLETED", createdAt=made, startedAt=begun, endedAt=ended) == [
        ("08", None, 1, 0),
        ("09", "START", 0, 0),
        ("10", "COMPLETE", 0, 1),
    ]
    assert _events(state="NEW", createdAt=made) == [("08", None, 1, 1)]
    assert _events(state="RUNNING", createdAt=made, startedAt=begun) == [("08", None, 1, 0), ("09", "START", 0, 1)]
    assert _events(state="FAILED", createdAt=made, endedAt=begun)[-1] == ("09", "FAIL", 0, 1)


def test_times_without_a_zone_are_utc() -> None:
    naive = Run(id=UUID(int=7), state="NEW", created_at=datetime(2026, 3, 1, 8))  # noqa: DTZ001
    (event,) = telling.run(naive, JOB)
    assert json.loads(event)["eventTime"] == "2026-03-01T08:00:00.000000Z"


def test_a_field_that_marquez_has_several_times_is_told_once() -> None:
    fields = [Field("x", tags=["A"]), Field("x", tags=["B"]), Field("y", type="INT")]
    told = Dataset("db", "t", "DB_TABLE", "t", AT, AT, fields=fields)
    facets = json.loads(telling.whole_dataset(told, None))["dataset"]["facets"]
    assert facets["schema"]["fields"] == [{"name": "x"}, {"name": "y", "type": "INT"}]
    assert {key for key in facets if key.startswith("headwaterTag")} == {"headwaterTag:x:A", "headwaterTag:x:B"}
