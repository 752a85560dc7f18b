"""``headwater columns``: what the fields of a dataset come from, or what comes from them, as trees."""
# ruff: noqa: PLC0415

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.display import Cell, Styled, Twig, dim, heading, show, show_json, tell_cut, tree
from headwater.cli.impact import show_heaps
from headwater.cli.options import DEFAULT_URL, AsJson, AsOf, Collapse, Form, History, Url, service
from headwater.cli.trees import Edge, Edges, grow
from headwater.errors import NotFound

if TYPE_CHECKING:
    from headwater.cli.client import Client
    from headwater.cli.nodes import Node

_NodeId = Annotated[
    str,
    typer.Argument(
        metavar="NODE",
        help="dataset:NAMESPACE:NAME, with #VERSION or not, the name of a dataset, or job:NAMESPACE:NAME for all that it writes.",
    ),
]
_Field = Annotated[str | None, typer.Option("--field", help="Only this field.", show_default="all")]
_Depth = Annotated[int, typer.Option(min=1, max=100, help="How many steps away from NODE the trees end.")]
_Downstream = Annotated[bool, typer.Option("--downstream", help="What comes from the fields, not what they come from.")]
_Kinds = Annotated[
    list[str],
    typer.Option("--kind", help="Only edges of these kinds: input and output (of jobs), or dataset_lineage.", show_default="all"),
]
_Ids = Annotated[bool, typer.Option("--ids", help="Show whole node ids, for other commands.")]
_MOST = 10_000  # columns of an answer that knows a limit


