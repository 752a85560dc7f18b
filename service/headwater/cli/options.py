"""Options that several commands have."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from headwater.cli.client import Client

DEFAULT_URL = "http://127.0.0.1:5000"

Url: TypeAlias = Annotated[str, typer.Option("--url", envvar="HEADWATER_URL", help="Where the service is.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the service's answer as it is.")]
Limit: TypeAlias = Annotated[int, typer.Option(min=0, help="Most entries to list.")]
Offset: TypeAlias = Annotated[int, typer.Option(min=0, help="How many to pass over.")]

AsOf: TypeAlias = Annotated[
    str | None, typer.Option("--as-of", help="A time, or the UUID of a run or version.", show_default="now")
]
History: TypeAlias = Annotated[
    str | None, typer.Option(help="all, or since=TIME: what was there at any time.", show_default="what was current")
]
Kinds: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--kind",
        help="Only such edges: input, output, dataset_lineage, job_lineage, job_dependency (control flow).",
        show_default="all but control flow",
    ),
]
Form: TypeAlias = Annotated[
    str | None, typer.Option("--format", help="Print it as dot, mermaid, graphml, csv or openlineage (events, one a line).")
]
Collapse: TypeAlias = Annotated[
    str | None, typer.Option(help="To parents (DAGs, and tables for columns), or to namespaces.", show_default="not")
]
OnlyNamespaces: TypeAlias = Annotated[
    list[str], typer.Option("--namespace", help="Only what is in one of these.", show_default="all")
]
OnlyNames: TypeAlias = Annotated[
    str | None, typer.Option("--name", help="Only these names; * stands for any characters.", show_default="all")
]
OnlyTypes: TypeAlias = Annotated[list[str], typer.Option("--type", help="Only these, such as MODEL.", show_default="all")]
OnlyOwners: TypeAlias = Annotated[list[str], typer.Option("--owner", help="Only what one of these owns.", show_default="all")]
OnlyTags: TypeAlias = Annotated[list[str], typer.Option("--tag", help="Only what has one of these.", show_default="all")]
Through: TypeAlias = Annotated[
    list[str], typer.Option("--through", metavar="NODE", help="Only by way of one of these.", show_default="all")
]
Avoid: TypeAlias = Annotated[list[str], typer.Option("--avoid", metavar="NODE", help="Not by way of these.", show_default="none")]
StopAt: TypeAlias = Annotated[
    list[str], typer.Option("--stop-at", metavar="NODE", help="No further than these.", show_default="none")
]
ModelNamespace: TypeAlias = Annotated[str, typer.Argument(metavar="NAMESPACE", help="Of the model.")]
ModelName: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Of the model.")]


def service(url: str) -> Client:
    """Raises Invalid where ``url`` is none; whether anybody answers there shows at the first request."""
    from headwater.cli.client import Client

    return Client(url)
