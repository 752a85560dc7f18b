"""``headwater impact``: what breaks if a job or dataset changes, or what it stands on."""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeAlias

import typer

from headwater.cli.display import dim, heading, show, show_json, table, tell_cut
from headwater.cli.options import (
    DEFAULT_URL,
    AsJson,
    AsOf,
    Avoid,
    Collapse,
    Form,
    History,
    Kinds,
    OnlyNames,
    OnlyNamespaces,
    OnlyOwners,
    OnlyTags,
    OnlyTypes,
    StopAt,
    Through,
    Url,
    service,
)

_NodeId = Annotated[
    str,
    typer.Argument(
        metavar="NODE",
        help="dataset:NAMESPACE:NAME, job:NAMESPACE:NAME, or a name that only one of them has; run:UUID,"
        " dataset:NAMESPACE:NAME#VERSION or datasetField:NAMESPACE:DATASET:FIELD.",
    ),
]
_Direction = Annotated[str, typer.Option(help="downstream: what stands on NODE; upstream: what it stands on; or both.")]
_Upstream = Annotated[bool, typer.Option("--upstream", help="The same as --direction upstream.")]
_Depth = Annotated[int | None, typer.Option(min=0, help="Steps to go.", show_default="to the end")]
_Grain = Annotated[str, typer.Option(help="all, dataset, job, column, run or version: what is told and counts as a step.")]
_State = Annotated[list[str], typer.Option("--state", help="Only jobs whose latest run is so, as FAILED.", show_default="all")]
_Paths = Annotated[int, typer.Option(min=0, max=20, help="How many ways to tell to each node, with --json or --format.")]
_Limit = Annotated[int, typer.Option(min=0, max=10_000, help="Most nodes to list.")]
_Row: TypeAlias = Callable[[dict[str, Any]], list[str]]
_MOST_GROUPS = 5
_COUNTED = ("datasets", "jobs", "columns", "runs", "versions")
_AFFECTED = ("datasets", "values", "rows", "both")


def impact(  # noqa: PLR0913 - one option an option
    node: _NodeId,
    *,
    direction: _Direction = "downstream",
    upstream: _Upstream = False,
    depth: _Depth = None,
    grain: _Grain = "all",
    namespace: OnlyNamespaces = [],  # noqa: B006
    name: OnlyNames = None,
    type_: OnlyTypes = [],  # noqa: B006
    owner: OnlyOwners = [],  # noqa: B006
    tag: OnlyTags = [],  # noqa: B006
    state: _State = [],  # noqa: B006
    through: Through = [],  # noqa: B006
    avoid: Avoid = [],  # noqa: B006
    stop_at: StopAt = [],  # noqa: B006
    kinds: Kinds = [],  # noqa: B006
    as_of: AsOf = None,
    history: History = None,
    collapse: Collapse = None,
    paths: _Paths = 1,
    limit: _Limit = 50,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Everything downstream or upstream of a job, dataset, column, run or version, or both, nearest first, with the ways."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import node_id_of, via

    client = service(url)
    body = client.get(
        "impact",
        nodeId=node_id_of(client, node),
        direction="upstream" if upstream else direction,
        depth=depth,
        grain=grain,
        namespace=namespace,
        name=name,
        type=type_,
        owner=owner,
        tag=tag,
        state=state,
        **via(client, through, avoid, stop_at),
        kinds=kinds,
        asOf=as_of,
        history=history,
        collapse=collapse,
        paths=paths,
        limit=limit,
        format=form or "json",
    )
    if as_json or form:
        show_json(body)
        return
    _show(decoded(body))


def _show(told: dict[str, Any]) -> None:
    counts = told["counts"]
    by_columns, sided = "tableLevel" in told, told["direction"] == "both"
    nodes, of = ("columns", _counted(counts, _AFFECTED)) if by_columns else ("nodes", _counted(counts))
    show(f"{counts['found']:,} {nodes}{': ' if of else ''}{of}")
    if first := told.get("introducedBy"):
        show(dim("  came in with: "), f"{first['id']} of job:{first['namespace']}:{first['name']}")
    for group in ("types", "owners", "namespaces"):
        if told["groups"][group]:
            show(dim(f"  {group}: "), ", ".join(f"{g['name']} {g['nodes']:,}" for g in told["groups"][group][:_MOST_GROUPS]))
    if told["nodes"]:
        heading("Nearest first")
        if "collapsed" in counts:
            show_heaps(told["nodes"], sided=sided)
        elif by_columns:
            _table(["STEPS", "AFFECTS", "NODE", "OWNERS", "BY WAY OF"], _column, told["nodes"], sided=sided)
        else:
            _table(["STEPS", "TYPE", "NODE", "OWNERS", "BY WAY OF"], _row, told["nodes"], sided=sided)
    if by_columns and told["tableLevel"]["found"]:
        _show_tables(told["tableLevel"], sided=sided)
    tell_cut(counts)


def _counted(told: dict[str, Any], kinds: tuple[str, ...] = _COUNTED) -> str:
    return ", ".join(f"{told[kind]:,} {kind}" for kind in kinds if told.get(kind))


def show_heaps(nodes: Iterable[dict[str, Any]], *, sided: bool = False) -> None:
    """Collapsed nodes, with what each stands for; ``sided``: and on which side they lie."""
    _table(["STEPS", "STANDS FOR", "NODE"], _heap, nodes, sided=sided)


def _table(heads: list[str], row: _Row, nodes: Iterable[dict[str, Any]], *, sided: bool) -> None:
    """Steps first, and ``sided`` then the side."""
    rows = [(node, row(node)) for node in nodes]
    if sided:
        table([heads[0], "SIDE", *heads[1:]], [[told[0], node["side"], *told[1:]] for node, told in rows])
    else:
        table(heads, [told for _, told in rows])


def _heap(node: dict[str, Any]) -> list[str]:
    return [str(node["distance"]), _counted(node), node["id"]]


def _row(node: dict[str, Any]) -> list[str]:
    return [str(node["distance"]), node["type"] or node["kind"], node["id"], _owners(node), way(node)]


def _column(node: dict[str, Any]) -> list[str]:
    marks = {"masked": node["masked"], "not for sure": not node["resolved"], "last column": node["ends"] is True}
    affects = "values, rows" if node["affects"] == "BOTH" else node["affects"].lower()
    told = ", ".join([affects, *(mark for mark, holds in marks.items() if holds)])
    return [str(node["distance"]), told, node["id"], _owners(node), way(node)]


def _show_tables(told: dict[str, Any], *, sided: bool) -> None:
    heading("Data flows on, but nobody tells its columns")
    _table(["STEPS", "TYPE", "NODE", "OWNERS", "FROM"], _next, told["nodes"], sided=sided)
    if left := told["found"] - len(told["nodes"]):
        show(dim(f"{left:,} more like these"))
    if told["beyond"]:
        show(dim(f"{told['beyond']:,} datasets further on"))


def _next(node: dict[str, Any]) -> list[str]:
    return [str(node["distance"]), node["type"] or node["kind"], node["id"], _owners(node), node["nearest"]]


def _owners(node: dict[str, Any]) -> str:
    return ", ".join(owner["name"] for owner in node["owners"]) or "-"


def way(node: dict[str, Any]) -> str:
    return " → ".join(map(_short, node["path"][1:-1])) or "-"


def _short(node_id: str) -> str:
    """Without its namespace."""
    kind, _, name = node_id.partition(":")
    if kind != "datasetField":
        return name.rpartition(":")[2]
    dataset, _, field = name.rpartition(":")
    return f"{dataset.rpartition(':')[2]}.{field}"
