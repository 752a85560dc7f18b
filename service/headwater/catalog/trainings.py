"""Runs as those see them who ask about models: code, parameters, metrics, features."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from headwater.catalog import meaning
from headwater.catalog.facets import FacetMap, Shown, decode, load_bodies, show
from headwater.catalog.version_columns import VersionColumn
from headwater.db.pool import Connection
from headwater.entities.dataset import DatasetId
from headwater.entities.model import Code, Feature, Metric, Parameter, TracedRun
from headwater.entities.run import JobName
from headwater.openlineage import facets as shapes

_RUNS = """
SELECT r.run_id, r.run_uuid, n.name, j.name, r.state,
       coalesce(r.started_at, CASE WHEN r.running OR r.other THEN r.first_at END),
       CASE WHEN r.state IN ('COMPLETED', 'ABORTED', 'FAILED') THEN r.ended_at END,
       r.streaming, r.facets::text, r.job_facets::text
FROM runs r JOIN jobs j ON j.job_id = r.job_id JOIN namespaces n ON n.namespace_id = j.namespace_id
WHERE r.run_id = ANY(%s)
"""
_CODE = "sourceCodeLocation"


@dataclass(frozen=True, slots=True)
class _Row:
    columns: tuple[Any, ...]
    facets: FacetMap
    code: FacetMap


async def load_traced(conn: Connection, run_ids: Collection[int]) -> dict[int, TracedRun]:
    """By run id, in two statements."""
    if not run_ids:
        return {}
    rows: dict[int, _Row] = {}
    for run_id, *columns, facets, job_facets in await (await conn.execute(_RUNS, (list(run_ids),))).fetchall():
        code = {key: facet for key, facet in decode(job_facets).items() if key == _CODE}
        rows[run_id] = _Row(tuple(columns), decode(facets), code)
    bodies = await load_bodies(conn, (row.code for row in rows.values()))
    return {run_id: _traced(row, show(row.facets, {}), show(row.code, bodies)) for run_id, row in rows.items()}


def _traced(row: _Row, facets: Shown, code: Shown) -> TracedRun:
    uuid, namespace, job, state, started_at, ended_at, streaming = row.columns
    return TracedRun(
        id=uuid,
        job=JobName(namespace=namespace, name=job),
        state=state,
        startedAt=started_at,
        endedAt=ended_at,
        streaming=streaming,
        code=_code(code),
        parameters=_parameters(facets),
        metrics=_metrics(facets),
        features=_features(facets),
    )


def _code(facets: Shown) -> Code | None:
    told = meaning.body(facets, _CODE)
    code = Code(**{name: meaning.text(told, name) for name in Code.model_fields})
    return code if any(code.__dict__.values()) else None


def _parameters(facets: Shown) -> list[Parameter]:
    """Of a key that is told twice, the last."""
    told = {
        key: _value(parameter.get("value"))
        for parameter in meaning.objects(meaning.body(facets, "executionParameters"), "parameters")
        if (key := meaning.text(parameter, "key"))
    }
    args = meaning.object_in(meaning.body(facets, shapes.OWN_RUN), "args")
    values = told or {key: _value(value) for key, value in args.items()}
    return [Parameter(key=key, value=value) for key, value in sorted(values.items())]


def _value(told: object) -> str | None:
    if told is None or isinstance(told, str):
        return told
    return msgspec.json.encode(told).decode()


def _metrics(facets: Shown) -> list[Metric]:
    told = meaning.object_in(meaning.body(facets, "headwater_metrics"), "metrics")
    return [Metric(name=name, value=value) for name, value in sorted(told.items()) if _is_number(value)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _features(facets: Shown) -> list[Feature]:
    told = meaning.body(facets, "headwater_features").get("features")
    items = ({"name": item} if isinstance(item, str) else item for item in (told if isinstance(told, list) else []))
    return [_feature(item, name) for item in items if isinstance(item, dict) and (name := meaning.text(item, "name"))]


def _feature(told: Mapping[str, Any], name: str) -> Feature:
    namespace, dataset = meaning.text(told, "namespace"), meaning.text(told, "dataset")
    return Feature(
        name=name,
        type=meaning.text(told, "type"),
        dataset=DatasetId(namespace=namespace, name=dataset) if namespace and dataset else None,
        field=meaning.text(told, "field") or name,
    )


def columns_of(facets: Shown) -> list[Feature]:
    """The columns that a dataset derives from, by its columnLineage facet: each once, in the order told."""
    raw = facets.get("columnLineage")
    lineage = shapes.read(shapes.ColumnLineage, raw) if raw is not None else None
    return _columns((source.namespace, source.name, source.field) for source in _sources(lineage))


def sources_of(told: Iterable[VersionColumn]) -> list[Feature]:
    """Likewise, of a version whose lineage is told explicitly."""
    return _columns((column.namespace, column.name, column.field) for column in told)


def _columns(found: Iterable[tuple[str, str, str | None]]) -> list[Feature]:
    return [
        Feature(name=field, type=None, dataset=DatasetId(namespace=namespace, name=name), field=field)
        for namespace, name, field in dict.fromkeys(found)
        if field
    ]


def _sources(lineage: shapes.ColumnLineage | None) -> Iterator[shapes.InputField]:
    if lineage is None:
        return
    for output in (lineage.fields or {}).values():
        yield from output.inputFields or []
    yield from lineage.dataset or []
