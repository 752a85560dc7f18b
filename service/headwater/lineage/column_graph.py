"""A graph of fields, from the edges that a walk has met to the entity that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import msgspec

from headwater.catalog.columns import told_in_full
from headwater.entities.dataset import Transformation
from headwater.entities.lineage import (
    ColumnGraph,
    ColumnInput,
    ColumnNode,
    ColumnNodeData,
    DatasetInfluence,
    Edge,
)
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

    def add(self, output: Place, source: Place, transformations: str) -> None:
        if not output.field or not source.field:
            self.loose.setdefault(output, {}).setdefault(source, transformations)
            return
        self.inputs.setdefault(output, {}).setdefault(source, transformations)
        self.outputs.setdefault(source, {})[output] = None

    def places(self) -> set[Place]:
        return {*self.inputs, *self.outputs}

    def datasets(self) -> set[tuple[int, UUID | None]]:
        """Those that are shown, and their versions."""
        shown = {(place.dataset_id, place.version) for place in self.places()}
        around = {(s.dataset_id, s.version) for sources in self.loose.values() for s in sources}
        return shown | around

    def graph(self, shown: Callable[[Place], Shown | None], versioned: bool) -> ColumnGraph:
        """Every place must be shown, or is left out with its edges."""
        known = {place: of for place in self.places() if (of := shown(place)) is not None}
        node_ids = {
            place: field_node_id(of.namespace, of.name, place.field, of.version if versioned else None)
            for place, of in known.items()
        }
        nodes = [self._node(place, known, node_ids, shown) for place in known]
        return ColumnGraph(graph=sorted(nodes, key=lambda node: node.id))

    def _node(
        self,
        place: Place,
        known: Mapping[Place, Shown],
        node_ids: Mapping[Place, str],
        shown: Callable[[Place], Shown | None],
    ) -> ColumnNode:
        of, own = known[place], node_ids[place]
        inputs = {s: told for s, told in self.inputs.get(place, {}).items() if s in known}
        fields = [_input(known[s], s, told) for s, told in inputs.items()]
        return ColumnNode(
            id=own,
            type="DATASET_FIELD",
            data=ColumnNodeData(
                namespace=of.namespace,
                dataset=of.name,
                datasetVersion=of.version,
                field=place.field,
                fieldType=of.types.get(place.field) if fields else "",
                transformationDescription=_first(f.transformationDescription for f in fields),
                transformationType=_first(f.transformationType for f in fields),
                inputFields=fields,
                inputDatasets=list(self._influences(place, shown)),
                datasetInfluences=list(self._influences(place._replace(field=""), shown)),
            ),
            # Clients draw column lineage by this: an edge to an input points from the field to the input.
            inEdges=[Edge(origin=own, destination=to) for to in sorted(node_ids[s] for s in inputs)],
            outEdges=[
                Edge(origin=own, destination=to)
                for to in sorted(node_ids[o] for o in self.outputs.get(place, {}) if o in node_ids)
            ],
        )

    def _influences(self, place: Place, shown: Callable[[Place], Shown | None]) -> Iterator[DatasetInfluence]:
        for source, told in self.loose.get(place, {}).items():
            of = shown(source)
            if of is not None:
                yield DatasetInfluence(
                    namespace=of.namespace,
                    dataset=of.name,
                    field=source.field or None,
                    transformations=list(_transformations(told)),
                )


def _input(of: Shown, place: Place, told: str) -> ColumnInput:
    transformations = _transformations(told)
    return ColumnInput(
        namespace=of.namespace,
        dataset=of.name,
        datasetVersion=of.version,
        field=place.field,
        transformationDescription=_first(t.description for t in transformations),
        transformationType=_first(t.type for t in transformations),
        transformations=list(transformations) if told_in_full(transformations) else None,
    )


@lru_cache(maxsize=4096)
def _transformations(told: str) -> tuple[Transformation, ...]:
    return tuple(
        Transformation(type=t.type, subtype=t.subtype, description=t.description, masking=t.masking) for t in _decode(told)
    )


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)
