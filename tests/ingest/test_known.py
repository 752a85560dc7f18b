"""What is left out of a batch because it is stored: never anything that would change a row."""

from __future__ import annotations

from unittest.mock import patch

from tests.build import Event, dataset, dataset_event, run_event
from tests.ingest.telling import told

from headwater.ingest import known as module
from headwater.ingest.known import Known


def _event(time: str, column: str = "x") -> Event:
    sources = [{"namespace": "db://shop", "name": "a", "field": column}]
    facets = {
        "schema": {"fields": [{"name": column}]},
        "columnLineage": {"fields": {"y": {"inputFields": sources}}},
        "dataSource": {"name": "pg", "uri": "pg://x"},
        "symlinks": {"identifiers": [{"namespace": "db://shop", "name": "t"}]},
        "tags": {"tags": [{"key": "PII"}]},
        "datasetType": {"datasetType": "MODEL"},
    }
    return run_event("START", time, inputs=[dataset("a", facets)], outputs=[dataset("b", facets)])


def test_at_first_everything_is_new() -> None:
    changes = told(_event("08:00"))
    new = Known().new_in(changes)
    assert new.any()
    for table in ("namespaces", "sources", "tags", "column_sets", "versions", "bodies", "models"):
        assert getattr(new, table) == getattr(changes, table)
        assert getattr(new, table)
    assert Known().new_symlinks(changes) == changes.symlinks != {}


def test_the_same_later_is_not() -> None:
    known = Known()
    known.add(told(_event("08:00")))
    later = told(_event("09:00"))
    assert not known.new_in(later).any()
    assert known.new_symlinks(later) == {}


def test_the_same_earlier_is_where_the_time_is_kept() -> None:
    known = Known()
    known.add(told(_event("08:00")))
    earlier = told(_event("07:00"))
    new = known.new_in(earlier)
    assert (new.namespaces, new.sources, new.versions) == (earlier.namespaces, earlier.sources, earlier.versions)
    assert (new.tags, new.column_sets, new.bodies, new.models) == ({}, {}, {}, set())
    assert known.new_symlinks(earlier) == earlier.symlinks
    known.add(earlier)
    assert not known.new_in(told(_event("07:30"))).any()
    known.add(told(_event("09:00")))
    assert not known.new_in(earlier).any(), "a later time takes nothing back"


def test_other_content_is_new() -> None:
    known = Known()
    known.add(told(_event("08:00")))
    new = known.new_in(told(_event("09:00", "w")))
    assert (len(new.versions), len(new.column_sets), len(new.bodies)) == (1, 1, 2)
    assert not new.namespaces


def test_declared_versions_are_always_written() -> None:
    """Their facets may be others though they have the same name."""
    known = Known()
    changes = told(dataset_event("08:00", "a", {"schema": {"fields": []}}))
    known.add(changes)
    assert known.new_in(changes).versions == changes.versions != {}


def test_it_does_not_grow_without_end() -> None:
    known = Known()
    with patch.object(module, "_LIMIT", 10):
        for n in range(100):
            known.add(told(_event(f"08:00:{n % 60:02}", f"x{n}")))
            assert len(known._least) < 40
    known.clear()
    assert known.new_in(told(_event("08:00"))).any()
