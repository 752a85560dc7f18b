"""How many nodes and edges there are in a graph that is looked at whole. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from headwater.entities.graph import Counts, Cut, Tally
from headwater.lineage.exports import Answer

Ends: TypeAlias = tuple[str, str]  # node ids, as data flows

_KINDS = {"DATASET": "datasets", "JOB": "jobs", "FIELD": "columns", "RUN": "runs", "VERSION": "versions"}


def counted(
    kinds: Mapping[str, str],
    edges: Iterable[Ends],
    cut: Sequence[Cut] = (),
    *,
    start: Collection[str] = (),
    told: Collection[str] | None = None,
) -> Counts:
    """``kinds`` of nodes by id; ``start`` are no finds. ``told`` are those that the answer tells, None: all."""
    nodes = {node: kind for node, kind in kinds.items() if node not in start}
    pairs = set(edges)
    known = None if told is None else {*start, *told}
    return Counts(
        found=len(nodes),
        **Counter(_KINDS[kind] for kind in nodes.values()),
        returned=len(nodes) if known is None else len(nodes.keys() & known),
        edges=Tally(found=len(pairs), returned=len(pairs) if known is None else sum(map(known.issuperset, pairs))),
        cut=list(cut),
    )


def cut_short(rules: Iterable[str]) -> list[Cut]:
    """What ended a walk before the graph did, so that nobody knows how much there is beyond."""
    return [Cut(rule=rule, nodes=None) for rule in rules]


def drawn_counts(
    drawn: Answer, cut: Sequence[Cut] = (), *, start: Collection[str] = (), told: Collection[str] | None = None
) -> Counts:
    """Of a graph as other forms are made of. Edges to what is none of its nodes do not count."""
    kinds = {node["id"]: node["kind"] for node in drawn["nodes"]}
    edges = [(edge["origin"], edge["destination"]) for edge in drawn["edges"]]
    return counted(kinds, [pair for pair in edges if kinds.keys() >= {*pair}], cut, start=start, told=told)