def columns(  # noqa: PLR0913 - one option an option
    node: _NodeId,
    *,
    only: _Field = None,
    depth: _Depth = 5,
    downstream: _Downstream = False,
    kinds: _Kinds = [],  # noqa: B006
    as_of: AsOf = None,
    history: History = None,
    collapse: Collapse = None,
    ids: _Ids = False,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """What the fields of a dataset come from, field by field."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import DATASET

    client = service(url)
    start, version = _find(client, node)
    node_id = f"datasetField:{start.namespace}:{start.name}:{only}" if only and start.kind == DATASET else start.id
    # One step more than is shown tells whether there is more; collapsed answers say so themselves.
    steps = depth if as_json or form or collapse else depth + 1
    which = {"kinds": kinds, "limit": _MOST if kinds or collapse else None, "asOf": as_of, "history": history}
    way = {"direction": "downstream" if downstream else "upstream"} if collapse else {"withDownstream": downstream or None}
    asked = {"depth": steps, "collapse": collapse, "format": form or "json", **way, **which}
    body = client.get("column-lineage", nodeId=node_id + version, **asked)
    if as_json or form:
        show_json(body)
        return
    if collapse:
        _show_collapsed(decoded(body))
        return
    graph = {told["id"]: told for told in decoded(body)["graph"]}
    edges = partial(_outputs if downstream else _inputs, graph, ids)
    shown = [place for place in _places(start) if _show(graph, f"datasetField:{place}", only, edges, depth)]
    for place in shown if not downstream else []:
        _show_influences(graph, f"datasetField:{place}")
    if not shown:
        show(dim("No lineage of these fields is known."))


def _show_collapsed(told: dict[str, Any]) -> None:
    show(f"{told['counts']['found']:,} columns")
    if told["nodes"]:
        heading("Nearest first")
        show_heaps(told["nodes"])
    tell_cut(told["counts"])


def _find(client: Client, told: str) -> tuple[Node, str]:
    """With the ``#version`` behind it, if there is one: a name may itself hold a #. Raises NotFound."""
    from headwater.cli.nodes import DATASET, JOB, find

    kinds = [JOB] if told.startswith("job:") else [DATASET]
    try:
        return find(client, told, kinds=kinds), ""
    except NotFound:
        base, _, version = told.rpartition("#")
        if not base:
            raise
        return find(client, base, kinds=kinds), f"#{version}"


def _places(start: Node) -> list[str]:
    """Namespaces and names of the datasets whose fields are asked for."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import DATASET

    if start.kind == DATASET:
        return [f"{start.namespace}:{start.name}"]
    return [f"{d['namespace']}:{d['name']}" for d in decoded(start.body)["outputs"]]


def _show(graph: dict[str, Any], dataset: str, only: str | None, edges: Edges, depth: int) -> bool:
    """Whether there was anything to show."""
    twigs, cut = [], False
    for node in graph.values():
        if _dataset(node) == dataset and only in (None, node["data"]["field"]):
            below, beyond = grow(node["id"], edges, depth)
            twigs += [Twig(_field(node), below)] if below else []
            cut = cut or beyond
    if not twigs:
        return False
    show(dataset.replace("datasetField:", "dataset:", 1))
    tree(twigs)
    if cut:
        show(dim(f"  … more beyond --depth {depth}"))
    return True


def _field(node: dict[str, Any]) -> list[Cell]:
    return [Styled(node["data"]["field"], "bold"), dim(f"  {node['data']['fieldType'] or ''}".rstrip())]


def _show_influences(graph: dict[str, Any], dataset: str) -> None:
    """The same are told with each field of a dataset."""
    told = next(n["data"]["datasetInfluences"] for n in graph.values() if _dataset(n) == dataset)
    if told:
        heading("On every row bear")
        for source in told:
            show("  ", _dataset_id(source), *_how(source["transformations"]))


def _dataset(node: dict[str, Any]) -> str:
    return f"datasetField:{node['data']['namespace']}:{node['data']['dataset']}"


def _inputs(graph: dict[str, Any], ids: bool, field: str) -> list[Edge]:
    told = graph[field]["data"] if field in graph else {"inputFields": [], "inputDatasets": []}
    fields = [Edge(_node_id(graph, f), *_told(f, _transformations(f), ids=ids)) for f in told["inputFields"]]
    return fields + _whole(told["inputDatasets"])


def _whole(datasets: list[dict[str, Any]], what: str = "") -> list[Edge]:
    """The leading blank keeps a dataset, which is the end of the way, apart from every field."""
    return [Edge(f" {_dataset_id(d)}", [dim(what), _dataset_id(d), *_how(d["transformations"])]) for d in datasets]


def _node_id(graph: dict[str, Any], field: dict[str, Any]) -> str:
    """In an answer about a version the version of each field stands behind its id."""
    versioned = f"{_field_id(field)}#{field['datasetVersion']}"
    return versioned if versioned in graph else _field_id(field)


def _outputs(graph: dict[str, Any], ids: bool, field: str) -> list[Edge]:
    if field not in graph:
        return []
    node = graph[field]
    found = [graph[edge["destination"]] for edge in node["outEdges"] if edge["destination"] in graph]
    fields = [Edge(f["id"], *_told(f["data"], _made(f["data"], field), ids=ids)) for f in found]
    return fields + _whole(node["data"]["influencedDatasets"], "every row of ")


def _made(told: dict[str, Any], source: str) -> list[dict[str, Any]]:
    """The transformations that lead from ``source``."""
    return [made for f in told["inputFields"] if _field_id(f) == source for made in _transformations(f)]


def _transformations(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Absent where a source was named without saying how it is used."""
    return list(told.get("transformations") or [])


def _told(field: dict[str, Any], transformations: list[dict[str, Any]], *, ids: bool) -> tuple[list[Cell], str]:
    """What is shown of a field, and its namespace unless that is shown already."""
    how = _how(transformations)
    if ids:
        return [_field_id(field), *how], ""
    return [field["field"], dim(" of "), field["dataset"], *how], field["namespace"]


def _field_id(told: dict[str, Any]) -> str:
    return f"datasetField:{told['namespace']}:{told['dataset']}:{told['field']}"


def _dataset_id(told: dict[str, Any]) -> str:
    column = f" field {told['field']}" if told.get("field") else ""
    return f"dataset:{told['namespace']}:{told['dataset']}{column}"


def _how(transformations: list[dict[str, Any]]) -> list[Cell]:
    kinds = [t.get("subtype") or t.get("type") for t in transformations]
    masked = ["masked"] if any(t.get("masking") for t in transformations) else []
    words = " ".join(dict.fromkeys([*filter(None, kinds), *masked]))
    return [Styled(f"  {words}", "cyan")] if words else []
