"""``headwater impact``: what breaks if a job or dataset changes."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Annotated, Any

import typer

from headwater.cli.display import dim, heading, show, show_json, table
from headwater.cli.options import DEFAULT_URL, AsJson, Url, service

_NodeId = Annotated[
    str,
    typer.Argument(metavar="NODE", help="dataset:NAMESPACE:NAME, job:NAMESPACE:NAME, or a name that only one of them has."),
]
_Upstream = Annotated[bool, typer.Option("--upstream", help="What NODE stands on, not what stands on it.")]
_Depth = Annotated[int | None, typer.Option(min=0, help="Steps to go.", show_default="to the end")]
_Grain = Annotated[str, typer.Option(help="all, dataset or job: what is told and counts as a step.")]
_Type = Annotated[list[str], typer.Option("--type", help="Only these, such as MODEL.", show_default="all")]
_Owner = Annotated[list[str], typer.Option("--owner", help="Only what one of these owns.", show_default="all")]
_AsOf = Annotated[str | None, typer.Option("--as-of", help="A time, or the UUID of a run or version.", show_default="now")]
_Limit = Annotated[int, typer.Option(min=0, max=10_000, help="Most nodes to list.")]
_MOST_GROUPS = 5


def impact(  # noqa: PLR0913 - one option an option
    node: _NodeId,
    *,
    upstream: _Upstream = False,
    depth: _Depth = None,
    grain: _Grain = "all",
    type_: _Type = [],  # noqa: B006
    owner: _Owner = [],  # noqa: B006
    as_of: _AsOf = None,
    limit: _Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Everything downstream of a job or dataset, nearest first, with the way to each."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import find

    client = service(url)
    body = client.get(
        "impact",
        nodeId=find(client, node).id,
        direction="upstream" if upstream else "downstream",
        depth=depth,
        grain=grain,
        type=type_,
        owner=owner,
        asOf=as_of,
        limit=limit,
    )
    if as_json:
        show_json(body)
        return
    told = decoded(body)
    counts = told["counts"]
    show(f"{counts['found']:,} nodes: {counts['datasets']:,} datasets, {counts['jobs']:,} jobs")
    for group in ("types", "owners", "namespaces"):
        if told["groups"][group]:
            show(dim(f"  {group}: "), ", ".join(f"{g['name']} {g['nodes']:,}" for g in told["groups"][group][:_MOST_GROUPS]))
    if told["nodes"]:
        heading("Nearest first")
        table(["STEPS", "TYPE", "NODE", "OWNERS", "BY WAY OF"], [_row(reached) for reached in told["nodes"]])
    for cut in counts["cut"]:
        nodes = f"{cut['nodes']:,} nodes" if cut["nodes"] is not None else "more nodes"
        show(dim(f"{nodes} left out by {cut['rule']}"), err=True)


def _row(node: dict[str, Any]) -> list[str]:
    way = [step.partition(":")[2].rpartition(":")[2] for step in node["path"][1:-1]]
    owners = ", ".join(owner["name"] for owner in node["owners"])
    return [str(node["distance"]), node["type"] or node["kind"], node["id"], owners or "-", " → ".join(way) or "-"]
