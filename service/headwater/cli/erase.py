"""``headwater erase``: hard deletes."""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.database import DataDir, log_only, migrated, read_settings
from headwater.errors import Invalid

if TYPE_CHECKING:
    from headwater.ingest.writes import Erase
    from headwater.settings import Settings

app = typer.Typer(
    help="Delete for good: what goes with it are runs, versions, edges, and the datasets that only it used. The log keeps its"
    " events.",
    no_args_is_help=True,
)
_Namespace = Annotated[str, typer.Argument(metavar="NAMESPACE")]
_Name = Annotated[str, typer.Argument(metavar="NAME")]
_Yes = Annotated[bool, typer.Option("--yes", help="Needed, as it cannot be undone.")]


@app.command()
def namespace(namespace: _Namespace, yes: _Yes = False, data_dir: DataDir = None) -> None:
    """A namespace with all of its jobs and datasets."""
    from headwater.ingest.writes import Erase

    _erase(Erase(namespace), yes, read_settings(data_dir=data_dir, admin=True))


@app.command()
def job(namespace: _Namespace, name: _Name, yes: _Yes = False, data_dir: DataDir = None) -> None:
    """A job, by its full name."""
    from headwater.ingest.writes import Erase

    _erase(Erase(namespace, job=name), yes, read_settings(data_dir=data_dir, admin=True))


@app.command()
def dataset(namespace: _Namespace, name: _Name, yes: _Yes = False, data_dir: DataDir = None) -> None:
    """A dataset with all of its names."""
    from headwater.ingest.writes import Erase

    _erase(Erase(namespace, dataset=name), yes, read_settings(data_dir=data_dir, admin=True))


def _erase(what: Erase, yes: bool, settings: Settings) -> None:
    if not yes:
        raise Invalid("It cannot be undone: add --yes.")
    log_only("WARNING")
    with migrated(settings) as url:
        asyncio.run(_write(url, what, settings))
    print("Deleted.")


async def _write(url: str, what: Erase, settings: Settings) -> None:
    from headwater.catalog import datasets, jobs, namespaces
    from headwater.db.pool import open_pool
    from headwater.ingest.prepare import prepare
    from headwater.ingest.writer import running_writer
    from headwater.ingest.writes import Erase, event_of
    from headwater.openlineage.times import now

    async with open_pool(url, size=1) as pool, pool.connection() as conn:
        if what.job is not None:
            await jobs.require_job(conn, what.namespace, what.job)
        elif what.dataset is not None:
            namespace, name = await datasets.find_hidden_dataset(conn, what.namespace, what.dataset)
            what = Erase(namespace, dataset=name)
        else:
            await namespaces.require_namespace(conn, what.namespace)
    async with running_writer(url, settings) as writer:
        await writer.put(prepare(event_of(what, now()), settings))
