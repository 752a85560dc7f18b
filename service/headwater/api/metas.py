"""Bodies of Marquez's writing calls. What they hold beside is ignored, as clients send fields that are long gone."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from headwater.api.parameters import Moment, Text


class _Meta(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, told: Any) -> Any:
        """Null is as good as absent: clients send it for whatever is not set."""
        return {name: value for name, value in told.items() if value is not None} if isinstance(told, dict) else told


def _as_text(told: Any) -> Any:
    return msgspec.json.encode(told).decode() if isinstance(told, bool | int | float) else told


# Marquez takes them for strings too, and its Python client sends what it is given.
_Arg = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class NamespaceMeta(_Meta):
    ownerName: Text = Field(description="Who answers for it.", examples=["data-platform"])
    description: str | None = Field(None, description="Absent or null: as it is.")


class SourceMeta(_Meta):
    type: Text = Field(description="Kind of store.", examples=["POSTGRESQL"])
    connectionUrl: Text = Field(description="Where it is; without secrets.", examples=["postgresql://db:5432/shop"])
    description: str | None = Field(None, description="What it holds.")


class TagMeta(_Meta):
    description: str | None = Field(None, description="Absent or null: as it is.")


class NameMeta(_Meta):
    namespace: Text = Field(description="Of the dataset.")
    name: Text = Field(description="Of the dataset, or an alias.")


class FieldMeta(_Meta):
    name: Text = Field(description="Unique in its dataset.")
    type: str | None = Field(None, description="As the store calls it.", examples=["VARCHAR(255)"])
    tags: list[Text] = Field([], description="Given beside those that it has.")
    description: str | None = Field(None, description="What it holds.")


class DatasetMeta(_Meta):
    type: Literal["DB_TABLE", "STREAM"] = Field(description="`STREAM` for topics and the like.")
    physicalName: Text = Field(description="The name that the store has for it.")
    sourceName: Text = Field(description="A source that is there.")
    schemaLocation: str | None = Field(None, description="URL of a stream's schema.")
    fields: list[FieldMeta] | None = Field(None, description="Absent: as they are.")
    tags: list[Text] = Field([], description="Given beside those that it has.")
    description: str | None = Field(None, description="Absent or null: as it is.")
    runId: UUID | None = Field(None, description="The run that wrote it so.")


class JobMeta(_Meta):
    type: Literal["BATCH", "STREAM", "SERVICE"] = Field(description="Whether its runs end by themselves.")
    inputs: list[NameMeta] = Field(description="Datasets that are there.")
    outputs: list[NameMeta] = Field(description="Datasets that are there.")
    location: str | None = Field(None, description="URL of its code.")
    description: str | None = Field(None, description="Absent or null: as it is.")
    runId: UUID | None = Field(None, description="A run of the job, that read and wrote these.")


class RunMeta(_Meta):
    id: UUID | None = Field(None, description="Made up where absent.")
    nominalStartTime: Moment | None = Field(None, description="Begin of what it is for, with offset.")
    nominalEndTime: Moment | None = Field(None, description="End of what it is for, with offset.")
    args: dict[str, _Arg] = Field({}, description="Shown with the run, as strings.")
