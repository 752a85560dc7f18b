"""The exported schemas: committed as generated, sound, complete, and in step with OpenLineage's vocabulary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource

from headwater.openlineage.parse import OPENLINEAGE, Kind
from headwater.openlineage.schema import event_file, export, render
from headwater.openlineage.validate import findings
from headwater.openlineage.vocabulary import FACETS, Owner

COMMITTED = Path(__file__).parents[2] / "schemas/openlineage"
OFFICIAL = Path(__file__).parents[3] / "shared/spec"
OWNERS = {
    "RunFacet": Owner.RUN,
    "JobFacet": Owner.JOB,
    "DatasetFacet": Owner.DATASET,
    "InputDatasetFacet": Owner.INPUT,
    "OutputDatasetFacet": Owner.OUTPUT,
}
PRODUCER = "https://example.com/producer"
EVENT: dict[str, Any] = {
    "eventType": "COMPLETE",
    "eventTime": "2026-01-31T08:00:00Z",
    "producer": PRODUCER,
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {"runId": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"},
    "job": {"namespace": "shop", "name": "load"},
    "outputs": [{"namespace": "file", "name": "/a", "facets": {"x": {"_producer": PRODUCER, "_schemaURL": PRODUCER}}}],
}


def references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def test_the_committed_files_are_what_is_generated() -> None:
    committed = {path.name: path.read_text() for path in COMMITTED.iterdir()}
    committed |= {f"../facets/{path.name}": path.read_text() for path in (COMMITTED / "../facets").iterdir()}
    assert committed == {name: render(schema) for name, schema in export().items()}


def test_every_file_is_a_schema_of_its_own_name() -> None:
    for name, schema in export().items():
        assert jsonschema_rs.meta.is_valid(schema), name
        assert schema["$schema"].endswith("2020-12/schema")
        assert schema["description"].endswith("."), name
        assert schema["title"] == Path(name).stem


def test_references_lead_to_files_and_definitions_that_exist() -> None:
    for name, schema in export().items():
        for reference in references(schema):
            file, _, pointer = reference.partition("#")
            target: Any = export()[file or name]
            for step in pointer.split("/")[1:]:
                target = target[step]
            assert isinstance(target, dict)


def test_every_file_is_reached_from_an_event() -> None:
    reached, waiting = set[str](), [event_file(kind) for kind in OPENLINEAGE]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [file for ref in references(export()[name]) if (file := ref.partition("#")[0])]
    assert reached == set(export())


def test_the_files_serve_any_validator_that_knows_their_folder() -> None:
    paths = {name: COMMITTED / name for name in export()}
    files = [(name, Resource.from_contents(json.loads(path.read_text()))) for name, path in paths.items()]
    registry: Registry[Any] = Registry().with_resources(files)
    validator = Draft202012Validator({"$ref": event_file(Kind.RUN)}, registry=registry)
    assert validator.is_valid(EVENT)
    assert not validator.is_valid(EVENT | {"outputs": [{"name": "a"}]})


def test_a_place_and_key_belong_to_one_facet() -> None:
    places = [(owner, facet.key) for facet in FACETS for owner in facet.owners]
    assert len(places) == len(set(places))
    assert len({facet.name for facet in FACETS}) == len(FACETS)


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason=f"NOT CHECKED against OpenLineage's own schemas: no {OFFICIAL}")
def test_the_table_has_every_official_facet_in_its_place_and_version() -> None:
    official = set()
    for path in OFFICIAL.rglob("facets/*.json"):
        schema = json.loads(path.read_text())
        (key,) = schema["properties"]
        for name, definition in schema["$defs"].items():
            bases = [base.get("$ref", "") for base in definition.get("allOf", ())]
            owners = [OWNERS[base.rpartition("/")[2]] for base in bases if "OpenLineage.json" in base]
            official |= {(name, key, schema["$id"].split("/")[-2], owner) for owner in owners}
    ours = {(facet.name, facet.key, facet.version, owner) for facet in FACETS for owner in facet.owners if not facet.ours}
    assert ours - official == {("DataQualityAssertionsDatasetFacet", "dataQualityAssertions", "1-1-0", Owner.DATASET)}
    assert official - ours == set()


def test_our_own_facets_are_checked_in_their_place() -> None:
    facets = {
        "headwater_metrics": {"metrics": {"auc": "high"}, "_producer": PRODUCER, "_schemaURL": PRODUCER},
        "headwater_features": {
            "features": ["age", {"name": "income"}, {"field": "x"}],
            "_producer": PRODUCER,
            "_schemaURL": PRODUCER,
        },
    }
    found = findings(EVENT | {"run": {**EVENT["run"], "facets": facets}}, Kind.RUN)
    assert {finding.path for finding in found} == {
        "$.run.facets.headwater_metrics.metrics.auc",
        "$.run.facets.headwater_features.features[2]",
    }
