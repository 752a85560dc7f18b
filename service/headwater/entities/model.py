"""ML models: datasets whose type is MODEL, with what trained them and what stands on them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from headwater.entities import Entity
from headwater.entities.dataset import DatasetId
from headwater.entities.dataset import Field as Column
from headwater.entities.graph import Counts, Freshness, Node
from headwater.entities.owner import Owner
from headwater.entities.run import JobName, RunState


class Code(Entity):
    """From the sourceCodeLocation facet that the run's own events had."""

    url: str | None = Field(description="Link to the very file or folder.")
    version: str | None = Field(description="Such as the commit.")
    repoUrl: str | None = Field(description="URL of the repository.")
    path: str | None = Field(description="Place of the code in the repository.")
    branch: str | None = Field(description="Branch that was checked out.")
    tag: str | None = Field(description="Tag of the repository, if the code had one.")


class Parameter(Entity):
    key: str = Field(description="What the parameter is called, such as `max_depth`.")
    value: str | None = Field(description="As text, or as JSON if it is none.")


class Metric(Entity):
    name: str = Field(description="What was measured, such as `auc`.")
    value: float = Field(description="In the unit that its producer uses.")


class Feature(Entity):
    name: str = Field(description="What the model calls it.")
    type: str | None = Field(description="As the producer writes it.")
    dataset: DatasetId | None = Field(description="Null where the producer names the column alone.")
    field: str = Field(description="The column; the feature's name unless the producer says otherwise.")


class TracedRun(Entity):
    id: UUID = Field(description="The run's UUID.")
    job: JobName = Field(description="The job that ran.")
    state: RunState = Field(description="By the times of its events.")
    startedAt: datetime | None = Field(description="When it began; null where that is not known.")
    endedAt: datetime | None = Field(description="When it ended; null while it is going.")
    streaming: bool = Field(description="Of a job of processing type STREAMING or SERVICE.")
    code: Code | None = Field(description="The code that ran; null where its events do not tell.")
    parameters: list[Parameter] = Field(description="From executionParameters, else the run's arguments; by key.")
    metrics: list[Metric] = Field(description="From headwater_metrics; by name.")
    features: list[Feature] = Field(description="From headwater_features.")


class ServingRun(TracedRun):
    read: UUID = Field(description="The version of the model, or of a deployment of it, that it read.")


class Model(Entity):
    id: DatasetId = Field(description="Namespace and name of the dataset that the model is.")
    description: str | None = Field(description="From the documentation facet, or as put.")
    owners: list[Owner] = Field(description="From the ownership facet.")
    tags: list[str] = Field(description="Given by events or by people.")
    createdAt: datetime = Field(description="Time of the earliest event that names it.")
    updatedAt: datetime = Field(description="Time of the latest event that names it.")
    currentVersion: UUID | None = Field(description="As in the model's list of versions; null where no version is known.")
    externalVersion: str | None = Field(description="The current version's name in the model registry, such as v1.2.")


