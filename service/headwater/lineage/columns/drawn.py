"""Column lineage as a graph for ``exports``: edges as data flows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from headwater.lineage.exports import Answer
from headwater.lineage.node_ids import dataset_node_id, field_node_id

_Ends: TypeAlias = tuple[str, str]


def columns_drawn(graph: Mapping[str, Any]) -> Answer:
    """Of a ``ColumnGraph``. What bears on a dataset as a whole is an edge to the dataset."""
    ends = dict.fromkeys(edge for node in graph["graph"] for edge in _edges(node))
    return {
        "nodes": [_node(node) for node in graph["graph"]],
        "edges": [{"origin": origin, "destination": destination} for origin, destination in ends],
    }


def _node(node: Mapping[str, Any]) -> Mapping[str, Any]:
    data = node["data"]
    return {"id": node["id"], "kind": "FIELD", "namespace": data["namespace"], "name": data["dataset"], "field": data["field"]}


def _edges(node: Mapping[str, Any]) -> Iterator[_Ends]:
    data = node["data"]
    whole = dataset_node_id(data["namespace"], data["dataset"])
    yield from ((edge["destination"], node["id"]) for edge in node["inEdges"])
    yield from ((node["id"], edge["destination"]) for edge in node["outEdges"])
    yield from ((_source(source), node["id"]) for source in data["inputDatasets"])
    yield from ((_source(source), whole) for source in data["datasetInfluences"])
    yield from ((node["id"], _source(target)) for target in data["influencedDatasets"])


def _source(told: Mapping[str, Any]) -> str:
    if told["field"]:
        return field_node_id(told["namespace"], told["dataset"], told["field"])
    return dataset_node_id(told["namespace"], told["dataset"])
