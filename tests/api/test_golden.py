"""The same requests that a real Marquez answered, on the same events: each difference is meant and has its reason."""

from __future__ import annotations

import importlib.util
import json
import re
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.build import GOLDEN, golden_events, store

# (request, place in the answer, why it differs)
MEANT = (
    (r".*", r"startedAt|durationMs", "START says when a run began, else its first event; RUNNING does not move it"),
    (r".*", r"nominal(Start|End)Time", "kept, where Marquez loses them"),
    (r".*", r"generated UUID used inconsistently", "a version has one UUID everywhere"),
    (r".*", r"outputDatasetVersions\[", "the events of one run make one version, with one UUID"),
    (r"dataset_versions_staging", r"versions: 3 elements|totalCount", "the events of one run make one version"),
    (r"dataset.*", r"sourceName", "the source is that of the latest dataSource facet, not of the first event"),
    (r"dataset_symlinked|datasets_s3", r"physicalName", "a symlink does not rename what it points to"),
    (r"dataset_by_symlink", r"id\.|name|namespace|physicalName", "a symlink shows the dataset that it is a name of"),
    (r"dataset_versions_staging", r"facets\.dataQualityMetrics", "what a reader measured is shown with its run"),
    (r"jobs_all", r"jobs\[0\]\.(in|out)puts", "what a JobEvent declares is shown in lists too"),
    (r"jobs_all", r"simpleName", "an event without the parent facet does not undo the parent"),
    (r"jobs_all", r"description|location|labels", "an event without the facet does not undo it"),
    (r"jobs_all", r"state: reference 'RUNNING', candidate 'OTHER'", "OTHER says nothing about running"),
    (r"job_versions_stage", r"latestRun\.facets\.", "a run's facets are its own, not its job's"),
    (r"job_versions_stage", r"location", "the version has the code of its run"),
    (r"events.*", r"totalCount", "counts what is listed: run events"),
)  # fmt: skip
ELSEWHERE = re.compile(r"/(lineage|column-lineage|runlineage/\w+)\?")


async def test_marquez_answers(database: str, client: httpx.AsyncClient) -> None:
    events = golden_events()
    await store(database, events)
    judge = _judge()
    requests = json.loads((GOLDEN / "requests.json").read_text(encoding="utf-8"))
    known = {u.lower() for text in (json.dumps(requests), *(e.decode() for e in events)) for u in judge.UUID.findall(text)}
    captured: dict[str, str] = {}
    unexpected, met = [], set()
    for request in requests:
        path = re.sub(r"\{(\w+)\}", lambda m: captured.get(m[1], m[0]), request["path"])
        if "{" in path or (ELSEWHERE.search(path) and "/events/" not in path):
            continue
        answer = await client.get(path)
        for name, steps in request.get("capture", {}).items():
            captured[name] = _at(answer.json(), steps)
        wanted = json.loads((GOLDEN / "responses" / f"{request['id']}.json").read_text(encoding="utf-8"))
        told = {"status": answer.status_code, "body": _without_transformations(answer.json())}
        for difference in judge.compare(wanted, told, known, request).hard:
            reasons = [m for m in MEANT if re.fullmatch(m[0], request["id"]) and re.search(m[1], difference)]
            met.update(reasons)
            unexpected += [] if reasons else [f"{request['id']}: {difference}"]
    assert unexpected == []
    assert met == set(MEANT), "these differences are gone: take them off the list"


def _judge() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_compare", GOLDEN / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    return judge


def _at(value: Any, steps: list[str | int]) -> str:
    for step in steps:
        value = value[step]
    return str(value)


def _without_transformations(value: Any) -> Any:
    """The judge tells elements of lists apart by all of their keys, so what we add to input fields must go."""
    if isinstance(value, dict):
        return {k: _without_transformations(v) for k, v in value.items() if k != "transformations"}
    return [_without_transformations(v) for v in value] if isinstance(value, list) else value


def test_there_is_something_to_compare_with() -> None:
    if not GOLDEN.is_dir():
        pytest.skip(f"NOT COMPARED WITH MARQUEZ: there is no {GOLDEN}")
    assert len(list((GOLDEN / "responses").iterdir())) > 50
