"""A trace in the words of W3C PROV (PROV-JSON): versions are entities, runs are activities. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias
from uuid import UUID

from headwater.entities.dataset import DatasetId
from headwater.entities.model import DataVersion, Trace, TracedRun

Attributes: TypeAlias = dict[str, Any]

PREFIXES = {
    "headwater": "urn:headwater:",
    "version": "urn:headwater:version:",
    "run": "urn:headwater:run:",
    "job": "urn:headwater:job:",
}


def prov(trace: Trace) -> dict[str, Any]:
    """The document, to be encoded as JSON. What was read and is not known any more has no entity."""
    runs = {run.id: run for run in (*trace.runs, *trace.servingRuns)}
    model = trace.version
    entities: dict[str, Attributes] = {_version(v.version): _data(v) for v in trace.data if v.version}
    entities[_version(model.version)] = _named(model.id, model.externalVersion, "headwater:Model")
    made = [(v.version, v.producedBy) for v in trace.data if v.version and v.producedBy in runs]
    made += [(model.version, model.trainedBy.id)] if model.trainedBy else []
    for told, kind in ((trace.predictions, "headwater:Prediction"), (trace.derivedModels, "headwater:Model")):
        entities |= {_version(output.version): _named(output.id, None, kind) for output in told}
        made += [(output.version, output.run) for output in told]
    for deployment in trace.deployments:
        if deployment.version is not None:
            entities[_version(deployment.version)] = {"prov:label": deployment.id, "prov:type": _kind("headwater:Deployment")}
            made.append((deployment.version, deployment.run))
    used = [(reader, v.version) for v in trace.data if v.version for reader in v.readBy]
    used += [(run.id, run.read) for run in trace.servingRuns]
    return {
        "prefix": PREFIXES,
        "entity": entities,
        "activity": {_run(run.id): _activity(run) for run in runs.values()},
        "wasGeneratedBy": _relations("g", [{"prov:entity": _version(v), "prov:activity": _run(r)} for v, r in made if r]),
        "used": _relations("u", [{"prov:activity": _run(r), "prov:entity": _version(v)} for r, v in used]),
        "wasDerivedFrom": _relations(
            "d",
            [
                {"prov:generatedEntity": _version(model.version), "prov:usedEntity": _version(v.version)}
                for v in trace.data
                if v.version and v.distance == 1
            ],
        ),
    }


def _version(uuid: UUID) -> str:
    return f"version:{uuid}"


def _run(uuid: UUID) -> str:
    return f"run:{uuid}"


def _kind(name: str) -> Attributes:
    return {"$": name, "type": "xsd:QName"}


def _known(attributes: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}


def _named(of: DatasetId, external: str | None, kind: str) -> Attributes:
    attributes = {
        "prov:label": of.name,
        "prov:type": _kind(kind),
        "headwater:namespace": of.namespace,
        "headwater:externalVersion": external,
    }
    return _known(attributes)


def _data(version: DataVersion) -> Attributes:
    checksum = version.checksum
    return _named(version.id, version.externalVersion, "headwater:DatasetVersion") | _known(
        {
            "headwater:rowCount": version.rowCount,
            "headwater:checksum": f"{checksum.algorithm or 'unknown'}:{checksum.value}" if checksum else None,
        }
    )


def _activity(run: TracedRun) -> Attributes:
    attributes = {
        "prov:startTime": run.startedAt.isoformat() if run.startedAt else None,
        "prov:endTime": run.endedAt.isoformat() if run.endedAt else None,
        "prov:label": run.job.name,
        "headwater:namespace": run.job.namespace,
        "headwater:code": run.code.url if run.code else None,
        "headwater:codeVersion": run.code.version if run.code else None,
    }
    return _known(attributes)


def _relations(letter: str, told: Iterable[Attributes]) -> dict[str, Attributes]:
    unique = {tuple(relation.values()): relation for relation in told}
    return {f"_:{letter}{n}": relation for n, relation in enumerate(unique.values(), 1)}
