"""Lineage that a producer states itself: one shape on jobs and on datasets."""

from __future__ import annotations

from headwater.openlineage.shapes import UUID, list_of, map_of, note, part, record, tagged, texts
from headwater.openlineage.vocabulary.shared import TRANSFORMATION

_JOB_PAIR = {"dependentRequired": {"namespace": ["name"], "name": ["namespace"]}}
LINEAGE_PARTS = {
    "source": tagged(
        {
            "DATASET": record(texts("namespace* name* field") | {"transformations": list_of(TRANSFORMATION)}),
            "JOB": record(texts("namespace name") | {"runId": UUID, "transformations": list_of(TRANSFORMATION)}) | _JOB_PAIR,
        }
    ),
    "column": record({"inputs*": list_of(part("source"))}),
}
_LINEAGE_INPUTS = {"inputs": note(list_of(part("source")), "Where it comes from; an empty list says that it comes from nowhere.")}
LINEAGE_TARGET = _LINEAGE_INPUTS | {"fields": map_of(part("column"))}
LINEAGE_ENTRY = tagged(
    {
        "DATASET": record(texts("namespace* name*") | LINEAGE_TARGET),
        "JOB": record(texts("namespace name") | {"runId": UUID} | _LINEAGE_INPUTS) | _JOB_PAIR,
    }
)
