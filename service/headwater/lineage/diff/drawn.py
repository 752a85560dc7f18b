"""A difference as a graph in which nodes and edges say whether they came, went or changed, and as a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from headwater.entities.diff import Change, EdgeChange, GraphDiff, IoDiff, NodeChange, RunDiff, Statistic, VersionDiff
from headwater.lineage.exports import Answer, tabular

Row: TypeAlias = Mapping[str, object]

COLUMNS = ("turn", "what", "node", "name", "source", "before", "after", "at", "run")


def drawn(diff: GraphDiff | VersionDiff | RunDiff, after: Mapping[str, Any] | None = None) -> Answer:
    """For ``exports``. ``after``: of two times the graph at the later one, in which the difference is shown."""
    match diff:
        case GraphDiff():
            return _graph(diff, after or {"nodes": [], "edges": []})
        case VersionDiff():
            turn = "CHANGED" if diff.changes or diff.statistics else None
            return {"nodes": [{**diff.node.__dict__, "turn": turn}], "edges": _io_edges(diff.runs) if diff.runs else []}
        case _:
            return {"nodes": [], "edges": _io_edges(diff)}


def listed(diff: GraphDiff | VersionDiff | RunDiff) -> Answer:
    """For ``exports``: a row for each difference."""
    match diff:
        case GraphDiff():
            rows = _graph_rows(diff)
        case VersionDiff():
            rows = _version_rows(diff)
        case _:
            rows = _run_rows(diff)
    return {"nodes": [], "edges": [], "table": tabular(COLUMNS, rows)}


def _graph(diff: GraphDiff, after: Mapping[str, Any]) -> Answer:
    turns = dict.fromkeys((change.node for change in diff.changes), "CHANGED")
    turns |= dict.fromkeys((node.id for node in diff.nodes.added), "ADDED")
    added = {(edge.origin, edge.destination) for edge in diff.edges.added}
    edges = [(edge.origin, edge.destination) for edge in after["edges"]]
    return {
        "nodes": [
            *({**node, "turn": turns.get(node["id"])} for node in after["nodes"]),
            *({**node.__dict__, "turn": "REMOVED"} for node in diff.nodes.removed),
        ],
        "edges": [
            *(_edge(*ends, "ADDED" if ends in added else None) for ends in edges),
            *(_edge(edge.origin, edge.destination, "REMOVED") for edge in diff.edges.removed),
        ],
    }


def _io_edges(diff: RunDiff) -> list[Row]:
    """By the second run's job."""
    job = diff.after.job
    inputs = [_edge(io.dataset, job, io.turn) for io in diff.inputs]
    return inputs + [_edge(job, io.dataset, io.turn) for io in diff.outputs]


def _edge(origin: str, destination: str, turn: str | None) -> Row:
    return {"origin": origin, "destination": destination, "turn": turn}


# ---------------------------------------------------------------- the table


def _graph_rows(diff: GraphDiff) -> Iterator[Row]:
    for turn, nodes, edges in (
        ("ADDED", diff.nodes.added, diff.edges.added),
        ("REMOVED", diff.nodes.removed, diff.edges.removed),
    ):
        yield from (_node_row(turn, node) for node in nodes)
        yield from (_edge_row(turn, edge) for edge in edges)
    yield from map(_change_row, diff.changes)


def _version_rows(diff: VersionDiff) -> Iterator[Row]:
    yield from map(_change_row, diff.changes)
    yield from (_statistic_row(diff.node.id, told) for told in diff.statistics)
    if diff.runs:
        yield from _run_rows(diff.runs)


def _run_rows(diff: RunDiff) -> Iterator[Row]:
    if diff.before.state != diff.after.state:
        yield {"turn": "CHANGED", "what": "STATE", "node": diff.after.job, "before": diff.before.state, "after": diff.after.state}
    for task in diff.tasks:
        states = {"before": task.before and task.before.state, "after": task.after and task.after.state}
        yield {"turn": task.turn, "what": "STATE", "node": task.job, **states}
    for what, told in (("INPUT", diff.inputs), ("OUTPUT", diff.outputs)):
        for io in told:
            yield _io_row(what, io)
            yield from (_statistic_row(io.dataset, statistic) for statistic in io.statistics)
    for facet in diff.facets:
        turn = "ADDED" if facet.before is None else "REMOVED" if facet.after is None else "CHANGED"
        value = {"before": facet.before, "after": facet.after}
        yield {"turn": turn, "what": f"{facet.of}_FACET", "node": facet.job, "name": f"{facet.facet} {facet.path}", **value}


def _node_row(turn: str, node: NodeChange) -> Row:
    return {"turn": turn, "what": node.kind, "node": node.id, "name": node.name, "at": node.at, "run": node.run}


def _edge_row(turn: str, edge: EdgeChange) -> Row:
    what = "MOVED_EDGE" if edge.moved else "EDGE"
    return {"turn": turn, "what": what, "node": edge.destination, "source": edge.origin, "at": edge.at, "run": edge.run}


def _change_row(change: Change) -> Row:
    return change.__dict__


def _io_row(what: str, io: IoDiff) -> Row:
    before, after = ([str(read.version) for read in side] for side in (io.before, io.after))
    return {"turn": io.turn, "what": what, "node": io.dataset, "before": before, "after": after}


def _statistic_row(node: str, told: Statistic) -> Row:
    return {"turn": "CHANGED", "what": "STATISTIC", "node": node, "name": told.name, "before": told.before, "after": told.after}
