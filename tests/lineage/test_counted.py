from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwater.lineage.counted import counted, cut_short, drawn_counts

_IDS = st.sampled_from("abcdefgh")
_KINDS = st.dictionaries(_IDS, st.sampled_from(["DATASET", "JOB", "FIELD", "RUN", "VERSION"]))
_EDGES = st.lists(st.tuples(_IDS, _IDS))


@given(_KINDS, _EDGES, st.sets(_IDS), st.none() | st.sets(_IDS))
def test_every_node_is_of_a_kind_and_no_more_is_told_than_found(
    kinds: dict[str, str], edges: list[tuple[str, str]], start: set[str], told: set[str] | None
) -> None:
    counts = counted(kinds, edges, start=start, told=told)
    assert counts.found == len(kinds.keys() - start)
    assert counts.found == counts.datasets + counts.jobs + counts.columns + counts.runs + counts.versions
    assert counts.edges.found == len(set(edges))
    if told is None:
        assert (counts.returned, counts.edges.returned) == (counts.found, counts.edges.found)
    else:
        assert counts.returned == len((kinds.keys() - start) & told)
        assert counts.edges.returned == sum({*edge} <= start | told for edge in set(edges))


@given(_KINDS, _EDGES)
def test_of_a_graph_that_is_drawn_an_edge_to_what_is_no_node_does_not_count(
    kinds: dict[str, str], edges: list[tuple[str, str]]
) -> None:
    drawn = {
        "nodes": [{"id": node, "kind": kind} for node, kind in kinds.items()] * 2,
        "edges": [{"origin": origin, "destination": destination} for origin, destination in edges],
    }
    counts = drawn_counts(drawn, cut_short(["size"]))
    assert (counts.found, counts.returned) == (len(kinds), len(kinds))
    assert counts.edges.returned == len({edge for edge in edges if kinds.keys() >= {*edge}})
    assert [(cut.rule, cut.nodes) for cut in counts.cut] == [("size", None)]
