"""What is missing to train a model again. The rule is that of ``entities.model.Reproducibility``. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.entities.model import DataVersion, Lack, Missing, ModelVersion, Reproducibility, TracedRun
from headwater.lineage.node_ids import NodeKind, dataset_node_id

_MESSAGES: dict[Lack, str] = {
    "TRAINING_RUN": "No run is known that wrote this version.",
    "CODE_VERSION": "The run does not say which version of its code it ran (sourceCodeLocation).",
    "PARAMETERS": "The training run does not tell its parameters (executionParameters).",
    "UNVERSIONED_INPUT": "Neither an external version (version) nor a checksum (headwater_checksum) says what was read.",
    "UNKNOWN_PRODUCER": "No run is known that wrote it, and nothing pins it: it cannot be made or fetched again.",
    "EXPIRED_INPUT": "The dataset was dropped or deleted since, or the store no longer knows what was read.",
}


def reproducibility(version: ModelVersion, runs: Sequence[TracedRun], data: Sequence[DataVersion]) -> Reproducibility:
    """``runs`` and ``data`` as in a trace."""
    checks = list(_checks(version, runs, data))
    missing = [Missing(what=what, nodeId=node_id, message=_MESSAGES[what]) for what, node_id, known in checks if not known]
    known = len(checks) - len(missing)
    score = round(known / len(checks), 2) if version.trainedBy is not None else 0.0
    return Reproducibility(score=score, known=known, needed=len(checks), missing=missing)


def _checks(version: ModelVersion, runs: Sequence[TracedRun], data: Sequence[DataVersion]) -> Iterator[tuple[Lack, str, bool]]:
    """What is asked, of which node, and whether it is known."""
    training = version.trainedBy
    yield "TRAINING_RUN", f"{dataset_node_id(version.id.namespace, version.id.name)}#{version.version}", training is not None
    if training is not None:
        yield "PARAMETERS", f"{NodeKind.RUN}:{training.id}", bool(training.parameters)
    for run in runs:
        yield "CODE_VERSION", f"{NodeKind.RUN}:{run.id}", run.code is not None and run.code.version is not None
    for read in data:
        node_id = dataset_node_id(read.id.namespace, read.id.name) + (f"#{read.version}" if read.version else "")
        there = read.version is not None and not read.gone
        yield "EXPIRED_INPUT", node_id, there
        if there:
            pinned = read.externalVersion is not None or read.checksum is not None
            yield "UNVERSIONED_INPUT", node_id, pinned
            yield "UNKNOWN_PRODUCER", node_id, pinned or read.producedBy is not None
