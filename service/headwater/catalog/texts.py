"""Where search by content looks, said twice: to the database, which collects the words of a job or dataset by the paths here,
and for what is shown, where the functions give the same texts by field. What only the first has is looked at in vain; what only
the second has is never found, and a test holds the two together. Whoever changes the paths empties ``job_words`` and
``dataset_words`` in a migration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from headwater.catalog import meaning
from headwater.catalog.facets import Shown
from headwater.entities.search import DatasetHit, JobHit
from headwater.openlineage.facets import OWN_JOB, OWN_TAG

Paths: TypeAlias = Mapping[str, tuple[str, ...]]
"""jsonpaths to texts, by the facet's key."""
Texts: TypeAlias = dict[str, list[str]]
"""By field; one that holds several has one text of each."""

_SAID_OF_BOTH: Paths = {
    "documentation": ("$.description",),
    "ownership": ("$.owners.name",),
    # Key and value of a tag side by side, as they are shown; jsonb has them in this order.
    "tags": ('$.tags.keyvalue() ? (@.key == "key" || @.key == "value").value',),
    OWN_TAG: ("$.tag",),
}
JOB_PATHS: Paths = {
    **_SAID_OF_BOTH,
    "sql": ("$.query",),
    "sourceCode": ("$.sourceCode", "$.language"),
    "jobType": ("$.processingType",),
    OWN_JOB: ("$.type",),
}
_INPUTS = "$.fields.*.inputFields"
DATASET_PATHS: Paths = {
    **_SAID_OF_BOTH,
    "schema": tuple(f"strict $.fields.**.{key}" for key in ("name", "type", "description")),
    "columnLineage": (
        f"{_INPUTS}.*", f"{_INPUTS}.transformations.description",
        "$.fields.*.transformationDescription", "$.fields.*.transformationType",
    ),
}  # fmt: skip


def job_texts(hit: JobHit, facets: Shown) -> Texts:
    """``facets`` with those of headwater's own."""
    code = meaning.body(facets, "sourceCode")
    return {
        "facets.sql.query": _strings(meaning.body(facets, "sql").get("query")),
        "facets.sourceCode.sourceCode": _strings(code.get("sourceCode")),
        "facets.sourceCode.language": _strings(code.get("language")),
        "runFacets.processing_engine.name": _strings(meaning.body(hit.runFacets, "processing_engine").get("name")),
        "type": [hit.type],
        **_said_of_both(facets),
    }


def dataset_texts(hit: DatasetHit, facets: Shown) -> Texts:
    """``facets`` with those of headwater's own. Columns are part of a field's name, as in OpenSearch."""
    found: Texts = {}
    for column in _columns(meaning.body(hit.facets, "schema")):
        for key in ("name", "type", "description"):
            found.setdefault(f"facets.schema.fields.{key}", []).extend(_strings(column.get(key)))
    columns = meaning.body(hit.facets, "columnLineage").get("fields")
    for name, told in columns.items() if isinstance(columns, dict) else ():
        if isinstance(told, dict):
            found |= {f"facets.columnLineage.fields.{name}.{key}": texts for key, texts in _lineage_texts(told).items()}
    return found | _said_of_both(facets)


def _said_of_both(facets: Shown) -> Texts:
    return {
        "facets.documentation.description": _strings(meaning.description(facets)),
        "facets.ownership.owners.name": [owner.name for owner in meaning.owners(facets)],
        "tags": sorted({tag for tags in meaning.tags_by_field(facets).values() for tag in tags}),
    }


def _columns(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those in others too."""
    for column in _elements(content.get("fields")):
        yield column
        yield from _columns(column)


def _lineage_texts(column: Mapping[str, Any]) -> Texts:
    found = {key: _strings(column.get(key)) for key in ("transformationDescription", "transformationType")}
    for source in _elements(column.get("inputFields")):
        for key in ("name", "namespace", "field"):
            found.setdefault(f"inputFields.{key}", []).extend(_strings(source.get(key)))
        for made in _elements(source.get("transformations")):
            found.setdefault("inputFields.transformations.description", []).extend(_strings(made.get("description")))
    return found


def _elements(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (element for element in value if isinstance(element, dict))


def _strings(value: object) -> list[str]:
    return [value] if isinstance(value, str) else []
