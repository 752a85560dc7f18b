"""``headwater import``: what another installation holds, straight into the database; a service may be running on it.

Exit status: 0 all is in (or was), 3 some events were refused and are dead letters now, or Marquez refused to show something,
1 one of the sides was away: the same command goes on from there.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import json
import os
import textwrap
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.database import DataDir, log_only, migrated, read_settings
from headwater.cli.ingest import REFUSED, Outcome
from headwater.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from headwater.ingest.load import Loader, Tally
    from headwater.marquez.counts import Line
    from headwater.marquez.nouns import Marquez
    from headwater.settings import Settings

app = typer.Typer(help="Taking over what another installation holds.", no_args_is_help=True)

_WIDTH = 80
_TIMEOUT_S = 600.0  # lists of jobs take a large Marquez minutes
_Url = Annotated[
    str | None,
    typer.Option(
        "--url", metavar="URL", help="Read its REST API. MARQUEZ_API_KEY is sent as a bearer token.", show_default=False
    ),
]
_Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Read its PostgreSQL. The password may also be in PGPASSWORD.", show_default=False),
]


@app.callback()
def _import() -> None:
    """Without this, typer would make the only command the whole of it."""


@app.command()
def marquez(
    url: _Url = None,
    database: _Database = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Take over a Marquez: its events, and what people told it beside; then compare the counts of both.

    It may be stopped and goes on where it was; once it is through, another reads everything again and takes what is new. Nothing
    is overridden here, and nothing changed there. Exit status: 0 all in, 3 some events were refused, or Marquez did not show
    something, 1 it could not be done.
    """
    if (url is None) is (database is None):
        raise typer.BadParameter("Give --url or --database.")

    log_only("ERROR")  # refused events are told below
    settings = read_settings(data_dir=data_dir).model_copy(update={"any_run_id": True})  # as Marquez took them
    outcome = Outcome()
    _check_is_another(database, settings.database_url)
    with migrated(settings) as own:
        tally, lines, unread = asyncio.run(_take(own, settings, url, database, outcome))
    _tell(tally, lines, unread, outcome, as_json=as_json)
    if tally.dead or unread:
        raise typer.Exit(REFUSED)


def _check_is_another(theirs: str | None, own: str | None) -> None:
    """Before anything is made there: POSTGRES_HOST and its like, which Marquez has too, make both the same."""
    from headwater.marquez.database import place

    if theirs and own and place(theirs) == place(own):
        raise Invalid("--database is where headwater keeps its own data: give DATABASE_URL another one.")


async def _take(
    own: str, settings: Settings, url: str | None, database: str | None, outcome: Outcome
) -> tuple[Tally, list[Line], list[str]]:
    from headwater.catalog.store import counts
    from headwater.cli.progress import progress
    from headwater.db.pool import connect
    from headwater.ingest.load import Loader
    from headwater.ingest.writer import running_writer
    from headwater.marquez.counts import compared
    from headwater.marquez.importing import Import

    conn = await connect(own)
    try:
        async with _opened(url, database) as source, running_writer(own, settings) as writer:
            loader = Loader(writer, conn, settings, outcome.refuse)
            with progress("Importing") as report:
                taking = Import(source, conn, loader, report)
                await _go_on_later(taking.take(), loader)
            return loader.tally, list(compared(taking.counts, await counts(conn))), taking.unread
    finally:
        await conn.close()


async def _go_on_later(taking: Awaitable[None], loader: Loader) -> None:
    from headwater.db.pool import DatabaseUnavailable
    from headwater.settings import masked

    try:
        await taking
    except (Unavailable, *DatabaseUnavailable) as error:
        loader.abandon()
        stored = f"{loader.tally.accepted:,} events were taken in before; the same command goes on from there"
        raise Unavailable(f"{masked(str(error))} ({stored}.)") from None


@asynccontextmanager
async def _opened(url: str | None, database: str | None) -> AsyncIterator[Marquez]:
    if database is not None:
        from headwater.marquez.database import opened

        async with opened(database) as marquez:
            yield marquez
        return
    from headwater.cli.client import Client
    from headwater.marquez.api import Api

    client = Client(url or "", service="Marquez", key=os.environ.get("MARQUEZ_API_KEY"), timeout_s=_TIMEOUT_S)
    yield Api(client.url, client.get)


def _tell(tally: Tally, lines: list[Line], unread: list[str], outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        told = {"accepted": tally.accepted, "duplicate": tally.duplicate, "dead": tally.dead}
        print(json.dumps({**told, "unread": unread, "counts": [line._asdict() for line in lines]}))
        return
    from headwater.cli.display import show, table

    outcome.tell(tally, as_json=False)
    for what in unread:
        show(f"Not shown by Marquez: {what}")
    print()
    table(["", "MARQUEZ", "HEADWATER"], [[line.noun, f"{line.marquez:,}", f"{line.headwater:,}"] for line in lines])
    reasons = [f"{line.noun}: {line.why}" for line in lines if line.why]
    for text in ["headwater also counts what did not come from there.", *reasons] if reasons else []:
        show("")
        for part in textwrap.wrap(text, _WIDTH):
            show(part)
