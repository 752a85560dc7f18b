from __future__ import annotations

import msgspec
import pytest

from headwater.catalog import meaning
from headwater.catalog.facets import Facet, decode, latest, show


def test_maps_are_read_from_their_columns() -> None:
    assert decode('{"a": [1, -9223372036854775808], "b": [2, 3, "{}"]}') == {
        "a": Facet(1, -(2**63)),
        "b": Facet(2, 3, "{}"),
    }
    assert decode(None) == decode("{}") == {}


def test_the_latest_facet_of_a_key_wins() -> None:
    old, new = Facet(1, 9), Facet(2, 1)
    assert latest({"a": old}, {"a": new, "b": old}) == latest({"a": new, "b": old}, {"a": old}) == {"a": new, "b": old}
    assert latest({"a": Facet(1, 1)}, {"a": Facet(1, 2)}) == {"a": Facet(1, 2)}


def test_what_is_deleted_or_has_no_body_is_not_shown() -> None:
    facets = {
        "kept": Facet(1, 1, '{"_deleted": false}'),
        "gone": Facet(1, 2, '{"_deleted": true}'),
        "stored": Facet(1, 3),
        "lost": Facet(1, 4),
    }
    shown = show(facets, {3: msgspec.Raw(b'{"x":1}')})
    assert {key: bytes(raw) for key, raw in shown.items()} == {"kept": b'{"_deleted": false}', "stored": b'{"x":1}'}


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"fields": 1, "tags": {}, "owners": [1]}', b"1e999", b"{"])
def test_nonsense_means_nothing(body: bytes) -> None:
    keys = ("schema", "tags", "ownership", "documentation", "dataSource", "jobType", "nominalTime", "parent", "datasetType")
    facets = {key: msgspec.Raw(body) for key in keys}
    assert (meaning.fields(facets, {}), meaning.owners(facets), meaning.labels(facets)) == ([], [], [])
    assert (meaning.tags_by_field(facets), meaning.run_args(facets)) == ({}, {})
    assert (meaning.description(facets), meaning.source_name(facets)) == (None, "default")
    assert (meaning.job_type(facets), meaning.dataset_type(facets)) == ("BATCH", "DB_TABLE")
    assert meaning.nominal_times(facets) == (None, None)
