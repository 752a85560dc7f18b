"""``headwater paths``: how data comes from one node to another."""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from headwater.cli.display import dim, heading, show, show_json, tell_cut
from headwater.cli.options import DEFAULT_URL, AsJson, AsOf, Avoid, Form, History, Kinds, StopAt, Through, Url, service

_Node = (
    "dataset:NAMESPACE:NAME, job:NAMESPACE:NAME, or a name that only one of them has; datasetField:NAMESPACE:DATASET:FIELD,"
    " run:UUID or dataset:NAMESPACE:NAME#VERSION."
)
_From = Annotated[str, typer.Argument(metavar="FROM", help=_Node)]
_To = Annotated[str, typer.Argument(metavar="TO", help="Likewise.")]
_K = Annotated[int, typer.Option("-k", min=0, max=1_000, help="How many, the shortest first; 0 tells only whether there is one.")]
_All = Annotated[bool, typer.Option("--all", help="All simple paths, up to 1,000.")]
_Depth = Annotated[int | None, typer.Option(min=0, help="Steps of the longest.", show_default="any")]
_UNTOLD = "nobody tells by which columns"
_Grain = Annotated[str, typer.Option(help="all, dataset, job, column, run or version: what is told and counts as a step.")]


def paths(  # noqa: PLR0913 - one option an option
    origin: _From,
    destination: _To,
    *,
    k: _K = 1,
    every: _All = False,
    depth: _Depth = None,
    grain: _Grain = "all",
    through: Through = [],  # noqa: B006
    avoid: Avoid = [],  # noqa: B006
    stop_at: StopAt = [],  # noqa: B006
    kinds: Kinds = [],  # noqa: B006
    as_of: AsOf = None,
    history: History = None,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """The shortest way from one job, dataset, column, run or version to another, or several; or why there is none."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import node_id_of, via

    client = service(url)
    ends = {"from": node_id_of(client, origin), "to": node_id_of(client, destination)}
    asked = {"k": k, "all": str(every).lower(), "depth": depth, "grain": grain, "format": form or "json"}
    ways = via(client, through, avoid, stop_at)
    body = client.get("paths", **ends, **asked, **ways, kinds=kinds, asOf=as_of, history=history)
    if as_json or form:
        show_json(body)
        return
    told = decoded(body)
    if not told["reachable"]:
        show("There is no path.")
        _show_why(told["noPath"] or {})
    elif not k and not every:
        show("There is a path.")
    for path in told["paths"]:
        heading(f"{path['length']} steps{_carried(path)}")
        _show_path(path["nodes"])
    tell_cut(told["counts"])


def _show_why(why: dict[str, Any]) -> None:
    if why.get("otherWay"):
        heading(f"The other way there is one{_carried(why['otherWay'])}")
        _show_path(why["otherWay"]["nodes"])
    if why.get("commonAncestors"):
        heading("Both come from")
        for node in why["commonAncestors"]:
            show(node["id"])
    if former := why.get("former"):
        heading("There was one" if former["atOneTime"] else "There was one, but not all of it at one time")
        _show_path(former["nodes"])
        for ended in former["ended"]:
            by = f" with run {ended['endedBy']}" if ended["endedBy"] else ""
            show(f"{ended['origin']} → {ended['destination']} ended {ended['endedAt'] or 'at a time not known'}{by}")

    if tables := why.get("tableLevel"):
        heading(f"Data flows there by jobs and datasets, but {_UNTOLD if tables['untold'] else 'of other columns'}")
        _show_path([*tables["columns"], *tables["nodes"]])


def _carried(path: dict[str, Any]) -> str:
    if "affects" not in path:
        return ""
    affects = "values, rows" if path["affects"] == "BOTH" else path["affects"].lower()
    marks = {"masked": path["masked"], "not for sure": not path["resolved"]}
    return f": {', '.join([affects, *(mark for mark, holds in marks.items() if holds)])}"


def _show_path(nodes: Sequence[str]) -> None:
    for place, node in enumerate(nodes):
        show(dim("→ ") if place else "  ", node)
