"""``headwater lineage``: what a job or dataset stands on, and what stands on it, as trees."""
# ruff: noqa: PLC0415

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.display import Cell, dim, heading, show, show_json, state, tree
from headwater.cli.options import DEFAULT_URL, AsJson, AsOf, Form, History, Kinds, Url, service
from headwater.cli.trees import Edge, Edges, grow

if TYPE_CHECKING:
    from headwater.cli.client import Client
    from headwater.cli.nodes import Node

_NodeId = Annotated[
    str,
    typer.Argument(metavar="NODE", help="dataset:NAMESPACE:NAME, job:NAMESPACE:NAME, or a name that only one of them has."),
]
_Depth = Annotated[int, typer.Option(min=0, max=100, help="How many jobs away from NODE the trees end.")]
_Upstream = Annotated[bool, typer.Option("--upstream", help="Only what NODE comes from.")]
_Downstream = Annotated[bool, typer.Option("--downstream", help="Only what comes from NODE.")]
_Ids = Annotated[bool, typer.Option("--ids", help="Show whole node ids, for other commands.")]
_UPSTREAM, _DOWNSTREAM = ("inEdges", "origin"), ("outEdges", "destination")


def lineage(  # noqa: PLR0913 - one option an option
    node: _NodeId,
    *,
    depth: _Depth = 3,
    upstream: _Upstream = False,
    downstream: _Downstream = False,
    ids: _Ids = False,
    kinds: Kinds = [],  # noqa: B006
    as_of: AsOf = None,
    history: History = None,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """What a job or dataset comes from, and what comes from it, as of now or another time.

    With --json the answer has all jobs that many steps around NODE, whichever way the data flows; with --as-of, --history, --kind
    or --format what is upstream and downstream of it.
    """
    from headwater.cli.client import decoded
    from headwater.cli.nodes import find

    client = service(url)
    start = find(client, node)
    which = {"kinds": kinds, "asOf": as_of, "history": history}
    steps = depth if as_json or form else _steps(start, depth)
    own = [start.id] if as_json or form else _with_what_belongs_to(client, start)
    if form or any(which.values()) or len(own) > 1:
        direction = "both" if upstream == downstream else "upstream" if upstream else "downstream"
        body = client.get(
            "lineage", nodeId=start.id, depth=2 * steps + 1, direction=direction, format=form or "json", limit=10_000, **which
        )
    else:
        body = client.get("lineage", nodeId=start.id, depth=steps)
    if as_json or form:
        show_json(body)
        return
    graph = {told["id"]: told for told in decoded(body)["graph"]}
    show(*(_told(graph[start.id], ids=True)[0] if start.id in graph else [start.id]))
    if upstream or not downstream:
        _show("Upstream", start.id, partial(_edges, graph, own, _UPSTREAM, ids), depth)
    if downstream or not upstream:
        _show("Downstream", start.id, partial(_edges, graph, own, _DOWNSTREAM, ids), depth)


def _with_what_belongs_to(client: Client, start: Node) -> list[str]:
    """Node ids: the edges of an Airflow DAG are those of its tasks."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import JOB

    if start.kind != JOB:
        return [start.id]
    told = decoded(client.get("impact", nodeId=start.id, limit=0, paths=0))["start"]
    return list(dict.fromkeys((start.id, *(node["id"] for node in told))))


def _steps(start: Node, depth: int) -> int:
    """One more than is shown, to tell whether there is more. From a dataset, the jobs that use it are no step away."""
    from headwater.cli.nodes import JOB

    return depth + 1 if start.kind == JOB else depth


def _show(title: str, start: str, edges: Edges, depth: int) -> None:
    heading(title)
    twigs, beyond = grow(start, edges, depth)
    tree(twigs)
    if beyond:
        show(dim(f"  … more beyond --depth {depth}"))
    elif not twigs:
        show(dim("  nothing that is known"))


def _edges(graph: dict[str, Any], own: list[str], way: tuple[str, str], ids: bool, node: str) -> list[Edge]:
    """The tree begins at the first of ``own``, which stands for all of them."""
    edges, end = way
    nodes = own if node == own[0] else [node]
    ends = dict.fromkeys(edge[end] for one in nodes for edge in graph.get(one, {}).get(edges, []) if edge[end] in graph)
    return [Edge(found, *_told(graph[found], ids=ids), _steps_to(node, found)) for found in ends]


def _steps_to(before: str, node: str) -> int:
    """A step ends at a job. Data that derives from other data without one is a step away too."""
    return int(_is_job(node) or not _is_job(before))


def _is_job(node: str) -> bool:
    return node.startswith("job:")


def _told(node: dict[str, Any], *, ids: bool) -> tuple[list[Cell], str]:
    """What is shown of a node, and its namespace unless that is shown already."""
    data = node["data"]
    run = data.get("latestRun")
    states: list[Cell] = ["  ", state(run["state"])] if run else []
    if ids:
        return [node["id"], *states], ""
    return [dim(f"{node['type'].lower()} "), data["name"], *states], data["namespace"]
