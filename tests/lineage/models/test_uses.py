from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from headwater import ids
from headwater.entities.dataset import DatasetId
from headwater.entities.model import Feature, ModelVersion
from headwater.lineage.columns.graph import Place
from headwater.lineage.models.uses import Uses

ORDERS, OTHER = 1, 2
ALIAS = ids.dataset_id("ns", "alias")  # of ORDERS
INPUTS = {ALIAS: ORDERS, OTHER: OTHER}


def _learnt(*features: Feature) -> ModelVersion:
    return ModelVersion(
        id=DatasetId(namespace="ns", name="m"),
        version=UUID(int=1),
        externalVersion=None,
        createdAt=datetime(2026, 3, 1, tzinfo=UTC),
        trainedBy=None,
        features=list(features),
    )


def _feature(field: str, dataset: str | None = "alias") -> Feature:
    told = DatasetId(namespace="ns", name=dataset) if dataset else None
    return Feature(name="x", type=None, dataset=told, field=field)


def test_a_column_stands_for_what_holds_it_and_for_what_is_inside() -> None:
    fields = ("", "p", "p.q", "p.q.r", "p.s", "pq")
    uses = Uses(Place(ORDERS, field) for field in fields)
    used = {Place(ORDERS, field) for field in ("", "p", "p.q", "p.q.r")}
    assert uses.of(INPUTS, _learnt(_feature("p.q"))) == ("COLUMN_LINEAGE", used)


def test_a_column_that_is_named_alone_may_be_of_any_input() -> None:
    uses = Uses([Place(ORDERS, "a"), Place(OTHER, "a"), Place(OTHER, "b")])
    assert uses.of(INPUTS, _learnt(_feature("a", None))) == ("COLUMN_LINEAGE", {Place(ORDERS, "a"), Place(OTHER, "a")})
    assert uses.of(INPUTS, _learnt(_feature("a"))) == ("COLUMN_LINEAGE", {Place(ORDERS, "a")})
    assert uses.of(INPUTS, _learnt(_feature("c", None))) is None


def test_who_says_nothing_of_columns_used_all_that_was_read() -> None:
    uses = Uses([Place(OTHER, "a"), Place(OTHER, "b"), Place(3, "a")])
    assert uses.of(INPUTS, _learnt()) == ("DATASET", {Place(OTHER, "a"), Place(OTHER, "b")})
    assert uses.of({}, _learnt()) is None
