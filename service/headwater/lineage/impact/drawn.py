"""What a change would reach, as a graph. Pure."""

from __future__ import annotations

from itertools import pairwise

from headwater.entities.graph import WhatIf
from headwater.lineage.exports import Answer


def what_if_drawn(found: WhatIf) -> Answer:
    """For ``exports``: the edges are those of the paths."""
    changed = {node.id: "CHANGED" for node in found.start}
    edges = sorted({pair for node in found.nodes for pair in pairwise(node.path)})
    return {
        "start": [{**node.__dict__, "turn": changed[node.id]} for node in found.start],
        "nodes": [{**node.__dict__, "turn": changed.get(node.id)} for node in found.nodes],
        "edges": [{"origin": origin, "destination": destination} for origin, destination in edges],
    }
