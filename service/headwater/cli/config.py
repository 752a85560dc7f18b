"""``headwater config``: what is in force, and from where."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.database import DataDir, read_settings
from headwater.cli.display import dim, table

if TYPE_CHECKING:
    from headwater.settings import Settings

_PREFIX = "HEADWATER_"
_THEIRS = {  # see Settings
    "database_url": ("DATABASE_URL", "POSTGRES_HOST"),
    "log_level": ("LOG_LEVEL",),
    "migrate_on_start": ("MIGRATE_ON_STARTUP",),
    "port": ("MARQUEZ_PORT",),
}


def config(data_dir: DataDir = None, as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Print the settings and where each comes from; passwords are masked."""
    settings = read_settings(data_dir=data_dir)
    given = {"data_dir": "--data-dir"} if data_dir else {}
    told = {name: (_value(settings, name), given.get(name) or _origin(name)) for name in type(settings).model_fields}
    if as_json:
        print(json.dumps({name: {"value": value, "from": origin} for name, (value, origin) in told.items()}))
        return
    rows = [[name, dim(origin) if origin == "default" else origin, _text(value)] for name, (value, origin) in told.items()]
    table(["SETTING", "FROM", "VALUE"], rows)


def _value(settings: Settings, name: str) -> Any:
    from headwater.settings import masked

    value = settings.model_dump(mode="json")[name]
    return masked(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    if value is None or value == {}:
        return "-"
    return ",".join(value) if isinstance(value, dict) else str(value).lower() if isinstance(value, bool) else str(value)


def _origin(name: str) -> str:
    """The environment variable that says so, in any case and unless empty, as pydantic reads it."""
    from headwater import marquez_config

    wanted = [f"{_PREFIX}{name}".upper(), *_THEIRS.get(name, ())]
    if name in marquez_config.settings():
        wanted.append(marquez_config.VARIABLE)
    present = {variable.upper(): variable for variable, value in os.environ.items() if value}
    return next((present[variable] for variable in wanted if variable in present), "default")
