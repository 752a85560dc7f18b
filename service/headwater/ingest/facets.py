"""What each interpreted facet adds to Changes, in two steps: what it tells, which is found once for each text of a job's or a
dataset's facets, and what that adds to the rows of an event.

To interpret another: its shape in ``openlineage.facets``, two functions here, and their row in ``_JOB`` or ``_DATASET``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Any

import msgspec

from headwater import ids
from headwater.ingest import columns
from headwater.ingest.changes import DatasetVersion, merge_facets
from headwater.ingest.scope import DatasetScope, Scope
from headwater.lineage.edges import EdgeKind
from headwater.openlineage import facets as shapes
from headwater.openlineage.facets import is_deleted, name_of, read
from headwater.openlineage.lasting import LastingFacets
from headwater.openlineage.parse import Event, Kind

_Add = Callable[[Any, Any], None]
_Rules = dict[str, tuple[Callable[[msgspec.Raw], Any], _Add]]
_Source = tuple[tuple[int, int], str, str]  # key, name and URI


def of_job(scope: Scope) -> None:
    """Adds what the job's and the run's facets mean."""
    for add, told in scope.event.job_facets.once(_told_of_job):
        add(scope, told)
    if (raw := scope.event.run_facets.get("jobDependencies")) is not None:
        _add_job_dependencies(scope, raw)


def of_dataset(scope: DatasetScope, facets: LastingFacets) -> None:
    """Adds what the facets of an input, an output or a DatasetEvent's dataset mean."""
    for add, told in facets.once(_told_of_dataset):
        add(scope, told)
    if not scope.output:
        _observe_version(scope, facets)


def _told_of_job(facets: LastingFacets) -> list[tuple[_Add, Any]]:
    return _told(facets, _JOB)


def _told_of_dataset(facets: LastingFacets) -> list[tuple[_Add, Any]]:
    told = _told(facets, _DATASET)
    return told if any(add is _add_source for add, _ in told) else [*told, (_add_source, _NO_SOURCE)]


def _told(facets: LastingFacets, rules: _Rules) -> list[tuple[_Add, Any]]:
    """What is told, each with the function that adds it. Nothing of a facet that tells None."""
    told = [(add, tell(facets[key])) for key, (tell, add) in rules.items() if key in facets]
    return [(add, content) for add, content in told if content is not None]


# ---------------------------------------------------------------- jobs and runs


def is_pipeline(facets: LastingFacets) -> bool:
    """Of a job that is a whole pipeline."""
    job_type = read(shapes.JobType, facets["jobType"]) if "jobType" in facets else None
    return job_type is not None and (job_type.jobType or "").upper() == "DAG"


def _streaming(raw: msgspec.Raw) -> bool:
    job_type = read(shapes.JobType, raw)
    return job_type is not None and (job_type.processingType or "").upper() in ("STREAMING", "SERVICE")


def _add_streaming(scope: Scope, streaming: bool) -> None:
    if streaming and scope.run_id is not None:
        scope.changes.runs[scope.run_id].streaming = True


def _code(raw: msgspec.Raw) -> int | None:
    location = read(shapes.SourceCodeLocation, raw)
    if location is None or not (location.url or location.version):
        return None
    return ids.name_id("code", location.url or "", location.version or "")


def _add_code(scope: Scope, code: int) -> None:
    if scope.run_id is not None:
        scope.changes.runs[scope.run_id].has_code(code, scope.event.at)


def _entries(raw: msgspec.Raw) -> list[shapes.LineageEntry] | None:
    """None where it is no lineage facet: the key may be somebody's own."""
    lineage = read(shapes.JobLineage, raw)
    return lineage.entries if lineage else None


def _add_job_dependencies(scope: Scope, raw: msgspec.Raw) -> None:
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


# ---------------------------------------------------------------- both


def _tags(raw: msgspec.Raw) -> dict[int, str]:
    tags = read(shapes.Tags, raw)
    texts = [tag.text for tag in (tags.tags if tags else None) or [] if tag.key and not tag.key.isspace()]
    return {ids.name_id("tag", text): text for text in texts}


def _add_tags(scope: Scope | DatasetScope, tags: dict[int, str]) -> None:
    scope.changes.tags |= tags


# ---------------------------------------------------------------- datasets


def _is_model(raw: msgspec.Raw) -> bool:
    told = read(shapes.DatasetType, raw)
    return told is not None and (told.datasetType or "").upper() == shapes.MODEL


def _add_model(scope: DatasetScope, is_model: bool) -> None:
    if is_model:
        scope.changes.models.add(scope.dataset_id)


def _source(raw: msgspec.Raw) -> _Source | None:
    source = read(shapes.DataSource, raw)
    if source is None or not source.name or source.name.isspace():
        return None
    return _source_of(source.name, source.uri or "")


def _source_of(name: str, uri: str) -> _Source:
    return (ids.name_id("source", name), ids.name_id("uri", uri)), name, uri


_NO_SOURCE = _source_of(shapes.NO_SOURCE, "")


def _add_source(scope: DatasetScope, source: _Source) -> None:
    key, name, uri = source
    known = scope.changes.sources.get(key)
    if known is None or scope.at < known[2]:
        scope.changes.sources[key] = (name, uri, scope.at)


def _aliases(raw: msgspec.Raw) -> list[tuple[str, str]]:
    symlinks = read(shapes.Symlinks, raw)
    return [name for identifier in (symlinks.identifiers if symlinks else None) or [] if (name := name_of(identifier))]


