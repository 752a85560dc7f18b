"""``headwater db``: the schema of the database."""
# ruff: noqa: PLC0415

from __future__ import annotations

import typer

from headwater.cli.database import DataDir, database, read_settings

app = typer.Typer(help="The schema of the database.", no_args_is_help=True)


@app.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this release."""
    from headwater.db import migrate

    with database(read_settings(data_dir=data_dir)) as url:
        migrate.upgrade(url)
    print(f"The database is at revision {migrate.head()}.")


@app.command()
def check(data_dir: DataDir = None) -> None:
    """Tell whether the database has the schema of this release; the exit status is 1 if not."""
    from headwater.db import migrate

    with database(read_settings(data_dir=data_dir)) as url:
        differences = migrate.check(url)
    print("\n".join(differences) or f"The database is at revision {migrate.head()}, as it should be.")
    raise typer.Exit(code=1 if differences else 0)
