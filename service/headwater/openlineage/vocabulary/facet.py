"""What there is to say of a facet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from headwater.openlineage.shapes import Schema


class Owner(StrEnum):
    """What a facet is attached to: an input or output facet tells of one run's use of a dataset."""

    RUN = "run"
    JOB = "job"
    DATASET = "dataset"
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    """OpenLineage's name of the facet's schema, and the name of our file."""
    key: str
    version: str
    """Newest published version; what an older one has under other names is a finding, never a refusal."""
    owners: tuple[Owner, ...]
    about: str
    fields: Mapping[str, Schema]
    parts: Mapping[str, Schema] = field(default_factory=dict)
    """Shapes that the fields refer to by ``part``."""
    ours: bool = False
    """Headwater's own: OpenLineage has no facet for it."""

    @property
    def file(self) -> str:
        """Of its schema, seen from the folder of OpenLineage's."""
        return f"../facets/{self.name}.json" if self.ours else f"{self.name}.json"

    @property
    def lasting(self) -> bool:
        """Whether the facet outlives the run, so that an event may take it away with ``_deleted``."""
        return Owner.JOB in self.owners or Owner.DATASET in self.owners
