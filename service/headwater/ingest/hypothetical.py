"""What events would mean, if they came: nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from headwater import ids
from headwater.catalog import meaning
from headwater.ingest import facets, rehome
from headwater.ingest.changes import Changes
from headwater.ingest.extract import extract
from headwater.ingest.prepare import Incoming
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.arrays import Edge
from headwater.lineage.graph.flow import SINK
from headwater.lineage.impact.hypothesis import Hypothesis, Named, Schema
from headwater.openlineage.parse import Kind

_DATA = (EdgeKind.INPUT, EdgeKind.OUTPUT, EdgeKind.DATASET_LINEAGE, EdgeKind.JOB_LINEAGE)


def suppose(batch: Sequence[Incoming]) -> Hypothesis:
    """As if the events were the latest runs of their jobs, and these had ended. A job of which no event names a dataset keeps
    what it has, as it would."""
    changes, explicit = Changes(), set[int]()
    homes, _ = rehome.decide(batch, {})
    schemas: dict[int, Schema] = {}
    dropped: set[int] = set()
    for incoming in batch:
        event = incoming.event
        home = homes[incoming.run_id].name if incoming.run_id is not None else None
        extract(event, changes, home)
        if event.kind is not Kind.DATASET and facets.is_explicit(event):
            explicit.add(ids.job_id(*(home or (event.namespace, event.name))))
        for dataset in event.outputs:
            identifier = ids.dataset_id(dataset.namespace, dataset.name)
            if "schema" in dataset.facets:
                schemas[identifier] = {f.name: f.type for f in meaning.fields(dataset.facets, {})}
            if meaning.lifecycle_state(dataset.facets).upper() == "DROP":
                dropped.add(identifier)
    edges: defaultdict[int, list[Edge]] = defaultdict(list)
    for source, target, kind, owner in changes.edges:
        if kind in _DATA:
            sink = kind == EdgeKind.INPUT and owner in explicit
            edges[owner].append(Edge(source, target ^ SINK if sink else target, kind))
            if kind == EdgeKind.JOB_LINEAGE:
                edges[owner].append(Edge(source ^ SINK, target, kind))
    return Hypothesis(edges, schemas, frozenset(dropped), _names(changes))


def _names(changes: Changes) -> dict[int, Named]:
    jobs = {i: Named(True, changes.namespaces[job.namespace_id][0], job.name) for i, job in changes.jobs.items()}
    datasets = {i: Named(False, changes.namespaces[d.namespace_id][0], d.name) for i, d in changes.datasets.items()}
    return {**jobs, **datasets}
