"""Column lineage of datasets, one step upstream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec

from headwater.db.pool import Connection
from headwater.entities.dataset import ColumnLineage, InputField, Transformation
from headwater.openlineage import facets as shapes

_CURRENT = files(__package__).joinpath("sql", "current_columns.sql").read_text(encoding="utf-8")


def current_columns(rows: str) -> str:
    """SELECT of dataset_id, owner_id, set_id, adds, at and run_id of the column sets that hold now, of ``rows`` of
    column_lineage: what may stand behind FROM."""
    return _CURRENT.format(rows=rows)


# Influences on all fields at once, and inputs of which no field is known, belong to no field here.
_COLUMNS = f"""
SELECT l.dataset_id, s.output_field, n.name, i.name, s.input_field, s.transformations::text
FROM ({current_columns("(SELECT * FROM column_lineage WHERE dataset_id = ANY(%s))")}) l
JOIN column_sets s ON s.set_id = l.set_id
JOIN datasets d ON d.dataset_id = s.input_dataset_id
JOIN datasets i ON i.dataset_id = d.canonical_id
JOIN namespaces n ON n.namespace_id = i.namespace_id
WHERE s.output_field <> '' AND s.input_field <> ''
ORDER BY l.at DESC, l.owner_id, s.ordinal
"""

_transformations = msgspec.json.Decoder(list[shapes.Transformation]).decode
_Place = tuple[str, str, str]  # namespace, dataset, field


async def load_columns(conn: Connection, members: Mapping[int, Sequence[int]]) -> dict[int, list[ColumnLineage]]:
    """By canonical id, of the datasets that have any; ``members`` are the ids of each one's names."""
    canonical = {member: dataset for dataset, names in members.items() for member in names}
    inputs: dict[int, dict[str, dict[_Place, InputField]]] = {}
    rows = await (await conn.execute(_COLUMNS, (list(canonical),))).fetchall()
    for member, output, namespace, dataset, field, told in rows:
        fields = inputs.setdefault(canonical[member], {}).setdefault(output, {})
        fields.setdefault((namespace, dataset, field), _input_field(namespace, dataset, field, told))
    return {dataset: [_item(n, list(f.values())) for n, f in fields.items()] for dataset, fields in inputs.items()}


def _input_field(namespace: str, dataset: str, field: str, told: str) -> InputField:
    description, kind, transformations = _read(told)
    return InputField(
        namespace=namespace,
        dataset=dataset,
        field=field,
        transformationDescription=description,
        transformationType=kind,
        transformations=transformations,
    )


@lru_cache(maxsize=1_024)  # of thousands of fields most are told in the same few words
def _read(told: str) -> tuple[str | None, str | None, list[Transformation] | None]:
    """Description and type for those who know of one only, and all."""
    transformations = [_transformation(t) for t in _transformations(told)]
    return (
        _first(t.description for t in transformations),
        _first(t.type for t in transformations),
        transformations if told_in_full(transformations) else None,
    )


def told_in_full(transformations: Sequence[Transformation]) -> bool:
    """Not by the older attributes of an output field, whose types are IDENTITY and MASKED."""
    return any(t.type in ("DIRECT", "INDIRECT") for t in transformations)


def _transformation(told: shapes.Transformation) -> Transformation:
    return Transformation(type=told.type, subtype=told.subtype, description=told.description, masking=told.masking)


def _item(name: str, fields: list[InputField]) -> ColumnLineage:
    return ColumnLineage(
        name=name,
        inputFields=fields,
        transformationDescription=_first(f.transformationDescription for f in fields),
        transformationType=_first(f.transformationType for f in fields),
    )


def _first(values: Any) -> str | None:
    return next((value for value in values if value), None)
