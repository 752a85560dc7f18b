from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.graph.question import Grain
from headwater.lineage.graph.ways import Between
from headwater.lineage.paths.runs import _flow
from headwater.lineage.runs.graph import RunGraph

_pairs = st.sets(st.tuples(st.integers(1, 5), st.integers(11, 15)), max_size=10)  # a run, a version


@pytest.mark.parametrize("grain", [Grain.ALL, Grain.JOB, Grain.DATASET])
@settings(deadline=None)
@given(_pairs, _pairs, st.none() | st.integers(1, 4))
def test_all_paths_of_runs_and_versions_are_those_of_networkx(
    grain: Grain, wrote: set[tuple[int, int]], read: set[tuple[int, int]], depth: int | None
) -> None:
    """Of one grain between two of its nodes."""
    graph = RunGraph({}, complete=True, wrote=wrote, read={(version, run) for run, version in read})
    known: nx.DiGraph[int] = nx.DiGraph([*graph.wrote, *graph.read])
    if grain is not Grain.ALL:
        nodes = [node for node in known if (node < 10) is (grain is Grain.JOB)]
        known = nx.DiGraph([(a, c) for a in nodes for b in known[a] for c in known[b] if a != c])
    flow = _flow(graph)
    for begin in known:
        for end in known:
            if begin == end:
                continue
            between = Between(flow, [begin], [end], grain)
            ways = between.paths(10_000, depth)
            told = [tuple(path) for path in ways.paths]
            assert set(told) == {tuple(path) for path in nx.all_simple_paths(known, begin, end, cutoff=depth)}
            assert [len(path) for path in told] == sorted(map(len, told))
            assert between.reachable() is nx.has_path(known, begin, end)
            if grain is Grain.ALL:
                assert ways.edges == {pair for path in told for pair in pairwise(path)}
