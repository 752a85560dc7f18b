"""Random histories: few names, few times, and every fact that ingestion interprets, so that they meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from tests.build import Event

START = datetime(2026, 1, 31, 23, 58, tzinfo=UTC)
# Version 7 of January and February beside version 4: runs in several partitions.
RUNS = [UUID("019c0a00-0000-7000-8000-000000000001"), UUID("019c2a00-0000-7000-8000-000000000002"), UUID(int=3)]


def facet(**content: Any) -> dict[str, Any]:
    return {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/f.json", **content}


def _name(name: str, namespace: str = "db") -> dict[str, Any]:
    return {"namespace": namespace, "name": name}


_minutes = st.integers(0, 6)
_names = st.sampled_from(["a", "b", "c", "d"])
_columns = st.sampled_from("xyz")
_deleted = st.just(facet(_deleted=True))
_odd = st.just(facet(fields=7, entries=7, identifiers=7, upstream=7))

# ---------------------------------------------------------------- facets

_source = st.builds(lambda name, field: {**_name(name), "field": field}, _names, _columns)
_column_lineage = st.builds(
    lambda output, sources: facet(fields={output: {"inputFields": sources}}), _columns, st.lists(_source, max_size=2)
)
_schema = st.sampled_from([facet(fields=[{"name": n, "type": "INT"} for n in names]) for names in ("x", "xy", "z")])
_symlinks = st.builds(lambda name: facet(identifiers=[{**_name(name), "type": "TABLE"}]), _names)
_tags = st.builds(lambda key: facet(tags=[{"key": key, "value": "true"}]), st.sampled_from(["PII", "raw"]))
_renamed = st.builds(lambda old: facet(lifecycleStateChange="RENAME", previousIdentifier=_name(old)), _names)
_rows = st.builds(lambda n: facet(rowCount=n), st.integers(0, 2))

_job_names = st.sampled_from(["load", "train", "up"])
_lineage_source = st.one_of(
    st.builds(lambda name: {"type": "DATASET", **_name(name)}, _names),
    st.builds(lambda name, field: {"type": "DATASET", **_name(name), "field": field}, _names, _columns),
    st.just({"type": "JOB"}),
    st.builds(lambda name: {"type": "JOB", **_name(name, "etl")}, _job_names),
)
_lineage_sources = st.lists(_lineage_source, max_size=2)
_lineage_entry = st.one_of(
    st.builds(lambda name, inputs: {"type": "DATASET", **_name(name), "inputs": inputs}, _names, _lineage_sources),
    st.builds(
        lambda name, column, inputs: {"type": "DATASET", **_name(name), "fields": {column: {"inputs": inputs}}},
        _names,
        _columns,
        _lineage_sources,
    ),
    st.builds(lambda inputs: {"type": "JOB", "inputs": inputs}, _lineage_sources),
    st.builds(lambda name, inputs: {"type": "JOB", **_name(name, "etl"), "inputs": inputs}, _job_names, _lineage_sources),
)
_job_lineage = st.builds(lambda entries: facet(entries=entries), st.lists(_lineage_entry, max_size=2))
_derivation = st.builds(lambda inputs: facet(inputs=inputs), _lineage_sources)
_dependencies = st.builds(
    lambda up, down: facet(upstream=[{"job": _name(n, "etl")} for n in up], downstream=[{"job": _name(n, "etl")} for n in down]),
    st.lists(_job_names, max_size=1),
    st.lists(_job_names, max_size=1),
)
_parent = st.builds(
    lambda run, job: facet(run={"runId": str(run)}, job=_name(job, "etl")),
    st.sampled_from([UUID(int=900), RUNS[2]]),
    st.sampled_from(["dag0", "dag1", "root", "dag0.load"]),
)

_dataset_facets = st.fixed_dictionaries(
    {},
    optional={
        "schema": _schema,
        "columnLineage": _column_lineage | _deleted | _odd,
        "symlinks": _symlinks | _odd,
        "version": st.builds(lambda v: facet(datasetVersion=v), st.sampled_from(["1", "2"])),
        "documentation": st.builds(lambda t: facet(description=t), st.sampled_from(["one", "two"])) | _deleted,
        "dataSource": st.builds(lambda u: facet(name="db", uri=u), st.sampled_from(["db://one", "db://two"])),
        "tags": _tags,
        "lifecycleStateChange": _renamed | _deleted,
        "statistics": _rows,
        "lineage": _derivation | _deleted | _odd,
    },
)
_io_facets = st.fixed_dictionaries({}, optional={"statistics": _rows})
_run_facets = st.fixed_dictionaries(
    {},
    optional={"parent": _parent, "custom": st.builds(lambda n: facet(n=n), _minutes), "jobDependencies": _dependencies | _odd},
)
_job_facets = st.fixed_dictionaries(
    {},
    optional={
        "sql": st.builds(lambda q: facet(query=q), st.sampled_from(["select 1", "select 2"])),
        "jobType": st.just(facet(processingType="STREAMING", integration="FLINK")),
        "sourceCodeLocation": st.builds(lambda v: facet(type="git", url="https://g/r", version=v), st.sampled_from("ab")),
        "tags": _tags,
        "lineage": _job_lineage | _deleted | _odd,
    },
)


# ---------------------------------------------------------------- events


def _datasets(io_key: str) -> st.SearchStrategy[list[Event]]:
    one = st.builds(lambda name, facets, io: {**_name(name), "facets": facets, io_key: io}, _names, _dataset_facets, _io_facets)
    return st.lists(one, max_size=2)


def _event(minute: int, job: str, inputs: list[Event], outputs: list[Event], job_facets: Event) -> Event:
    return {
        "eventTime": (START + timedelta(minutes=minute)).isoformat(),
        "producer": "https://example.com/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "job": {**_name(job, "etl"), "facets": job_facets},
        "inputs": inputs,
        "outputs": outputs,
    }


_jobs = st.sampled_from(["load", "train", "dag0.load", "dag0"])
_types = st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER", None])
job_events = st.builds(_event, _minutes, _jobs, _datasets("inputFacets"), _datasets("outputFacets"), _job_facets)
run_events = st.builds(
    lambda base, run, event_type, facets: {**base, "eventType": event_type, "run": {"runId": str(run), "facets": facets}},
    job_events,
    st.sampled_from(RUNS),
    _types,
    _run_facets,
)
dataset_events = st.builds(
    lambda base, name, facets: {
        **{k: base[k] for k in ("eventTime", "producer", "schemaURL")},
        "dataset": {**_name(name), "facets": facets},
    },
    job_events,
    _names,
    _dataset_facets,
)
events = st.one_of(run_events, run_events, run_events, job_events, dataset_events)


def histories(most: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(events, min_size=1, max_size=most)
