"""Findings: what is said of a faulty event, and that verdicts are OpenLineage's own.

The oracle is the official schemas in the Python ``jsonschema`` library, with formats written down here once more: the
core schema at the root, and every known facet against its own file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry, Resource

from headwater.errors import InvalidEvent
from headwater.openlineage.parse import OPENLINEAGE, Kind, parse, storable
from headwater.openlineage.validate import MOST_FINDINGS, Finding, findings, fits, generalise, kind_of
from headwater.openlineage.vocabulary import FACETS, Facet, Owner

Json = Any
SHARED = Path(__file__).parents[3] / "shared"
STANDARD = [facet for facet in FACETS if not facet.ours]
needs_official = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"NOT CHECKED against OpenLineage's own schemas and recorded events: no {SHARED}"
)
URI = "https://example.com/producer"
BASE = {"_producer": URI, "_schemaURL": URI}
RUN = {"runId": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}
ENVELOPE = {"eventTime": "2026-01-31T08:00:00Z", "producer": URI, "schemaURL": URI}
JOB = {"namespace": "shop", "name": "load"}
DATASET = {"namespace": "file", "name": "/orders"}
RUN_EVENT: Json = {**ENVELOPE, "eventType": "START", "run": RUN, "job": JOB, "inputs": [DATASET], "outputs": [DATASET]}
JOB_EVENT: Json = ENVELOPE | {"job": JOB, "inputs": [DATASET]}
DATASET_EVENT: Json = ENVELOPE | {"dataset": DATASET}
URI_WANTED = "expected an absolute URI, such as https://example.com/producer, found another string"
PLACES: dict[Owner, tuple[str | int, ...]] = {
    Owner.RUN: ("run", "facets"),
    Owner.JOB: ("job", "facets"),
    Owner.DATASET: ("outputs", 0, "facets"),
    Owner.INPUT: ("inputs", 0, "inputFacets"),
    Owner.OUTPUT: ("outputs", 0, "outputFacets"),
}

# What is said


def test_valid_events_of_every_kind_have_no_findings() -> None:
    for event, kind in ((RUN_EVENT, Kind.RUN), (JOB_EVENT, Kind.JOB), (DATASET_EVENT, Kind.DATASET)):
        assert findings(event, kind) == findings(msgspec.json.encode(event), kind) == []
        assert kind_of(event) is kind


@pytest.mark.parametrize(
    ("owner", "facet", "expected"),
    [
        (Owner.RUN, {"dbt.run": BASE | {"_producer": "dbt"}}, Finding('$.run.facets["dbt.run"]._producer', URI_WANTED)),
        (Owner.RUN, {"x": None}, Finding("$.run.facets.x", "expected an object, found null")),
        (Owner.JOB, {"sql": BASE}, Finding("$.job.facets.sql.query", "is missing")),
        (
            Owner.DATASET,
            {"schema": BASE | {"fields": [{"name": "a"}, {"name": "b", "fields": [{"name": 3}]}]}},
            Finding("$.outputs[0].facets.schema.fields[1].fields[0].name", "expected a string, found a whole number"),
        ),
        (
            Owner.DATASET,
            {"lifecycleStateChange": BASE | {"lifecycleStateChange": "GONE"}},
            Finding(
                "$.outputs[0].facets.lifecycleStateChange.lifecycleStateChange",
                "expected one of ALTER, CREATE, DROP, OVERWRITE, RENAME, TRUNCATE, found another string",
            ),
        ),
        (
            Owner.JOB,
            {"lineage": BASE | {"entries": [{"type": "JOB", "name": "a"}]}},
            Finding("$.job.facets.lineage.entries[0].namespace", "is missing"),
        ),
        (
            Owner.OUTPUT,
            {"subset": BASE | {"outputCondition": {"type": "location", "locations": [1.5]}}},
            Finding("$.outputs[0].outputFacets.subset.outputCondition.locations[0]", "expected a string, found a number"),
        ),
    ],
)
def test_a_finding_names_the_place_and_what_was_expected(owner: Owner, facet: Json, expected: Finding) -> None:
    ((key, body),) = facet.items()
    assert findings(with_facet(owner, key, body), Kind.RUN) == [expected]


def test_assertions_are_checked_in_both_places_that_producers_put_them() -> None:
    for owner in (Owner.INPUT, Owner.DATASET):
        assert findings(with_facet(owner, "dataQualityAssertions", BASE), Kind.RUN)


def test_a_job_beside_a_dataset_without_a_run_is_said_to_be_unclear() -> None:
    for event in (JOB_EVENT | {"dataset": DATASET}, JOB_EVENT | {"dataset": {}}, DATASET_EVENT | {"job": {}}):
        assert ["unclear" in finding.message for finding in findings(event, Kind.DATASET)].count(True) == 1
        assert findings(event, Kind.JOB)


def test_an_event_with_a_type_but_no_run_is_a_job_event() -> None:
    event = JOB_EVENT | {"eventType": "START"}
    assert kind_of(event) is Kind.JOB
    assert findings(event, Kind.JOB) == []


def test_events_of_earlier_versions_lack_no_more_than_they_say() -> None:
    """0.20.6 sends no schemaURL; the 1-0-0 facets of the engine and of extraction errors had other fields."""
    old = {"_producer": URI, "_schemaURL": "https://github.com/OpenLineage/OpenLineage/spec.json#/definitions/RunFacet"}
    assert findings(with_facet(Owner.RUN, "nominalTime", old | {"nominalStartTime": "2022-10-03T00:07:56Z"}), Kind.RUN) == []
    engine = with_facet(Owner.RUN, "processing_engine", old | {"engine_version": "2"})
    del engine["schemaURL"]
    paths = [finding.path for finding in findings(engine, Kind.RUN)]
    assert paths == ["$.schemaURL", "$.run.facets.processing_engine.version"]


def test_messages_hold_no_value_and_paths_only_the_beginning_of_a_key() -> None:
    secret = "hunter2" * 100
    parameters = [{"key": secret, "value": [secret]}, {"key": "a", secret: 1}, {"key": "b", "a": secret}, secret]
    event = with_facet(Owner.RUN, "executionParameters", BASE | {"parameters": parameters}) | {"producer": secret}
    event |= {"eventTime": secret, "eventType": secret, "run": event["run"] | {"runId": secret}}
    found = findings(event, Kind.RUN)
    assert len(found) == 8
    assert all("hunter2" not in finding.message for finding in found)
    assert max(len(finding.path) for finding in found) < 130


def test_no_more_findings_are_told_than_a_person_reads() -> None:
    assert len(findings(RUN_EVENT | {"inputs": [None] * 10_000}, Kind.RUN)) == MOST_FINDINGS


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "is not JSON"),
        (b'{"a": NaN}', "is not JSON"),
        (b'{"a": 1e999}', "is not JSON"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "too deeply to say where"),
        (b"[]", "expected an object, found an array"),
        (b"3", "expected an object, found a whole number"),
        ({"job": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_what_cannot_be_read_is_one_finding_at_the_root(body: Json, message: str) -> None:
    for kind in OPENLINEAGE:
        (finding,) = findings(body, kind)
        assert finding.path == "$"
        assert message in finding.message


def test_a_deep_custom_facet_is_no_fault() -> None:
    facet = BASE | {"plan": msgspec.json.decode(b"[" * 800 + b"]" * 800)}
    assert findings(with_facet(Owner.RUN, "spark.logicalPlan", facet), Kind.RUN) == []


@pytest.mark.parametrize(
    ("path", "general"),
    [
        ("$", "$"),
        ("$.inputs[7].facets.schema.fields[2].name", "$.inputs[*].facets.schema.fields[*].name"),
        ("$.inputs[7].facets.schema.fields[2].fields[3].fields[4].name", "$.inputs[*].facets.schema.fields[*].name"),
        ('$.run.facets["spark.logicalPlan"]._producer', "$.run.facets[*]._producer"),
        ("$.run.facets.my_facet", "$.run.facets[*]"),
        (
            "$.outputs[0].facets.columnLineage.fields.name.inputFields[3].field",
            "$.outputs[*].facets.columnLineage.fields[*].inputFields[*].field",
        ),
        (
            "$.job.facets.lineage.entries[0].fields.inputs.inputs[1].runId",
            "$.job.facets.lineage.entries[*].fields[*].inputs[*].runId",
        ),
        (
            "$.inputs[0].inputFacets.subset.inputCondition.left.right.left.operator",
            "$.inputs[*].inputFacets.subset.inputCondition.left.operator",
        ),
        (
            "$.run.facets.executionParameters.parameters[0].password",
            "$.run.facets.executionParameters.parameters[*][*]",
        ),
        ("$.run.facets.parent.root.job.facets.sql._producer", "$.run.facets.parent.root.job.facets[*]._producer"),
        ("$.job.facets.jobType.processingType", "$.job.facets.jobType.processingType"),
        ("$.nonsense.of.any[3].depth", "$[*]"),
    ],
)
def test_a_general_path_keeps_known_names_and_nothing_of_the_data(path: str, general: str) -> None:
    assert generalise(path) == generalise(general) == general


# The facets of an event


def with_facet(owner: Owner, key: str, facet: Json) -> Json:
    """A RunEvent that has one facet."""
    event = json.loads(json.dumps(RUN_EVENT))
    place = event
    for step in PLACES[owner][:-1]:
        place = place[step]
    place[PLACES[owner][-1]] = {key: facet}
    return event


def facet_maps(event: Json) -> Iterator[tuple[Owner, Json]]:
    """Maps of facets that the event's kind gives a meaning to, of an event that fits the core schema."""
    kind = kind_of(event)
    if kind is Kind.DATASET:
        yield Owner.DATASET, event["dataset"].get("facets")
        return
    if kind is Kind.RUN:
        yield Owner.RUN, event["run"].get("facets")
    yield Owner.JOB, event["job"].get("facets")
    for owner in (Owner.INPUT, Owner.OUTPUT):
        for dataset in event.get(f"{owner}s", ()):
            yield Owner.DATASET, dataset.get("facets")
            yield owner, dataset.get(f"{owner}Facets")


