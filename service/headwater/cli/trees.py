"""A tree out of a graph: each node opens where it is nearest to the root, and is only named elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from headwater.cli.display import Cell, Twig, dim


class Edge(NamedTuple):
    target: str
    cells: Sequence[Cell]  # what is shown of the target here
    tail: str = ""
    steps: int = 1


Edges: TypeAlias = Callable[[str], Sequence[Edge]]


def grow(root: str, edges: Edges, depth: int) -> tuple[list[Twig], bool]:
    """What hangs below ``root`` within ``depth`` steps, and whether there is more beyond."""
    reached = _Reached(root, edges, depth)
    drawn = {root}

    def below(node: str) -> list[Twig]:
        return [twig(node, edge) for edge in edges(node) if edge.target in reached.opener or edge.target == root]

    def twig(node: str, edge: Edge) -> Twig:
        target, further = edge.target, edges(edge.target)
        if reached.opener.get(target) != node or target in drawn:
            where = "above" if target in drawn else "below"
            return Twig([*edge.cells, *([dim(f"  (see {where})")] if further else [])], [], edge.tail)
        drawn.add(target)
        twigs = below(target)
        cut = any(e.target in reached.beyond for e in further)
        return Twig([*edge.cells, *([dim("  …")] if cut else [])], twigs, edge.tail)

    return below(root), bool(reached.beyond)


class _Reached:
    """From where each node is opened, and which nodes are too far away."""

    def __init__(self, root: str, edges: Edges, depth: int) -> None:
        self.opener: dict[str, str] = {}
        self.beyond: set[str] = set()
        distances, queue = {root: 0}, deque([root])
        while queue:
            node = queue.popleft()
            for edge in edges(node):
                distance = distances[node] + edge.steps
                if distance > depth:
                    self.beyond.add(edge.target)
                elif distance < distances.get(edge.target, depth + 1):
                    distances[edge.target] = distance
                    self.opener[edge.target] = node
                    # Steps are 0 or 1: what costs nothing is looked at first, so that all are met by their shortest way.
                    (queue.append if edge.steps else queue.appendleft)(edge.target)
        self.beyond -= distances.keys()
