from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from headwater.entities import encode
from headwater.entities.namespace import Namespace
from headwater.entities.run import DatasetVersionId, RunDatasetVersion, RunFacets

RUN = UUID("0f767f65-2edf-5348-a27d-dc281bab6609")


def test_facets_are_spliced_as_they_came() -> None:
    body = b'{ "n": 1.0e2, "big": 123456789012345678901234567890 }'
    assert encode(RunFacets(runId=RUN, facets={"a.b": msgspec.Raw(body)})) == (
        b'{"runId":"' + str(RUN).encode() + b'","facets":{"a.b":' + body + b"}}"
    )


def test_entities_nest() -> None:
    version = DatasetVersionId(namespace="n", name="ü", version=RUN)
    told = json.loads(encode([RunDatasetVersion(datasetVersionId=version, facets={})]))
    assert told == [{"datasetVersionId": {"namespace": "n", "name": "ü", "version": str(RUN)}, "facets": {}}]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 3, 1, 8, tzinfo=UTC), "2026-03-01T08:00:00Z"),
        (datetime(2026, 3, 1, 8, 0, 0, 201361, tzinfo=UTC), "2026-03-01T08:00:00.201361Z"),
    ],
)
def test_times_are_utc_and_what_is_absent_is_null(time: datetime, text: str) -> None:
    shown = Namespace(name="n", createdAt=time, updatedAt=time, ownerName="o", description=None, isHidden=False)
    told = json.loads(encode(shown))
    assert (told["createdAt"], told["description"]) == (text, None)


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        encode(object())
