from __future__ import annotations

import csv
import io
from typing import Any

import networkx as nx
import pytest

from headwater.lineage import exports

ODD = 'dataset:db:a "b" <c>\\|;\x01'


def _node(identifier: str, **more: Any) -> dict[str, Any]:
    kind, namespace, name = identifier.split(":", 2)
    told = {"kind": kind.upper(), "namespace": namespace, "name": name, "type": "TABLE", "owners": [], "tags": []}
    return {"id": identifier, **told, **more}


ANSWER = {
    "start": [_node("dataset:db:raw")],
    "nodes": [
        _node("job:etl:load", distance=1, path=["dataset:db:raw", "job:etl:load"]),
        _node(ODD, distance=2, owners=[{"name": "team:x", "type": None}, {"name": "=cmd()", "type": None}], tags=["t"]),
    ],
    "edges": [
        {"origin": "dataset:db:raw", "destination": "job:etl:load"},
        {"origin": "job:etl:load", "destination": ODD},
        {"origin": ODD, "destination": "dataset:db:only an edge names it"},
    ],
}


def test_dot() -> None:
    text = exports.dot(ANSWER)
    assert '"dataset:db:raw" -> "job:etl:load";' in text
    assert '"job:etl:load" [label="load", shape=box];' in text
    assert r"\"b\" <c>\\|;" in text
    assert text.count("->") == 3


def test_mermaid() -> None:
    assert exports.mermaid(ANSWER).splitlines() == [
        "flowchart LR", '  n0[("raw")]', '  n1["load"]', '  n2[("a #quot;b#quot; #lt;c#gt;\\|;\x01")]',
        '  n3[("dataset:db:only an edge names it")]', "  n0 --> n1", "  n1 --> n2", "  n2 --> n3",
    ]  # fmt: skip


def test_graphml_is_read_by_others() -> None:
    graph = nx.parse_graphml(exports.graphml(ANSWER))
    assert graph.number_of_edges() == 3
    assert graph.nodes["job:etl:load"] == {"kind": "JOB", "type": "TABLE", "namespace": "etl", "name": "load", "distance": 1}


def test_csv_has_columns_of_what_only_some_nodes_have() -> None:
    plain = exports.table(ANSWER).splitlines()[0]
    column = _node("datasetField:db:raw", field="mail", affects="BOTH", masked=True)
    rows = exports.table({**ANSWER, "nodes": [*ANSWER["nodes"], column]}).splitlines()
    assert rows[0] == f"{plain},field,affects,masked"
    assert [row.rpartition(",,")[2] for row in rows[1:3]] == ["", ""]
    assert rows[-1].endswith(",mail,BOTH,True")


def test_csv_holds_no_formulas() -> None:
    rows = list(csv.DictReader(io.StringIO(exports.table(ANSWER))))
    assert [row["distance"] for row in rows] == ["1", "2"]
    assert rows[0]["path"] == "dataset:db:raw job:etl:load"
    assert rows[1]["owners"] == "team:x =cmd()"
    formula = {**ANSWER, "nodes": [_node("job:etl:x", owners=[{"name": "=cmd()", "type": None}])]}
    assert next(csv.DictReader(io.StringIO(exports.table(formula))))["owners"] == "'=cmd()"


def test_what_came_went_or_changed_is_marked() -> None:
    nodes = [_node(f"job:etl:{turn}", turn=turn.upper() or None) for turn in ("added", "removed", "changed", "")]
    edges = [
        {"origin": "job:etl:", "destination": node["id"], "turn": node["turn"]} for node in nodes
    ]  # the last is one without a turn
    answer = {"nodes": nodes, "edges": edges}
    text = exports.dot(answer)
    assert '"job:etl:added" [label="added", shape=box, color=forestgreen, style=bold];' in text
    assert '"job:etl:" -> "job:etl:removed" [color=crimson, style=dashed];' in text
    assert '"job:etl:" -> "job:etl:";' in text
    lines = exports.mermaid(answer).splitlines()
    assert [line.split()[1] for line in lines[5:9]] == ["==>", "-.->", "-->", "-->"]
    assert lines[1] == '  n0["added"]:::added'
    assert [line.split()[1] for line in lines[9:]] == ["added", "removed", "changed"]
    graph = nx.parse_graphml(exports.graphml(answer))
    assert [told.get("turn") for _, told in graph.nodes(data=True)] == ["ADDED", "REMOVED", "CHANGED", None]
    assert graph.edges["job:etl:", "job:etl:changed"] == {"turn": "CHANGED"}


def test_a_table_of_its_own() -> None:
    told = exports.tabular(["what", "before"], [{"what": "FIELD", "before": ["=1", "b"], "more": 1}, {"what": "EDGE"}])
    rows = list(csv.DictReader(io.StringIO(exports.table({**ANSWER, "table": told}))))
    assert rows == [{"what": "FIELD", "before": "'=1 b"}, {"what": "EDGE", "before": ""}]


@pytest.mark.parametrize("write", [exports.dot, exports.mermaid, exports.graphml, exports.table])
def test_nothing_found(write: Any) -> None:
    assert write({"start": [], "nodes": [], "edges": []})