class Models(Entity):
    totalCount: int = Field(description="Models that fit the request in all, whatever the page.")
    models: list[Model] = Field(description="By namespace and name.")
    complete: bool = Field(description="Whether every model is in the counts, which it is.")
    counts: Counts = Field(description="How many models there are, and how many are on other pages.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class _Alone(Entity):
    """What the answer to a call about one thing says of itself."""

    complete: bool = Field(description="Whether all is in the counts, which it is.")
    counts: Counts = Field(description="Of what is told, which is one.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class OneModel(_Alone, Model):
    """As the answer to a call of its own."""


class ModelVersion(Entity):
    id: DatasetId = Field(description="Namespace and name of the model.")
    version: UUID = Field(description="Names it in paths; runs show the same.")
    externalVersion: str | None = Field(description="Its name in the model registry, such as v1.2.")
    createdAt: datetime = Field(description="Time of the earliest event that tells of it.")
    trainedBy: TracedRun | None = Field(description="The run that wrote it; null where none is known.")
    features: list[Feature] = Field(description="Those of the run, else the columns that its lineage derives the model from.")


class ModelVersions(Entity):
    totalCount: int = Field(description="Versions of the model in all, whatever the page.")
    versions: list[ModelVersion] = Field(description="Newest first.")
    complete: bool = Field(description="Whether every version is in the counts, which it is.")
    counts: Counts = Field(description="How many versions there are, and how many are on other pages.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class OneModelVersion(_Alone, ModelVersion):
    """As the answer to a call of its own."""


class Checksum(Entity):
    algorithm: str | None = Field(description="Such as `sha256`; null where the producer does not say.")
    value: str = Field(description="The sum, as the producer writes it.")


class DataVersion(Entity):
    """A version of a dataset that a traced run read."""

    id: DatasetId = Field(description="Namespace and name of the dataset.")
    version: UUID | None = Field(description="Null where the store no longer knows what was read.")
    externalVersion: str | None = Field(description="The storage's own name of it, such as a Delta or Iceberg version.")
    createdAt: datetime | None = Field(description="Time of the earliest event that tells of it; null where that is not known.")
    fields: list[Column] = Field(description="As the run that wrote it told, else as its reader saw it.")
    rowCount: int | None = Field(description="Rows written, else rows read.")
    checksum: Checksum | None = Field(description="From the headwater_checksum facet.")
    producedBy: UUID | None = Field(description="The run that wrote it; null for a source.")
    readBy: list[UUID] = Field(description="Which of the traced runs read it.")
    distance: int = Field(description="1: read by the training itself; 2: by a run that wrote what that read; and so on.")
    gone: bool = Field(description="Whether the dataset was dropped or deleted since.")


Lack: TypeAlias = Literal["TRAINING_RUN", "CODE_VERSION", "PARAMETERS", "UNVERSIONED_INPUT", "UNKNOWN_PRODUCER", "EXPIRED_INPUT"]


class Missing(Entity):
    what: Lack = Field(description="Which kind of fact is lacking; `message` says it in words.")
    nodeId: str = Field(description="Of the run, or the dataset with its version after `#`.")
    message: str = Field(description="What is not known, fit to be shown to a person.")


class Reproducibility(Entity):
    """The training run; its parameters; of each traced run the code's version; of each version read that it is still there,
    that it is pinned (by an external version or a checksum), and that it is pinned or its producing run is known."""

    score: float = Field(description="known / needed, from 0 to 1; 0 without a training run.")
    known: int = Field(description="How many of the things needed are known.")
    needed: int = Field(description="How many things would have to be known.")
    missing: list[Missing] = Field(description="Those that are not known.")


class Deployment(Entity):
    id: str = Field(description="Node id of a dataset of type DEPLOYMENT or ENDPOINT, or of a job that goes on using the model.")
    version: UUID | None = Field(description="Of the dataset.")
    run: UUID = Field(description="The run that deployed it, or is serving it.")
    model: DatasetId = Field(description="Namespace and name of the model in use.")
    modelVersion: UUID = Field(description="The version that the run read.")
    since: datetime = Field(description="When it was deployed; of a job, when the run began.")
    active: bool = Field(description="Whether it is the dataset's current version, or the run has not ended.")


class Prediction(Entity):
    id: DatasetId = Field(description="Namespace and name of the dataset written.")
    version: UUID = Field(description="As in the dataset's list of versions.")
    run: UUID = Field(description="The serving run that wrote it.")


class Trace(Entity):
    version: ModelVersion = Field(description="The version that was asked about.")
    runs: list[TracedRun] = Field(
        description="The training run, then the runs that wrote what it read, and so on; nearest first."
    )
    data: list[DataVersion] = Field(description="Every version that these runs read, nearest first, on to the sources.")
    deployments: list[Deployment] = Field(description="Where the version is or was in use, the latest first.")
    servingRuns: list[ServingRun] = Field(description="Runs that read the version, or a deployment of it; newest first.")
    predictions: list[Prediction] = Field(
        description="Versions that the serving runs wrote of datasets that are no models or deployments."
    )
    derivedModels: list[Prediction] = Field(description="Versions of models that runs made of this one.")
    reproducibility: Reproducibility = Field(description="How much is known of what it takes to train it again.")
    complete: bool = Field(description="Whether every run is in the counts: false where `depth` or `size` cut a walk.")
    counts: Counts = Field(description="How many runs and versions there are but for the one asked about; and what cut.")
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class FieldChange(Entity):
    name: str = Field(description="Of a nested field the path, with dots.")
    before: str | None = Field(description="Its type; null also where the producer gives none.")
    after: str | None = Field(description="Likewise, in the second training.")
    change: Literal["ADDED", "REMOVED", "RETYPED"] = Field(
        description="`RETYPED`: it is in both, and both tell its type, but not the same."
    )


class DataChange(Entity):
    id: DatasetId = Field(description="Namespace and name of the dataset.")
    change: Literal["ADDED", "REMOVED", "CHANGED", "SAME", "UNKNOWN"] = Field(
        description="UNKNOWN: the same as far as is told, but nothing pins which state of a source was read."
    )
    before: list[DataVersion] = Field(description="What the first training read; several only if it named them.")
    after: list[DataVersion] = Field(description="What the second training read.")
    fields: list[FieldChange] = Field(description="Fields that differ, as far as both sides tell of them.")
    rowDifference: int | None = Field(description="Rows after less rows before; null where either is not known.")


class Origin(Entity):
    """Where a difference begins: a version that stands on nothing but what both trainings stand on."""

    id: DatasetId = Field(description="Namespace and name of the dataset.")
    before: DataVersion | None = Field(
        description="What the first training stands on instead; null if on no version of this dataset."
    )
    after: DataVersion = Field(description="The version that the second training stands on.")
    run: TracedRun | None = Field(description="The run that wrote it; null for a source.")
    codeChanged: bool | None = Field(description="Whether other code made it than made `before`; null where that is not known.")


class ValueChange(Entity):
    name: str = Field(description="The parameter's key.")
    before: str | None = Field(description="Its value in the first training; null where it had none.")
    after: str | None = Field(description="Its value in the second training; null where it had none.")


class MetricChange(Entity):
    name: str = Field(description="What was measured, such as `auc`.")
    before: float | None = Field(description="Of the first training, in its producer's unit; null where it was not told.")
    after: float | None = Field(description="Of the second training, in its producer's unit; null where it was not told.")
    difference: float | None = Field(description="After less before.")


class FeatureChange(Entity):
    added: list[Feature] = Field(description="Those of the second version only.")
    removed: list[Feature] = Field(description="Those of the first version only.")


class CodeChange(Entity):
    changed: bool | None = Field(description="Null where the code of either is not known.")
    before: Code | None = Field(description="What the first training ran; null where that is not known.")
    after: Code | None = Field(description="What the second training ran; null where that is not known.")


class Comparison(Entity):
    before: ModelVersion = Field(description="The first version, as asked.")
    after: ModelVersion = Field(description="The second version.")
    changed: list[Literal["DATA", "SCHEMA", "FEATURES", "PARAMETERS", "CODE", "METRICS"]] = Field(
        description="In which respects the two differ."
    )
    trainingData: list[DataChange] = Field(description="What the training itself read, by name.")
    firstDifference: Origin | None = Field(description="The earliest of the origins; null where the data is the same.")
    origins: list[Origin] = Field(description="Where the differences of the data begin, earliest first.")
    features: FeatureChange = Field(description="Features that only one of the two has.")
    parameters: list[ValueChange] = Field(description="Those that differ.")
    code: CodeChange = Field(description="The code that the two trainings ran.")
    metrics: list[MetricChange] = Field(description="All, by name.")
    complete: bool = Field(description="Whether every run is in the counts: false where `size` cut a walk.")
    counts: Counts = Field(
        description="Of the runs and versions that either stands on, the two themselves left out. Told, and so returned, are what"
        " the trainings read, where differences begin, and the runs that wrote that."
    )
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")


class AffectedVersion(Entity):
    version: UUID = Field(description="As in the model's list of versions.")
    externalVersion: str | None = Field(description="Its name in the model registry, such as v1.2.")
    createdAt: datetime = Field(description="Time of the earliest event that tells of it.")
    trainedBy: UUID | None = Field(description="The run that wrote it; null where none is known.")
    current: bool = Field(description="Whether it is the model's current version.")
    by: Literal["FEATURE", "COLUMN_LINEAGE", "DATASET", "VERSION"] = Field(
        description="How it is known to stand on what was asked about: its run's feature list or column lineage names the column;"
        " its run read a dataset that does (and says nothing of columns); its run read a version that does."
    )


class AffectedModel(Node):
    distance: int = Field(
        description="Steps from dataset to job, job to dataset or column to column; of a version or run, from run to run: 0 where"
        " the run made it."
    )
    path: list[str] = Field(description="Node ids of a shortest way from what was asked about, both ends included.")
    versions: list[AffectedVersion] = Field(description="Those whose run read or used anything that is reached; newest first.")


class PassedRun(Entity):
    id: str = Field(description="`run:<uuid>`, as in the paths.")
    job: JobName = Field(description="The job that ran.")
    state: RunState = Field(description="By the times of its events.")
    startedAt: datetime | None = Field(description="When it began; null where that is not known.")
    endedAt: datetime | None = Field(description="When it ended; null while it is going.")


class Affected(Entity):
    nodeId: str = Field(description="Id of the node that was asked about.")
    grain: Literal["DATASET", "COLUMN", "VERSION"] = Field(
        description="How finely it was followed: by datasets and jobs, by columns, or by the versions that runs read."
    )
    models: list[AffectedModel] = Field(description="Those of the page, nearest first.")
    runs: list[PassedRun] = Field(description="Those on the paths, by id; empty where these lead over jobs.")
    deployments: list[Deployment] = Field(
        description="Where these versions are or were in use, the latest first; on the first page also those of a model that was"
        " itself asked about."
    )
    complete: bool = Field(description="Whether all is in the counts: false where `depth` or `size` cut a walk.")
    counts: Counts = Field(
        description="Of the models, their versions, their deployments, and the runs on the ways, so that each model left out by"
        " `filter` or `limit` counts with its own. `size` cuts runs, and versions older than a model's 1,000 newest."
    )
    asOf: datetime = Field(description="The time at which the answer holds.")
    freshness: Freshness = Field(description="How far the store had heard by then.")
    cursor: str | None = Field(description="For the next page; null on the last one.")
