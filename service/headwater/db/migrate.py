"""Brings a database to the schema of this release, and tells whether it has it.

Alembic is synchronous: from async code, call ``upgrade`` and ``check`` through ``asyncio.to_thread``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

import headwater
from headwater.db import tables
from headwater.errors import Unavailable

_BY_EXPRESSION = {
    str(index.name)
    for table in tables.metadata.tables.values()
    for index in table.indexes
    if any(word in str(expression) for expression in index.expressions for word in ("COLLATE", "CASE"))
}
# Alembic keeps the running environment in module globals: two migrations in one process would mix.
_ALEMBIC = Lock()


def location() -> Path:
    """The folder of the migrations: within the installed package, else that of the checkout."""
    package = Path(headwater.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def head() -> str:
    """The revision that this release expects."""
    revision = ScriptDirectory(str(location())).get_current_head()
    assert revision, f"no migrations in {location()}"
    return revision


def upgrade(url: str) -> None:
    """Applies what is pending, in one transaction; several processes may do so at once. Raises Unavailable."""
    with _ALEMBIC, engine(url).connect() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(location()).replace("%", "%%"))
        command.upgrade(config, "head")
        connection.commit()


def require(url: str) -> None:
    """Raises Unavailable where something is pending. A database that a later release has upgraded will do, so that one after the
    other may be replaced."""
    with engine(url).connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    pending = {step.revision for step in ScriptDirectory(str(location())).walk_revisions()} - {head()}
    if revision is None or revision in pending:
        raise Unavailable(f"{_behind(revision)}: `headwater db upgrade` brings it there.")


def _behind(revision: str | None) -> str:
    return f"the database is at revision {revision or 'none'}, this release needs {head()}"


def check(url: str) -> list[str]:
    """What keeps the database from being at this release's schema, a line each; empty when all is well."""
    with engine(url).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": of_the_models(connection),
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        revision = context.get_current_revision()
        if revision != head():
            return [_behind(revision)]
        return [_line(difference) for difference in compare_metadata(context, tables.metadata)]


def of_the_models(connection: Connection) -> Callable[..., bool]:
    """Alembic's ``include_object``: leaves out partitions and their indexes, which the models do not list, indexes by an
    expression that SQLAlchemy cannot read back (a test compares their definitions instead), and those for searching, which
    are not everywhere."""
    partitions = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")))
    left_out = {*partitions, *_BY_EXPRESSION, *tables.TRIGRAM_INDEXES}
    connection.rollback()

    def include(_object: object, name: str | None, _type: str, _reflected: bool, _compare_to: object) -> bool:
        return name not in left_out

    return include


def engine(url: str) -> Engine:
    """Connects by libpq's reading of the URL, which knows more forms than SQLAlchemy's."""

    def connect() -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(url)
        except psycopg.OperationalError as error:
            raise Unavailable(f"The database cannot be reached: {error}") from error

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)


def _line(difference: Any) -> str:
    """Alembic's differences are tuples, or lists of them, that begin with a word."""
    return str(difference[0] if isinstance(difference, list) else difference)
