"""What an answer leaves out, beside what the walk did not reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from datetime import datetime

from headwater.db.pool import Connection
from headwater.entities.graph import Cut, Node, Tally
from headwater.lineage.graph.question import Filter, Grain, Question
from headwater.lineage.graph.reach import Reach
from headwater.lineage.graph.states import load_states

SUMMED_UP = 10_000
"""Nodes whose types and owners are read, for groups and filters: the nearest."""


def edge_tally(found: Reach, question: Question, returned: int) -> Tally:
    """Of more nodes than are summed up, and of steps over what is none, it takes too long to know how many edges there are."""
    known = question.grain is Grain.ALL and len(found) <= SUMMED_UP
    return Tally(found=found.count_edges(question.start) if known else None, returned=returned)


async def load_passing(
    conn: Connection, by: Filter, found: Sequence[int], nodes: Mapping[int, Node], at: datetime | None
) -> list[int]:
    """Places of the ids that are to be shown: of those that are described, what the filter lets pass."""
    test = by.test()
    states = await load_states(conn, found, at) if by.states else {}
    known = [(i, node) for i, node in enumerate(found) if node in nodes]
    return [i for i, node in known if test is None or test(nodes[node], states.get(node))]


def left_out(found: int, shown: Sized, listed: int, by: Filter) -> list[Cut]:
    """``shown`` are those that the filter lets pass, of all or of as many as are summed up; ``listed`` is how many are on the
    page."""
    cut = []
    looked_at = min(found, SUMMED_UP)
    if by != Filter():
        cut.append(Cut(rule="filter", nodes=looked_at - len(shown)))
    if len(shown) <= looked_at < found:
        cut.append(Cut(rule="size", nodes=found - looked_at))
    if listed < len(shown):
        cut.append(Cut(rule="limit", nodes=len(shown) - listed))
    return cut
