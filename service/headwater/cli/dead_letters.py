"""``headwater dead-letters``: refused events, straight from the database.

Exit status of retry: 0 all are in now, 3 some were refused again.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.database import DataDir, log_only, migrated, read_settings
from headwater.cli.display import Cell, Styled, facts, heading, more, show, table, when
from headwater.cli.ingest import REFUSED
from headwater.cli.options import Limit, Offset

if TYPE_CHECKING:
    from headwater.ingest.dead_letters import DeadLetter
    from headwater.settings import Settings

app = typer.Typer(help="Events that were refused, and sending them again.", no_args_is_help=True)
_AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
_Id = Annotated[int, typer.Argument(metavar="ID", help="As the list has it.")]
_PAGE = 100


@app.command(name="list")
def list_dead_letters(limit: Limit = 20, offset: Offset = 0, data_dir: DataDir = None, as_json: _AsJson = False) -> None:
    """Refused events, newest first; those that went in at a retry are marked."""
    with migrated(read_settings(data_dir=data_dir)) as url:
        letters, total = asyncio.run(_page(url, limit, offset))
    if as_json:
        print(json.dumps({"totalCount": total, "deadLetters": [_told(letter) for letter in letters]}, ensure_ascii=False))
        return
    table(["ID", "RECEIVED", "", "WHAT IS WRONG"], [_row(letter) for letter in letters])
    more(offset + len(letters), total, "dead letters")


@app.command(name="show")
def show_dead_letter(identifier: _Id, data_dir: DataDir = None, as_json: _AsJson = False) -> None:
    """One refused event, with all that is wrong with it."""
    with migrated(read_settings(data_dir=data_dir)) as url:
        letter = asyncio.run(_get(url, identifier))
    if as_json:
        print(json.dumps(_told(letter), ensure_ascii=False))
        return
    facts(_facts(letter))
    if letter.errors:
        heading("Faults")
        for fault in letter.errors:
            show("  ", Styled(fault["path"], "bold"), f" {fault['message']}")
    heading("As it was sent")
    for line in _pretty(letter.text).splitlines():
        show("  ", line)


@app.command()
def retry(
    identifier: Annotated[int | None, typer.Argument(metavar="ID", show_default=False)] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are not in yet.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Send refused events through ingest again. Exit status: 0 all are in now, 3 some were refused again."""
    if (identifier is None) is not all_:
        raise typer.BadParameter("Give the ID of a dead letter, or --all.")

    log_only("ERROR")
    settings = read_settings(data_dir=data_dir)
    with migrated(settings) as url:
        accepted, refused = asyncio.run(_retry(url, settings, identifier))
    print(f"Taken in: {accepted:,}. Refused again: {refused:,}.")
    if refused:
        raise typer.Exit(REFUSED)


async def _page(url: str, limit: int, offset: int) -> tuple[list[DeadLetter], int]:
    from headwater.db.pool import connect
    from headwater.ingest.dead_letters import list_page

    conn = await connect(url)
    try:
        return await list_page(conn, limit, offset)
    finally:
        await conn.close()


async def _get(url: str, identifier: int) -> DeadLetter:
    from headwater.db.pool import connect
    from headwater.ingest.dead_letters import get

    conn = await connect(url)
    try:
        return await get(conn, identifier)
    finally:
        await conn.close()


async def _retry(url: str, settings: Settings, identifier: int | None) -> tuple[int, int]:
    """How many were accepted, and how many refused."""
    from headwater.db.pool import open_pool
    from headwater.errors import InvalidEvent
    from headwater.ingest import dead_letters
    from headwater.ingest.writer import running_writer

    accepted = refused = 0
    wanted = [identifier] if identifier is not None else await _not_in_yet(url)
    async with open_pool(url, size=2) as pool, running_writer(url, settings) as writer:
        for letter in wanted:
            try:
                await dead_letters.retry(pool, writer, settings, letter)
                accepted += 1
            except InvalidEvent as error:
                refused += 1
                show(f"{letter}: {error.message}", err=True)
    return accepted, refused


async def _not_in_yet(url: str) -> list[int]:
    """Oldest first. A page at a time, as bodies come with them."""
    found: list[int] = []
    offset, total = 0, 1
    while offset < total:
        letters, total = await _page(url, _PAGE, offset)
        found += [letter.dead_letter_id for letter in letters if letter.accepted_at is None]
        offset += _PAGE
    return found[::-1]


def _row(letter: DeadLetter) -> list[Cell]:
    done = Styled("went in", "green") if letter.accepted_at else ""
    return [str(letter.dead_letter_id), when(letter.received_at.isoformat()), done, f"{letter.source}: {letter.message}"]


def _facts(letter: DeadLetter) -> Iterator[tuple[str, Any]]:
    yield "id", str(letter.dead_letter_id)
    yield "received", when(letter.received_at.isoformat())
    yield "from", letter.source
    yield "answered", str(letter.status)
    yield "because", letter.message
    yield "retried", when(letter.retried_at.isoformat()) if letter.retried_at else None
    yield "went in", when(letter.accepted_at.isoformat()) if letter.accepted_at else None


def _told(letter: DeadLetter) -> dict[str, Any]:
    """Under the names that the API has."""
    return {
        "id": letter.dead_letter_id,
        "receivedAt": letter.received_at.isoformat(),
        "source": letter.source,
        "status": letter.status,
        "message": letter.message,
        "errors": letter.errors,
        "retriedAt": letter.retried_at.isoformat() if letter.retried_at else None,
        "acceptedAt": letter.accepted_at.isoformat() if letter.accepted_at else None,
        "body": letter.text,
    }


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
