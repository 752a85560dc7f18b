"""What an event means: pure, no clock, no look-up. Facets that mean more than themselves are in ``ingest.facets``."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from headwater import ids
from headwater.ingest import columns, facets, own_events, writes
from headwater.ingest.changes import Changes, Dataset, Facet, FacetMap, Run, RunIo, merge_facets
from headwater.ingest.scope import DatasetScope, Scope
from headwater.lineage.edges import EdgeKind
from headwater.openlineage import lasting
from headwater.openlineage.facets import Parent, name_of, read
from headwater.openlineage.lasting import LastingFacets
from headwater.openlineage.parse import Dataset as EventDataset
from headwater.openlineage.parse import Event, Facets, Kind, parent_uuid

_END_RANKS = {"COMPLETE": 1, "ABORT": 2, "FAIL": 3}


class ParentRun(NamedTuple):
    namespace: str
    name: str
    job_id: int
    run_id: int
    uuid: UUID
    month: date


def parent_of(event: Event) -> ParentRun | None:
    """What the parent facet names, if it is another job. Old Airflow gives the task's own name: then the DAG is what stands
    before its last dot."""
    raw = event.run_facets.get("parent") or event.run_facets.get("parentRun")
    parent = read(Parent, raw) if raw is not None else None
    if parent is None or name_of(parent.job) is None:
        return None
    own = (parent.job.namespace, parent.job.name) == (event.namespace, event.name)
    name = event.name.rpartition(".")[0] if own else parent.job.name
    return _parent_run(parent.job.namespace, name, parent.run.runId) if name else None


@lru_cache(maxsize=4_096)
def _parent_run(namespace: str, name: str, run: str) -> ParentRun:
    uuid = parent_uuid(run, namespace, name)
    return ParentRun(namespace, name, ids.job_id(namespace, name), ids.run_id(uuid, namespace, name), uuid, ids.run_month(uuid))


def full_name(event: Event, parent: ParentRun | None) -> str:
    """A child is stored as ``parent.child``, as Marquez does; but not a whole pipeline, such as an Airflow DAG that another one
    has triggered: it would be another job by whatever started it."""
    if parent is None or event.name.startswith(f"{parent.name}.") or _is_pipeline(event):
        return event.name
    return f"{parent.name}.{event.name}"


def _is_pipeline(event: Event) -> bool:
    return event.job_facets.once(facets.is_pipeline)


def extract(event: Event, changes: Changes, job: tuple[str, str] | None = None) -> None:
    """Adds what ``event`` says. ``job`` is the (namespace, name) under which its run is known, where that differs."""
    if event.producer == writes.PRODUCER:
        own_events.extract_tags(event, changes)
    if event.kind is Kind.DATASET:
        _dataset_event(event, changes)
        return
    if event.kind is Kind.WRITE:
        writes.extract(event, changes)
        return
    parent = parent_of(event) if event.kind is Kind.RUN else None
    namespace, name = job or (event.namespace, full_name(event, parent))
    scope = Scope(changes, event, ids.job_id(namespace, name), explicit=facets.is_explicit(event))
    _job(scope, namespace, name)
    if event.kind is Kind.RUN:
        _run(scope, parent)
    _inputs_and_outputs(scope)
    facets.of_job(scope)


def _shared(changes: Changes, raw_facets: LastingFacets, at: int) -> FacetMap:
    """Facets of jobs and datasets: the body is stored once and referred to."""
    changes.bodies |= raw_facets.bodies
    return {key: (at, body_id) for key, body_id in raw_facets.ids.items()}


def _inline(raw_facets: Facets, at: int) -> FacetMap:
    """Facets of runs: each run has its own. The hash is not that of a shared body, as the two forms meet in one map."""
    found: dict[str, Facet] = {}
    for key, raw in raw_facets.items():
        body = bytes(raw)
        found[key] = (at, ~ids.body_id(body), body.decode())
    return found


def _job(scope: Scope, namespace: str, name: str) -> None:
    event, changes = scope.event, scope.changes
    changes.job(namespace, name, event.at, told=event.kind is Kind.JOB)
    job = changes.jobs[scope.job_id]
    job.seen(event.at)
    job_facets = _shared(changes, event.job_facets, event.at)
    merge_facets(job.facets, job_facets)
    if event.kind is Kind.JOB and (event.inputs or event.outputs):
        job.declared_at = max(event.at, job.declared_at or event.at)
    scope.job_facets = job_facets


def _run(scope: Scope, parent: ParentRun | None) -> None:
    event = scope.event
    assert event.run is not None
    raw_job = ids.job_id(event.namespace, event.name)
    scope.run_id = ids.run_id(event.run, event.namespace, event.name)
    scope.month = ids.run_month(event.run)
    run = scope.changes.runs.get(scope.run_id)
    if run is None:
        run = Run(event.run, scope.month, scope.job_id, raw_job, event.at)
        scope.changes.runs[scope.run_id] = run
    run.job_id = scope.job_id
    run.seen(event.at)
    if parent is not None:
        _parent(scope, run, parent)
    _state(run, event)
    # A run made over REST is told its inputs beforehand: what its job writes stays until it has ended.
    run.linked |= bool(event.outputs or (event.inputs and event.producer != writes.PRODUCER))
    merge_facets(run.facets, _inline(event.run_facets, event.at))
    merge_facets(run.job_facets, scope.job_facets)


def _state(run: Run, event: Event) -> None:
    match event.event_type:
        case "START":
            run.running = True
            run.started(event.at)
        case "RUNNING":
            run.running = True
        case "OTHER":
            run.other = True
        case "COMPLETE" | "ABORT" | "FAIL" as end:
            run.ended(event.at, _END_RANKS[end])


def _parent(scope: Scope, run: Run, parent: ParentRun) -> None:
    """The child points to its parent, which gets a job and a run of its own even if it never sends an event."""
    event, changes = scope.event, scope.changes
    changes.job(parent.namespace, parent.name, event.at)
    if parent.run_id == scope.run_id or parent.job_id == scope.job_id:
        return
    known = changes.runs.get(parent.run_id)
    if known is None:
        changes.runs[parent.run_id] = Run(parent.uuid, parent.month, parent.job_id, parent.job_id, event.at)
    else:
        known.told(event.at)
    run.has_parent(parent.run_id, parent.uuid, event.at)
    # Not where a later event told another parent, nor of a pipeline: who triggered it is a matter of the run.
    if ids.job_id(event.namespace, full_name(event, parent)) == scope.job_id and not _is_pipeline(event):
        changes.jobs[scope.job_id].has_parent(parent.job_id, event.at)


def _inputs_and_outputs(scope: Scope) -> None:
    for dataset in scope.event.inputs:
        _dataset(scope, dataset, output=False)
    for dataset in scope.event.outputs:
        _dataset(scope, dataset, output=True)
    # Who renames a dataset reads it under its old name, and says so nowhere else.
    for namespace, name in facets.previous_names(scope.event):
        _dataset(scope, EventDataset(namespace, name, lasting.NONE, {}), output=False)


def _dataset(scope: Scope, dataset: EventDataset, *, output: bool) -> None:
    event, changes = scope.event, scope.changes
    identifier = changes.dataset(dataset.namespace, dataset.name, event.at)
    versioning = _shared(changes, dataset.facets, event.at)
    io_facets = _inline(dataset.io_facets, event.at)
    _dataset_facets(changes.datasets[identifier], versioning, io_facets, event.at, written=output)
    if scope.run_id is not None:
        _run_io(scope, identifier, versioning, io_facets, output=output)
    source, target = (scope.job_id, identifier) if output else (identifier, scope.job_id)
    kind = EdgeKind.OUTPUT if output else EdgeKind.INPUT
    changes.add_edge(kind, source, target, scope.job_id, event.at, scope.run_id)
    facets.of_dataset(DatasetScope(scope, identifier, output, versioning), dataset.facets)


def _dataset_facets(known: Dataset, versioning: FacetMap, io_facets: FacetMap, at: int, *, written: bool) -> None:
    if written:
        known.written(at)
        merge_facets(known.facets, versioning)
        merge_facets(known.facets, io_facets)
    else:
        merge_facets(known.read_facets, versioning)
        merge_facets(known.read_facets, io_facets)


def _run_io(scope: Scope, dataset: int, versioning: FacetMap, io_facets: FacetMap, *, output: bool) -> None:
    at = scope.event.at
    assert scope.run_id is not None
    key = (scope.run_id, dataset, output)
    known = scope.changes.run_io.get(key)
    if known is None:
        known = scope.changes.run_io[key] = RunIo(scope.month, at, at)
    known.first_at = min(known.first_at, at)
    known.last_at = max(known.last_at, at)
    merge_facets(known.facets, versioning)
    merge_facets(known.io_facets, io_facets)


def _dataset_event(event: Event, changes: Changes) -> None:
    dataset = event.outputs[0]
    identifier = changes.dataset(dataset.namespace, dataset.name, event.at)
    versioning = _shared(changes, dataset.facets, event.at)
    if event.producer == writes.PRODUCER and own_events.are_tags(dataset.facets):
        merge_facets(changes.datasets[identifier].facets, versioning)  # a word about the dataset, and no version of it
        return
    _dataset_facets(changes.datasets[identifier], versioning, {}, event.at, written=True)
    told = Scope(changes, event, identifier, explicit=facets.is_explicit(event))
    scope = DatasetScope(told, identifier, True, versioning)
    facets.of_dataset(scope, dataset.facets)
    facets.declare_version(scope)
    if not told.explicit:
        _declare_renaming(told, identifier)


def _declare_renaming(scope: Scope, identifier: int) -> None:
    for namespace, name in facets.previous_names(scope.event):
        columns.derive(scope, scope.changes.dataset(namespace, name, scope.event.at), identifier)
        scope.changes.datasets[identifier].declared(scope.event.at)
