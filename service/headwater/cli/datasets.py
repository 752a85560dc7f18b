"""``headwater datasets``"""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.display import Cell, Styled, dataset_node, dim, facts, heading, more, prose, show, show_json, table, when
from headwater.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url, service

if TYPE_CHECKING:
    from headwater.cli.client import Client

app = typer.Typer(help="Datasets, their fields and versions.", no_args_is_help=True)
_Namespace = Annotated[str | None, typer.Option(help="Only datasets of this namespace.", show_default="all")]
_Dataset = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="dataset:NAMESPACE:NAME, a name, or a namespace with NAME behind it."),
]
_Name = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)]
_MOST_NAMESPACES = 10_000


@app.command(name="list")
def list_datasets(
    *,
    namespace: _Namespace = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Datasets by namespace and name."""
    client = service(url)
    answer = _list(client, namespace, limit, offset) if namespace is not None else _list_all(client, limit, offset)
    if as_json:
        show_json(json.dumps(answer, ensure_ascii=False).encode())
        return
    table(["LAST EVENT", "FIELDS", "TAGS", "DATASET"], [_row(dataset) for dataset in answer["datasets"]])
    more(offset + len(answer["datasets"]), answer["totalCount"], "datasets")


@app.command(name="show")
def show_dataset(dataset: _Dataset, name: _Name = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """One dataset: what it is, its fields, and where they come from."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import DATASET, find

    node = find(service(url), dataset, name, [DATASET])
    if as_json:
        show_json(node.body)
        return
    show(node.id)
    told = decoded(node.body)
    facts(_facts(told))
    _show_fields(told["fields"])
    _show_assertions(told["facets"])


@app.command()
def versions(
    *,
    dataset: _Dataset,
    name: _Name = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Versions of a dataset, newest first, with the runs that wrote them."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import DATASET, find

    client = service(url)
    node = find(client, dataset, name, [DATASET])
    body = client.get("namespaces", node.namespace, "datasets", node.name, "versions", limit=limit, offset=offset)
    if as_json:
        show_json(body)
        return
    answer = decoded(body)
    show(Styled(f"{'WRITTEN':<20}  {'VERSION':<36}  CALLED", "bold"))
    for version in answer["versions"]:
        _show_version(version)
    more(offset + len(answer["versions"]), answer["totalCount"], "versions")


def _list(client: Client, namespace: str, limit: int, offset: int) -> dict[str, Any]:
    answer: dict[str, Any] = client.read("namespaces", namespace, "datasets", limit=limit, offset=offset)
    return answer


def _list_all(client: Client, limit: int, offset: int) -> dict[str, Any]:
    """One namespace after another, as the service lists datasets of one at a time."""
    datasets: list[Any] = []
    total = 0
    for namespace in client.read("namespaces", limit=_MOST_NAMESPACES)["namespaces"]:
        answer = _list(client, namespace["name"], max(limit - len(datasets), 0), max(offset - total, 0))
        datasets += answer["datasets"]
        total += answer["totalCount"]
    return {"totalCount": total, "datasets": datasets}


def _row(dataset: dict[str, Any]) -> list[Cell]:
    return [when(dataset["updatedAt"]), str(len(dataset["fields"])), _tags(dataset["tags"]), dataset_node(dataset)]


def _tags(tags: list[str]) -> str:
    return " ".join(sorted(tags)) or "-"


def _facts(dataset: dict[str, Any]) -> list[tuple[str, Any]]:
    kind = dataset["facets"].get("datasetType") or {}
    return [
        ("type", kind.get("datasetType") or dataset["type"]),
        ("deleted", Styled("yes", "bold red") if dataset["deleted"] else None),
        ("source", dataset["sourceName"]),
        ("description", prose(dataset["description"] or "")),
        ("owners", [owner["name"] for owner in dataset["owners"]]),
        ("tags", " ".join(dataset["tags"])),
        ("first event", when(dataset["createdAt"])),
        ("last event", when(dataset["updatedAt"])),
        ("version", dataset["currentVersion"]),
        ("facets", prose(" ".join(sorted(dataset["facets"])))),
    ]


def _show_fields(fields: list[dict[str, Any]]) -> None:
    if fields:
        show("")
        rows = [[f["name"], f["type"] or "-", _tags(f["tags"]), f["description"] or ""] for f in fields]
        table(["FIELD", "TYPE", "TAGS", "DESCRIPTION"], rows)


def _show_assertions(facets: dict[str, Any]) -> None:
    """The latest checks; a facet may hold anything, so what does not look like a check is passed over."""
    checks = list(_assertions(facets.get("dataQualityAssertions")))
    if checks:
        heading("Latest checks")
        for success, what in checks:
            show("  ", Styled("passed", "green") if success else Styled("failed", "bold red"), f"  {what}")


def _assertions(facet: Any) -> Iterator[tuple[bool, str]]:
    told = facet.get("assertions") if isinstance(facet, dict) else None
    for check in told if isinstance(told, list) else []:
        if isinstance(check, dict):
            column = f" of {check['column']}" if check.get("column") else ""
            yield bool(check.get("success")), f"{check.get('assertion')}{column}"


def _show_version(version: dict[str, Any]) -> None:
    """Two lines, as two UUIDs do not fit into one."""
    called = version["externalVersion"] or "-"
    state = f"  {version['lifecycleState']}" if version["lifecycleState"] else ""
    show(f"{when(version['createdAt'])}  {version['version']}  {called}{state}")
    run = version["createdByRun"]
    if run is not None:
        show(dim(f"  run {run['id']} of job:{run['job']['namespace']}:{run['job']['name']}"))
