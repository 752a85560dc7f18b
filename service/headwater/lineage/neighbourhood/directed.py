"""The graph around a job or dataset in the shapes of Marquez's, asked as our own calls are: one way, at a time, by a filter."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from headwater.db.pool import Connection
from headwater.entities import encode
from headwater.entities.dataset import DatasetId
from headwater.entities.graph import Counts, Cut, Node, Tally
from headwater.entities.lineage import DirectedLineage, Edge
from headwater.lineage.counted import cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.evidence import Pair, load_evidence
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, left_out, load_passing
from headwater.lineage.graph.question import Cursor, FlowOf, Grain, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.graph.steps import steps_from
from headwater.lineage.neighbourhood.node_data import load_node_data


@dataclass(frozen=True, slots=True)
class _Side:
    """What is found one way."""

    flow: Flow
    found: Reach


@dataclass(frozen=True, slots=True)
class _Around:
    """What is found, and what of it is shown: the start, on the first page, and the nodes of the page."""

    start: Sequence[int]
    sides: Sequence[_Side]
    distances: Mapping[int, int]
    shown: Mapping[int, Node]
    known: Mapping[int, Node]  # these, and those of the pages before
    edges: Collection[Pair]  # between those known, with one end at least that is shown
    cut: Sequence[Cut]
    cursor: str | None


async def directed_lineage(conn: Connection, flow_of: FlowOf, question: Question) -> DirectedLineage:
    """Of the nodes found the nearest are shown, with the start."""
    around = await _find(conn, flow_of, question)
    found, at = around.distances, around.sides[0].flow.at
    jobs = {int(i) for side in around.sides for i in side.found.ids[side.found.jobs]}
    returned, edges = len(around.shown.keys() - around.start), len(around.edges)
    now, freshness = await load_freshness(conn)
    return DirectedLineage.model_construct(
        graph=await _graph(conn, around),
        direction=question.direction,
        asOf=at or now,
        complete=all(side.found.complete for side in around.sides),
        counts=Counts(
            found=len(found),
            datasets=len(found) - len(jobs),
            jobs=len(jobs),
            returned=returned,
            edges=Tally(found=edges if returned == len(found) else None, returned=edges),
            cut=list(around.cut),
        ),
        freshness=freshness,
        cursor=around.cursor,
    )


async def proven_lineage(conn: Connection, flow_of: FlowOf, question: Question) -> dict[str, Any]:
    """The same graph as other forms are made of: nodes as impact tells them, and edges with what proves them, if they are not
    over other nodes."""
    around = await _find(conn, flow_of, question)
    names = {identifier: node.id for identifier, node in around.known.items()}
    flow = around.sides[0].flow
    now, _ = await load_freshness(conn)
    edges: Sequence[object] = [Edge(origin=names[a], destination=names[b]) for a, b in sorted(around.edges)]
    if question.grain is Grain.ALL:
        edges = await load_evidence(conn, flow, around.edges, names)
    return {
        "asOf": flow.at or now,
        "nodes": [{**node.__dict__, "distance": around.distances.get(i, 0)} for i, node in around.shown.items()],
        "edges": edges,
    }


async def _find(conn: Connection, flow_of: FlowOf, question: Question) -> _Around:
    sides = []
    for asked in question.sides():
        flow = await flow_of(asked)
        sides.append(_Side(flow, await asyncio.to_thread(reach, flow, asked, ways=False)))
    distances = nearest(side.found for side in sides)
    looked_at = list(distances)[:SUMMED_UP]
    nodes = await describe(conn, {*looked_at, *question.start})
    passing = [looked_at[i] for i in await load_passing(conn, question.filter, looked_at, nodes, sides[0].flow.at)]
    after = question.cursor
    passed = sum(Cursor(distances[node], node) <= after for node in passing) if after is not None else 0
    listed = passing[passed : passed + question.limit]
    start = [node for node in question.start if node in nodes]
    shown = {node: nodes[node] for node in (*(start if after is None else ()), *listed)}
    known = {node: nodes[node] for node in (*start, *passing[: passed + len(listed)])}
    flow = sides[0].flow
    if any(side.flow is not flow for side in sides):  # neither has the edges from what is before the start to what is after it
        flow = await flow_of(replace(question, downstream=True, both=False, start=tuple(known), depth=0, through=()))
    edges = {
        (source, target)
        for source, target in steps_from(flow, known, question)
        if source != target and target in known and (source in shown or target in shown)
    }
    cut = cut_short(dict.fromkeys(rule for side in sides for rule in side.found.cut))
    cut += left_out(len(distances), passing, len(listed), question.filter)
    more = listed and listed[-1] != passing[-1]
    cursor = str(Cursor(distances[listed[-1]], listed[-1])) if more else None
    return _Around(question.start, sides, distances, shown, known, edges, cut, cursor)


def nearest(found: Iterable[Reach]) -> dict[int, int]:
    """Distances of all that is found, by id: nearest first, then by id."""
    distances: dict[int, int] = {}
    for one in found:
        for identifier, distance in zip(one.ids.tolist(), one.distances.tolist(), strict=True):
            distances[identifier] = min(distance, distances.get(identifier, distance))
    return dict(sorted(distances.items(), key=lambda item: (item[1], item[0])))


async def _graph(conn: Connection, around: _Around) -> list[dict[str, object]]:
    shown, known = around.shown, around.known
    by_kind = {kind: [node for node, told in shown.items() if told.kind == kind] for kind in ("JOB", "DATASET")}
    jobs, datasets = await load_node_data(conn, by_kind["JOB"], by_kind["DATASET"])
    data = {**{job: told.told for job, told in jobs.items()}, **datasets}
    before, after = defaultdict[int, list[Node]](list), defaultdict[int, list[Node]](list)
    for source, target in around.edges:
        before[target].append(known[source])
        after[source].append(known[target])
    told = [_node(shown[node], body, before[node], after[node]) for node, body in data.items()]
    return sorted(told, key=lambda node: str(node["id"]))


def _node(node: Node, data: bytes, before: Sequence[Node], after: Sequence[Node]) -> dict[str, object]:
    io = b',"inputs":%b,"outputs":%b' % (_datasets(before), _datasets(after)) if node.kind == "JOB" else b""
    return {
        "id": node.id,
        "type": node.kind,
        "data": msgspec.Raw(b"{%b%b}" % (data, io)),
        "inEdges": [Edge(origin=origin.id, destination=node.id) for origin in _sorted(before)],
        "outEdges": [Edge(origin=node.id, destination=destination.id) for destination in _sorted(after)],
    }


def _datasets(nodes: Sequence[Node]) -> bytes:
    return encode([DatasetId(namespace=node.namespace, name=node.name) for node in _sorted(nodes) if node.kind == "DATASET"])


def _sorted(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: node.id)
