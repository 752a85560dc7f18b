"""Impact of both sides, held against the answers of each."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import httpx

Told = dict[str, Any]
_KINDS = frozenset({"datasets", "jobs", "columns", "runs", "versions"})


async def ask_both(client: httpx.AsyncClient, node_id: str, **asked: Any) -> Told:
    """The answer, of a page that holds all there is: it is the union of the other two, whatever else is asked."""
    answers = []
    for direction in ("downstream", "upstream", "both"):
        parameters = {"nodeId": node_id, "limit": 1_000, **asked, "direction": direction}
        answer = await client.get("/api/v1/impact", params=parameters)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    down, up, both = answers
    assert (both["direction"], both["start"]) == ("both", down["start"])
    assert {node["side"] for node in down["nodes"]} <= {"downstream"}
    assert {node["side"] for node in up["nodes"]} <= {"upstream"}
    nodes = united(down["nodes"], up["nodes"])
    assert {node["id"]: node for node in both["nodes"]} == nodes
    assert len(both["nodes"]) == len(nodes)
    distances = [node["distance"] for node in both["nodes"]]
    assert distances == sorted(distances)
    _check_edges(both, down, up)
    _check_counts(both, down, up)
    if "tableLevel" in both:
        tables, sides = both["tableLevel"], [side["tableLevel"] for side in (down, up)]
        assert {node["id"]: node for node in tables["nodes"]} == united(*(side["nodes"] for side in sides))
        assert tables["found"] == len(tables["nodes"])
        assert max(side["beyond"] for side in sides) - tables["found"] <= tables["beyond"]
        assert tables["beyond"] <= sum(side["beyond"] for side in sides)
    return dict(both)


def united(downstream: list[Told], upstream: list[Told]) -> dict[str, Told]:
    """By id each node as it is told on the side of its shorter way, downstream where both are as long."""
    down, up = ({node["id"]: node for node in side} for side in (downstream, upstream))
    twice = {node: {"side": "both"} for node in down.keys() & up.keys()}
    nearest = {node: min((side[node] for side in (down, up) if node in side), key=_distance) for node in down.keys() | up.keys()}
    return {node: {**told, **twice.get(node, {})} for node, told in nearest.items()}


def _distance(node: Told) -> int:
    return int(node["distance"])


def _check_edges(both: Told, down: Told, up: Told) -> None:
    """Those of the ways that are told, each as it is told elsewhere."""
    known = {_ends(edge): _ordered(edge) for side in (up, down) for edge in side["edges"]}
    told = {_ends(edge): _ordered(edge) for edge in both["edges"]}
    ways = [way for node in both["nodes"] for way in (node["path"], *node["otherPaths"])]
    assert told.keys() == {pair for way in ways for pair in pairwise(way)}
    assert told == {ends: known[ends] for ends in told}


def _ends(edge: Told) -> tuple[str, str]:
    return edge["origin"], edge["destination"]


def _ordered(edge: Told) -> Told:
    """What two names of a dataset tell since the same time has no order."""
    return {**edge, "evidence": sorted(edge.get("evidence", ()), key=str)}


def _check_counts(both: Told, down: Told, up: Told) -> None:
    sides, counts = [side["counts"] for side in (down, up)], both["counts"]
    assert both["complete"] == (down["complete"] and up["complete"])
    assert {cut["rule"] for cut in counts["cut"]} >= {cut["rule"] for side in sides for cut in side["cut"]} - {"filter"}
    for kind in _KINDS & counts.keys():
        assert max(side[kind] for side in sides) <= counts[kind] <= sum(side[kind] for side in sides)
    if "values" in counts and not any(cut["rule"] == "filter" for cut in counts["cut"]):
        affects = Counter(node["affects"] for node in both["nodes"])
        assert (counts["values"], counts["rows"], counts["both"]) == (affects["VALUES"], affects["ROWS"], affects["BOTH"])
    filtered = sum(cut["nodes"] or 0 for cut in counts["cut"] if cut["rule"] == "filter")
    assert counts["found"] == len(both["nodes"]) + filtered
    assert both["groups"]["of"] <= counts["found"]
    if counts["edges"]["found"] is not None:
        assert counts["edges"]["found"] >= counts["edges"]["returned"] == len(both["edges"])
