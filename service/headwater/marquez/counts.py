"""Both sides counted, and why they differ where Marquez is known to count otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_DELETED = (
    " What was deleted in Marquez is not listed there, but its events are, and over the API nothing says what was deleted."
    " What was deleted for good here is not taken again."
)
_WHY = {
    "namespaces": "Marquez writes _ for some characters in the namespaces of jobs, which are kept here.",
    "jobs": "Marquez puts the job that a child names as its parent into the child's namespace; here it is in the one that is"
    " named." + _DELETED,
    "datasets": "Marquez lists each symlink as a dataset of its own; here it is another name of one." + _DELETED,
    "runs": "A run UUID that several jobs use is one run in Marquez and several here. Marquez counts no runs of deleted jobs, and"
    " has runs of its own making for some parents.",
    "dataset versions": "Marquez makes two versions for a run whose events differ in the schema, and one for what is only read;"
    " here each run that writes makes one, and a read only where nobody writes. Of versions that people put the last comes over,"
    " where no run wrote.",
    "tags": "In Marquez tags come from people only; here those in the tags facets of events are tags too.",
}


class Line(NamedTuple):
    noun: str
    marquez: int
    headwater: int
    why: str  # they may differ; empty where they do not


def compared(marquez: Counter[str], headwater: Mapping[str, int]) -> Iterator[Line]:
    for noun, why in _WHY.items():
        theirs, ours = marquez[noun], headwater[noun]
        yield Line(noun, theirs, ours, "" if theirs == ours else why)