# The oracle

_CHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)"
_AUTHORITY = rf"(?:(?:(?!@){_CHAR})*@)?{_HOST}(?::[0-9]*)?"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:(?://{_AUTHORITY}(?:/{_CHAR}*)*|/?(?:{_CHAR}+(?:/{_CHAR}*)*)?)"
    rf"(?:\?(?:{_CHAR}|[/?])*)?(?:#(?:{_CHAR}|[/?])*)?"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = re.compile(rf"(\d{{4}}-\d\d-\d\d)[Tt]({_CLOCK}:[0-5]\d)(?:\.\d+)?(?:[Zz]|[+-]{_CLOCK})", re.ASCII)


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    try:
        return bool(match and datetime.fromisoformat(f"{match[1]}T{match[2]}"))
    except ValueError:
        return False


@cache
def _formats() -> FormatChecker:
    checks: dict[str, Callable[[str], object]] = {"uri": _URI.fullmatch, "uuid": _UUID.fullmatch, "date-time": _is_time}
    formats = FormatChecker(formats=())
    for name, check in checks.items():
        formats.checks(name)(lambda value, check=check: not isinstance(value, str) or bool(check(value)))
    return formats


@cache
def _sources() -> dict[str, Json]:
    """Every official schema by its $id."""
    paths = [path for path in (SHARED / "spec").rglob("*.json") if path.name != "registry.json"]
    return {document["$id"]: document for document in (json.loads(path.read_text()) for path in paths)}


@cache
def _registry() -> Registry[Any]:
    return Registry().with_resources((name, Resource.from_contents(document)) for name, document in _sources().items())


def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference}, registry=_registry(), format_checker=_formats())


