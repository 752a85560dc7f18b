"""``headwater models``, ``trace`` and ``affected``: ML models, what they are made of, and what reaches them."""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from headwater.cli.display import (
    Cell,
    Twig,
    dataset_node,
    dim,
    facts,
    heading,
    more,
    show,
    show_json,
    state,
    table,
    tell_cut,
    tree,
    when,
)
from headwater.cli.options import (
    DEFAULT_URL,
    AsJson,
    AsOf,
    Avoid,
    Form,
    Kinds,
    Limit,
    ModelName,
    ModelNamespace,
    Offset,
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

_Version = Annotated[str, typer.Argument(metavar="VERSION", help="Its external version, such as v1.2, our UUID, or latest.")]
_Depth = Annotated[int | None, typer.Option(min=0, help="Steps from run to run.", show_default="to the sources")]
_NodeId = Annotated[
    str,
    typer.Argument(
        metavar="NODE",
        help="dataset:NAMESPACE:NAME, with #VERSION or not, datasetField:NAMESPACE:DATASET:FIELD, job:NAMESPACE:NAME, run:UUID;"
        " or a name that only one of them has.",
    ),
]
_Distance = Annotated[
    int | None,
    typer.Option(
        "--depth", min=0, help="Steps to a model; from a run or version, those from run to run.", show_default="to the end"
    ),
]
_State = Annotated[
    list[str],
    typer.Option("--state", help="Only those trained by a job whose latest run is so, as FAILED.", show_default="all"),
]
_Models = Annotated[int, typer.Option("--limit", min=0, max=10_000, help="Most models to list.")]
_TraceForm = Annotated[str | None, typer.Option("--format", help="Print it as dot, mermaid, graphml, csv or prov (PROV-JSON).")]
_History = Annotated[str, typer.Option(help="current: by what flows now; all: by all that ever did; since=TIME.")]


def models(
    *,
    namespace: Annotated[str | None, typer.Option(help="Only those of this namespace.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """ML models, by namespace and name."""
    from headwater.cli.client import decoded

    body = service(url).get("models", namespace=namespace, limit=limit, offset=offset, format=form or "json")
    if as_json or form:
        show_json(body)
        return
    answer = decoded(body)
    rows = [
        [
            m["externalVersion"] or "-",
            when(m["updatedAt"]),
            ", ".join(o["name"] for o in m["owners"]) or "-",
            dataset_node(m["id"]),
        ]
        for m in answer["models"]
    ]
    table(["VERSION", "UPDATED", "OWNERS", "MODEL"], rows)
    more(offset + len(rows), answer["totalCount"], "models")


def trace(
    namespace: ModelNamespace,
    name: ModelName,
    version: _Version = "latest",
    *,
    depth: _Depth = None,
    form: _TraceForm = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """What a version of a model was made of, where it is in use, and what is missing to make it again."""
    from headwater.cli.client import decoded

    body = service(url).get("models", namespace, name, "versions", version, "trace", depth=depth, format=form or "json")
    if as_json or form:
        show_json(body)
        return
    told = decoded(body)
    _show_version(told["version"])
    heading("Made of")
    runs = {run["id"]: run for run in told["runs"]}
    training = told["version"]["trainedBy"]
    tree(_made_of(training["id"], told["data"], runs, set()) if training else [])
    _show_use(told)
    _show_missing(told["reproducibility"])
    tell_cut(told["counts"])


def affected(  # noqa: PLR0913 - one option an option
    node: _NodeId,
    *,
    depth: _Distance = None,
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
    history: _History = "current",
    limit: _Models = 100,
    form: Form = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """The models, versions of models and deployments that a dataset, column, job, version or run reaches, nearest first."""
    from headwater.cli.client import decoded
    from headwater.cli.nodes import node_id_of, via

    client = service(url)
    body = client.get(
        "models",
        "affected",
        nodeId=node_id_of(client, node),
        depth=depth,
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
        limit=limit,
        format=form or "json",
    )
    if as_json or form:
        show_json(body)
        return
    told = decoded(body)
    if not told["counts"]["datasets"]:
        show("No model is reached.")
    runs = {run["id"]: f"{run['job']['name']} {when(run['startedAt'])[:16]} ({run['id']})" for run in told["runs"]}
    for model in told["models"]:
        show(model["id"])
        versions = [v["externalVersion"] or v["version"] for v in model["versions"]]
        way = " → ".join(runs.get(step, step) for step in model["path"][1:-1])
        facts([("versions", ", ".join(versions)), ("by way of", way or None)])
    if told["deployments"]:
        heading("Deployments")
        rows = [["active" if d["active"] else "past", when(d["since"]), d["id"]] for d in told["deployments"]]
        table(["", "SINCE", "DEPLOYMENT"], rows)
    tell_cut(told["counts"])


def _show_version(version: dict[str, Any]) -> None:
    run = version["trainedBy"]
    show(f"{dataset_node(version['id'])}  ", version["externalVersion"] or version["version"])
    if run is None:
        show(dim("  No run is known that wrote it."))
        return
    code = run["code"]
    facts(
        [
            ("trained by", f"job:{run['job']['namespace']}:{run['job']['name']}"),
            ("run", run["id"]),
            ("ended", when(run["endedAt"])),
            ("code", " ".join(part for part in (code["version"], code["url"]) if part) if code else None),
            ("parameters", [f"{p['key']} = {p['value']}" for p in run["parameters"]]),
            ("metrics", [f"{m['name']} = {m['value']}" for m in run["metrics"]]),
            ("features", ", ".join(feature["name"] for feature in version["features"])),
        ]
    )


def _made_of(run: str, data: Sequence[dict[str, Any]], runs: dict[str, Any], drawn: set[str]) -> list[Twig]:
    """What a run read, and below each what that was made of; what two runs read is opened once."""
    twigs = []
    for version in data:
        if run in version["readBy"]:
            producer = version["producedBy"]
            opened = producer in runs and producer not in drawn
            drawn |= {producer} if opened else set()
            below = _made_of(producer, data, runs, drawn) if opened else []
            maker = f"by {runs[producer]['job']['name']}" if producer in runs else "a source" if producer is None else ""
            twigs.append(Twig([dataset_node(version["id"]), dim(_pinned(version))], below, maker))
    return twigs


def _pinned(version: dict[str, Any]) -> str:
    parts = [
        f"#{version['externalVersion']}" if version["externalVersion"] else "",
        f"{version['checksum']['algorithm'] or ''}:{version['checksum']['value']}" if version["checksum"] else "",
        f"{version['rowCount']:,} rows" if version["rowCount"] is not None else "",
        "gone" if version["gone"] else "",
    ]
    return "".join(f"  {part}" for part in parts if part)


def _show_use(told: dict[str, Any]) -> None:
    if told["deployments"]:
        heading("Deployed")
        for deployment in told["deployments"]:
            show(
                "  ",
                deployment["id"],
                dim(f"  since {when(deployment['since'])}{'' if deployment['active'] else ', not any more'}"),
            )
    if told["servingRuns"]:
        heading("Used by")
        rows: list[list[Cell]] = [
            [state(r["state"]), when(r["startedAt"]), f"job:{r['job']['namespace']}:{r['job']['name']}"]
            for r in told["servingRuns"]
        ]
        table(["STATE", "STARTED", "JOB"], rows)
    for title, key in (("Predictions", "predictions"), ("Models made of it", "derivedModels")):
        if told[key]:
            heading(title)
            for dataset in dict.fromkeys(dataset_node(output["id"]) for output in told[key]):
                show("  ", dataset)


def _show_missing(found: dict[str, Any]) -> None:
    heading(f"Can it be made again? {found['score']:.0%}: {found['known']} of {found['needed']} things are known")
    by_message: dict[str, list[str]] = {}
    for missing in found["missing"]:
        by_message.setdefault(missing["message"], []).append(missing["nodeId"])
    for message, node_ids in by_message.items():
        show("  ", message)
        for node_id in node_ids:
            show("    ", dim(node_id))
