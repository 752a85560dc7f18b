"""What events would mean, if they came: nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from headwater import ids
from headwater.catalog import meaning
from headwater.ingest import rehome
from headwater.ingest.changes import Changes, Dataset, Job
from headwater.ingest.extract import extract
from headwater.ingest.prepare import Incoming
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.flow import SINK
from headwater.lineage.impact.hypothesis import Hypothesis, Named, Schema

_DATA = (EdgeKind.INPUT, EdgeKind.OUTPUT, EdgeKind.DATASET_LINEAGE, EdgeKind.JOB_LINEAGE)


def suppose(batch: Sequence[Incoming]) -> Hypothesis:
    """As if the events were the latest of their jobs and datasets, and their runs had ended: of several runs of a job the latest
    counts. A job of which no event names a dataset keeps what it has, as it would."""
    changes = Changes()
    homes, _ = rehome.decide(batch, {})
    schemas: dict[int, Schema] = {}
    dropped: dict[int, int | None] = {}  # and by which run
    for incoming in sorted(batch, key=lambda incoming: incoming.event.at):
        run = incoming.run_id
        extract(incoming.event, changes, homes[run].name if run is not None else None)
        for dataset in incoming.event.outputs:
            identifier = ids.dataset_id(dataset.namespace, dataset.name)
            if "schema" in dataset.facets:
                schemas[identifier] = {f.name: f.type for f in meaning.fields(dataset.facets, {})}
            if meaning.lifecycle_state(dataset.facets).upper() == "DROP":
                dropped[identifier] = run
            elif run is None or dropped.get(identifier) != run:
                dropped.pop(identifier, None)
    return Hypothesis(_edges(changes), schemas, frozenset(dropped), _names(changes))


def _edges(changes: Changes) -> dict[int, list[Edge]]:
    """Those that would be current, by owner: the rule of ``lineage.edges``, where every run has ended."""
    floors = _floors(changes)
    edges: defaultdict[int, list[Edge]] = defaultdict(list)
    for (source, target, kind, owner), seen in changes.edges.items():
        floor = floors.get(owner, seen.last_at)
        if kind not in _DATA or seen.last_at < floor:
            continue
        sink = kind == EdgeKind.INPUT and _is_explicit(changes, owner, floor)
        edges[owner].append(Edge(source, target ^ SINK if sink else target, kind))
        if kind == EdgeKind.JOB_LINEAGE:
            edges[owner].append(Edge(source ^ SINK, target, kind))
    return edges


def _floors(changes: Changes) -> dict[int, int]:
    nouns: dict[int, Job | Dataset] = {**changes.jobs, **changes.datasets}
    floors = {identifier: noun.declared_at for identifier, noun in nouns.items() if noun.declared_at is not None}
    for run in changes.runs.values():
        if run.linked:
            floors[run.job_id] = max(run.first_at, floors.get(run.job_id, run.first_at))
    return floors


def _is_explicit(changes: Changes, owner: int, floor: int) -> bool:
    lineage = changes.jobs[owner].facets.get("lineage")
    return lineage is not None and lineage[0] >= floor


def _names(changes: Changes) -> dict[int, Named]:
    jobs = {i: Named(True, changes.namespaces[job.namespace_id][0], job.name) for i, job in changes.jobs.items()}
    datasets = {i: Named(False, changes.namespaces[d.namespace_id][0], d.name) for i, d in changes.datasets.items()}
    return {**jobs, **datasets}
