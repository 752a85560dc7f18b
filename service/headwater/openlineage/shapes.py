"""Short names for the JSON Schema (2020-12) shapes that events and facets are made of.

They are plain dictionaries, shared between schemas: never change one, make another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
URI: Schema = {"type": "string", "format": "uri"}
UUID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
OPEN: Schema = {"type": "object"}  # any properties
NOTHING: Schema = {"not": {}}  # the property must be absent


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def map_of(value: Schema) -> Schema:
    """An object whose keys are names chosen by users, such as columns."""
    return {"type": "object", "additionalProperties": value}


def part(name: str) -> Schema:
    """Reference to a definition of the same file."""
    return {"$ref": f"#/$defs/{name}"}


def note(shape: Schema, text: str) -> Schema:
    """The shape with a sentence for those who read the schema."""
    return {**shape, "description": text}


def texts(names: str) -> dict[str, Schema]:
    """Fields that all hold text, from their names in one string; see ``record`` for the asterisk."""
    return dict.fromkeys(names.split(), TEXT)


def counts(names: str, shape: Schema = WHOLE) -> dict[str, Schema]:
    """Fields that all hold numbers, from their names in one string."""
    return dict.fromkeys(names.split(), shape)


def record(fields: Mapping[str, Schema]) -> Schema:
    """An object with known fields, and any others: ``name*`` is required, ``name`` may be absent."""
    shape: Schema = {"type": "object"}
    if required := [name[:-1] for name in fields if name.endswith("*")]:
        shape["required"] = required
    if fields:
        shape["properties"] = {name.removesuffix("*"): field for name, field in fields.items()}
    return shape


def tagged(variants: Mapping[str, Schema]) -> Schema:
    """An object that says in ``type`` which of several records it is.

    Written as if/then and not as oneOf, so that a finding names the field at fault and not every variant's complaint.
    """
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(variants)}},
        "allOf": [
            {"if": {"required": ["type"], "properties": {"type": {"const": tag}}}, "then": variant}
            for tag, variant in variants.items()
        ],
    }
