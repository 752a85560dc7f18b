"""``headwater jobs``"""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Annotated, Any

import typer

from headwater.cli.display import (
    Cell,
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
from headwater.cli.runs import show_runs

app = typer.Typer(help="Jobs, and what they read and write.", no_args_is_help=True)
_Namespace = Annotated[str | None, typer.Option(help="Only jobs of this namespace.", show_default="all")]
_State = Annotated[list[str] | None, typer.Option(help="Only jobs whose latest run is so, such as FAILED; repeatable.")]
_Job = Annotated[str, typer.Argument(metavar="JOB", help="job:NAMESPACE:NAME, a name, or a namespace with NAME behind it.")]
_Name = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)]


@app.command(name="list")
def list_jobs(
    *,
    namespace: _Namespace = None,
    state: _State = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Jobs, those with the latest event first, with their latest runs."""
    path = ("jobs",) if namespace is None else ("namespaces", namespace, "jobs")
    client = service(url)
    body = client.get(*path, limit=limit, offset=offset, lastRunStates=state or None)
    if as_json:
        show_json(body)
        return
    answer = _decoded(body)
    table(["STATE", "LATEST RUN", "TOOK", "JOB"], [_row(job) for job in answer["jobs"]])
    more(offset + len(answer["jobs"]), answer["totalCount"], "jobs")


@app.command(name="show")
def show_job(job: _Job, name: _Name = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """One job: what it reads and writes now, and its latest runs."""
    from headwater.cli.nodes import JOB, find

    node = find(service(url), job, name, [JOB])
    if as_json:
        show_json(node.body)
        return
    show(node.id)
    told = _decoded(node.body)
    facts(_facts(told))
    if told["latestRuns"]:
        heading("Latest runs")
        show_runs(told["latestRuns"])


def _decoded(body: bytes) -> Any:
    from headwater.cli.client import decoded

    return decoded(body)


def _row(job: dict[str, Any]) -> list[Cell]:
    run = job["latestRun"]
    node = f"job:{job['namespace']}:{job['name']}"
    if run is None:
        return [dim("-"), "-", "-", node]
    return [state(run["state"]), when(run["startedAt"] or run["createdAt"]), duration(run["durationMs"]), node]


def _facts(job: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("type", " ".join([job["type"], *job["labels"]])),
        ("description", prose(job["description"] or "")),
        ("owners", [owner["name"] for owner in job["owners"]]),
        ("tags", " ".join(job["tags"])),
        ("parent", job["parentJobName"]),
        ("code", job["location"]),
        ("first event", when(job["createdAt"])),
        ("last event", when(job["updatedAt"])),
        ("reads", [dataset_node(d) for d in job["inputs"]]),
        ("writes", [dataset_node(d) for d in job["outputs"]]),
        ("facets", prose(" ".join(sorted(job["facets"])))),
    ]
