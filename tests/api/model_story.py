"""A model from raw events to predictions, told by openlineage-python.

On the 1st, events of a website are cleaned and, with the customers' table, made into features. ``train`` learns churn v1 of
visits and spend; ``train_spend`` learns another model of spend alone. v1 is deployed, and scores customers. On the 2nd, v1.1 is
trained on the same data with another learning rate. On the 3rd, there are new events, the features have a column more, and
v1.2 learns it too, and takes v1's place. A forecast is learned of something else. Nobody says which customers were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import attr
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    JobFacet,
    OutputDatasetFacet,
    RunFacet,
    column_lineage_dataset,
    dataset_type_dataset,
    dataset_version_dataset,
    execution_parameters_run,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
    source_code_location_job,
)
from openlineage.client.serde import Serde

LAKE, SHOP, REGISTRY = "s3://lake", "postgres://shop:5432", "mlflow://models"
EVENTS, CLEAN, FEATURES, LABELS = "raw/events", "clean/events", "features/customers", "labels/churn"
CUSTOMERS = "public.customers"
_RUNS = UUID("0f4ae8d1-6a6c-4a0e-8f0a-3a2a0c3a8b11")


@attr.define
class Metrics(RunFacet):
    metrics: dict[str, float]


@attr.define
class Features(RunFacet):
    features: list[Any]


@attr.define
class Checksum(DatasetFacet):
    algorithm: str
    value: str


def run_id(name: str) -> UUID:
    return uuid5(_RUNS, name)


def _run(
    job: str,
    run: str,
    day: int,
    hour: int,
    inputs: Sequence[InputDataset],
    outputs: Sequence[OutputDataset],
    code: str = "",
    **facets: RunFacet,
) -> list[RunEvent]:
    """START and COMPLETE, an hour later."""
    repository = "https://git.example.com/ml"
    location = source_code_location_job.SourceCodeLocationJobFacet(type="git", url=f"{repository}/{job}.py", version=code)
    job_facets: dict[str, JobFacet] = {"sourceCodeLocation": location} if code else {}
    return [
        RunEvent(
            eventType=state,
            eventTime=f"2026-03-{day:02}T{at:02}:00:00Z",
            run=Run(str(run_id(run)), dict(facets)),
            job=Job("ml", job, job_facets),
            producer="https://example.com/ml",
            inputs=list(inputs),
            outputs=list(outputs),
        )
        for state, at in ((RunState.START, hour), (RunState.COMPLETE, hour + 1))
    ]


def read(name: str, version: str = "", rows: int | None = None, *, namespace: str = LAKE, **facets: DatasetFacet) -> InputDataset:
    told = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(version)} if version else {}
    statistics: dict[str, InputDatasetFacet] = {
        "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(rowCount=rows)
    }
    return InputDataset(namespace, name, facets={**told, **facets}, inputFacets=statistics if rows else {})


def wrote(
    name: str, version: str = "", rows: int | None = None, *, namespace: str = LAKE, **facets: DatasetFacet
) -> OutputDataset:
    told = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(version)} if version else {}
    statistics: dict[str, OutputDatasetFacet] = {
        "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
    }
    return OutputDataset(namespace, name, facets={**told, **facets}, outputFacets=statistics if rows else {})


def _schema(*names: str) -> schema_dataset.SchemaDatasetFacet:
    return schema_dataset.SchemaDatasetFacet(fields=[schema_dataset.SchemaDatasetFacetFields(n, "DOUBLE") for n in names])


def _columns(**sources: tuple[str, str, str]) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    fields = {
        name: column_lineage_dataset.Fields([column_lineage_dataset.InputField(*source, [])]) for name, source in sources.items()
    }
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)


def _type(name: str) -> dataset_type_dataset.DatasetTypeDatasetFacet:
    return dataset_type_dataset.DatasetTypeDatasetFacet(name)


def _clean(day: int, events: str, version: str, rows: int) -> list[RunEvent]:
    columns = _columns(page=(LAKE, EVENTS, "page"), amount=(LAKE, EVENTS, "amount"))
    raw = read(EVENTS, events, rows, schema=_schema("page", "amount"))
    clean = wrote(CLEAN, version, rows - 10, schema=_schema("page", "amount"), columnLineage=columns)
    return _run("clean", f"clean {day}", day, 1, [raw], [clean], "c1")


def _features(day: int, version: str, rows: int, *, tenure: bool) -> list[RunEvent]:
    sources = {"visits": (LAKE, CLEAN, "page"), "spend": (LAKE, CLEAN, "amount")}
    if tenure:
        sources["tenure"] = (SHOP, CUSTOMERS, "since")
    inputs = [read(CLEAN), read(CUSTOMERS, namespace=SHOP, schema=_schema("id", "since"))]
    output = wrote(FEATURES, version, rows, schema=_schema("id", *sources), columnLineage=_columns(**sources))
    return _run("features", f"features {day}", day, 2, inputs, [output], "f1")


def _train(day: int, version: str, rate: str, auc: float, *features: str) -> list[RunEvent]:
    parameters = [
        execution_parameters_run.ExecutionParameter(key="learning_rate", value=rate),
        execution_parameters_run.ExecutionParameter(key="depth", value="6"),
    ]
    return _run(
        "train",
        f"train {version}",
        day,
        4,
        [read(FEATURES), read(LABELS, headwater_checksum=Checksum("md5", "9e107d9d372bb682"))],
        [wrote("churn", version, namespace=REGISTRY, datasetType=_type("MODEL"))],
        "t1",
        executionParameters=execution_parameters_run.ExecutionParametersRunFacet(parameters=parameters),
        headwater_metrics=Metrics({"auc": auc}),
        headwater_features=Features(list(features)),
    )


def _deploy(day: int, version: str) -> list[RunEvent]:
    model = read("churn", version, namespace=REGISTRY)
    endpoint = wrote("churn-endpoint", f"of {version}", namespace="https://serving", datasetType=_type("DEPLOYMENT"))
    return _run("deploy", f"deploy {version}", day, 6, [model], [endpoint])


def _score(day: int) -> list[RunEvent]:
    inputs = [read("churn-endpoint", namespace="https://serving"), read(FEATURES)]
    return _run("score", f"score {day}", day, 8, inputs, [wrote("scores/churn")])


def story() -> list[bytes]:
    """As they are sent."""
    return [Serde.to_json(event).encode() for event in events()]


def events() -> list[RunEvent]:
    return [
        *_clean(1, "e1", "c-1", 1000),
        *_features(1, "10", 100, tenure=False),
        *_train(1, "v1", "0.1", 0.8, "visits", "spend"),
        *_run(
            "train_spend",
            "train spend",
            1,
            5,
            [read(FEATURES)],
            [wrote("spend", "s1", namespace=REGISTRY, datasetType=_type("MODEL"))],
            headwater_features=Features([{"name": "spent", "namespace": LAKE, "dataset": FEATURES, "field": "spend"}]),
        ),
        *_deploy(1, "v1"),
        *_score(1),
        *_train(2, "v1.1", "0.05", 0.82, "visits", "spend"),
        *_clean(3, "e2", "c-2", 1500),
        *_features(3, "11", 150, tenure=True),
        *_train(3, "v1.2", "0.05", 0.85, "visits", "spend", "tenure"),
        *_deploy(3, "v1.2"),
        *_score(3),
        *_run(
            "train_forecast",
            "train forecast",
            3,
            9,
            [read("sales")],
            [wrote("forecast", "f1", namespace=REGISTRY, datasetType=_type("MODEL"))],
        ),
    ]
