"""A graph of fields, from the edges that a walk has met to what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import msgspec

from headwater.catalog.columns import told_in_full
from headwater.entities import encode
from headwater.entities.dataset import Transformation
from headwater.lineage.node_ids import field_node_id
from headwater.openlineage import facets as shapes

_decode = msgspec.json.Decoder(list[shapes.Transformation]).decode


class Place(NamedTuple):
    """A field of a dataset, and of one version of it where versions are asked for. ``field`` '': all, or not known."""

    dataset_id: int  # canonical
    field: str
    version: UUID | None = None


class Shown(NamedTuple):
    """What is shown of a dataset, or of one version."""

    namespace: str
    name: str
    version: UUID | None
    types: Mapping[str, str | None]  # by field


@dataclass(slots=True)
class Columns:
    """Edges between fields, by what they derive; of two that say the same the first stays."""

    inputs: dict[Place, dict[Place, str]] = field(default_factory=dict)  # transformations as JSON text
    outputs: dict[Place, dict[Place, None]] = field(default_factory=dict)
    loose: dict[Place, dict[Place, str]] = field(default_factory=dict)  # one end is not a field
    influenced: dict[Place, dict[Place, str]] = field(default_factory=dict)  # by fields: whole datasets

    def add(self, output: Place, source: Place, transformations: str) -> None:
        if not output.field or not source.field:
            self.loose.setdefault(output, {}).setdefault(source, transformations)
            return
        self.inputs.setdefault(output, {}).setdefault(source, transformations)
        self.outputs.setdefault(source, {})[output] = None

    def add_influence(self, source: Place, output: Place, transformations: str) -> None:
        self.influenced.setdefault(source, {}).setdefault(output, transformations)

    def places(self) -> set[Place]:
        return {*self.inputs, *self.outputs, *self.influenced, *(place for place in self.loose if place.field)}

    def edges(self) -> int:
        """From field to field."""
        return sum(map(len, self.inputs.values()))

    def datasets(self) -> set[tuple[int, UUID | None]]:
        """Those that are shown, and their versions."""
        shown = {(place.dataset_id, place.version) for place in self.places()}
        beside = (*self.loose.values(), *self.influenced.values())
        return shown | {(place.dataset_id, place.version) for places in beside for place in places}

    def encode(
        self, shown: Callable[[Place], Shown | None], *, versioned: bool, beside: Mapping[str, object] = MappingProxyType({})
    ) -> bytes:
        """JSON of a ``ColumnGraph``, with what stands ``beside``. Every place must be shown, or is left out with its edges."""
        return encode({**_Graph(self, shown, versioned=versioned).told(), **beside})


class _Graph:
    """Builtins, not entities: a hub's graph has some ten thousand nodes, and to make these took longer than all the rest."""

    def __init__(self, columns: Columns, shown: Callable[[Place], Shown | None], *, versioned: bool) -> None:
        self._columns = columns
        self._shown = shown
        self._known = {place: of for place in columns.places() if (of := shown(place)) is not None}
        self._ids = {
            place: field_node_id(of.namespace, of.name, place.field, of.version if versioned else None)
            for place, of in self._known.items()
        }

    def told(self) -> Mapping[str, object]:
        ordered = sorted(self._known, key=self._ids.__getitem__)
        return {"graph": [self._node(place) for place in ordered]}

    def _node(self, place: Place) -> Mapping[str, object]:
        of, own = self._known[place], self._ids[place]
        inputs = {s: told for s, told in self._columns.inputs.get(place, {}).items() if s in self._known}
        outputs = [self._ids[o] for o in self._columns.outputs.get(place, {}) if o in self._known]
        made = [_how(told) for told in inputs.values()]
        return {
            "id": own,
            "type": "DATASET_FIELD",
            "data": {
                "namespace": of.namespace,
                "dataset": of.name,
                "datasetVersion": of.version,
                "field": place.field,
                "fieldType": of.types.get(place.field) if inputs else "",
                "transformationDescription": _first(how["transformationDescription"] for how in made),
                "transformationType": _first(how["transformationType"] for how in made),
                "inputFields": [self._input(source, how) for source, how in zip(inputs, made, strict=True)],
                "inputDatasets": self._datasets(self._columns.loose, place),
                "datasetInfluences": self._datasets(self._columns.loose, place._replace(field="")),
                "influencedDatasets": self._datasets(self._columns.influenced, place),
            },
            # Clients draw column lineage by this: an edge to an input points from the field to the input.
            "inEdges": [{"origin": own, "destination": to} for to in sorted([self._ids[s] for s in inputs])],
            "outEdges": [{"origin": own, "destination": to} for to in sorted(outputs)],
        }

    def _input(self, place: Place, how: Mapping[str, object]) -> Mapping[str, object]:
        of = self._known[place]
        told = {"namespace": of.namespace, "dataset": of.name, "datasetVersion": of.version, "field": place.field}
        return {**told, **how}

    def _datasets(self, known: Mapping[Place, Mapping[Place, str]], place: Place) -> list[Mapping[str, object]]:
        return [
            {
                "namespace": of.namespace,
                "dataset": of.name,
                "field": other.field or None,
                "transformations": transformations(told),
            }
            for other, told in known.get(place, {}).items()
            if (of := self._shown(other)) is not None
        ]


@lru_cache(maxsize=4096)
def _how(told: str) -> Mapping[str, object]:
    """Left out as ``ColumnInput`` has it: ``transformations``, where the producer used the older attributes."""
    made = transformations(told)
    return {
        "transformationDescription": _first(t.description for t in made),
        "transformationType": _first(t.type for t in made),
        **({"transformations": made} if told_in_full(made) else {}),
    }


@lru_cache(maxsize=4096)
def transformations(told: str) -> tuple[Transformation, ...]:
    return tuple(
        Transformation(type=t.type, subtype=t.subtype, description=t.description, masking=t.masking) for t in _decode(told)
    )


def _first(values: Iterable[object]) -> object:
    return next((value for value in values if value), None)
