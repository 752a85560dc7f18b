"""Answers about the graph in the forms of other programs. Pure: from an answer's JSON to text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import networkx as nx

Answer: TypeAlias = Mapping[str, Any]
"""Has ``nodes``, ``edges`` (origin, destination), and perhaps ``start``. Nodes and edges of a difference have a ``turn``:
``ADDED``, ``REMOVED`` or ``CHANGED``. Where a table tells something else than the nodes, it is there as ``table``."""
_ESCAPES = str.maketrans({"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "\n": " "})
_COLUMNS = (
    "id", "kind", "type", "namespace", "name", "distance", "jobs", "datasets", "owners", "tags", "path", "externalVersion",
)  # fmt: skip
_SPECIAL_COLUMNS = (
    "field", "fieldType", "affects", "masked", "resolved", "columns", "runs", "versions", "state", "startedAt", "endedAt",
    "version", "createdAt", "side",
)  # fmt: skip
"""Of columns, runs, versions, collapsed nodes and impact; only where any node has them."""
# Told by more than colour, which not everybody sees.
_DOT_TURNS = {"ADDED": "color=forestgreen, style=bold", "REMOVED": "color=crimson, style=dashed", "CHANGED": "color=darkorange"}
_MERMAID_TURNS = {
    "ADDED": "stroke:#228b22,stroke-width:3px", "REMOVED": "stroke:#dc143c,stroke-dasharray:5", "CHANGED": "stroke:#ff8c00",
}  # fmt: skip
_GRAPHML = ("kind", "type", "namespace", "name", "distance", "side", "turn")
_ARROWS = {"ADDED": "==>", "REMOVED": "-.->"}


def tabular(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Answer:
    """An answer's ``table``, from rows by column; what a row lacks is empty."""
    return {"columns": columns, "rows": [[row.get(column) for column in columns] for row in rows]}


def dot(answer: Answer) -> str:
    """For Graphviz."""
    lines = [f"  {_quoted(n['id'])} [{', '.join(_attributes(n))}];" for n in _nodes(answer)]
    for edge in answer["edges"]:
        turn = f" [{_DOT_TURNS[edge['turn']]}]" if edge.get("turn") else ""
        lines.append(f"  {_quoted(edge['origin'])} -> {_quoted(edge['destination'])}{turn};")
    return "\n".join(["digraph lineage {", "  rankdir=LR;", *lines, "}", ""])


def mermaid(answer: Answer) -> str:
    """For Markdown."""
    nodes = _nodes(answer)
    places = {node["id"]: f"n{i}" for i, node in enumerate(nodes)}
    lines = [f"  {places[n['id']]}{_box(n)}{_class(n)}" for n in nodes]
    for edge in answer["edges"]:
        arrow = _ARROWS.get(edge.get("turn"), "-->")
        lines.append(f"  {places[edge['origin']]} {arrow} {places[edge['destination']]}")
    turns = dict.fromkeys(node["turn"] for node in nodes if node.get("turn"))
    lines += [f"  classDef {turn.lower()} {_MERMAID_TURNS[turn]}" for turn in turns]
    return "\n".join(["flowchart LR", *lines, ""])


def graphml(answer: Answer) -> str:
    """For Gephi, yEd and the like."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in _nodes(answer):
        told = {key: node[key] for key in _GRAPHML if node.get(key) is not None}
        graph.add_node(_printable(node["id"]), **{key: _printable(v) if isinstance(v, str) else v for key, v in told.items()})
    for edge in answer["edges"]:
        turn = {"turn": edge["turn"]} if edge.get("turn") else {}
        graph.add_edge(_printable(edge["origin"]), _printable(edge["destination"]), **turn)
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def table(answer: Answer) -> str:
    """CSV of the nodes found, or of the answer's own table; lists have spaces between their elements."""
    told = answer.get("table") or _nodes_table(answer["nodes"])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(told["columns"])
    writer.writerows([_harmless(" ".join(v) if isinstance(v, list) else v) for v in row] for row in told["rows"])
    return text.getvalue()


def _nodes_table(nodes: Sequence[Mapping[str, Any]]) -> Answer:
    special = [column for column in _SPECIAL_COLUMNS if any(_is_plain(node.get(column, [])) for node in nodes)]
    return tabular((*_COLUMNS, *special), map(_row, nodes))


def _is_plain(value: object) -> bool:
    return not isinstance(value, list)


def _row(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**node, "owners": [owner["name"] for owner in node.get("owners") or ()]}


def _nodes(answer: Answer) -> list[Mapping[str, Any]]:
    """Each once; those that only edges name are told by their ids."""
    nodes = {node["id"]: node for node in (*answer.get("start", ()), *answer["nodes"])}
    for end in (edge[end] for edge in answer["edges"] for end in ("origin", "destination")):
        nodes.setdefault(end, {"id": end, "kind": end.partition(":")[0].upper(), "name": end})
    return list(nodes.values())


def _label(node: Mapping[str, Any]) -> str:
    name: str = node["name"]
    if node.get("externalVersion"):
        return f"{name} #{node['externalVersion']}"
    return f"{name}.{node['field']}" if node.get("field") else name


def _attributes(node: Mapping[str, Any]) -> Iterator[str]:
    yield f"label={_quoted(_label(node))}"
    yield f"shape={_shape(node)}"
    if node.get("turn"):
        yield _DOT_TURNS[node["turn"]]


def _shape(node: Mapping[str, Any]) -> str:
    return "box" if node["kind"] == "JOB" else "cylinder" if node["kind"] == "DATASET" else "plain"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _box(node: Mapping[str, Any]) -> str:
    label = _label(node).translate(_ESCAPES)
    return f'["{label}"]' if node["kind"] == "JOB" else f'[("{label}")]'


def _class(node: Mapping[str, Any]) -> str:
    return f":::{node['turn'].lower()}" if node.get("turn") else ""


def _printable(text: str) -> str:
    """XML has no words for control characters."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _harmless(value: object) -> object:
    """A spreadsheet takes a text that begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
