"""Column lineage and explicit lineage: from facets to column sets and edges.

A *column set* is all that one facet says of one output's columns. It is stored once by content; ``column_lineage`` knows when
the output's job (or the dataset itself) told of it. Which of an output's sets hold is a matter of time, see
``catalog/sql/current_columns.sql``: of facets the latest, while what a job says explicitly *adds* up over the events of its run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from headwater import ids
from headwater.ingest.changes import ColumnEdge
from headwater.ingest.scope import DatasetScope, Scope
from headwater.lineage.edges import EdgeKind
from headwater.openlineage import facets as shapes
from headwater.openlineage.facets import InputField, LineageEntry, LineageInput, Transformation, name_of, read
from headwater.openlineage.parse import Kind

_Set = tuple[ColumnEdge, ...]


class Told(NamedTuple):
    """What a columnLineage facet tells."""

    set_id: int
    edges: _Set
    inputs: list[tuple[str, str]]  # (namespace, name) of the datasets that it names


def told(raw: msgspec.Raw) -> Told:
    """Of a facet that is deleted or of another shape: nothing, which replaces what was told before it as any other does."""
    facet = read(shapes.ColumnLineage, raw) or shapes.ColumnLineage()
    fields = [f for field in (facet.fields or {}).values() for f in field.inputFields or []] + (facet.dataset or [])
    return Told(set_of(ids.content_id(bytes(raw))), tuple(_edges(facet)), sorted({name for f in fields if (name := name_of(f))}))


def add(scope: DatasetScope, told: Told) -> None:
    """Adds the columnLineage facet of an output or of a DatasetEvent."""
    for namespace, name in told.inputs:
        scope.changes.dataset(namespace, name, scope.at)
    _point(scope.scope, scope.dataset_id, told.edges, told.set_id, adds=False)
    if scope.scope.event.kind is Kind.DATASET:
        for namespace, name in told.inputs:
            derive(scope.scope, ids.dataset_id(namespace, name), scope.dataset_id)
        scope.changes.datasets[scope.dataset_id].declared(scope.at)


def set_of(body_id: int) -> int:
    """Id of the column set of a columnLineage facet: not that of its body, as either may be stored without the other."""
    return ~body_id


def _edges(facet: shapes.ColumnLineage) -> Iterator[ColumnEdge]:
    for output, lineage in (facet.fields or {}).items():
        old = Transformation(type=lineage.transformationType, description=lineage.transformationDescription)
        for field in lineage.inputFields or []:
            yield from _edge(output, field, field.transformations or ([old] if old.type or old.description else []))
    for field in facet.dataset or []:
        yield from _edge("", field, field.transformations or [])


def _edge(output: str, source: InputField | LineageInput, transformations: list[Transformation]) -> Iterator[ColumnEdge]:
    if name := name_of(source):
        dataset = ids.dataset_id(*name)
        yield ColumnEdge(output, dataset, source.field or "", msgspec.json.encode(transformations).decode())


def _point(scope: Scope, dataset: int, edges: _Set, set_id: int, *, adds: bool) -> None:
    owner = dataset if scope.event.kind is Kind.DATASET else scope.job_id
    scope.changes.column_sets[set_id] = edges
    scope.changes.add_columns(dataset, owner, set_id, scope.event.at, scope.run_id, adds=adds)


def _point_explicitly(scope: Scope, dataset: int, edges: list[ColumnEdge], *, adds: bool) -> None:
    """And be it to nothing: then no columns are known, whatever was told before."""
    told = tuple(edges)
    _point(scope, dataset, told, ids.content_id(msgspec.json.encode(told)), adds=adds)


def derive(scope: Scope, source: int, target: int) -> None:
    """Adds that a dataset comes from another."""
    owner = target if scope.event.kind is Kind.DATASET else scope.job_id
    scope.changes.add_edge(EdgeKind.DATASET_LINEAGE, source, target, owner, scope.event.at, scope.run_id)


def explicit_dataset(scope: DatasetScope, lineage: shapes.DatasetLineage) -> None:
    """Adds the lineage facet of a DatasetEvent: a derivation without a job."""
    entry = shapes.LineageEntry(inputs=lineage.inputs, fields=lineage.fields)
    _point_explicitly(scope.scope, scope.dataset_id, _dataset_entry(scope.scope, scope.dataset_id, entry), adds=False)
    scope.changes.datasets[scope.dataset_id].declared(scope.at)


def explicit_job(scope: Scope, entries: list[LineageEntry]) -> None:
    """Adds the lineage facet of a job. Several entries may tell of one dataset: together they are its columns. Of an output that
    none of them tells no columns are known."""
    told: dict[int, list[ColumnEdge]] = {ids.dataset_id(output.namespace, output.name): [] for output in scope.event.outputs}
    for entry in entries:
        if entry.type.upper() == "JOB":
            _job_entry(scope, entry)
        elif name := name_of(entry):
            dataset = scope.changes.dataset(*name, scope.event.at)
            _link(scope, EdgeKind.OUTPUT, scope.job_id, dataset)
            told.setdefault(dataset, []).extend(_dataset_entry(scope, dataset, entry))
    for dataset, edges in told.items():
        _point_explicitly(scope, dataset, edges, adds=True)


def _link(scope: Scope, kind: EdgeKind, source: int, target: int) -> None:
    scope.changes.add_edge(kind, source, target, scope.job_id, scope.event.at, scope.run_id)
    if scope.run_id is not None:
        scope.changes.runs[scope.run_id].linked |= kind is not EdgeKind.JOB_LINEAGE
    elif kind is not EdgeKind.JOB_LINEAGE:
        job = scope.changes.jobs[scope.job_id]
        job.declared_at = max(scope.event.at, job.declared_at or scope.event.at)


def _job_entry(scope: Scope, entry: LineageEntry) -> None:
    job = _job(scope, entry)
    for source in entry.inputs or []:
        if source.type.upper() == "JOB":
            if (other := _job(scope, source)) != job:
                _link(scope, EdgeKind.JOB_LINEAGE, other, job)
        elif name := name_of(source):
            dataset = scope.changes.dataset(*name, scope.event.at)
            _link(scope, EdgeKind.INPUT, dataset, job)


def _job(scope: Scope, named: LineageEntry | LineageInput) -> int:
    """The event's own job where none is named, or its name is: what is stored may have the parent's in front."""
    name = name_of(named)
    if name is None or name == (scope.event.namespace, scope.event.name):
        return scope.job_id
    return scope.changes.job(*name, scope.event.at)


def _dataset_entry(scope: Scope, target: int, entry: LineageEntry) -> list[ColumnEdge]:
    """Adds the table edges of an entry; gives those of its columns."""
    edges: list[ColumnEdge] = []
    for source in entry.inputs or []:
        _source(scope, target, source)
        edges += _column("", source) if source.field else []
    for output, field in (entry.fields or {}).items():
        for source in field.inputs or []:
            _source(scope, target, source)
            edges += _column(output, source)
    return edges


def _source(scope: Scope, target: int, source: LineageInput) -> None:
    """The table edge of an explicit source: a dataset's, or that of the job which generates the target."""
    name = name_of(source)
    if source.type.upper() == "JOB":
        if scope.event.kind is not Kind.DATASET:
            _link(scope, EdgeKind.OUTPUT, _job(scope, source), target)
        elif name is not None:
            job = scope.changes.job(*name, scope.event.at)
            scope.changes.add_edge(EdgeKind.OUTPUT, job, target, target, scope.event.at, None)
        return
    if name is None:
        return
    dataset = scope.changes.dataset(*name, scope.event.at)
    derive(scope, dataset, target)
    if scope.event.kind is not Kind.DATASET:
        _link(scope, EdgeKind.INPUT, dataset, scope.job_id)


def _column(output: str, source: LineageInput) -> Iterator[ColumnEdge]:
    if source.type.upper() != "JOB":
        yield from _edge(output, source, source.transformations or [])
