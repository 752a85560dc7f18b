"""ML models: datasets whose type is MODEL, with what trained them and what stands on them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.dataset import DatasetId
from headwater.entities.dataset import Field as Column
from headwater.entities.graph import Freshness, Node
from headwater.entities.owner import Owner
from headwater.entities.run import JobName, RunState


class Code(Entity):
    """From the sourceCodeLocation facet that the run's own events had."""

    url: str | None
    version: str | None = Field(description="Such as the commit.")
    repoUrl: str | None
    path: str | None
    branch: str | None
    tag: str | None


class Parameter(Entity):
    key: str
    value: str | None


class Metric(Entity):
    name: str
    value: float


class Feature(Entity):
    name: str
    type: str | None
    dataset: DatasetId | None = Field(description="Null where the producer names the column alone.")
    field: str = Field(description="The column; the feature's name unless the producer says otherwise.")


class TracedRun(Entity):
    id: UUID
    job: JobName
    state: RunState
    startedAt: datetime | None
    endedAt: datetime | None
    streaming: bool = Field(description="Of a job of processing type STREAMING or SERVICE.")
    code: Code | None
    parameters: list[Parameter] = Field(description="From executionParameters, else the run's arguments; by key.")
    metrics: list[Metric] = Field(description="From headwater_metrics; by name.")
    features: list[Feature] = Field(description="From headwater_features.")


class ServingRun(TracedRun):
    read: UUID = Field(description="The version of the model, or of a deployment of it, that it read.")


class Model(Entity):
    id: DatasetId
    description: str | None
    owners: list[Owner]
    tags: list[str]
    createdAt: datetime
    updatedAt: datetime
    currentVersion: UUID | None
    externalVersion: str | None = Field(description="The current version's name in the model registry, such as v1.2.")


class Models(Entity):
    totalCount: int = Field(description="Models that fit the request in all, whatever the page.")
    models: list[Model] = Field(description="By namespace and name.")


class ModelVersion(Entity):
    id: DatasetId
    version: UUID
    externalVersion: str | None
    createdAt: datetime
    trainedBy: TracedRun | None = Field(description="The run that wrote it; null where none is known.")
    features: list[Feature] = Field(description="Those of the run, else the columns that columnLineage derives the model from.")


class ModelVersions(Entity):
    totalCount: int = Field(description="Versions of the model in all, whatever the page.")
    versions: list[ModelVersion] = Field(description="Newest first.")


class Checksum(Entity):
    algorithm: str | None
    value: str


class DataVersion(Entity):
    """A version of a dataset that a traced run read."""

    id: DatasetId
    version: UUID | None = Field(description="Null where the store no longer knows what was read.")
    externalVersion: str | None
    createdAt: datetime | None
    fields: list[Column] = Field(description="As the run that wrote it told, else as its reader saw it.")
    rowCount: int | None = Field(description="Rows written, else rows read.")
    checksum: Checksum | None
    producedBy: UUID | None = Field(description="The run that wrote it; null for a source.")
    readBy: list[UUID]
    distance: int = Field(description="1: read by the training itself; 2: by a run that wrote what that read; and so on.")
    gone: bool = Field(description="Whether the dataset was dropped or deleted since.")


Lack: TypeAlias = Literal["TRAINING_RUN", "CODE_VERSION", "PARAMETERS", "UNVERSIONED_INPUT", "UNKNOWN_PRODUCER", "EXPIRED_INPUT"]


class Missing(Entity):
    what: Lack
    nodeId: str = Field(description="Of the run, or the dataset with its version after `#`.")
    message: str


class Reproducibility(Entity):
    """The training run; its parameters; of each traced run the code's version; of each version read that it is still there,
    that it is pinned (by an external version or a checksum), and that it is pinned or its producing run is known."""

    score: float = Field(description="known / needed, from 0 to 1; 0 without a training run.")
    known: int
    needed: int
    missing: list[Missing]


class Deployment(Entity):
    id: str = Field(description="Node id of a dataset of type DEPLOYMENT or ENDPOINT, or of a job that goes on using the model.")
    version: UUID | None = Field(description="Of the dataset.")
    run: UUID = Field(description="The run that deployed it, or is serving it.")
    model: DatasetId
    modelVersion: UUID = Field(description="The version that the run read.")
    since: datetime
    active: bool = Field(description="Whether it is the dataset's current version, or the run has not ended.")


