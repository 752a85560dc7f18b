"""Which of the columns that are reached a training used. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from headwater import ids
from headwater.entities.model import Feature, ModelVersion
from headwater.lineage.columns.graph import Place
from headwater.lineage.columns.nested import holders
from headwater.lineage.models.affected import By


class Uses:
    """Of columns ``reached``. One that a training names also stands for what holds it, and for what is inside of it."""

    def __init__(self, reached: Iterable[Place]) -> None:
        self._reached = frozenset(reached)
        self._of_dataset = defaultdict[int, set[Place]](set)
        self._inside = defaultdict[Place, set[Place]](set)
        for place in self._reached:
            self._of_dataset[place.dataset_id].add(place)
            for holder in holders(place.field):
                self._inside[place._replace(field=holder)].add(place)

    def of(self, inputs: Mapping[int, int], learnt: ModelVersion) -> tuple[By, set[Place]] | None:
        """How, and which, by a training that read ``inputs``: canonical ids, by the ids that its run names. One that says
        nothing of columns used all of what it read. None: it used none of them."""
        if learnt.features:
            by: By = "FEATURE" if learnt.trainedBy and learnt.trainedBy.features else "COLUMN_LINEAGE"
            named = (place for feature in learnt.features for place in _places(inputs, feature))
            used = set[Place]().union(*map(self._around, named))
        else:
            by = "DATASET"
            used = set[Place]().union(*(self._of_dataset.get(dataset, ()) for dataset in inputs.values()))
        return (by, used) if used else None

    def _around(self, place: Place) -> set[Place]:
        around = {place, *(place._replace(field=field) for field in ("", *holders(place.field)))}
        return (around & self._reached) | self._inside.get(place, set())


def _places(inputs: Mapping[int, int], feature: Feature) -> list[Place]:
    """A column that is named alone may be one of any dataset that was read."""
    if feature.dataset is None:
        return [Place(dataset, feature.field) for dataset in inputs.values()]
    dataset = ids.dataset_id(feature.dataset.namespace, feature.dataset.name)
    return [Place(inputs.get(dataset, dataset), feature.field)]
