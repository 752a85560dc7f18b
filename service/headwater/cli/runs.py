"""``headwater runs``"""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from headwater.cli.display import (
    Styled,
    dataset_node,
    dim,
    duration,
    facts,
    heading,
    more,
    prose,
    show,
    show_json,
    state,
    table,
    when,
)
from headwater.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url, service

app = typer.Typer(help="Runs of jobs.", no_args_is_help=True)
_Job = Annotated[str, typer.Argument(metavar="JOB", help="job:NAMESPACE:NAME, a name, or a namespace with NAME behind it.")]
_Name = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)]
_Run = Annotated[str, typer.Argument(metavar="UUID", help="The run's, as its job's list of runs has it.")]
_LONGEST = 400  # characters of a facet that are shown; plans and programs have thousands
_ENVELOPE = ("_producer", "_schemaURL")
_TOLD_ALREADY = ("errorMessage", "nominalTime", "parent")


@app.command(name="list")
def list_runs(
    *,
    job: _Job,
    name: _Name = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Runs of a job, newest first."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import JOB, find

    client = service(url)
    node = find(client, job, name, [JOB])
    body = client.get("namespaces", node.namespace, "jobs", node.name, "runs", limit=limit, offset=offset)
    if as_json:
        show_json(body)
        return
    answer = decoded(body)
    rows = [
        [state(r["state"]), when(r["startedAt"] or r["createdAt"]), duration(r["durationMs"]), r["id"]] for r in answer["runs"]
    ]
    table(["STATE", "STARTED", "TOOK", "RUN"], rows)
    more(offset + len(rows), answer["totalCount"], "runs")


@app.command(name="show")
def show_run(run: _Run, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """One run: why it failed, what it read and wrote, and its facets."""
    from headwater.cli.client import decoded

    body = service(url).get("jobs", "runs", run)
    if as_json:
        show_json(body)
        return
    told = decoded(body)
    show(Styled("run ", "bold"), told["id"], "  ", state(told["state"]))
    facts(_facts(told))
    _show_error(told["facets"].get("errorMessage"))
    _show_datasets("Reads", told["inputDatasetVersions"])
    _show_datasets("Writes", told["outputDatasetVersions"])
    _show_facets({key: body for key, body in told["facets"].items() if key not in _TOLD_ALREADY})


def show_runs(runs: list[dict[str, Any]]) -> None:
    rows = [[state(r["state"]), when(r["startedAt"] or r["createdAt"]), duration(r["durationMs"]), r["id"]] for r in runs]
    table(["STATE", "STARTED", "TOOK", "RUN"], rows)


def _facts(run: dict[str, Any]) -> list[tuple[str, Any]]:
    parent = run["args"]
    nominal = [when(time) for time in (run["nominalStartTime"], run["nominalEndTime"]) if time]
    return [
        ("job", f"job:{run['job']['namespace']}:{run['job']['name']}"),
        ("started", when(run["startedAt"])),
        ("ended", when(run["endedAt"])),
        ("took", duration(run["durationMs"])),
        ("is for", " to ".join(dict.fromkeys(nominal))),
        ("parent run", run["parentRunUuid"]),
        ("parent job", f"job:{parent['namespace']}:{parent['name']}" if {"namespace", "name"} <= parent.keys() else None),
    ]


def _show_error(facet: Any) -> None:
    if isinstance(facet, dict):
        heading("Error")
        for line in prose(str(facet.get("message", ""))):
            show("  ", Styled(str(line), "red"))
        for line in str(facet.get("stackTrace") or "").splitlines():
            show("  ", Styled(line, "dim"))


def _show_datasets(title: str, versions: list[dict[str, Any]]) -> None:
    if not versions:
        return
    heading(title)
    for version in versions:
        dataset = version["datasetVersionId"]
        show(f"  {dataset_node(dataset)}")
        counts = "".join(_counts(version["facets"].get(key)) for key in ("inputStatistics", "outputStatistics"))
        show(Styled(f"    version {dataset['version']}{counts}", "dim"))


def _counts(facet: Any) -> str:
    rows = facet.get("rowCount") if isinstance(facet, dict) else None
    return f"  {rows:,} rows" if isinstance(rows, int) else ""


def _show_facets(facets: dict[str, Any]) -> None:
    if facets:
        heading("Facets")
    for key, body in sorted(facets.items()):
        show("  ", key)
        for line in prose(_content(body)):
            show("    ", dim(str(line)))


def _content(facet: Any) -> str:
    told = {k: v for k, v in facet.items() if k not in _ENVELOPE} if isinstance(facet, dict) else facet
    text = json.dumps(told, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … (--json has all of it)"
