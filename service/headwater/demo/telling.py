"""How it is told: events, datasets and their facets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from headwater.demo.shop import TABLES, Column, Job, Table
from headwater.openlineage.vocabulary import FACETS, Owner

Event = dict[str, Any]
Facets = dict[str, dict[str, Any]]

_PRODUCER = "https://example.com/headwater-demo"
_SPEC = "https://openlineage.io/spec"
_FACETS = {(owner, facet.key): facet for facet in FACETS for owner in facet.owners}
_ENGINES = {"airflow": ("Airflow", "3.1.0"), "dbt": ("dbt", "1.10.0"), "flink": ("Flink", "2.1.0"), "ml": ("Python", "3.13")}


@dataclass(frozen=True)
class Run:
    job: Job
    uuid: UUID
    start: datetime
    nominal: datetime
    parent: Run | None = None
    facets: Mapping[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """What a run finds when it reads or writes: rows by table, the model's version, and the columns of the day."""

    rows: Mapping[str, int] = field(default_factory=dict)
    model: str = ""
    second_day: bool = False
    checks: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)  # by input


def facet(owner: Owner, key: str, **content: Any) -> dict[str, Any]:
    """One of OpenLineage's own."""
    known = _FACETS[owner, key]
    url = f"{_SPEC}/facets/{known.version}/{known.name}.json#/$defs/{known.name}"
    return {"_producer": _PRODUCER, "_schemaURL": url, **content}


def custom(**content: Any) -> dict[str, Any]:
    """A run facet that OpenLineage does not know."""
    return {"_producer": _PRODUCER, "_schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunFacet", **content}


def run_event(kind: str, at: datetime, run: Run, data: Data, facets: Mapping[str, dict[str, Any]] | None = None) -> Event:
    """``facets`` are of the run, beside those that it has from the start."""
    return {
        "eventType": kind,
        **_frame(at, "RunEvent"),
        "run": {"runId": str(run.uuid), "facets": {**_run_facets(run), **run.facets, **(facets or {})}},
        "job": _job(run.job, data),
        "inputs": [_input(key, data) for key in run.job.inputs],
        "outputs": [_output(key, data) for key in run.job.outputs],
    }


def job_event(at: datetime, job: Job) -> Event:
    data = Data()
    io = {"inputs": [_input(key, data) for key in job.inputs], "outputs": [_output(key, data) for key in job.outputs]}
    return {**_frame(at, "JobEvent"), "job": _job(job, data), **io}


def dataset_event(at: datetime, key: str, data: Data) -> Event:
    return {**_frame(at, "DatasetEvent"), "dataset": _dataset(TABLES[key], data)}


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _frame(at: datetime, kind: str) -> Event:
    return {"eventTime": iso(at), "producer": _PRODUCER, "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/{kind}"}


def _run_facets(run: Run) -> Facets:
    engine, version = _ENGINES[run.job.namespace]
    facets = {
        "nominalTime": facet(Owner.RUN, "nominalTime", nominalStartTime=iso(run.nominal)),
        "processing_engine": facet(Owner.RUN, "processing_engine", name=engine, version=version),
    }
    if run.parent is not None:
        parent = {"run": {"runId": str(run.parent.uuid)}, "job": _name(run.parent.job)}
        facets["parent"] = facet(Owner.RUN, "parent", **parent, root=parent)
    return facets


def _name(job: Job) -> dict[str, str]:
    return {"namespace": job.namespace, "name": job.name}


def _job(job: Job, data: Data) -> dict[str, Any]:
    processing = "STREAMING" if job.kind == "STREAM" else "BATCH"
    facets = {
        "jobType": facet(Owner.JOB, "jobType", processingType=processing, integration=job.namespace.upper(), jobType=job.kind),
        "documentation": facet(Owner.JOB, "documentation", description=job.about),
        "ownership": facet(Owner.JOB, "ownership", owners=[{"name": job.owner, "type": "MAINTAINER"}]),
    }
    if job.kind == "MODEL":
        path = f"models/{job.name}.sql"
        url = f"https://git.example.com/shop/warehouse/blob/main/{path}"
        version = "8f14e45f" if data.second_day else "c9f0f895"
        facets["sourceCodeLocation"] = facet(
            Owner.JOB, "sourceCodeLocation", type="git", url=url, path=path, version=version, branch="main"
        )
        facets["sql"] = facet(Owner.JOB, "sql", query=_sql(TABLES[job.outputs[0]], data), dialect="postgres")
    return {**_name(job), "facets": facets}


