"""What the database collects the words of, and what is shown as found, are the same texts."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from headwater.catalog.contents import search_datasets, search_jobs
from headwater.catalog.texts import dataset_texts, job_texts
from headwater.db.pool import Connection, Pool
from headwater.entities.search import DatasetHits, JobHits
from headwater.openlineage.facets import OWN_TAG
from tests.build import Facets, dataset, run_event, store

_Search: TypeAlias = Callable[[Connection, str], Awaitable[JobHits | DatasetHits]]

_SAID: Facets = {
    "documentation": {"description": "The margin, daily"},
    "ownership": {"owners": [{"name": "team:sales"}, {"name": "ann", "type": "STEWARD"}]},
    "tags": {"tags": [{"key": "gdpr", "value": "strict"}, {"key": "team", "value": "data", "field": "a"}, {"key": "pii"}]},
    f"{OWN_TAG}gold": {"tag": "gold"},
}
_JOB: Facets = {
    **_SAID,
    "sql": {"query": "select 1"},
    "sourceCode": {"language": "scala", "sourceCode": "val x"},
    "jobType": {"processingType": "STREAMING"},
}
_ENGINE: Facets = {"processing_engine": {"name": "spark"}}
_NET = {
    "inputFields": [
        {"namespace": "db://far", "name": "raw_lines", "field": "gross", "transformations": [{"description": "summed up"}]}
    ],
    "transformationDescription": "rounded",
    "transformationType": "MASKED",
}
_COLUMNS = [{"name": "price", "type": "struct", "fields": [{"name": "net", "type": "DEC", "description": "no taxes"}]}]
_DATASET: Facets = {**_SAID, "columnLineage": {"fields": {"net": _NET}}, "schema": {"fields": _COLUMNS}}


async def test_every_text_is_found(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00", job_facets=_JOB, run_facets=_ENGINE, outputs=[dataset("o", _DATASET)])])
    async with pool.connection() as conn:
        (job,) = (await search_jobs(conn, "load")).hits
        (output,) = (await search_datasets(conn, "o")).hits
        wanted: list[tuple[_Search, str, str]] = [
            *((search_jobs, field, text) for field, texts in job_texts(job, _raw(_JOB)).items() for text in texts),
            *((search_datasets, field, text) for field, texts in dataset_texts(output, _raw(_DATASET)).items() for text in texts),
        ]
        assert len(wanted) == 30
        for search, field, text in wanted:
            seen = (await search(conn, text)).highlights
            assert any(field in fields for fields in seen), f"{text} in {field}"


def _raw(facets: Facets) -> dict[str, msgspec.Raw]:
    return {key: msgspec.Raw(json.dumps(body).encode()) for key, body in facets.items()}
