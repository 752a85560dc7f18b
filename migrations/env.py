"""How Alembic reaches the database: on the connection that ``headwater.db.migrate`` hands over, else (when the
``alembic`` command is used to write a new revision) on the database of the settings.

All pending migrations run in one transaction, so that a failure leaves the database as it was.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from headwater.db import migrate, tables
from headwater.settings import Settings

LOCK = 0x68772D6D69677261  # 'hw-migra': replicas that start together take turns, and the second finds nothing to do
TURN_TIMEOUT = "5min"  # waiting for another process's migration
LOCK_TIMEOUT = "10s"  # waiting for a table: every query on it waits behind us
STATEMENT_TIMEOUT = "30min"  # an index on a large table


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        include_object=migrate.of_the_models(connection),
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{TURN_TIMEOUT}'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        context.run_migrations()


def run_offline() -> None:
    """``alembic upgrade --sql``: prints the statements, for those who apply them by hand."""
    context.configure(dialect_name="postgresql", target_metadata=tables.metadata)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
    elif context.is_offline_mode():
        run_offline()
    else:
        url = Settings().database_url
        assert url, "set DATABASE_URL"
        with migrate.engine(url).connect() as connection:
            run(connection)


main()
