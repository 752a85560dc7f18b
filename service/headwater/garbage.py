"""When Python collects garbage."""

from __future__ import annotations

import gc

# Neither events nor answers make cycles, and what is remembered stays: with Python's own thresholds (700, 10, 10) the collector
# looks through all of it again and again, which takes a fifth of the time of an event and half of that of a long list. A list
# of 10,000 nodes is some 80,000 objects, which are gone before 200,000 are there: with 50,000 it takes 8 % more.
_THRESHOLDS = (200_000, 20, 50)


def collect_seldom() -> None:
    """For the whole process."""
    gc.set_threshold(*_THRESHOLDS)
