"""Fields that facets of several owners have alike."""

from __future__ import annotations

from headwater.openlineage.shapes import FLAG, NUMBER, OPEN, TEXT, TIME, counts, list_of, map_of, note, record, texts

OWNERS = list_of(record(texts("name* type")))

TAG = texts("key* value* source")

CHECK = texts("severity name description expected actual content contentType") | {"params": OPEN}
"""What a test and an assertion may tell alike."""

PROSE = texts("description* contentType")

TRANSFORMATION = record(
    {
        "type*": note(TEXT, "DIRECT where values flow, INDIRECT where they only decide (filter, join, order)."),
        **texts("subtype description"),
        "masking": note(FLAG, "True where the value cannot be read back from the result, as in a hash or a count."),
    }
)

QUALITY = {
    "columnMetrics*": map_of(
        record(counts("nullCount distinctCount") | counts("sum count min max", NUMBER) | {"quantiles": map_of(NUMBER)})
    ),
    **counts("rowCount bytes fileCount"),
    "lastUpdated": TIME,
}
