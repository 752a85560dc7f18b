"""Ranks of nodes, which never fall along an edge. Pure.

In the order of their ranks the nodes of a walk are near each other in memory, and no way leads from a rank to a lesser one.
"""

from __future__ import annotations

import numpy as np

from headwater.lineage.graph.rows import Places, counted, edges_of, offsets_of

_MOST = 20_000  # levels, each of some 50 µs; what is further shares the last rank


def ranks(sources: Places, targets: Places, size: int) -> Places:
    """From 0; nodes that lie on one cycle have the same.

    A job and a dataset that it both reads and writes are taken for one. What lies between two longer cycles has one rank.
    """
    found = _levels(sources, targets, size)
    rest = np.flatnonzero(found < 0)
    if not len(rest):
        return found
    onward = found[sources] < 0
    groups = _mutual(sources[onward], targets[onward], size)
    sources, targets = groups[sources[onward]], groups[targets[onward]]
    apart = sources != targets
    sources, targets = sources[apart], targets[apart]
    grouped = _levels(sources, targets, size)
    onward = grouped[sources] < 0
    back = _levels(targets[onward], sources[onward], size)
    between, last = grouped.max(initial=-1) + 1, back.max(initial=-1)
    grouped = np.where(grouped >= 0, grouped, np.where(back < 0, between, between + 1 + last - back))
    found[rest] = found.max(initial=-1) + 1 + grouped[groups[rest]]
    return found


def _levels(sources: Places, targets: Places, size: int) -> Places:
    """Of each node the length of the longest way to it; -1 on a cycle and after one."""
    ends = targets[np.argsort(sources)]
    offsets = offsets_of(sources, size)
    left = np.bincount(targets, minlength=size)
    found = np.full(size, -1, np.int32)
    level = np.flatnonzero(left == 0).astype(np.int32)
    for distance in range(_MOST):
        if not len(level):
            break
        found[level] = distance
        reached, times = counted(ends[edges_of(offsets, level)[0]])
        left[reached] -= times
        level = reached[left[reached] == 0]
    return found


def _mutual(sources: Places, targets: Places, size: int) -> Places:
    """Of each node the least of those to which it is bound by edges both ways, over any number of these."""
    there, back = (a.astype(np.int64) * size + b for a, b in ((sources, targets), (targets, sources)))
    both = np.isin(there, back)
    sources, targets = sources[both], targets[both]
    groups = np.arange(size, dtype=np.int32)
    while True:
        least = groups.copy()
        np.minimum.at(least, sources, groups[targets])
        least = least[least]
        if (least == groups).all():
            return groups
        groups = least
