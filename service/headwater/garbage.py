"""When Python collects garbage."""

from __future__ import annotations

import gc

# Neither events nor answers make cycles, and what is remembered stays: with Python's own thresholds (700, 10, 10) the collector
# looks through all of it again and again, which takes a fifth of the time of an event and half of that of a long list.
_THRESHOLDS = (50_000, 20, 50)


def collect_seldom() -> None:
    """For the whole process."""
    gc.set_threshold(*_THRESHOLDS)
