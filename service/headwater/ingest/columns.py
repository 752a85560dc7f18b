"""Column lineage and explicit lineage: from facets to column sets and edges.

A *column set* is all that one facet says of one output's columns. It is stored once by content; ``column_lineage`` points
from the output (and the job that writes it) to its latest set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from headwater import ids
from headwater.ingest.changes import ColumnEdge
from headwater.ingest.scope import DatasetScope, Scope
from headwater.lineage.edges import EdgeKind
from headwater.openlineage import facets as shapes
from headwater.openlineage.facets import InputField, LineageInput, Transformation, read
from headwater.openlineage.parse import Kind

_Set = tuple[ColumnEdge, ...]
_Inputs = tuple[tuple[str, str], ...]  # (namespace, name) of the datasets that a set names
_MAX_EDGES = 32_767  # smallint ordinals; a Cartesian product of 180 columns has as many


def column_lineage(scope: DatasetScope, raw: msgspec.Raw) -> None:
    """Adds the columnLineage facet of an output or of a DatasetEvent."""
    parsed = _parsed(bytes(raw))
    if parsed is None:
        return
    edges, inputs = parsed
    _add(scope.scope, scope.dataset_id, edges, inputs)
    if scope.scope.event.kind is Kind.DATASET:
        for namespace, name in inputs:
            _derive(scope.scope, ids.dataset_id(namespace, name), scope.dataset_id)
        scope.changes.datasets[scope.dataset_id].declared(scope.at)


@lru_cache(maxsize=4096)
def _parsed(body: bytes) -> tuple[_Set, _Inputs] | None:
    """Cached, as a pipeline sends the same facet with every run."""
    facet = read(shapes.ColumnLineage, msgspec.Raw(body))
    if facet is None:
        return None
    edges = tuple(_edges(facet))[:_MAX_EDGES]
    fields = [f for field in (facet.fields or {}).values() for f in field.inputFields or []] + (facet.dataset or [])
    return edges, tuple(sorted({(f.namespace, f.name) for f in fields if f.namespace and f.name}))


def set_of(body: bytes) -> int | None:
    """Id of the column set of a columnLineage facet that is stored already."""
    parsed = _parsed(body)
    return None if parsed is None else _set_id(parsed[0])


def _set_id(edges: _Set) -> int:
    return ids.content_id(msgspec.json.encode(edges))


def _edges(facet: shapes.ColumnLineage) -> Iterator[ColumnEdge]:
    for output, lineage in (facet.fields or {}).items():
        old = Transformation(type=lineage.transformationType, description=lineage.transformationDescription)
        for field in lineage.inputFields or []:
            transformations = field.transformations or ([old] if old.type or old.description else [])
            yield _edge(output, field, transformations)
    for field in facet.dataset or []:
        yield _edge("", field, field.transformations or [])


def _edge(output: str, field: InputField, transformations: list[Transformation]) -> ColumnEdge:
    dataset = ids.dataset_id(field.namespace, field.name)
    return ColumnEdge(output, dataset, field.field, msgspec.json.encode(transformations).decode())


def _add(scope: Scope, dataset: int, edges: _Set, inputs: Iterable[tuple[str, str]]) -> None:
    for namespace, name in inputs:
        scope.changes.dataset(namespace, name, scope.event.at)
    owner = dataset if scope.event.kind is Kind.DATASET else scope.job_id
    set_id = _set_id(edges)
    scope.changes.column_sets[set_id] = edges
    scope.changes.add_columns(dataset, owner, set_id, scope.event.at, scope.run_id)


def _derive(scope: Scope, source: int, target: int) -> None:
    owner = target if scope.event.kind is Kind.DATASET else scope.job_id
    scope.changes.add_edge(EdgeKind.DATASET_LINEAGE, source, target, owner, scope.event.at, scope.run_id)


def explicit_dataset(scope: DatasetScope, lineage: shapes.DatasetLineage) -> None:
    """Adds the lineage facet of a DatasetEvent: a derivation without a job."""
    entry = shapes.LineageEntry(inputs=lineage.inputs, fields=lineage.fields)
    _dataset_entry(scope.scope, scope.dataset_id, entry)
    scope.changes.datasets[scope.dataset_id].declared(scope.at)


def explicit_entry(scope: Scope, entry: shapes.LineageEntry) -> None:
    """Adds one entry of the lineage facet of a job."""
    changes, at = scope.changes, scope.event.at
    if entry.type.upper() == "JOB":
        job = changes.job(entry.namespace, entry.name, at) if entry.namespace and entry.name else scope.job_id
        for source in entry.inputs or []:
            _into_job(scope, job, source)
    elif entry.namespace and entry.name:
        dataset = changes.dataset(entry.namespace, entry.name, at)
        _link(scope, EdgeKind.OUTPUT, scope.job_id, dataset)
        _dataset_entry(scope, dataset, entry)


def _link(scope: Scope, kind: EdgeKind, source: int, target: int) -> None:
    scope.changes.add_edge(kind, source, target, scope.job_id, scope.event.at, scope.run_id)
    if scope.run_id is not None:
        scope.changes.runs[scope.run_id].linked |= kind is not EdgeKind.JOB_LINEAGE
    elif kind is not EdgeKind.JOB_LINEAGE:
        job = scope.changes.jobs[scope.job_id]
        job.declared_at = max(scope.event.at, job.declared_at or scope.event.at)


def _into_job(scope: Scope, job: int, source: LineageInput) -> None:
    if source.type.upper() == "JOB":
        other = _job(scope, source)
        if other != job:
            _link(scope, EdgeKind.JOB_LINEAGE, other, job)
    elif source.namespace and source.name:
        dataset = scope.changes.dataset(source.namespace, source.name, scope.event.at)
        _link(scope, EdgeKind.INPUT, dataset, job)


def _job(scope: Scope, source: LineageInput) -> int:
    if source.namespace and source.name:
        return scope.changes.job(source.namespace, source.name, scope.event.at)
    return scope.job_id


def _dataset_entry(scope: Scope, target: int, entry: shapes.LineageEntry) -> None:
    edges: list[ColumnEdge] = []
    inputs: dict[tuple[str, str], None] = {}
    for source in entry.inputs or []:
        _source(scope, target, source)
        edges += _column("", source) if source.field else []
        inputs |= _named(source)
    for output, field in (entry.fields or {}).items():
        for source in field.inputs or []:
            _source(scope, target, source)
            edges += _column(output, source)
            inputs |= _named(source)
    if edges:
        _add(scope, target, tuple(edges[:_MAX_EDGES]), inputs)


def _named(source: LineageInput) -> dict[tuple[str, str], None]:
    if source.type.upper() == "JOB" or not (source.namespace and source.name):
        return {}
    return {(source.namespace, source.name): None}


def _source(scope: Scope, target: int, source: LineageInput) -> None:
    """The table edge of an explicit source: a dataset's, or that of the job which generates the target."""
    if source.type.upper() == "JOB":
        if scope.event.kind is not Kind.DATASET:
            _link(scope, EdgeKind.OUTPUT, _job(scope, source), target)
        return
    if not (source.namespace and source.name):
        return
    dataset = scope.changes.dataset(source.namespace, source.name, scope.event.at)
    _derive(scope, dataset, target)
    if scope.event.kind is not Kind.DATASET:
        _link(scope, EdgeKind.INPUT, dataset, scope.job_id)


def _column(output: str, source: LineageInput) -> list[ColumnEdge]:
    if source.type.upper() == "JOB" or not (source.namespace and source.name):
        return []
    field = InputField(source.namespace, source.name, source.field or "")
    return [_edge(output, field, source.transformations or [])]
