"""The graph that a question is asked of: that of the present, or what is needed of one at another time."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from headwater.lineage.present.arrays import Arrays

SINK = 0x2F0B4C471A96D583
"""Exclusive or of a job's id: the node in which what an explicit job reads ends (see present_edges.sql)."""


@dataclass(frozen=True, slots=True)
class Flow:
    arrays: Arrays
    sinks: Mapping[int, int]  # nodes that stand for jobs, in which what these read ends
    hidden: AbstractSet[int]  # datasets to walk through but not to show
    aliases: Mapping[int, int]  # the dataset of each other name of one
    complete: bool = True  # False: there is more than was read
    at: datetime | None = None  # None: now
    since: datetime | None = None  # not only what was current then, but all since this time
