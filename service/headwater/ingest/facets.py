"""What each interpreted facet adds to Changes: one function a facet, found in a table.

To interpret another: its shape in ``openlineage.facets``, a function here, and its row in ``_JOB``, ``_RUN`` or
``_DATASET``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor

import msgspec

from headwater import ids
from headwater.ingest import columns
from headwater.ingest.changes import DatasetVersion, merge_facets
from headwater.ingest.scope import DatasetScope, Scope
from headwater.lineage.edges import EdgeKind
from headwater.openlineage import facets as shapes
from headwater.openlineage.facets import is_deleted, name_of, read
from headwater.openlineage.parse import Event, Facets, Kind


def of_job(scope: Scope) -> None:
    """Adds what the job's and the run's facets mean."""
    for key, rule in _JOB.items():
        if key in scope.event.job_facets:
            rule(scope, scope.event.job_facets[key])
    for key, rule in _RUN.items():
        if key in scope.event.run_facets:
            rule(scope, scope.event.run_facets[key])


def of_dataset(scope: DatasetScope, facets: Facets) -> None:
    """Adds what the facets of an input, an output or a DatasetEvent's dataset mean."""
    for key, raw in facets.items():
        rule = _DATASET.get(key)
        if rule is not None:
            rule(scope, raw)
    if not scope.output:
        _observe_version(scope, facets.get("version"))


def _job_type(scope: Scope, raw: msgspec.Raw) -> None:
    job_type = read(shapes.JobType, raw)
    if job_type is None or scope.run_id is None:
        return
    if (job_type.processingType or "").upper() in ("STREAMING", "SERVICE"):
        scope.changes.runs[scope.run_id].streaming = True


def _source_code_location(scope: Scope, raw: msgspec.Raw) -> None:
    location = read(shapes.SourceCodeLocation, raw)
    if location is None or scope.run_id is None or not (location.url or location.version):
        return
    code = ids.name_id("code", location.url or "", location.version or "")
    scope.changes.runs[scope.run_id].has_code(code, scope.event.at)


def _job_lineage(scope: Scope, raw: msgspec.Raw) -> None:
    entries = _entries(raw)
    if entries is not None:
        columns.explicit_job(scope, entries)


def _entries(raw: msgspec.Raw) -> list[shapes.LineageEntry] | None:
    """None where it is no lineage facet: the key may be somebody's own."""
    lineage = read(shapes.JobLineage, raw)
    return lineage.entries if lineage else None


def _job_dependencies(scope: Scope, raw: msgspec.Raw) -> None:
    dependencies = read(shapes.JobDependencies, raw)
    if dependencies is None:
        return
    for dependency in dependencies.upstream or []:
        _depend(scope, dependency.job, upstream=True)
    for dependency in dependencies.downstream or []:
        _depend(scope, dependency.job, upstream=False)


def _depend(scope: Scope, on: shapes.Name, *, upstream: bool) -> None:
    event, own, name = scope.event, scope.job_id, name_of(on)
    if name is None or name == (event.namespace, event.name):
        return
    job = scope.changes.job(*name, event.at)
    source, target = (job, own) if upstream else (own, job)
    if job != own:
        scope.changes.add_edge(EdgeKind.JOB_DEPENDENCY, source, target, own, event.at, scope.run_id)


def _job_tags(scope: Scope, raw: msgspec.Raw) -> None:
    _tags(scope, raw)


def _dataset_tags(scope: DatasetScope, raw: msgspec.Raw) -> None:
    _tags(scope.scope, raw)


def _tags(scope: Scope, raw: msgspec.Raw) -> None:
    tags = read(shapes.Tags, raw)
    for tag in (tags.tags if tags else None) or []:
        if tag.key and not tag.key.isspace():
            scope.changes.tags[ids.name_id("tag", tag.text)] = tag.text


def _dataset_type(scope: DatasetScope, raw: msgspec.Raw) -> None:
    told = read(shapes.DatasetType, raw)
    if told and (told.datasetType or "").upper() == shapes.MODEL:
        scope.changes.models.add(scope.dataset_id)


def _data_source(scope: DatasetScope, raw: msgspec.Raw) -> None:
    source = read(shapes.DataSource, raw)
    if source is None or not source.name or source.name.isspace():
        return
    uri = source.uri or ""
    key = (ids.name_id("source", source.name), ids.name_id("uri", uri))
    known = scope.changes.sources.get(key)
    if known is None or scope.at < known[2]:
        scope.changes.sources[key] = (source.name, uri, scope.at)


