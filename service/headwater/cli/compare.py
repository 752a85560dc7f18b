"""``headwater compare``: what differs between two versions of a model."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Annotated, Any

import typer

from headwater.cli.display import dataset_node, heading, show, show_json, table, tell_cut, when
from headwater.cli.options import DEFAULT_URL, AsJson, Form, ModelName, ModelNamespace, Url, service

_Before = Annotated[str, typer.Argument(metavar="FROM", help="A version: its external version, such as v1.2, or our UUID.")]
_After = Annotated[str, typer.Argument(metavar="TO", help="Likewise.")]


def compare(
    namespace: ModelNamespace,
    name: ModelName,
    before: _Before,
    after: _After = "latest",
    *,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """What differs between two versions of a model, and where that begins."""
    from headwater.cli.client import decoded

    sides = {"from": before, "to": after}
    body = service(url).get("models", namespace, name, "compare", format=form or "json", **sides)
    if as_json or form:
        show_json(body)
        return
    told = decoded(body)
    names = [told[side]["externalVersion"] or told[side]["version"] for side in ("before", "after")]
    show(f"{dataset_node(told['before']['id'])}  {' → '.join(names)}")
    show("changed: ", ", ".join(told["changed"]).lower() or "nothing that is known")
    _show_data(told["trainingData"])
    _show_origins(told["origins"])
    _show_values(told)
    tell_cut(told["counts"])


def _show_data(data: list[dict[str, Any]]) -> None:
    if not data:
        return
    heading("Training data")
    rows = [
        [
            change["change"],
            _versions(change["before"]),
            _versions(change["after"]),
            _difference(change),
            dataset_node(change["id"]),
        ]
        for change in data
    ]
    table(["", "FROM", "TO", "ROWS", "DATASET"], rows)
    fields = [[f["change"], f["before"] or "-", f["after"] or "-", f["name"]] for change in data for f in change["fields"]]
    if fields:
        heading("Fields")
        table(["", "FROM", "TO", "FIELD"], fields)


def _versions(read: list[dict[str, Any]]) -> str:
    return ", ".join(version["externalVersion"] or version["version"] for version in read) or "-"


def _difference(change: dict[str, Any]) -> str:
    return "-" if change["rowDifference"] is None else f"{change['rowDifference']:+,}"


def _show_origins(origins: list[dict[str, Any]]) -> None:
    if not origins:
        return
    heading("Where the data begins to differ")
    rows = [
        [
            when(origin["run"]["endedAt"]) if origin["run"] else "-",
            origin["run"]["job"]["name"] if origin["run"] else "a source",
            "other code" if origin["codeChanged"] else "",
            f"{dataset_node(origin['id'])}#{_versions([origin['after']])}",
        ]
        for origin in origins
    ]
    table(["WHEN", "BY", "", "VERSION"], rows)


def _show_values(told: dict[str, Any]) -> None:
    code = told["code"]
    sides = [" ".join(part for part in (side["version"], side["url"]) if part) if side else "-" for side in _sides(code)]
    values = [[f["name"], "-", "yes"] for f in told["features"]["added"]]
    values += [[f["name"], "yes", "-"] for f in told["features"]["removed"]]
    for title, rows in (
        ("Features", values),
        ("Parameters", [[p["name"], *_told(p)] for p in told["parameters"]]),
        ("Code", [["code", *sides]] if code["changed"] else []),
    ):
        if rows:
            heading(title)
            table(["", "FROM", "TO"], rows)
    if told["metrics"]:
        heading("Metrics")
        rows = [[m["name"], *_told(m), "-" if m["difference"] is None else f"{m['difference']:+g}"] for m in told["metrics"]]
        table(["", "FROM", "TO", "DIFFERENCE"], rows)


def _sides(change: dict[str, Any]) -> tuple[Any, Any]:
    return change["before"], change["after"]


def _told(change: dict[str, Any]) -> list[str]:
    return ["-" if side is None else str(side) for side in _sides(change)]
