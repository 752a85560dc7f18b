"""Answers about the graph in the forms of other programs. Pure: from an answer's JSON to text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import networkx as nx

Answer: TypeAlias = Mapping[str, Any]  # has `nodes`, `edges` (origin, destination), and `start` perhaps
_ESCAPES = str.maketrans({"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "\n": " "})
_COLUMNS = ("id", "kind", "type", "namespace", "name", "distance", "jobs", "datasets", "owners", "tags", "path")


def dot(answer: Answer) -> str:
    """For Graphviz."""
    lines = [f"  {_quoted(n['id'])} [label={_quoted(_label(n))}, shape={_shape(n)}];" for n in _nodes(answer)]
    lines += [f"  {_quoted(origin)} -> {_quoted(destination)};" for origin, destination in _edges(answer)]
    return "\n".join(["digraph lineage {", "  rankdir=LR;", *lines, "}", ""])


def mermaid(answer: Answer) -> str:
    """For Markdown."""
    nodes = _nodes(answer)
    places = {node["id"]: f"n{i}" for i, node in enumerate(nodes)}
    lines = [f"  {places[n['id']]}{_box(n)}" for n in nodes]
    lines += [f"  {places[origin]} --> {places[destination]}" for origin, destination in _edges(answer)]
    return "\n".join(["flowchart LR", *lines, ""])


def graphml(answer: Answer) -> str:
    """For Gephi, yEd and the like."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in _nodes(answer):
        told = {key: node[key] for key in ("kind", "type", "namespace", "name", "distance") if node.get(key) is not None}
        graph.add_node(_printable(node["id"]), **{key: _printable(v) if isinstance(v, str) else v for key, v in told.items()})
    graph.add_edges_from((_printable(origin), _printable(destination)) for origin, destination in _edges(answer))
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def table(answer: Answer) -> str:
    """CSV of the nodes found; lists have spaces between their elements."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for node in answer["nodes"]:
        lists = {"owners": [owner["name"] for owner in node["owners"]], "tags": node["tags"], "path": node.get("path") or []}
        told = {**node, **{key: " ".join(values) for key, values in lists.items()}}
        writer.writerow([_harmless(told.get(column)) for column in _COLUMNS])
    return text.getvalue()


def _nodes(answer: Answer) -> list[Mapping[str, Any]]:
    """Each once; those that only edges name are told by their ids."""
    nodes = {node["id"]: node for node in (*answer.get("start", ()), *answer["nodes"])}
    for end in (end for edge in _edges(answer) for end in edge):
        nodes.setdefault(end, {"id": end, "kind": end.partition(":")[0].upper(), "name": end})
    return list(nodes.values())


def _edges(answer: Answer) -> Iterator[tuple[str, str]]:
    yield from ((edge["origin"], edge["destination"]) for edge in answer["edges"])


def _label(node: Mapping[str, Any]) -> str:
    name: str = node["name"]
    return f"{name}.{node['field']}" if node.get("field") else name


def _shape(node: Mapping[str, Any]) -> str:
    return "box" if node["kind"] == "JOB" else "cylinder" if node["kind"] == "DATASET" else "plain"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _box(node: Mapping[str, Any]) -> str:
    label = _label(node).translate(_ESCAPES)
    return f'["{label}"]' if node["kind"] == "JOB" else f'[("{label}")]'


def _printable(text: str) -> str:
    """XML has no words for control characters."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _harmless(value: object) -> object:
    """A spreadsheet takes a text that begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
