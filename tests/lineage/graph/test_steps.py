from __future__ import annotations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lineage.graph.test_ways import contracted, flow_of, is_job

from headwater.lineage.graph.flow import SINK
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.steps import steps_from

_datasets, _jobs = st.integers(1, 6), st.integers(100, 105)
_edges = st.sets(st.tuples(_datasets, _jobs) | st.tuples(_jobs, _datasets) | st.tuples(_jobs, _jobs), max_size=18)


@settings(deadline=None)
@given(_edges, _datasets | _jobs, st.sampled_from(Grain), st.sets(_datasets | _jobs, max_size=3))
def test_steps_are_edges_of_the_graph_without_what_is_none(
    edges: set[tuple[int, int]], start: int, grain: Grain, avoid: set[int]
) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph(sorted(edges))
    kept = {n for n in graph if grain is Grain.ALL or is_job(n) == (grain is Grain.JOB)} | ({start} & set(graph))
    graph.remove_nodes_from(avoid - kept)
    question = Question((start,), grain=grain, avoid=tuple(avoid - kept))
    found = {pair for pair in steps_from(flow_of(edges), kept, question) if pair[0] != pair[1]}
    assert found == set(contracted(graph, kept).edges)


def test_an_explicit_job_and_its_sink_are_one() -> None:
    flow = flow_of({(1, 101 ^ SINK), (101 ^ SINK, 102), (102, 2), (101, 3)}, frozenset({101 ^ SINK}))
    assert steps_from(flow, [1, 101, 102], Question((1,))) == {(1, 101), (101, 102), (102, 2), (101, 3)}
    assert steps_from(flow, [1], Question((1,), grain=Grain.DATASET)) == {(1, 2)}
