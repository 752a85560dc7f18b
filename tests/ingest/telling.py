"""What one event, or several, mean: Changes, with names in place of ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from tests.build import NAMESPACE, Event, run_uuid
from tests.ingest.orders import prepared

from headwater import ids
from headwater.ingest.changes import Changes, Run, Seen
from headwater.ingest.extract import extract
from headwater.lineage.edges import EdgeKind

DB = "db://shop"


def told(*events: Event) -> Changes:
    """Each event under the name that it gives itself."""
    changes = Changes()
    for incoming in prepared(events):
        extract(incoming.event, changes)
    return changes


def dataset_id(name: str) -> int:
    return ids.dataset_id(DB, name)


def job_id(name: str) -> int:
    return ids.job_id(NAMESPACE, name)


def the_run(changes: Changes, run: str = "one", job: str = "load") -> Run:
    return changes.runs[run_id(run, job)]


def run_id(run: str = "one", job: str = "load") -> int:
    return ids.run_id(run_uuid(run), NAMESPACE, job)


def edges(changes: Changes) -> set[str]:
    """``a -INPUT-> load``; with its owner where that is no end of it: ``a -INPUT-> load (other)``."""
    names = {**{i: d.name for i, d in changes.datasets.items()}, **{i: j.name for i, j in changes.jobs.items()}}
    return {
        f"{names[source]} -{EdgeKind(kind).name}-> {names[target]}" + ("" if owner in (source, target) else f" ({names[owner]})")
        for source, target, kind, owner in changes.edges
    }


def columns(changes: Changes, dataset: str = "b", owner: str = "load") -> list[str]:
    """``a.x -> y [transformations]`` of the output's sets, the first told first; ``*`` for all fields or an unknown one. They are
    those that hold where nothing but ``changes`` is known, and all runs are one."""
    told = told_columns(changes, dataset, owner)
    declared_at = changes.jobs[job_id(owner)].declared_at if owner != dataset else None
    adding = [(seen.first_at, s) for (s, adds), seen in told.items() if adds and seen.last_at >= (declared_at or 0)]
    latest = max((seen.last_at, s) for (s, _), seen in told.items())
    names = {i: d.name for i, d in changes.datasets.items()}
    return [
        f"{names[e.input_dataset_id]}.{e.input_field or '*'} -> {e.output_field or '*'} {e.transformations}".removesuffix(" []")
        for _, set_id in sorted(adding) or [latest]
        for e in changes.column_sets[set_id]
    ]


def told_columns(changes: Changes, dataset: str = "b", owner: str = "load") -> dict[tuple[int, bool], Seen]:
    """By column set, and whether it adds to others."""
    pair = dataset_id(dataset), dataset_id(dataset) if owner == dataset else job_id(owner)
    return {(set_id, adds): seen for (*key, set_id, adds), seen in changes.columns.items() if tuple(key) == pair}


def differences(changes: Changes, other: Changes) -> Iterator[str]:
    """Names of the tables in which they differ."""
    for table in fields(Changes):
        if getattr(changes, table.name) != getattr(other, table.name):
            yield table.name
