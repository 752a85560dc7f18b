"""``headwater search``"""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.display import more, show_json, table, when
from headwater.cli.options import DEFAULT_URL, AsJson, Limit, Url, service

_Text = Annotated[str, typer.Argument(help="Part of a name, in any case.")]
_Kind = Annotated[str | None, typer.Option(help="dataset or job; both without it.", show_default=False)]
_Namespace = Annotated[str | None, typer.Option(help="Only in this namespace.", show_default="all")]


def search(
    text: _Text,
    *,
    kind: _Kind = None,
    namespace: _Namespace = None,
    limit: Limit = 20,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Find jobs and datasets by name."""
    from headwater.cli.client import decoded

    body = service(url).get("search", q=text, filter=kind, namespace=namespace, limit=limit)
    if as_json:
        show_json(body)
        return
    answer = decoded(body)
    table(["LAST EVENT", "NODE"], [[when(r["updatedAt"]), r["nodeId"]] for r in answer["results"]])
    more(len(answer["results"]), answer["totalCount"], "matches")
