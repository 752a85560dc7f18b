from __future__ import annotations

import random
from datetime import datetime

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.build import Event, store
from tests.lineage.graphs import random_event

from headwater import ids
from headwater.db.pool import Pool
from headwater.entities.diff import Change, DiffCounts, EdgeChange, EdgeChanges, GraphDiff, NodeChange, NodeChanges
from headwater.entities.graph import Tally
from headwater.lineage.diff.times import TimesQuestion, diff_times, limited
from headwater.lineage.graph.flow import SINK, Flow
from headwater.lineage.graph.present import Present
from headwater.lineage.snapshot import snapshot

_TABLES = {ids.dataset_id("db://shop", f"t{i}"): f"dataset:db://shop:t{i}" for i in range(8)}
_NAMES = _TABLES | {ids.job_id("shop", f"j{i}"): f"job:shop:j{i}" for i in range(4)}


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


def _edges(flow: Flow) -> set[tuple[str, str]]:
    return {(_NAMES[s], _NAMES[t]) for s, t in flow.edges_from(_NAMES)}


def _around(flow: Flow, node: int, depth: int) -> tuple[set[str], set[tuple[str, str]]]:
    """Upstream and downstream each by itself, by networkx; an explicit job's sink is a node of its own to it."""
    sources, targets, _ = flow.arrays.neighbours(np.arange(len(flow.arrays), dtype=np.int32), downstream=True)
    ids_of_edges = flow.arrays.ids(sources).tolist(), flow.arrays.ids(targets).tolist()
    graph: nx.DiGraph[int] = nx.DiGraph(list(zip(*ids_of_edges, strict=True)))
    graph.add_nodes_from((node, node ^ SINK))
    nodes, edges = {_NAMES[node]}, set[tuple[str, str]]()
    for seen in (graph, graph.reverse()):
        found = {n for start in (node, node ^ SINK) for n in nx.single_source_shortest_path_length(seen, start, cutoff=depth)}
        within = {_NAMES[flow.shown(n)] for n in found - {node ^ SINK}}
        nodes |= within
        edges |= {edge for edge in _edges(flow) if within.issuperset(edge)}
    return nodes, edges


_texts = st.sampled_from("abcde")
_edges_told = st.lists(st.tuples(_texts, _texts), unique=True)


@given(st.sets(_texts), st.sets(_texts), _edges_told, st.lists(_texts), st.integers(0, 6))
def test_a_limit_tells_what_it_leaves_out(
    added: set[str], removed: set[str], edges: list[tuple[str, str]], changed: list[str], limit: int
) -> None:
    """A node that came or went has no other changes."""
    nodes = {f"{turn}{name}" for turn, names in (("+", added), ("-", removed - added)) for name in names}
    pairs = [EdgeChange(origin=a, destination=b, moved=False, at=None, run=None) for a, b in edges]
    changes = [_change(node) for node in changed]
    found = len(nodes | {*changed})
    whole = GraphDiff.model_construct(
        nodes=NodeChanges(
            added=[_node(node) for node in sorted(nodes) if node.startswith("+")],
            removed=[_node(node) for node in sorted(nodes) if node.startswith("-")],
        ),
        edges=EdgeChanges(added=pairs, removed=[]),
        changes=changes,
        counts=DiffCounts(
            found=found, datasets=found, returned=found, edges=_all(len(pairs)), changes=_all(len(changes)), cut=[]
        ),
    )
    told = limited(whole, limit)
    counts = told.counts
    shown = {*(n.id for n in (*told.nodes.added, *told.nodes.removed)), *(c.node for c in told.changes)}
    assert (counts.found, counts.returned) == (found, len(shown))
    assert (counts.edges.found, counts.edges.returned) == (len(pairs), len(told.edges.added))
    assert (counts.changes.found, counts.changes.returned) == (len(changes), len(told.changes))
    cut = any(len(one) > limit for one in (whole.nodes.added, whole.nodes.removed, pairs, changes))
    assert [(one.rule, one.nodes) for one in counts.cut] == ([("limit", found - len(shown))] if cut else [])


def _all(number: int) -> Tally:
    return Tally(found=number, returned=number)


def _node(name: str) -> NodeChange:
    return NodeChange(
        id=name, kind="DATASET", namespace="", name=name, type="", description=None, owners=[], tags=[], at=None, run=None
    )  # fmt: skip


def _change(node: str) -> Change:
    return Change(node=node, what="TYPE", name="", source=None, turn="ADDED", before=None, after="T", at=None, run=None)


@pytest.mark.parametrize("seed", range(8))
async def test_a_diff_is_that_of_the_two_presents(database: str, pool: Pool, seed: int) -> None:
    rnd = random.Random(seed)
    events = sorted((random_event(rnd, i, links=False) for i in range(30)), key=_at)
    cuts = [_at(events[place]) for place in sorted(rnd.sample(range(3, 29), 2))]
    starts, depth = rnd.sample(list(_NAMES), 5), rnd.randrange(1, 5)
    presents, whole = [], []
    stored = 0
    for cut in cuts:
        until = [event for event in events if _at(event) <= cut]
        await store(database, until[stored:])
        stored = len(until)
        async with Present().reading(pool) as (_, flow):
            whole.append(_edges(flow))
            presents.append({start: _around(flow, start, depth) for start in starts})
    await store(database, events[stored:])
    known = {name for nodes, _ in presents[1].values() for name in nodes}
    for start in starts:
        if _NAMES[start] not in known:
            continue
        (old_nodes, old_edges), (new_nodes, new_edges) = presents[0][start], presents[1][start]
        async with snapshot(pool) as conn:
            told = await diff_times(conn, TimesQuestion((start,), cuts[0], cuts[1], depth=depth))
        assert {node.id for node in told.nodes.added} == new_nodes - old_nodes
        assert {node.id for node in told.nodes.removed} == old_nodes - new_nodes
        assert {(edge.origin, edge.destination) for edge in told.edges.added} == new_edges - old_edges
        assert {(edge.origin, edge.destination) for edge in told.edges.removed} == old_edges - new_edges
        for edge in (*told.edges.added, *told.edges.removed):
            assert edge.moved == ((edge.origin, edge.destination) in whole[0] & whole[1])
            declared = (
                edge.origin in _TABLES.values() and edge.destination in _TABLES.values()
            )  # once again, it is not known when
            assert edge.moved or (cuts[0] < edge.at <= cuts[1] if edge.at else declared)
