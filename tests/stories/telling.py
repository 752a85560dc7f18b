"""What happens is told by openlineage-python, over HTTP, and what is asked is asked over HTTP: as a producer and a user do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import httpx
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import DatasetEvent, InputDataset, Job, OutputDataset, Run, RunEvent, RunState, StaticDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    column_lineage_dataset,
    schema_dataset,
    symlinks_dataset,
)
from openlineage.client.transport.http import HttpConfig, HttpTransport

Facets: TypeAlias = dict[str, DatasetFacet]
_PRODUCER = "https://example.com/stories"
_RUNS = UUID("3a8f2f2e-51a0-4c39-9a35-7f6f0b0e4d52")


class Service:
    """A running one."""

    def __init__(self, url: str) -> None:
        self._client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=url)))
        self._http = httpx.Client(base_url=f"{url}/api/v1/", timeout=60)
        self.url = url

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._http.close()

    def tell(self, events: Iterable[RunEvent | DatasetEvent]) -> None:
        for event in events:
            self._client.emit(event)

    def ask(self, path: str, **parameters: Any) -> Any:
        answer = self._http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask_in_vain(self, path: str, **parameters: Any) -> tuple[int, str]:
        """Status and message of the answer."""
        answer = self._http.get(path, params=parameters)
        return answer.status_code, answer.json()["message"]

    def ask_what_if(self, *events: Mapping[str, Any]) -> Any:
        answer = self._http.post("impact", json=events)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Teller:
    """Of one story: all its jobs and tables are in one namespace, so that stories can be told to the same service."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def run(
        self,
        job: str,
        time: str,
        reads: Mapping[str, Facets] | Iterable[str] = (),
        writes: Mapping[str, Facets] | Iterable[str] = (),
        *,
        ends: RunState | None = RunState.COMPLETE,
    ) -> list[RunEvent]:
        """It begins at ``time`` (``2026-03-01T08:00``), and ends half a minute later, or not at all."""
        return [
            RunEvent(
                eventType=state,
                eventTime=f"{time}:{second}Z",
                run=Run(str(self.run_id(job, time))),
                job=Job(self.namespace, job),
                producer=_PRODUCER,
                inputs=[InputDataset(self.namespace, name, facets=facets) for name, facets in _told(reads).items()],
                outputs=[OutputDataset(self.namespace, name, facets=facets) for name, facets in _told(writes).items()],
            )
            for state, second in ((RunState.START, "00"), (ends, "30"))
            if state
        ]

    def dataset(self, name: str, time: str, facets: Facets) -> DatasetEvent:
        dataset = StaticDataset(self.namespace, name, facets=facets)
        return DatasetEvent(eventTime=f"{time}:00Z", producer=_PRODUCER, dataset=dataset)

    def run_id(self, job: str, time: str) -> UUID:
        return uuid5(_RUNS, f"{self.namespace} {job} {time}")

    def table(self, name: str) -> str:
        return f"dataset:{self.namespace}:{name}"

    def column(self, table: str, name: str) -> str:
        return f"datasetField:{self.namespace}:{table}:{name}"

    def job(self, name: str) -> str:
        return f"job:{self.namespace}:{name}"

    def derived(self, *columns: str, **sources: str) -> Facets:
        """A table of these columns and of some that come of others: ``net="orders.total orders.discount"``."""
        fields = {
            name: column_lineage_dataset.Fields([self._source(source) for source in told.split()])
            for name, told in sources.items()
        }
        return {
            **with_columns(*columns, *sources),
            "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields),
        }

    def also_known_as(self, name: str) -> Facets:
        identifier = symlinks_dataset.Identifier(self.namespace, name, "TABLE")
        return {"symlinks": symlinks_dataset.SymlinksDatasetFacet([identifier])}

    def _source(self, told: str) -> column_lineage_dataset.InputField:
        table, _, column = told.partition(".")
        return column_lineage_dataset.InputField(self.namespace, table, column)


def with_columns(*names: str) -> Facets:
    fields = [schema_dataset.SchemaDatasetFacetFields(name, "DOUBLE") for name in names]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields)}


def distances(impact: Mapping[str, Any]) -> dict[str, int]:
    """Of the nodes of an answer, by name."""
    return {node["name"]: node["distance"] for node in impact["nodes"]}


def runs(lineage: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Of an answer about runs: of each its job, its start, and what it read."""
    return [
        (told["job"]["name"], told["run"]["start"], sorted(read["name"] for read in told["inputs"])) for told in lineage["runs"]
    ]


def last(node_id: str) -> str:
    """Its name, where that has no colon."""
    return node_id.rpartition(":")[2]


def _told(datasets: Mapping[str, Facets] | Iterable[str]) -> dict[str, Facets]:
    return dict(datasets) if isinstance(datasets, Mapping) else {name: {} for name in datasets}
