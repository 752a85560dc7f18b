"""Columns as answers tell them, by their places. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headwater.entities.graph import Column, Node
from headwater.lineage.columns.graph import Place, Shown
from headwater.lineage.node_ids import field_node_id


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """``nodes`` and ``shown`` by dataset. Of a dataset that is in neither nothing is told."""

    nodes: Mapping[int, Node]
    shown: Mapping[int, Shown]

    def __contains__(self, place: Place) -> bool:
        return place.dataset_id in self.nodes

    def id(self, place: Place) -> str:
        node = self.nodes[place.dataset_id]
        return field_node_id(node.namespace, node.name, place.field) if place.field else node.id

    def told(self, place: Place) -> Column:
        return Column(**self.members(place))

    def members(self, place: Place) -> dict[str, Any]:
        """Of a ``Column``."""
        members = self.nodes[place.dataset_id].__dict__
        if not place.field:
            return {**members, "field": None, "fieldType": None}
        types = self.shown[place.dataset_id].types
        return {**members, "id": self.id(place), "kind": "FIELD", "field": place.field, "fieldType": types.get(place.field)}
