"""Comparing what facets say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from headwater.catalog import meaning
from headwater.catalog.facets import Shown
from headwater.catalog.version_columns import VersionColumn
from headwater.entities.diff import Change, FacetDiff, Statistic, Turn, What
from headwater.lineage.node_ids import dataset_node_id, field_node_id
from headwater.openlineage import facets as shapes

Told: TypeAlias = Mapping[tuple[str, str | None], str | None]  # what is told of a name (and source)
_STATISTICS = ("outputStatistics", "inputStatistics", "dataQualityMetrics")
_transformations = msgspec.json.Decoder(list[shapes.Transformation]).decode
_KEYS = ("key", "name", "field")  # by which the elements of a list are told apart

WHATS: dict[What, str] = {
    "FIELD": "schema",
    "OWNER": "ownership",
    "TAG": "tags",
    "TYPE": "",  # datasetType or jobType
    "DESCRIPTION": "documentation",
    "CODE": "sourceCodeLocation",
    "LIFECYCLE": meaning.LIFECYCLE,
}
"""What there is to compare, and the facet that tells it."""


def facet_of(what: What, *, is_job: bool) -> str:
    """Key of the facet that tells it."""
    return WHATS[what] or ("jobType" if is_job else "datasetType")


def compared(node: str, before: Shown, after: Shown, *, is_job: bool) -> list[Change]:
    """What the facets of a job or dataset say otherwise; column lineage left out."""
    return [
        change
        for what in WHATS
        for change in _changes(node, what, _told(what, before, is_job=is_job), _told(what, after, is_job=is_job))
    ]


def compared_columns(node: str, before: Told, after: Told) -> list[Change]:
    return _changes(node, "COLUMN", before, after)


def _changes(node: str, what: What, before: Told, after: Told) -> list[Change]:
    return [
        Change(
            node=node,
            what=what,
            name=key[0],
            source=key[1],
            turn=_turn(key in before, key in after),
            before=before.get(key),
            after=after.get(key),
            at=None,
            run=None,
        )
        for key in dict.fromkeys([*before, *after])
        if (key in before) != (key in after) or before[key] != after[key]
    ]


def _turn(before: bool, after: bool) -> Turn:
    return "CHANGED" if before and after else "ADDED" if after else "REMOVED"


def _told(what: What, facets: Shown, *, is_job: bool) -> Told:
    match what:
        case "FIELD":
            return {(field.name, None): field.type for field in meaning.fields(facets, {})}
        case "OWNER":
            return {(owner.name, None): owner.type for owner in meaning.owners(facets)}
        case "TAG":
            tags = meaning.tags_by_field(facets)
            return {(f"{field}: {tag}" if field else tag, None): None for field, found in tags.items() for tag in found}
        case _:
            told = _one(what, facets, is_job=is_job)
            return {} if told is None else {("", None): told}


def _one(what: What, facets: Shown, *, is_job: bool) -> str | None:
    """Of what there is one only."""
    match what:
        case "TYPE":
            key = facet_of(what, is_job=is_job)
            return meaning.text(meaning.body(facets, key), key)
        case "DESCRIPTION":
            return meaning.description(facets)
        case "LIFECYCLE":  # other states come with each write
            return "DROP" if meaning.lifecycle_state(facets).upper() == "DROP" else None
        case _:
            code = meaning.body(facets, "sourceCodeLocation")
            return " ".join(filter(None, (meaning.text(code, "url"), meaning.text(code, "version")))) or None


def told_columns(body: msgspec.Raw | None) -> Told:
    """What a columnLineage facet says."""
    facet = (shapes.read(shapes.ColumnLineage, body) if body is not None else None) or shapes.ColumnLineage()
    told: dict[tuple[str, str | None], str | None] = {}
    for field, output in (facet.fields or {}).items():
        old = shapes.Transformation(type=output.transformationType)
        for source in output.inputFields or []:
            told[field, source_id(source.namespace, source.name, source.field)] = derivation(source.transformations or [old])
    for source in facet.dataset or []:
        told["", source_id(source.namespace, source.name, source.field)] = derivation(source.transformations or [])
    return told


def explicit_columns(columns: Iterable[VersionColumn]) -> Told:
    """The same of lineage that is told explicitly."""
    told: dict[tuple[str, str | None], list[shapes.Transformation]] = {}
    for column in columns:
        key = column.output, source_id(column.namespace, column.name, column.field)
        told.setdefault(key, []).extend(_transformations(column.transformations))
    return {key: derivation(made) for key, made in told.items()}


def source_id(namespace: str, name: str, field: str | None) -> str:
    return field_node_id(namespace, name, field) if field else dataset_node_id(namespace, name)


def derivation(told: Iterable[shapes.Transformation]) -> str | None:
    """Such as ``DIRECT AGGREGATION``, or ``DIRECT TRANSFORMATION masking``; each once."""
    words = {" ".join(filter(None, (t.type, t.subtype, "masking" if t.masking else None))) for t in told}
    return ", ".join(sorted(filter(None, words))) or None


# ---------------------------------------------------------------- numbers, and facets of any shape


def statistics(before: Shown, after: Shown) -> list[Statistic]:
    """Of a reading or writing, or a version: the numbers that differ."""
    old, new = _numbers(before), _numbers(after)
    return [Statistic(name=n, before=old.get(n), after=new.get(n)) for n in sorted({**old, **new}) if old.get(n) != new.get(n)]


def _numbers(facets: Shown) -> dict[str, int | float]:
    told = (item for key in _STATISTICS for item in meaning.body(facets, key).items())
    return {
        name: value for name, value in told if isinstance(value, int | float) and not isinstance(value, bool) and _sane(value)
    }


def _sane(value: float) -> bool:
    """Facets hold numbers of any size, answers do not; no table has so many bytes."""
    return abs(value) < 1e18


def facet_differences(job: str, of: Any, before: Shown, after: Shown) -> Iterator[FacetDiff]:
    """Value by value, by facet and path."""
    for facet in sorted({*before, *after}):
        if facet in before and facet in after and before[facet] == after[facet]:
            continue
        old, new = (dict(_leaves(meaning.body(facets, facet), "")) for facets in (before, after))
        for path in sorted({*old, *new}):
            if (path in old) != (path in new) or old[path] != new[path]:
                yield FacetDiff(job=job, of=of, facet=facet, path=path, before=old.get(path), after=new.get(path))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each single value with its path."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            if key not in ("_producer", "_schemaURL"):
                yield from _leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for place, part in enumerate(value):
            yield from _leaves(part, f"{path}[{_key(part) or place}]")
    else:
        yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _key(element: Any) -> str | None:
    if not isinstance(element, dict):
        return None
    return next((text for key in _KEYS if (text := meaning.text(element, key))), None)
