"""``headwater diff``: what changed around a node."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.display import show, show_json
from headwater.cli.options import DEFAULT_URL, AsJson, Url, service

_NodeId = Annotated[
    str,
    typer.Argument(metavar="NODE", help="dataset:NAMESPACE:NAME, job:NAMESPACE:NAME, or a name that only one of them has."),
]
_Before = Annotated[
    str,
    typer.Option("--from", help="A time; a version of the dataset, such as v1.2 or its UUID; or the UUID of a run of the job."),
]
_After = Annotated[str | None, typer.Option("--to", help="Likewise.", show_default="now")]
_Direction = Annotated[str, typer.Option(help="upstream, downstream or both.")]
_Form = Annotated[
    str | None,
    typer.Option("--format", help="Print it as dot, mermaid, graphml, csv or openlineage (the later time's events, one a line)."),
]
_Depth = Annotated[int, typer.Option(min=0, help="Steps to go.")]


def diff(  # noqa: PLR0913 - one option an option
    node: _NodeId,
    *,
    before: _Before,
    after: _After = None,
    direction: _Direction = "both",
    depth: _Depth = 5,
    form: _Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """What differs around a job or dataset between two times, two versions or two runs, as Markdown."""
    from headwater.cli.nodes import node_id_of

    client = service(url)
    sides = {"from": before, "to": after}
    asked = {"direction": direction, "depth": depth, "format": form or ("json" if as_json else "markdown")}
    body = client.get("lineage", "diff", nodeId=node_id_of(client, node), **asked, **sides)
    if as_json or form:
        show_json(body)
        return
    for line in body.decode().rstrip("\n").split("\n"):
        show(line)
