"""What is certainly stored already, so that its rows need not be sent again: in steady state nearly everything that is
told by name or content, and the parents of which every child tells. Bounded, and only ever filled after a commit."""

from __future__ import annotations

from time import monotonic
from typing import Any

from headwater.ingest.changes import Changes, Job, Run

_NAMESPACES_S = 60.0
_LIMIT = 200_000  # entries; about 30 MB when full


class New(Changes):
    """The part of Changes that may not be stored yet."""

    def any(self) -> bool:
        return bool(
            self.namespaces or self.sources or self.tags or self.column_sets or self.versions or self.bodies or self.models
        )


class Known:
    def __init__(self) -> None:
        self._namespaces: dict[int, int] = {}
        self._namespaces_since = monotonic()
        self.era = 0  # number of the last erasure that is known of: what is remembered was stored after it
        self._least: dict[Any, int] = {}  # key → least event time with which it is stored; 0 where time has no part

    def new_in(self, changes: Changes) -> New:
        """The rows that would change something."""
        self._forget_namespaces()
        return New(
            received=changes.received,
            namespaces={k: v for k, v in changes.namespaces.items() if v[1] < self._namespaces.get(k, v[1] + 1)},
            sources={k: v for k, v in changes.sources.items() if self._sooner(k, v[2])},
            tags={k: v for k, v in changes.tags.items() if k not in self._least},
            column_sets={k: v for k, v in changes.column_sets.items() if k not in self._least},
            versions={k: v for k, v in changes.versions.items() if v.declared or self._sooner(k, v.first_at)},
            bodies={k: v for k, v in changes.bodies.items() if k not in self._least},
            models={k for k in changes.models if ("model", k) not in self._least},
        )

    def _forget_namespaces(self) -> None:
        """Now and then: one that was hidden, perhaps by another process, is shown again when it is written."""
        if monotonic() - self._namespaces_since > _NAMESPACES_S:
            self._namespaces.clear()
            self._namespaces_since = monotonic()

    def new_jobs(self, changes: Changes) -> dict[int, Job]:
        """Without those that are only told of, as parents are, and nothing else: a job at an edge has its row written always,
        as readers see by it that there may be new edges."""
        at_edges = {end for source, target, _, _ in changes.edges for end in (source, target)}
        return {k: v for k, v in changes.jobs.items() if _speaks(v) or k in at_edges or self._sooner(("job", k), v.first_at)}

    def new_runs(self, changes: Changes) -> dict[int, Run]:
        return {k: v for k, v in changes.runs.items() if _speaks(v) or self._sooner(("run", k), v.first_at)}

    def new_symlinks(self, changes: Changes) -> dict[tuple[int, int], int]:
        return {k: at for k, at in changes.symlinks.items() if self._sooner(("symlink", k), at)}

    def add(self, changes: Changes) -> None:
        """To be called when ``changes`` are committed."""
        if len(self._least) > _LIMIT:
            self._least.clear()
        for key, (_, at) in changes.namespaces.items():
            self._namespaces[key] = min(at, self._namespaces.get(key, at))
        if changes.hidden:
            self.clear()
        for source, (_, _, at) in changes.sources.items():
            self._stored(source, at)
        for version, row in changes.versions.items():
            self._stored(version, row.first_at)
        for symlink, at in changes.symlinks.items():
            self._stored(("symlink", symlink), at)
        for kind, told in (("job", changes.jobs), ("run", changes.runs)):
            for key, thing in told.items():
                if not _speaks(thing):
                    self._stored((kind, key), thing.first_at)
        for identifier in (*changes.tags, *changes.column_sets, *changes.bodies):
            self._least[identifier] = 0
        for model in changes.models:
            self._least["model", model] = 0

    def clear(self) -> None:
        self._least.clear()
        self._namespaces.clear()

    def _sooner(self, key: Any, at: int) -> bool:
        known = self._least.get(key)
        return known is None or at < known

    def _stored(self, key: Any, at: int) -> None:
        self._least[key] = min(at, self._least.get(key, at))


def _speaks(thing: Job | Run) -> bool:
    """Whether it has events of its own in the batch."""
    return thing.last_at is not None
