"""Two runs told through the classes that openlineage-python has had since its first release.

Run with a JSON object on standard input: ``url``, and the UUIDs ``parent``, ``run`` and ``failing``.
Prints where each request went, one URL a line.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import requests
from openlineage.client import OpenLineageClient
from openlineage.client import facet as facets
from openlineage.client.run import Dataset, Job, Run, RunEvent, RunState

given = json.load(sys.stdin)
plainly = requests.Session.send


def aloud(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
    print(request.url, flush=True)  # noqa: T201
    return plainly(self, request, **options)


requests.Session.send = aloud  # type: ignore[method-assign]
client = OpenLineageClient(url=given["url"])

id_and_total = facets.SchemaDatasetFacet(
    fields=[facets.SchemaField("id", "BIGINT"), facets.SchemaField("total", "DECIMAL(10,2)", "With tax.")]
)
orders = Dataset("postgres://db:5432", "shop.public.orders", {"schema": id_and_total})
source = facets.ColumnLineageDatasetFacetFieldsAdditionalInputFields("postgres://db:5432", "shop.public.orders", "total")
revenue = Dataset(
    "postgres://db:5432",
    "shop.public.revenue",
    {
        "schema": facets.SchemaDatasetFacet(fields=[facets.SchemaField("revenue", "DECIMAL(12,2)")]),
        "columnLineage": facets.ColumnLineageDatasetFacet(
            fields={"revenue": facets.ColumnLineageDatasetFacetFieldsAdditional([source], "sum", "IDENTITY")}
        ),
    },
)
parent = facets.ParentRunFacet.create(given["parent"], "producers", "nightly")
query = facets.SqlJobFacet("INSERT INTO revenue SELECT sum(total) FROM orders")


def tell(state: RunState, run: str, job: str, **run_facets: Any) -> None:
    client.emit(
        RunEvent(
            eventType=state,
            eventTime=datetime.now(UTC).isoformat(),
            run=Run(run, {"parent": parent, **run_facets}),
            job=Job("producers", job, {"sql": query}),
            producer="https://example.com/classic",
            inputs=[orders],
            outputs=[revenue],
        )
    )


tell(RunState.START, given["run"], "nightly.sum_up")
tell(RunState.COMPLETE, given["run"], "nightly.sum_up")
tell(RunState.START, given["failing"], "nightly.fail")
fault = facets.ErrorMessageRunFacet("division by zero", "SQL", "at line 1")
tell(RunState.FAIL, given["failing"], "nightly.fail", errorMessage=fault)
