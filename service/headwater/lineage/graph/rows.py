"""Compressed sparse rows: the edges of a node are those from ``offsets[node]`` to ``offsets[node + 1]``."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.int32]
_Number = TypeVar("_Number", bound=np.generic)


def offsets_of(sorted_places: Places, size: int) -> Places:
    """Where the edges of each node begin, and one place more."""
    return np.concatenate(([0], np.cumsum(np.bincount(sorted_places, minlength=size)))).astype(np.int32)


def edges_of(offsets: Places, nodes: Places) -> tuple[Places, Places]:
    """All edges of these nodes, one node after the other, and how many each has."""
    starts = offsets[nodes]
    counts = offsets[nodes + 1] - starts
    edges = np.repeat(starts - (np.cumsum(counts, dtype=np.int32) - counts), counts)
    edges += np.arange(len(edges), dtype=np.int32)
    return edges, counts


def distinct(values: NDArray[_Number]) -> NDArray[_Number]:
    """Sorted. ``numpy.unique`` takes ten times as long where most are different."""
    ordered = np.sort(values)
    return ordered[_differs(ordered)]


def found_in(ordered: NDArray[_Number], wanted: NDArray[_Number]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each stands among sorted values, or would, and which of them do."""
    places = np.searchsorted(ordered, wanted)
    known = places < len(ordered)
    known[known] = ordered[places[known]] == wanted[known]
    return places, known


def counted(values: Places) -> tuple[Places, NDArray[Any]]:
    """Those that are there, sorted, and how often each is."""
    ordered = np.sort(values)
    firsts = np.flatnonzero(_differs(ordered))
    return ordered[firsts], np.diff(firsts, append=len(ordered))


def _differs(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """From the one before."""
    differs = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=differs[1:])
    return differs
