from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import Field as Described

from headwater.entities import Entity, Facets
from headwater.entities.owner import Owner
from headwater.entities.run import Run

DatasetType: TypeAlias = Literal["DB_TABLE", "STREAM"]


class DatasetId(Entity):
    namespace: str
    name: str


class Field(Entity):
    name: str = Described(description="Of a nested field the path, with dots: `address.city`.")
    type: str | None = Described(description="As the producer writes it.")
    tags: list[str]
    description: str | None


class Transformation(Entity):
    type: str | None = Described(description="`DIRECT`, `INDIRECT`; older producers: `IDENTITY`, `MASKED`.")
    subtype: str | None = Described(description="Such as `AGGREGATION`, `JOIN`, `FILTER`.")
    description: str | None
    masking: bool | None = Described(description="Whether the value is hidden by it, as by a hash.")


class InputField(Entity):
    left_out: ClassVar[frozenset[str]] = frozenset({"transformations"})

    namespace: str
    dataset: str
    field: str
    transformationDescription: str | None
    transformationType: str | None
    transformations: list[Transformation] | None = Described(
        default=None, description="Left out where the producer used the older attributes, which are the two above."
    )


class ColumnLineage(Entity):
    name: str = Described(description="Field of this dataset.")
    inputFields: list[InputField] = Described(description="Fields that it comes from, one step upstream.")
    transformationDescription: str | None = Described(description="That of the first input field that has one.")
    transformationType: str | None = Described(description="That of the first input field that has one.")


class Dataset(Entity):
    id: DatasetId
    type: DatasetType = Described(description="STREAM where the datasetType facet says STREAM or TOPIC.")
    name: str
    physicalName: str = Described(description="The same as the name.")
    createdAt: datetime = Described(description="Time of the earliest event that names it.")
    updatedAt: datetime = Described(description="Time of the latest event that names it.")
    namespace: str
    sourceName: str = Described(description="From the dataSource facet; `default` without one.")
    fields: list[Field] = Described(description="Schema of the current version, else the latest that is known.")
    tags: list[str]
    lastModifiedAt: datetime | None = Described(
        description="When a run that wrote it was last marked as ended over REST; null where only events tell of it."
    )
    lastLifecycleState: str | None = Described(description="Lifecycle change that made the current version, or empty.")
    description: str | None
    currentVersion: UUID | None = Described(description="Null until a run has written or read it, or an event declared it.")
    columnLineage: list[ColumnLineage] | None = Described(description="Null, never empty, where none is known.")
    facets: Facets = Described(description="By name; of each the latest. Readers' where no writer says anything.")
    deleted: bool = Described(description="Whether the latest event that wrote it dropped it.")
    owners: list[Owner]


class StreamDataset(Dataset):
    schemaLocation: str | None = Described(description="Always null: events do not tell it.")


class Datasets(Entity):
    totalCount: int = Described(description="Datasets of the namespace in all, whatever the page.")
    datasets: list[Dataset | StreamDataset] = Described(description="By name; symlinks are not listed.")


class DatasetVersion(Entity):
    id: DatasetId
    type: DatasetType
    name: str
    physicalName: str
    createdAt: datetime = Described(description="Time of the earliest event that tells of it.")
    version: UUID
    namespace: str
    sourceName: str
    fields: list[Field] = Described(description="Empty where the version's events give no schema.")
    tags: list[str]
    lifecycleState: str | None
    description: str | None
    currentSchemaVersion: UUID | None = Described(description="The same for the same fields.")
    createdByRun: Run | None = Described(description="Null for a version that no known run wrote.")
    facets: Facets = Described(description="Dataset facets of the version and those of its writing, by name.")
    externalVersion: str | None = Described(description="The storage's own name of it, such as a Delta or Iceberg version.")


class StreamDatasetVersion(DatasetVersion):
    schemaLocation: str | None = Described(description="Always null: events do not tell it.")


class DatasetVersions(Entity):
    totalCount: int = Described(description="Versions of the dataset in all, whatever the page.")
    versions: list[DatasetVersion | StreamDatasetVersion] = Described(description="Newest first.")
