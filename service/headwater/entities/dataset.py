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
    namespace: str = Described(description="Where it is kept, such as `postgres://db:5432`.")
    name: str = Described(description="Unique in its namespace, case-sensitive.")


class Field(Entity):
    name: str = Described(description="Of a nested field the path, with dots: `address.city`.")
    type: str | None = Described(description="As the producer writes it.")
    tags: list[str] = Described(description="Given by events or by people.")
    description: str | None = Described(description="What it holds, as the schema facet says.")


class Transformation(Entity):
    type: str | None = Described(description="`DIRECT`, `INDIRECT`; older producers: `IDENTITY`, `MASKED`.")
    subtype: str | None = Described(description="Such as `AGGREGATION`, `JOIN`, `FILTER`.")
    description: str | None = Described(description="In the producer's words.")
    masking: bool | None = Described(description="Whether the value is hidden by it, as by a hash.")


class InputField(Entity):
    left_out: ClassVar[frozenset[str]] = frozenset({"transformations"})

    namespace: str = Described(description="Of the dataset that it is read from.")
    dataset: str = Described(description="Name of that dataset.")
    field: str = Described(description="Name of its field.")
    transformationDescription: str | None = Described(description="That of the first transformation that has one.")
    transformationType: str | None = Described(description="That of the first transformation that has one.")
    transformations: list[Transformation] | None = Described(
        default=None, description="Left out where the producer used the older attributes, which are the two above."
    )


class ColumnLineage(Entity):
    name: str = Described(description="Field of this dataset.")
    inputFields: list[InputField] = Described(description="Fields that it comes from, one step upstream.")
    transformationDescription: str | None = Described(description="That of the first input field that has one.")
    transformationType: str | None = Described(description="That of the first input field that has one.")


class Dataset(Entity):
    id: DatasetId = Described(description="Its namespace and name once more, together.")
    type: DatasetType = Described(description="STREAM where the datasetType facet says STREAM or TOPIC.")
    name: str = Described(description="Unique in its namespace, case-sensitive.")
    physicalName: str = Described(description="What the store calls it, as put; else the name.")
    createdAt: datetime = Described(description="Time of the earliest event that names it.")
    updatedAt: datetime = Described(description="Time of the latest event that names it.")
    namespace: str = Described(description="Where it is kept.")
    sourceName: str = Described(description="From the dataSource facet; `default` without one.")
    fields: list[Field] = Described(description="Schema of the current version, else the latest that is known.")
    tags: list[str] = Described(description="Given by events or by people; those of its fields are there.")
    lastModifiedAt: datetime | None = Described(
        description="When a run that wrote it was last marked as ended over REST; null where only events tell of it."
    )
    lastLifecycleState: str | None = Described(
        description="Lifecycle change that made the current version, or empty; null where it was put."
    )
    description: str | None = Described(description="From the documentation facet, or as put.")
    currentVersion: UUID | None = Described(description="Null until a run has written or read it, or an event declared it.")
    columnLineage: list[ColumnLineage] | None = Described(description="Null, never empty, where none is known.")
    facets: Facets = Described(description="By name; of each the latest. Readers' where no writer says anything.")
    deleted: bool = Described(description="Whether the latest event that wrote it dropped it.")
    owners: list[Owner] = Described(description="From the ownership facet.")


class StreamDataset(Dataset):
    schemaLocation: str | None = Described(description="URL of the schema, as put; events do not tell it.")


class Datasets(Entity):
    totalCount: int = Described(description="Datasets of the namespace in all, whatever the page.")
    datasets: list[Dataset | StreamDataset] = Described(description="By name; symlinks are not listed.")


class DatasetVersion(Entity):
    id: DatasetId = Described(description="Namespace and name of the dataset.")
    type: DatasetType = Described(description="That of the dataset.")
    name: str = Described(description="Name of the dataset.")
    physicalName: str = Described(description="That of the dataset.")
    createdAt: datetime = Described(description="Time of the earliest event that tells of it.")
    version: UUID = Described(description="Names it in paths; runs show the same.")
    namespace: str = Described(description="Namespace of the dataset.")
    sourceName: str = Described(description="From its own dataSource facet, else as of the dataset.")
    fields: list[Field] = Described(description="Empty where the version's events give no schema.")
    tags: list[str] = Described(description="From its own tags facet, else as of the dataset.")
    lifecycleState: str | None = Described(
        description="From the lifecycleStateChange facet, such as `CREATE`, or empty; null where it was put."
    )
    description: str | None = Described(description="From its own documentation facet, else as of the dataset.")
    currentSchemaVersion: UUID | None = Described(description="The same for the same fields.")
    createdByRun: Run | None = Described(description="Null for a version that no known run wrote.")
    facets: Facets = Described(description="Dataset facets of the version and those of its writing, by name.")
    externalVersion: str | None = Described(description="The storage's own name of it, such as a Delta or Iceberg version.")


class StreamDatasetVersion(DatasetVersion):
    schemaLocation: str | None = Described(description="URL of the schema, as put; events do not tell it.")


class DatasetVersions(Entity):
    totalCount: int = Described(description="Versions of the dataset in all, whatever the page.")
    versions: list[DatasetVersion | StreamDatasetVersion] = Described(description="Newest first.")