class Prediction(Entity):
    id: DatasetId
    version: UUID
    run: UUID = Field(description="The serving run that wrote it.")


class Trace(Entity):
    version: ModelVersion
    runs: list[TracedRun] = Field(
        description="The training run, then the runs that wrote what it read, and so on; nearest first."
    )
    data: list[DataVersion] = Field(description="Every version that these runs read, nearest first, on to the sources.")
    deployments: list[Deployment]
    servingRuns: list[ServingRun] = Field(description="Runs that read the version, or a deployment of it; newest first.")
    predictions: list[Prediction]
    derivedModels: list[Prediction] = Field(description="Versions of models that runs made of this one.")
    reproducibility: Reproducibility
    complete: bool = Field(description="False where there are more runs than were looked at, or `depth` cut the way.")
    asOf: datetime
    freshness: Freshness


class FieldChange(Entity):
    name: str
    before: str | None = Field(description="Its type; null also where the producer gives none.")
    after: str | None
    change: Literal["ADDED", "REMOVED", "RETYPED"]


class DataChange(Entity):
    id: DatasetId
    change: Literal["ADDED", "REMOVED", "CHANGED", "SAME", "UNKNOWN"] = Field(
        description="UNKNOWN: the same as far as is told, but nothing pins which state of a source was read."
    )
    before: list[DataVersion] = Field(description="What the first training read; several only if it named them.")
    after: list[DataVersion]
    fields: list[FieldChange]
    rowDifference: int | None = Field(description="Rows after less rows before; null where either is not known.")


class Origin(Entity):
    """Where a difference begins: a version that stands on nothing but what both trainings stand on."""

    id: DatasetId
    before: DataVersion | None
    after: DataVersion
    run: TracedRun | None = Field(description="The run that wrote it; null for a source.")
    codeChanged: bool | None = Field(description="Whether other code made it than made `before`; null where that is not known.")


class ValueChange(Entity):
    name: str
    before: str | None
    after: str | None


class MetricChange(Entity):
    name: str
    before: float | None
    after: float | None
    difference: float | None = Field(description="After less before.")


class FeatureChange(Entity):
    added: list[Feature]
    removed: list[Feature]


class CodeChange(Entity):
    changed: bool | None = Field(description="Null where the code of either is not known.")
    before: Code | None
    after: Code | None


class Comparison(Entity):
    before: ModelVersion
    after: ModelVersion
    changed: list[Literal["DATA", "SCHEMA", "FEATURES", "PARAMETERS", "CODE", "METRICS"]]
    trainingData: list[DataChange] = Field(description="What the training itself read, by name.")
    firstDifference: Origin | None = Field(description="The earliest of the origins; null where the data is the same.")
    origins: list[Origin] = Field(description="Where the differences of the data begin, earliest first.")
    features: FeatureChange
    parameters: list[ValueChange] = Field(description="Those that differ.")
    code: CodeChange
    metrics: list[MetricChange] = Field(description="All, by name.")
    complete: bool


class AffectedVersion(Entity):
    version: UUID
    externalVersion: str | None
    createdAt: datetime
    trainedBy: UUID | None
    current: bool
    by: Literal["FEATURE", "COLUMN_LINEAGE", "DATASET", "VERSION"] = Field(
        description="How it is known to stand on what was asked about: its run's feature list or column lineage names the column;"
        " its run read a dataset that does (and says nothing of columns); its run read a version that does."
    )


class AffectedModel(Node):
    distance: int = Field(description="Steps from dataset to job or job to dataset; of a version, from run to run.")
    path: list[str] = Field(description="Node ids of a shortest way from what was asked about, both ends included.")
    versions: list[AffectedVersion] = Field(description="Newest first.")


class Affected(Entity):
    nodeId: str
    grain: Literal["DATASET", "COLUMN", "VERSION"]
    models: list[AffectedModel] = Field(description="Nearest first.")
    deployments: list[Deployment]
    complete: bool
    asOf: datetime
    freshness: Freshness
