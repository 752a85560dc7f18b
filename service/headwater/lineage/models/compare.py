"""What differs between two versions of a model, and where the difference begins. Pure, but for ``compare``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Literal
from uuid import UUID

from headwater.catalog.datasets import Known
from headwater.catalog.versions import Version
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetId
from headwater.entities.graph import Counts, Freshness
from headwater.entities.model import (
    CodeChange,
    Comparison,
    DataChange,
    DataVersion,
    Feature,
    FeatureChange,
    FieldChange,
    MetricChange,
    Origin,
    TracedRun,
    ValueChange,
)
from headwater.lineage.counted import cut_short, drawn_counts
from headwater.lineage.freshness import load_freshness
from headwater.lineage.models.drawn import ancestry_graph, run_id, version_id
from headwater.lineage.models.trace import Ancestry, ancestry, runs_read

_NEVER = datetime.max.replace(tzinfo=UTC)
_Name = tuple[str, str]
_Change = Literal["DATA", "SCHEMA", "FEATURES", "PARAMETERS", "CODE", "METRICS"]


async def compare(conn: Connection, before: tuple[Known, Version], after: tuple[Known, Version]) -> Comparison:
    """In at most twice the statements that tracing a version takes."""
    reads = runs_read(conn)
    first, second = [await ancestry(conn, *version, reads=reads) for version in (before, after)]
    return compared(first, second, *await load_freshness(conn))


def compared(before: Ancestry, after: Ancestry, now: datetime, freshness: Freshness) -> Comparison:
    was, then = before.version.trainedBy, after.version.trainedBy
    data = _data_changes(before, after)
    origins = _origins(before, after)
    features = _features(before.version.features, after.version.features)
    parameters = _parameters(was, then)
    code = _code(was, then)
    metrics = _metrics(was, then)
    differs: dict[_Change, bool] = {
        "DATA": bool(origins) or any(change.change not in ("SAME", "UNKNOWN") for change in data),
        "SCHEMA": any(change.fields for change in data),
        "FEATURES": bool(features.added or features.removed),
        "PARAMETERS": bool(parameters),
        "CODE": code.changed is True,
        "METRICS": any(metric.before != metric.after for metric in metrics),
    }
    return Comparison(
        before=before.version,
        after=after.version,
        changed=[what for what, differing in differs.items() if differing],
        trainingData=data,
        firstDifference=origins[0] if origins else None,
        origins=origins,
        features=features,
        parameters=parameters,
        code=code,
        metrics=metrics,
        complete=not (before.cut or after.cut),
        counts=_counts(before, after, data, origins),
        asOf=now,
        freshness=freshness,
    )


def _counts(before: Ancestry, after: Ancestry, data: Sequence[DataChange], origins: Sequence[Origin]) -> Counts:
    graphs = [ancestry_graph(one.version, one.runs, one.data) for one in (before, after)]
    both = {key: [*chain.from_iterable(graph[key] for graph in graphs)] for key in ("nodes", "edges")}
    versions = [version for change in data for version in (*change.before, *change.after)]
    versions += [version for origin in origins for version in (origin.before, origin.after) if version]
    runs = [*(origin.run for origin in origins), before.version.trainedBy, after.version.trainedBy]
    told = {*(version_id(one.id, one.version) for one in versions), *(run_id(run.id) for run in runs if run)}
    start = {version_id(one.version.id, one.version.version) for one in (before, after)}
    return drawn_counts(both, cut_short(dict.fromkeys((*before.cut, *after.cut))), start=start, told=told)


def _name(of: DatasetId) -> _Name:
    return of.namespace, of.name


def _by_name(data: Iterable[DataVersion]) -> dict[_Name, list[DataVersion]]:
    found: dict[_Name, list[DataVersion]] = {}
    for version in data:
        found.setdefault(_name(version.id), []).append(version)
    return found


# ---------------------------------------------------------------- data


def _data_changes(before: Ancestry, after: Ancestry) -> list[DataChange]:
    was, now = (_by_name(version for version in of.data if version.distance == 1) for of in (before, after))
    return [_data_change(was.get(name, []), now.get(name, [])) for name in sorted(was.keys() | now.keys())]


def _data_change(was: list[DataVersion], now: list[DataVersion]) -> DataChange:
    return DataChange(
        id=(was or now)[0].id,
        change="ADDED" if not was else "REMOVED" if not now else _change(was, now),
        before=was,
        after=now,
        fields=_field_changes(was[0], now[0]) if was and now else [],
        rowDifference=_row_difference(was[0], now[0]) if was and now else None,
    )


def _change(was: Sequence[DataVersion], now: Sequence[DataVersion]) -> Literal["CHANGED", "SAME", "UNKNOWN"]:
    states = [_same(old, new) for old, new in zip(was, now, strict=False)]
    if len(was) != len(now) or False in states:
        return "CHANGED"
    return "UNKNOWN" if None in states else "SAME"


def _same(was: DataVersion, now: DataVersion) -> bool | None:
    """None where nothing tells which state of a source was read."""
    if was.checksum is not None and now.checksum is not None:
        return was.checksum == now.checksum
    if was.version != now.version:
        return False
    if now.producedBy is not None or now.externalVersion is not None:
        return True
    return False if _row_difference(was, now) or _field_changes(was, now) else None


def _row_difference(was: DataVersion, now: DataVersion) -> int | None:
    """None where either is not known."""
    return now.rowCount - was.rowCount if was.rowCount is not None and now.rowCount is not None else None


def _field_changes(was: DataVersion, now: DataVersion) -> list[FieldChange]:
    """None where either has no schema: that says nothing about its fields; nor of a field where either has no type."""
    if not was.fields or not now.fields:
        return []
    old, new = ({field.name: field.type for field in version.fields} for version in (was, now))
    changes: list[FieldChange] = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            changes.append(FieldChange(name=name, before=old[name], after=None, change="REMOVED"))
        elif name not in old:
            changes.append(FieldChange(name=name, before=None, after=new[name], change="ADDED"))
        elif (before := old[name]) and (after := new[name]) and before.lower() != after.lower():
            changes.append(FieldChange(name=name, before=before, after=after, change="RETYPED"))
    return changes


def _origins(before: Ancestry, after: Ancestry) -> list[Origin]:
    """The versions that only the second stands on, whose own runs read none such; but not what is behind the same content."""
    was = _by_name(before.data)
    differ = [now for now in after.data if all(_same(old, now) is False for old in was.get(_name(now.id), []))]
    new: list[DataVersion] = []
    readers = {after.version.trainedBy.id} if after.version.trainedBy else set()
    while found := [version for version in differ if version not in new and not readers.isdisjoint(version.readBy)]:
        new += found
        readers |= {version.producedBy for version in found if version.producedBy}
    made_of_new = {reader for version in new for reader in version.readBy}
    first = [version for version in new if version.producedBy not in made_of_new]
    first.sort(key=lambda version: (version.createdAt or _NEVER, -version.distance, _name(version.id)))
    runs = {run.id: run for run in (*before.runs, *after.runs)}
    return [_origin(version, was.get(_name(version.id), [])[:1], runs) for version in first]


def _origin(version: DataVersion, was: Sequence[DataVersion], runs: Mapping[UUID, TracedRun]) -> Origin:
    run = runs.get(version.producedBy) if version.producedBy else None
    old = runs.get(was[0].producedBy) if was and was[0].producedBy else None
    return Origin(id=version.id, before=was[0] if was else None, after=version, run=run, codeChanged=_code(old, run).changed)


# ---------------------------------------------------------------- the training


def _features(was: Sequence[Feature], now: Sequence[Feature]) -> FeatureChange:
    return FeatureChange(
        added=[feature for feature in now if feature not in was], removed=[feature for feature in was if feature not in now]
    )


def _parameters(was: TracedRun | None, now: TracedRun | None) -> list[ValueChange]:
    old, new = ({p.key: p.value for p in run.parameters} if run else {} for run in (was, now))
    return [
        ValueChange(name=key, before=old.get(key), after=new.get(key))
        for key in sorted(old.keys() | new.keys())
        if (key in old, old.get(key)) != (key in new, new.get(key))
    ]


def _code(was: TracedRun | None, now: TracedRun | None) -> CodeChange:
    old, new = (run.code if run else None for run in (was, now))
    return CodeChange(changed=None if old is None or new is None else old != new, before=old, after=new)


def _metrics(was: TracedRun | None, now: TracedRun | None) -> list[MetricChange]:
    old, new = ({metric.name: metric.value for metric in run.metrics} if run else {} for run in (was, now))
    return [
        MetricChange(
            name=name,
            before=old.get(name),
            after=new.get(name),
            difference=_difference(old[name], new[name]) if name in old and name in new else None,
        )
        for name in sorted(old.keys() | new.keys())
    ]


def _difference(old: float, new: float) -> float:
    """As a person would write it: 0.82 - 0.8 is 0.02, not 0.01999…"""
    return float(Decimal(str(new)) - Decimal(str(old)))
