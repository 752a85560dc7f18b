"""``headwater db``: the schema of the database."""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.database import DataDir, database, migrated, read_settings
from headwater.errors import Conflict, Invalid

if TYPE_CHECKING:
    from headwater.ingest.retention import Retired

app = typer.Typer(help="The schema of the database, and the age of what is in it.", no_args_is_help=True)
_Days = Annotated[int | None, typer.Option(help="How old history may be; else as HEADWATER_RETENTION_DAYS says.", min=1)]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")]


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


@app.command()
def retention(days: _Days = None, dry_run: _DryRun = False, data_dir: DataDir = None) -> None:
    """Take away history that is older than some days; what is current stays, whatever its age."""
    settings = read_settings(data_dir=data_dir, retention_days=days)
    if settings.retention_days is None:
        raise Invalid("How many days? Give --days or HEADWATER_RETENTION_DAYS.")
    with migrated(settings) as url:
        retired = asyncio.run(_retire(url, settings.retention_days, settings.retention_batch_rows, dry_run))
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in asdict(retired).items())
    print(f"{'Would go' if dry_run else 'Gone'}: {told}.")


async def _retire(url: str, days: int, rows: int, dry_run: bool) -> Retired:
    from headwater.db.pool import connect
    from headwater.ingest import retention

    async with await connect(url) as conn:
        retired = await retention.retire(conn, retention.before(days), rows, dry_run=dry_run)
    if retired is None:
        raise Conflict("Another process is at it.")
    return retired
