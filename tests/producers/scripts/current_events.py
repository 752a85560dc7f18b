"""Two runs told through the generated classes of openlineage-python 1.54, by a transport of any kind.

Run with a JSON object on standard input: ``transport`` as in openlineage.yml, and the UUIDs ``parent``, ``run`` and
``failing``. Prints the Content-Encoding of each request, one a line, where the transport makes them one by one.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    column_lineage_dataset,
    error_message_run,
    parent_run,
    schema_dataset,
    sql_job,
)

given = json.load(sys.stdin)
plainly = requests.Session.send


def aloud(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
    print(request.headers.get("Content-Encoding", "identity"), flush=True)  # noqa: T201
    return plainly(self, request, **options)


requests.Session.send = aloud  # type: ignore[method-assign]
client = OpenLineageClient(config={"transport": given["transport"]})

id_and_total = [
    schema_dataset.SchemaDatasetFacetFields("id", "BIGINT"),
    schema_dataset.SchemaDatasetFacetFields("total", "DECIMAL(10,2)", "With tax."),
]
orders = InputDataset(
    "postgres://db:5432", "shop.public.orders", facets={"schema": schema_dataset.SchemaDatasetFacet(fields=id_and_total)}
)
summed = column_lineage_dataset.Transformation("DIRECT", "AGGREGATION", "sum")
source = column_lineage_dataset.InputField("postgres://db:5432", "shop.public.orders", "total", [summed])
revenue = OutputDataset(
    "postgres://db:5432",
    "shop.public.revenue",
    facets={
        "schema": schema_dataset.SchemaDatasetFacet(fields=[schema_dataset.SchemaDatasetFacetFields("revenue", "DECIMAL(12,2)")]),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(
            fields={"revenue": column_lineage_dataset.Fields([source])}
        ),
    },
)
parent = parent_run.ParentRunFacet(run=parent_run.Run(given["parent"]), job=parent_run.Job("producers", "nightly"))
job_facets: dict[str, JobFacet] = {"sql": sql_job.SQLJobFacet("INSERT INTO revenue SELECT sum(total) FROM orders")}


def tell(state: RunState, run: str, job: str, **run_facets: RunFacet) -> None:
    client.emit(
        RunEvent(
            eventType=state,
            eventTime=datetime.now(UTC).isoformat(),
            run=Run(run, {"parent": parent, **run_facets}),
            job=Job("producers", job, job_facets),
            producer="https://example.com/current",
            inputs=[orders],
            outputs=[revenue],
        )
    )


tell(RunState.START, given["run"], "nightly.sum_up")
tell(RunState.COMPLETE, given["run"], "nightly.sum_up")
tell(RunState.START, given["failing"], "nightly.fail")
fault = error_message_run.ErrorMessageRunFacet("division by zero", "SQL", "at line 1")
tell(RunState.FAIL, given["failing"], "nightly.fail", errorMessage=fault)
assert client.close(timeout=30)
