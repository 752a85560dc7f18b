"""``headwater impact`` and ``headwater lineage``, as far as they ask by our own parameters."""

from __future__ import annotations

import json
import re

import pytest
from tests.build import Event, dataset, run_event, run_uuid
from tests.cli.conftest import Command
from tests.lineage.graphs import complete

from headwater.cli.impact import way

DB = "dataset:db://shop:"
_EMAIL = {"namespace": "db://shop", "name": "people", "field": "email"}
_HASHED = {
    "columnLineage": {
        "fields": {"hash": {"inputFields": [{**_EMAIL, "transformations": [{"type": "DIRECT", "masking": True}]}]}},
        "dataset": [{**_EMAIL, "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}]}],
    }
}


def _task(task: str, inputs: str, outputs: str) -> Event:
    parent = {"run": {"runId": str(run_uuid("dag"))}, "job": {"namespace": "shop", "name": "dag"}}
    event = complete(f"dag.{task}", inputs, outputs, "08:10", task)
    event["run"]["facets"] = {"parent": parent}
    return event


SENT = [
    complete("load", "raw", "orders", "08:00", "load"),
    _task("clean", "orders", "clean"),
    _task("sum", "clean", "revenue"),
    run_event("COMPLETE", "08:20", "dag", "dag"),
    run_event("COMPLETE", "08:30", "hash", "hash", inputs=["people"], outputs=[dataset("hashed", _HASHED)]),
    complete("report", "hashed", "board", "08:40"),
    run_event("FAIL", "09:00", "mail", "mail", inputs=["revenue"]),
]
pytestmark = pytest.mark.usefixtures("on_told_service")


def test_what_is_reached_and_by_which_way(headwater: Command) -> None:
    done = headwater("impact", "orders", "--grain", "dataset")
    assert done.status == 0
    assert "2 nodes: 2 datasets" in done.out
    assert "dag.clean → clean → dag.sum" in done.out


def test_filters_and_ways(headwater: Command) -> None:
    def names(*options: str) -> list[str]:
        return [node["name"] for node in headwater("impact", "raw", "--json", *options).json["nodes"]]

    assert names("--state", "failed") == ["mail"]
    assert names("--namespace", "shop", "--name", "dag.*") == ["dag.clean", "dag.sum"]
    assert names("--stop-at", "job:shop:dag.clean") == ["load", "orders", "dag.clean"]
    assert names("--avoid", "orders") == ["load"]
    assert names("--through", "revenue", "--grain", "job", "--kind", "input", "--kind", "output")[-1] == "mail"
    assert names("--as-of", "2026-03-01T08:05:00Z") == ["load", "orders"]


def test_what_it_stands_on(headwater: Command) -> None:
    done = headwater("impact", "revenue", "--direction", "upstream", "--grain", "dataset")
    assert "orders → dag.clean → clean → dag.sum" in done.out
    assert headwater("impact", "revenue", "--upstream", "--grain", "dataset").out == done.out
    refused = headwater("impact", "revenue", "--direction", "sideways")
    assert (refused.status, "must be one of [DOWNSTREAM, UPSTREAM, BOTH]" in refused.err) == (1, True)


def test_both_ways_with_the_side_of_each(headwater: Command) -> None:
    def rows(*options: str) -> list[list[str]]:
        lines = headwater("impact", *options, "--direction", "both").out.splitlines()
        return [re.split(" {2,}", line) for line in lines if "  " in line.strip()]

    assert rows("clean", "--grain", "dataset") == [
        ["STEPS", "SIDE", "TYPE", "NODE", "OWNERS", "BY WAY OF"],
        ["1", "downstream", "DATASET", f"{DB}revenue", "-", "dag.sum"],
        ["1", "upstream", "DATASET", f"{DB}orders", "-", "dag.clean"],
        ["2", "upstream", "DATASET", f"{DB}raw", "-", "load → orders → dag.clean"],
    ]
    assert ["1", "both", "2 jobs", "job:shop:dag"] in rows("clean", "--collapse", "parents")
    by_column = rows("datasetField:db://shop:hashed:hash")
    assert ["1", "upstream", "values, rows, masked, last column", "datasetField:db://shop:people:email", "-", "-"] in by_column
    assert by_column[-2:] == [["STEPS", "SIDE", "TYPE", "NODE", "OWNERS", "FROM"],
                              ["1", "downstream", "DATASET", f"{DB}board", "-", f"{DB}hashed"]]  # fmt: skip


def test_collapsed_to_dags(headwater: Command) -> None:
    done = headwater("impact", "raw", "--collapse", "parents")
    assert "job:shop:dag\n" in done.out
    assert "dag.clean" not in done.out


def test_columns_downstream_tell_what_bears_on_every_row(headwater: Command) -> None:
    done = headwater("columns", f"{DB}people", "--field", "email", "--downstream")
    assert done.out.splitlines() == [
        f"{DB}people",
        "  └ email",
        "    ├ hash of hashed  DIRECT masked  db://shop",
        f"    └ every row of {DB}hashed  FILTER",
    ]


def test_columns_collapsed(headwater: Command) -> None:
    email = ("columns", f"{DB}people", "--field", "email", "--downstream", "--collapse")
    done = headwater(*email, "parents")
    assert (done.status, done.out.splitlines()) == (
        0,
        ["2 columns", "", "Nearest first", "STEPS  STANDS FOR  NODE", f"1      2 columns   {DB}hashed"],
    )
    told = headwater(*email, "namespaces", "--json").json
    assert [(edge["origin"], edge["destination"]) for edge in told["edges"]] == []
    assert [(node["id"], node["columns"]) for node in told["nodes"]] == [("namespace:db://shop", 2)]
    up = headwater("columns", "hashed", "--collapse", "parents", "--json").json
    assert [(edge["origin"], edge["destination"], edge["columns"]) for edge in up["edges"]] == [(f"{DB}people", f"{DB}hashed", 2)]
    assert headwater("columns", "hashed", "--collapse", "parents", "--format", "dot").out.startswith("digraph")
    refused = headwater("columns", "hashed", "--collapse", "owners")
    assert (refused.status, "must be one of [PARENTS, NAMESPACES]" in refused.err) == (1, True)


def test_how_columns_are_affected_and_where_data_flows_on_without(headwater: Command) -> None:
    done = headwater("impact", "datasetField:db://shop:people:email")
    assert "2 columns: 1 datasets, 1 values, 1 rows" in done.out
    rows = [re.sub(" {2,}", "  ", line) for line in done.out.splitlines()]
    assert "1  values, masked, last column  datasetField:db://shop:hashed:hash  -  -" in rows
    assert f"1  rows, last column  {DB}hashed  -  -" in rows
    assert f"2  DATASET  {DB}board  -  {DB}hashed" in rows


def test_ways_name_columns_with_their_tables_and_all_without_namespaces() -> None:
    nodes = ["datasetField:db://shop:a:x", "datasetField:db://shop:b:y.z", "job:shop:dag.load", "dataset:db://shop:c", "end"]
    assert way({"path": nodes}) == "b.y.z → dag.load → c"
    assert way({"path": nodes[:2]}) == "-"


def test_of_a_run_and_of_a_version(headwater: Command) -> None:
    done = headwater("impact", f"run:{run_uuid('load')}", "--grain", "run")
    assert f"run:{run_uuid('sum')}" in done.out
    done = headwater("impact", f"{DB}clean#latest")
    assert f"came in with: run:{run_uuid('clean')} of job:shop:dag.clean" in done.out


@pytest.mark.parametrize("command", [["impact", "raw"], ["lineage", "raw"], ["paths", "raw", "revenue"]])
def test_forms_of_other_programs(headwater: Command, command: list[str]) -> None:
    assert headwater(*command, "--format", "dot").out.startswith("digraph")
    events = [json.loads(line) for line in headwater(*command, "--format", "openlineage").out.splitlines() if line]
    assert {event["job"]["name"] for event in events if "job" in event} >= {"load", "dag.clean", "dag.sum"}


def test_lineage_as_it_was(headwater: Command) -> None:
    done = headwater("lineage", "orders", "--as-of", "2026-03-01T08:05:00Z")
    assert "load" in done.out
    assert "dag.clean" not in done.out
    assert "dag.clean" in headwater("lineage", "orders").out


def test_what_the_service_refuses_is_told(headwater: Command) -> None:
    done = headwater("impact", "raw", "--kind", "wire")
    assert done.status == 1
    assert "must be one of [INPUT, OUTPUT" in done.err


@pytest.mark.parametrize("command", [["impact"], ["paths", f"{DB}raw"], ["diff", "--from", "2026-01-01T00:00:00Z"]])
def test_who_mistypes_a_node_id_is_told_those_like_it(headwater: Command, command: list[str]) -> None:
    done = headwater(*command, f"{DB}revenu")
    assert done.status == 1
    assert f"{DB}revenue" in done.err