def _add_symlinks(scope: DatasetScope, aliases: list[tuple[str, str]]) -> None:
    for namespace, name in aliases:
        alias = scope.changes.dataset(namespace, name, scope.at)
        if alias != scope.dataset_id:
            key = (scope.dataset_id, alias)
            scope.changes.symlinks[key] = min(scope.at, scope.changes.symlinks.get(key, scope.at))


def previous_names(event: Event) -> list[tuple[str, str]]:
    """(namespace, name) of what the event's outputs were before it renamed them."""
    told = [(output, output.facets.once(_previous_name)) for output in event.outputs]
    return [name for output, name in told if name is not None and name != (output.namespace, output.name)]


def _previous_name(facets: LastingFacets) -> tuple[str, str] | None:
    change = read(shapes.Lifecycle, facets["lifecycleStateChange"]) if "lifecycleStateChange" in facets else None
    if change is None or change.previousIdentifier is None or (change.lifecycleStateChange or "").upper() != "RENAME":
        return None
    return name_of(change.previousIdentifier)


def external_version(raw: msgspec.Raw | None) -> str | None:
    """What the ``version`` facet names (Delta 12, an Iceberg snapshot), if it does."""
    version = read(shapes.DatasetVersion, raw) if raw is not None else None
    return str(version.datasetVersion) if version and version.datasetVersion not in (None, "") else None


def _add_version(scope: DatasetScope, external: str) -> None:
    run_id = scope.scope.run_id
    if run_id is None:
        return
    key = (run_id, scope.dataset_id, scope.output, ids.name_id("external_version", external))
    known = scope.changes.run_versions.get(key)
    first_at, last_at = (min(known[2], scope.at), max(known[3], scope.at)) if known else (scope.at, scope.at)
    scope.changes.run_versions[key] = (scope.scope.month, external, first_at, last_at)


def _add_columns(scope: DatasetScope, told: columns.Told) -> None:
    if scope.output and not scope.scope.explicit:
        columns.add(scope, told)


def is_explicit(event: Event) -> bool:
    """Whether the event has a lineage facet of either kind, where it belongs."""
    if event.kind is Kind.DATASET:
        return event.outputs[0].facets.once(_derives)
    return event.job_facets.once(_enters)


def _enters(facets: LastingFacets) -> bool:
    return "lineage" in facets and _entries(facets["lineage"]) is not None


def _derives(facets: LastingFacets) -> bool:
    return "lineage" in facets and _derivation(facets["lineage"]) is not None


def _derivation(raw: msgspec.Raw) -> shapes.DatasetLineage | None:
    lineage = read(shapes.DatasetLineage, raw)
    return lineage if lineage and (lineage.inputs is not None or lineage.fields is not None) else None


def _derivation_or_its_end(raw: msgspec.Raw) -> shapes.DatasetLineage | None:
    """Without inputs and fields where it is deleted."""
    return shapes.DatasetLineage() if is_deleted(bytes(raw)) else _derivation(raw)


def _add_derivation(scope: DatasetScope, lineage: shapes.DatasetLineage) -> None:
    if scope.scope.event.kind is not Kind.DATASET:
        return  # the specification allows it on DatasetEvents only; elsewhere it is kept and means nothing
    if scope.scope.explicit or "columnLineage" not in scope.facets:
        columns.explicit_dataset(scope, lineage)


# ---------------------------------------------------------------- versions of datasets that no run wrote


def _observe_version(scope: DatasetScope, facets: LastingFacets) -> None:
    """A reader tells of a version that perhaps no run wrote here: a source table, or one written elsewhere."""
    version, external = facets.once(_observed)
    known = _version(scope, version, external, declared=False)
    if "schema" in facets.ids:
        # The time is left out: a row that depends on its key and least time alone need not be written with every reading.
        known.facets["schema"] = (0, facets.ids["schema"])


def _observed(facets: LastingFacets) -> tuple[int, str | None]:
    external = external_version(facets.get("version"))
    return _version_id(external, facets.ids.get("schema", 0), declared=False), external


def declare_version(scope: DatasetScope) -> None:
    """A DatasetEvent that tells a schema, a version or a change of state makes a version. Of what people put, another source or
    physical name does too, as in Marquez."""
    facets = scope.scope.event.outputs[0].facets
    if facets.keys() & {"schema", "version", "lifecycleStateChange"}:
        put = (shapes.OWN_DATASET, "dataSource") if shapes.OWN_DATASET in facets else ()
        telling = ("schema", "lifecycleStateChange", *put)
        content = reduce(xor, (facets.ids[key] for key in telling if key in facets), 0)
        external = external_version(facets.get("version"))
        known = _version(scope, _version_id(external, content, declared=True), external, declared=True)
        merge_facets(known.facets, scope.facets)


def _version_id(external: str | None, content: int, *, declared: bool) -> int:
    return ids.name_id("version", str(declared), external or "", str(content))


def _version(scope: DatasetScope, version: int, external: str | None, *, declared: bool) -> DatasetVersion:
    key = (scope.dataset_id, version)
    known = scope.changes.versions.get(key)
    if known is None:
        known = scope.changes.versions[key] = DatasetVersion(declared, external, scope.at)
    known.first_at = min(known.first_at, scope.at)
    return known


_JOB: _Rules = {
    "jobType": (_streaming, _add_streaming),
    "sourceCodeLocation": (_code, _add_code),
    "lineage": (_entries, columns.explicit_job),
    "tags": (_tags, _add_tags),
}
_DATASET: _Rules = {
    "datasetType": (_is_model, _add_model),
    "dataSource": (_source, _add_source),
    "symlinks": (_aliases, _add_symlinks),
    "tags": (_tags, _add_tags),
    "version": (external_version, _add_version),
    "columnLineage": (columns.told, _add_columns),
    "lineage": (_derivation_or_its_end, _add_derivation),
}
