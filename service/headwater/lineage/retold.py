"""An answer about jobs and datasets as OpenLineage events which, sent to an empty server, make the same graph. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import msgspec

Answer: TypeAlias = Mapping[str, Any]  # has `asOf`, `nodes`, `edges` with their evidence, and `start` perhaps
_Facets: TypeAlias = dict[str, dict[str, Any]]

_PRODUCER = "urn:headwater:export"
_SCHEMA_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
_RUNS = UUID("6d6b6a8e-53a2-4d8c-9a3c-0d5f6a0d3c51")


def events(answer: Answer) -> str:
    """One event a line, all at the time of the answer: a DatasetEvent for each dataset of which there is something to
    tell, a JobEvent for each job, and a RunEvent for each job that waits for another, which only a run can tell. Which runs there
    were is not told."""
    return "".join(f"{msgspec.json.encode(event).decode()}\n" for event in _Retold(answer).events())


class _Retold:
    """What each job and dataset has to say. Of an edge whose teller is not in the answer, its destination tells."""

    def __init__(self, answer: Answer) -> None:
        self._at = answer["asOf"]
        self._nodes = {node["id"]: node for node in (*answer.get("start", ()), *answer["nodes"])}
        self._namespaces = {node["namespace"] for node in self._nodes.values()}
        self._inputs, self._outputs = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        self._entries = defaultdict[str, list[dict[str, Any]]](list)  # of jobs
        self._derived = defaultdict[str, list[str]](list)  # of datasets
        self._waits = defaultdict[str, list[str]](list)
        for edge in answer["edges"]:
            for told in edge["evidence"]:
                self._tell(edge["origin"], edge["destination"], told["kind"], told["toldBy"])

    def events(self) -> Iterator[dict[str, Any]]:
        told = (*self._nodes, *self._inputs, *self._outputs, *self._entries, *self._derived, *self._waits)
        for node in dict.fromkeys(told):
            if not _is_job(node):
                yield self._event("DatasetEvent", dataset=self._named(node, self._dataset_facets(node)))
                continue
            io = {"inputs": self._all(self._inputs[node]), "outputs": self._all(self._outputs[node])}
            yield self._event("JobEvent", job=self._named(node, self._job_facets(node)), **io)
            if waits := self._waits[node]:
                run = {
                    "runId": str(uuid5(_RUNS, f"{node} {self._at}")),
                    "facets": _framed({"jobDependencies": self._upstream(waits)}),
                }
                yield self._event("RunEvent", eventType="COMPLETE", run=run, job=self._named(node))

    def _tell(self, origin: str, destination: str, kind: str, teller: str) -> None:
        match kind:
            case "INPUT":
                _add(self._inputs[destination], origin)
            case "OUTPUT":
                _add(self._outputs[origin], destination)
            case "JOB_DEPENDENCY":
                _add(self._waits[destination], origin)
            case "DATASET_LINEAGE" if not _is_job(teller) or teller not in self._nodes:
                _add(self._derived[destination], origin)
            case _:
                by = teller if teller in self._nodes else destination
                entry = {**self._lineage(destination), "inputs": [self._lineage(origin)]}
                _add(self._entries[by], entry)

    def _event(self, kind: str, **content: Any) -> dict[str, Any]:
        return {"eventTime": self._at, "producer": _PRODUCER, "schemaURL": _SCHEMA_URL + kind, **content}

    def _named(self, node: str, facets: _Facets | None = None) -> dict[str, Any]:
        namespace, name = self._name(node)
        return {"namespace": namespace, "name": name, "facets": _framed(facets or {})}

    def _all(self, nodes: list[str]) -> list[dict[str, Any]]:
        return [self._named(node) for node in nodes]

    def _lineage(self, node: str) -> dict[str, Any]:
        namespace, name = self._name(node)
        return {"type": "JOB" if _is_job(node) else "DATASET", "namespace": namespace, "name": name}

    def _name(self, node: str) -> tuple[str, str]:
        """Of an id that only an edge names the longest namespace that the answer has, else all up to its last colon."""
        if known := self._nodes.get(node):
            return known["namespace"], known["name"]
        rest = node.partition(":")[2]
        namespace = max((n for n in self._namespaces if rest.startswith(f"{n}:")), key=len, default=rest.rpartition(":")[0])
        return namespace, rest[len(namespace) + 1 :]

    def _upstream(self, waits: list[str]) -> dict[str, Any]:
        names = map(self._name, waits)
        return {"upstream": [{"job": {"namespace": namespace, "name": name}} for namespace, name in names]}

    def _dataset_facets(self, node: str) -> _Facets:
        known = self._nodes.get(node, {})
        facets = _shared(known)
        if known.get("type"):
            facets["datasetType"] = {"datasetType": known["type"]}
        if sources := self._derived[node]:
            facets["lineage"] = {"inputs": [self._lineage(source) for source in sources]}
        return facets

    def _job_facets(self, node: str) -> _Facets:
        known = self._nodes.get(node, {})
        facets = _shared(known)
        if known.get("type"):
            facets["jobType"] = {"jobType": known["type"]}
        if entries := self._entries[node]:
            facets["lineage"] = {"entries": entries}
        return facets


def _shared(node: Mapping[str, Any]) -> _Facets:
    facets: _Facets = {}
    if node.get("description"):
        facets["documentation"] = {"description": node["description"]}
    if node.get("owners"):
        facets["ownership"] = {"owners": node["owners"]}
    if node.get("tags"):
        facets["tags"] = {"tags": [_tag(tag) for tag in node["tags"]]}
    return facets


def _tag(told: str) -> dict[str, str]:
    key, _, value = told.partition("=")
    return {"key": key, "value": value or "true"}


def _framed(facets: _Facets) -> _Facets:
    return {key: {"_producer": _PRODUCER, "_schemaURL": f"{_SCHEMA_URL}BaseFacet", **body} for key, body in facets.items()}


def _is_job(node: str) -> bool:
    return node.startswith("job:")


def _add(told: list[Any], one: Any) -> None:
    if one not in told:
        told.append(one)