def _symlinks(scope: DatasetScope, raw: msgspec.Raw) -> None:
    symlinks = read(shapes.Symlinks, raw)
    for identifier in (symlinks.identifiers if symlinks else None) or []:
        name = name_of(identifier)
        if name is None:
            continue
        alias = scope.changes.dataset(*name, scope.at)
        if alias != scope.dataset_id:
            key = (scope.dataset_id, alias)
            scope.changes.symlinks[key] = min(scope.at, scope.changes.symlinks.get(key, scope.at))


def _version(scope: DatasetScope, raw: msgspec.Raw) -> None:
    external = external_version(raw)
    run_id = scope.scope.run_id
    if external is None or run_id is None:
        return
    key = (run_id, scope.dataset_id, scope.output, ids.name_id("external_version", external))
    known = scope.changes.run_versions.get(key)
    first_at, last_at = (min(known[2], scope.at), max(known[3], scope.at)) if known else (scope.at, scope.at)
    scope.changes.run_versions[key] = (scope.scope.month, external, first_at, last_at)


def external_version(raw: msgspec.Raw | None) -> str | None:
    """What the ``version`` facet names (Delta 12, an Iceberg snapshot), if it does."""
    version = read(shapes.DatasetVersion, raw) if raw is not None else None
    return str(version.datasetVersion) if version and version.datasetVersion not in (None, "") else None


def _column_lineage(scope: DatasetScope, raw: msgspec.Raw) -> None:
    if scope.output and not scope.scope.explicit:
        columns.column_lineage(scope, raw)


def is_explicit(event: Event) -> bool:
    """Whether the event has a lineage facet of either kind, where it belongs."""
    facets = event.outputs[0].facets if event.kind is Kind.DATASET else event.job_facets
    raw = facets.get("lineage")
    if raw is None:
        return False
    return (_derivation(raw) if event.kind is Kind.DATASET else _entries(raw)) is not None


def _dataset_lineage(scope: DatasetScope, raw: msgspec.Raw) -> None:
    if scope.scope.event.kind is not Kind.DATASET:
        return  # the specification allows it on DatasetEvents only; elsewhere it is kept and means nothing
    lineage = _derivation(raw)
    if lineage is not None:
        columns.explicit_dataset(scope, lineage)
    elif is_deleted(bytes(raw)) and "columnLineage" not in scope.scope.event.outputs[0].facets:
        columns.explicit_dataset(scope, shapes.DatasetLineage())


def _derivation(raw: msgspec.Raw) -> shapes.DatasetLineage | None:
    lineage = read(shapes.DatasetLineage, raw)
    return lineage if lineage and (lineage.inputs is not None or lineage.fields is not None) else None


def _observe_version(scope: DatasetScope, version: msgspec.Raw | None) -> None:
    """A reader tells of a version that perhaps no run wrote here: a source table, or one written elsewhere."""
    schema = scope.facets.get("schema")
    _add_version(scope, external_version(version), schema[1] if schema else 0, declared=False)


def declare_version(scope: DatasetScope) -> None:
    """A DatasetEvent that tells a schema, a version or a change of state makes a version. Of what people put, another source or
    physical name does too, as in Marquez."""
    facets = scope.scope.event.outputs[0].facets
    if facets.keys() & {"schema", "version", "lifecycleStateChange"}:
        put = (shapes.OWN_DATASET, "dataSource") if shapes.OWN_DATASET in facets else ()
        telling = ("schema", "lifecycleStateChange", *put)
        content = reduce(xor, (scope.facets[key][1] for key in telling if key in scope.facets), 0)
        _add_version(scope, external_version(facets.get("version")), content, declared=True)


def _add_version(scope: DatasetScope, external: str | None, content: int, *, declared: bool) -> None:
    key = (scope.dataset_id, ids.name_id("version", str(declared), external or "", str(content)))
    known = scope.changes.versions.get(key)
    if known is None:
        known = scope.changes.versions[key] = DatasetVersion(declared, external, scope.at)
    known.first_at = min(known.first_at, scope.at)
    if declared:
        merge_facets(known.facets, scope.facets)
    elif "schema" in scope.facets:
        # The time is left out: a row that depends on its key and least time alone need not be written with every reading.
        known.facets["schema"] = (0, scope.facets["schema"][1])


_JOB: dict[str, Callable[[Scope, msgspec.Raw], None]] = {
    "jobType": _job_type,
    "sourceCodeLocation": _source_code_location,
    "lineage": _job_lineage,
    "tags": _job_tags,
}
_RUN: dict[str, Callable[[Scope, msgspec.Raw], None]] = {"jobDependencies": _job_dependencies}
_DATASET: dict[str, Callable[[DatasetScope, msgspec.Raw], None]] = {
    "datasetType": _dataset_type,
    "dataSource": _data_source,
    "symlinks": _symlinks,
    "tags": _dataset_tags,
    "version": _version,
    "columnLineage": _column_lineage,
    "lineage": _dataset_lineage,
}