@cache
def _core() -> Draft202012Validator:
    return _validator("https://openlineage.io/spec/2-0-2/OpenLineage.json")


def _home(facet: Facet) -> Json:
    """The official file of a facet."""
    (document,) = [document for document in _sources().values() if facet.name in document["$defs"]]
    assert list(document["properties"]) == [facet.key]
    return document


@cache
def _facet_validators() -> dict[tuple[Owner, str], Draft202012Validator]:
    """Of each known facet in its place."""
    return {
        (owner, facet.key): _validator(f"{_home(facet)['$id']}#/$defs/{facet.name}")
        for facet in STANDARD
        for owner in facet.owners
    }


def officially_valid(event: Json) -> bool:
    validators = _facet_validators()
    return _core().is_valid(event) and all(
        validators[owner, key].is_valid(facet)
        for owner, facets in facet_maps(event)
        for key, facet in (facets or {}).items()
        if (owner, key) in validators
    )


def ambiguous(event: Json) -> bool:
    """Where ours is stricter on purpose: a job beside a dataset without a run, even if one of them has faults."""
    return isinstance(event, dict) and "run" not in event and "job" in event and "dataset" in event


def assert_same_verdict(event: Json) -> None:
    found = findings(event, kind_of(event))
    if ambiguous(event):
        assert found
    else:
        assert (not found) == officially_valid(event), (found, json.dumps(event)[:2000])
    _assert_the_short_way_says_the_same(event, fault=bool(found))
    for finding in found:
        assert len(finding.message) < 150
        assert generalise(generalise(finding.path)) == generalise(finding.path)


