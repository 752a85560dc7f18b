"""What two nodes have in common upstream. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from headwater.lineage.flow import Flow
from headwater.lineage.question import Grain, Question
from headwater.lineage.reach import reach


class Ancestor(NamedTuple):
    id: int
    to_first: int  # steps from here to the nearest of the first nodes
    to_second: int


def nearest_common_ancestors(flow: Flow, first: Collection[int], second: Collection[int], grain: Grain) -> list[Ancestor]:
    """Those whose two ways together are shortest, by id; none of the nodes themselves."""
    up = [_upstream(flow, nodes, grain) for nodes in (first, second)]
    common = [Ancestor(i, up[0][i], up[1][i]) for i in sorted(up[0].keys() & up[1].keys() - {*first, *second})]
    nearest = min((a.to_first + a.to_second for a in common), default=0)
    return [a for a in common if a.to_first + a.to_second == nearest]


def _upstream(flow: Flow, nodes: Collection[int], grain: Grain) -> dict[int, int]:
    found = reach(flow, Question(start=tuple(nodes), downstream=False, grain=grain))
    return dict(zip(found.ids.tolist(), found.distances.tolist(), strict=True))
