"""What nearly every command begins with: its settings, and a database.

Imports wait until a command runs (see the package).
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from headwater.errors import Invalid

if TYPE_CHECKING:
    from headwater.settings import Settings

DataDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Where the embedded PostgreSQL keeps its data; not used with DATABASE_URL.", show_default=False),
]


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, those given (and not None) in their place. Raises Invalid."""
    from pydantic import ValidationError

    from headwater.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid(
            "The settings (environment variables HEADWATER_…) are not right.",
            [{"path": ".".join(map(str, problem["loc"])), "message": problem["msg"]} for problem in problems],
        ) from None


def log_only(level: str) -> None:
    """For commands that speak for themselves: logs of less than ``level`` are left out, psycopg's too."""
    import logging

    from headwater import logs

    logs.configure(level)
    logging.getLogger("psycopg").setLevel(level)  # has a level of its own


@contextmanager
def database(settings: Settings, *, service: bool = False) -> Iterator[str]:
    """URL of the database: that of the settings, else of the embedded server, whether or not a service runs on it."""
    if settings.database_url:
        yield settings.database_url
        return
    from headwater.db.embedded import embedded_server

    uid, gid = settings.server_uid, settings.server_gid
    with embedded_server(settings.data_dir, service=service, uid=uid, gid=gid) as url:
        yield url


@contextmanager
def migrated(settings: Settings) -> Iterator[str]:
    """As ``database``, at the schema of this release. Raises Unavailable where it is behind and the settings leave migrating to
    others."""
    with database(settings) as url:
        migrate(settings, url)
        yield url


def migrate(settings: Settings, url: str) -> None:
    """Brings the database to the schema of this release, or raises Unavailable where that is left to others."""
    from headwater.db import migrate as migrations

    (migrations.upgrade if settings.migrate_on_start else migrations.require)(url)