def _assert_the_short_way_says_the_same(event: Json, *, fault: bool) -> None:
    try:
        parsed = parse(storable(json.dumps(event).encode()))
    except InvalidEvent:
        return
    if parsed.kind is kind_of(event):
        assert fits(parsed) is fits(parsed) is not fault, "also where its facets are remembered"


# Recorded events


def _read(*patterns: str) -> list[Json]:
    paths = sorted(path for pattern in patterns for path in (SHARED / "corpora").glob(pattern))
    return [json.loads(path.read_text()) for path in paths]


@cache
def recorded() -> list[Json]:
    return _read("live/*/0*.json", "templates-filled/*/*.json", "spec-examples/*.json", "explicit-lineage/*.json")


EXPLAINED = {
    "parent_not_uuid": "its verdict is of the core schema alone; the parent facet asks for a UUID",
    "schema_fields_null": "its verdict is of the core schema alone; the schema facet asks for an array",
    "run_runId_upper_nodash": "its verdict comes from a checker that takes UUIDs without hyphens; RFC 9562 has them",
    "facet_deleted_job": "its verdict is of the core schema alone; the facet's own asks for its fields even then",
}


@needs_official
def test_edge_cases_have_the_verdict_that_they_name() -> None:
    cases = _read("edge-cases/*.json")
    assert len(cases) >= 50
    verdicts = {case["name"]: not findings(case["event"], kind_of(case["event"])) for case in cases}
    differing = {case["name"] for case in cases if verdicts[case["name"]] != case["schema_valid"]}
    assert differing == set(EXPLAINED)
    assert not any(verdicts[name] for name in EXPLAINED)


@needs_official
def test_recorded_events_have_the_official_verdict() -> None:
    assert len(recorded()) > 1000
    for event in recorded():
        assert_same_verdict(event)


@needs_official
def test_example_facets_have_the_official_verdict_in_every_place_they_fit() -> None:
    checked = 0
    for example_facets in _read("facet-examples/*.json"):
        for key, body in example_facets.items():
            for owner in Owner:
                assert_same_verdict(with_facet(owner, key, body))
                checked += 1
    assert checked > 200


# Made events: every place of every facet, and any place of recorded events

