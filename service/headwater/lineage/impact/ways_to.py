"""The ways to what is reached. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from headwater.entities.graph import Cut
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.question import Grain, Question
from headwater.lineage.graph.reach import Reach
from headwater.lineage.graph.ways import MOST_WORK, Between

Ways: TypeAlias = list[list[list[int]]]  # of ids, between a start and the node; of each node


def ways_to(flow: Flow, question: Question, page: Reach) -> tuple[Ways, list[Cut]]:
    """Of each node on the page a shortest way, then the next shortest, as many as are asked for, each as data flows: nothing,
    where none are. The rule ``work`` cuts where looking for more would take too long."""
    if not question.paths:
        return [], []
    best, upstream, cut = [page.way(i) for i in range(len(page))], page.upstream.tolist(), list[Cut]()
    ways = [[way] for way in best]
    if question.paths > 1:
        ways, cut = more_ways(flow, question, best, upstream, partial(_passes, question))
    return [[way[::-1] for way in of] if against else of for of, against in zip(ways, upstream, strict=True)], cut


def more_ways(
    flow: Flow,
    question: Question,
    best: Sequence[list[int]],
    upstream: Sequence[bool],
    passes: Callable[[Sequence[int]], bool],
) -> tuple[Ways, list[Cut]]:
    """Beside the best way to each node the shortest of the others that pass; all as they are walked, from a start to the node:
    downstream, or ``upstream``."""
    # From each node back to the starts: then one walk tells how far that is, for all nodes of a side.
    back = {
        side: Between(flow, (), question.start, downstream=side, avoid=question.avoid, stop_at=question.stop_at)
        for side in set(upstream)
    }
    depth = question.depth if question.grain is Grain.ALL else None
    left, cut = MOST_WORK, 0
    ways = []
    for way, side in zip(best, upstream, strict=True):
        between = back[side].paths(question.paths, depth, starts=[way[-1]], work=left)
        left -= between.work
        cut += "work" in between.cut
        more = (path[::-1] for path in between.paths)
        ways.append([way, *[path for path in more if path != way and passes(path)][: question.paths - 1]])
    return ways, [Cut(rule="work", nodes=cut)] if cut else []


def _passes(question: Question, path: Sequence[int]) -> bool:
    return not question.through or not set(question.through).isdisjoint(path)