def _input(key: str, data: Data) -> Event:
    facets: Facets = {}
    if key in data.rows:
        facets["inputStatistics"] = facet(Owner.INPUT, "inputStatistics", rowCount=data.rows[key])
    if key in data.checks:
        facets["dataQualityAssertions"] = facet(Owner.INPUT, "dataQualityAssertions", assertions=data.checks[key])
    return {**_dataset(TABLES[key], data), "inputFacets": facets}


def _output(key: str, data: Data) -> Event:
    table = TABLES[key]
    dataset = _dataset(table, data)
    if any(column.sources for column in table.columns):
        dataset["facets"]["columnLineage"] = _column_lineage(table, data)
    facets: Facets = {}
    if key in data.rows:
        rows = data.rows[key]
        facets["outputStatistics"] = facet(Owner.OUTPUT, "outputStatistics", rowCount=rows, size=rows * 64)
    return {**dataset, "outputFacets": facets}


def _dataset(table: Table, data: Data) -> dict[str, Any]:
    source = {"name": table.namespace.partition("://")[2], "uri": table.namespace}
    facets = {
        "dataSource": facet(Owner.DATASET, "dataSource", **source),
        "documentation": facet(Owner.DATASET, "documentation", description=table.about),
        "ownership": facet(Owner.DATASET, "ownership", owners=[{"name": table.owner, "type": "OWNER"}]),
        "datasetType": facet(Owner.DATASET, "datasetType", datasetType=table.kind),
    }
    columns = _columns(table, data)
    if columns:
        fields = [{"name": c.name, "type": c.type, "ordinal_position": n} for n, c in enumerate(columns, 1)]
        facets["schema"] = facet(Owner.DATASET, "schema", fields=fields)
    if tags := list(_tags(table, columns)):
        facets["tags"] = facet(Owner.DATASET, "tags", tags=tags)
    if table.kind == "MODEL":
        facets["version"] = facet(Owner.DATASET, "version", datasetVersion=data.model)
    return {"namespace": table.namespace, "name": table.name, "facets": facets}


def _tags(table: Table, columns: Iterable[Column]) -> Iterable[dict[str, str]]:
    if ".marts." in table.name:
        yield {"key": "certified", "value": "true", "source": "dbt"}
    for column in columns:
        yield from ({"key": tag, "value": "true", "source": "catalog", "field": column.name} for tag in column.tags)


def _columns(table: Table, data: Data) -> list[Column]:
    return [column for column in table.columns if data.second_day or not column.late]


def _column_lineage(table: Table, data: Data) -> dict[str, Any]:
    fields = {
        column.name: {"inputFields": [_input_field(source, name, column.how) for source, name in column.sources]}
        for column in _columns(table, data)
        if column.sources
    }
    return facet(Owner.DATASET, "columnLineage", fields=fields)


def _input_field(key: str, name: str, how: str) -> dict[str, Any]:
    masked = how == "MASKED"
    made = {"type": "DIRECT", "subtype": "TRANSFORMATION" if masked else how, "description": "", "masking": masked}
    namespace, table = TABLES[key].place
    return {"namespace": namespace, "name": table, "field": name, "transformations": [made]}


def _sql(table: Table, data: Data) -> str:
    columns = _columns(table, data)
    selected = [f"    {_expression(column)}" for column in columns]
    first, *others = dict.fromkeys(source for column in columns for source, _ in column.sources)
    tables = [f"from {TABLES[first].name}", *(f"natural join {TABLES[other].name}" for other in others)]
    grouped = [c.name for c in columns if c.how != "AGGREGATION"]
    group = [f"group by {', '.join(grouped)}"] if len(grouped) < len(columns) else []
    return "\n".join(["select", ",\n".join(selected), *tables, *group])


def _expression(column: Column) -> str:
    names = [name for _, name in column.sources]
    if column.how == "IDENTITY" and names == [column.name]:
        return column.name
    return f"{_made(column.how, column.type, names)} as {column.name}"


def _made(how: str, kind: str, names: list[str]) -> str:
    match how:
        case "MASKED":
            return f"md5({names[0]})"
        case "AGGREGATION":
            function = {"numeric": "sum", "timestamp": "min"}.get(kind, "count")
            return f"{function}({names[0]})"
        case "TRANSFORMATION":
            known = {"numeric": " * ".join(names), "text": f"lower(concat({', '.join(names)}))"}
            return known.get(kind, f"{kind}({', '.join(names)})")
    return names[0]