DEEPEST = 6
DROP = object()
TEXTS = ("", "text", "file", "a:b", RUN["runId"], ENVELOPE["eventTime"])
SUBSTITUTES: tuple[Json, ...] = (None, True, 0, -1.5, 2.0, *TEXTS, [], [None], {}, {"a": 1}, BASE)


def filled(schema: Json, document: Json, pick: int, depth: int = 0) -> Json:
    """A value that has all that an official schema names; ``pick`` chooses among alternatives."""
    if "$ref" in schema:
        file, _, pointer = schema["$ref"].partition("#")
        document = target = _sources()[file] if file else document
        for step in pointer.split("/")[1:]:
            target = target[step]
        return filled(target, document, pick, depth)
    made: dict[str, Json] = {}
    for part in schema.get("allOf", []):
        made |= filled(part, document, pick, depth)
    if alternatives := schema.get("oneOf") or schema.get("anyOf"):
        chosen = alternatives[pick % len(alternatives) if depth < DEEPEST else 0]
        return made | filled(chosen, document, pick + 1, depth + 1)
    return _filled_by_type(schema, document, pick, depth, made)


def _filled_by_type(schema: Json, document: Json, pick: int, depth: int, made: dict[str, Json]) -> Json:
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][0]
    match schema.get("type"):
        case "string":
            formats = {"uri": URI, "uuid": RUN["runId"], "date-time": ENVELOPE["eventTime"]}
            return formats.get(schema.get("format"), "text")
        case "integer" | "number":
            return 1
        case "boolean":
            return False
        case "array":
            return [filled(schema["items"], document, pick, depth + 1)] if depth < DEEPEST else []
    for name, field in schema.get("properties", {}).items():
        if depth < DEEPEST or name in schema.get("required", ()):
            made[name] = filled(field, document, pick, depth + 1)
    if isinstance(schema.get("additionalProperties"), dict) and depth < DEEPEST:
        made["key of a user"] = filled(schema["additionalProperties"], document, pick, depth + 1)
    return made


def spots(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of everything within a value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield (*path, step)
        yield from spots(child, (*path, step))


def changed(event: Json, path: tuple[str | int, ...], new: Json) -> Json:
    event = json.loads(json.dumps(event))
    place = event
    for step in path[:-1]:
        place = place[step]
    if new is DROP:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return event


@needs_official
@pytest.mark.parametrize("facet", STANDARD, ids=lambda facet: facet.name)
def test_a_fault_at_any_place_of_a_facet_has_the_official_verdict(facet: Facet) -> None:
    document, owner = _home(facet), facet.owners[0]
    validator = _facet_validators()[owner, facet.key]
    for pick in range(4):
        body = filled(document["$defs"][facet.name], document, pick)
        assert findings(with_facet(owner, facet.key, body), Kind.RUN) == []
        for path in spots(body):
            for new in (DROP, None, 0, -1.5, "text", [None], {"a": 1}):
                mutant = changed(body, path, new)
                found = findings(with_facet(owner, facet.key, mutant), Kind.RUN)
                assert (not found) == validator.is_valid(mutant), (path, new, found)


@needs_official
@pytest.mark.parametrize("event", [RUN_EVENT, JOB_EVENT, DATASET_EVENT, RUN_EVENT | DATASET_EVENT, DATASET_EVENT | {"run": RUN}])
def test_a_fault_at_any_place_of_an_event_has_the_official_verdict(event: Json) -> None:
    for path in spots(event):
        for new in (DROP, *SUBSTITUTES):
            assert_same_verdict(changed(event, path, new))


@needs_official
@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.data())
def test_a_recorded_event_with_some_faults_has_the_official_verdict(data: st.DataObject) -> None:
    event = data.draw(st.sampled_from(recorded()))
    for _ in range(data.draw(st.integers(1, 3))):
        if places := list(spots(event)):
            event = changed(event, data.draw(st.sampled_from(places)), data.draw(st.sampled_from([DROP, *SUBSTITUTES])))
    assert_same_verdict(event)
